/*
 * timer.h - one-shot timers.
 *
 * Arming is O(1), cancelling and firing are O(log n) amortised, and nothing
 * is allocated. Timers of one time fire in the order of arming.
 *
 * threads    any
 */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include "heap.h"
#include "loop.h"

struct timer {
    struct loop_item item;
    void (*fire)(struct timer *t, int status);
    struct loop     *loop;
    struct heap_node node;
};

/*
 * Arm a timer.
 *
 *   t         not armed; fire is set, name may be
 *   due       absolute; a time that has passed fires in the next pass
 *   returns   0: fire will be called once, not before due, with status 0;
 *             or with LOOP_EABORTED when a shutdown cancels it.
 *             LOOP_ECLOSED: it never will
 *   owns      the loop until fire starts or timer_cancel returns 0
 */
int timer_start(struct loop *l, struct timer *t, uint64_t due);

/*
 * Disarm a timer.
 *
 *   returns   0: fire will not be called, t is the caller's.
 *             LOOP_ENOTFOUND: fire has started, or t was not armed
 */
int timer_cancel(struct loop *l, struct timer *t);

#endif
