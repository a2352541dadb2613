/*
 * order.h - steering real threads towards an order of events that was
 * recorded elsewhere: replay across platforms.
 *
 * The trace of a run in the simulator says which thread did what at the
 * seams, in one order. Here each thread waits, before it does the same,
 * until the others have done what came earlier. What the simulator decided
 * between two such events, at an atomic operation, is not in the order: there
 * a thread sometimes lingers, at random, while others have events that are
 * due. Every wait has a limit, since real threads may differ from the record;
 * so the order is a strong hint and not a command.
 *
 * threads    any; a recorded thread and a real one are the same if they were
 *            the same to be started
 */
#ifndef FUZZ_REAL_ORDER_H
#define FUZZ_REAL_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../trace.h"

#define ORDER_EVENTS_MAX 4096

/* Follow these events from the next run on; 0 of them: follow nothing. */
void order_give(const struct trace_event *event, size_t count);
bool order_is_given(void);

/* Back to the first event. */
void order_begin(void);

/* The calling thread is about to do this: wait for its turn. */
void order_await(enum trace_kind kind);

/* It has done it. */
void order_done(enum trace_kind kind);

/* Between two events. */
void order_linger(uint64_t *random);

/* How many events of the record came in their turn, of how many? */
void order_score(size_t *kept, size_t *count);

#endif
