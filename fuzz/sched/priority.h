/*
 * priority.h - threads by priority, with points where one falls: what the
 * PCT strategies share; private to this folder.
 *
 * The highest enabled thread runs. At a change point the thread that would
 * run falls below all that have not fallen, to a rank of its point. A thread
 * that is chosen for very long without a break is taken to be spinning for
 * another and falls too, below all: otherwise no one would ever end its wait.
 *
 * source     Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized
 *            Scheduler with Probabilistic Guarantees of Finding Bugs,
 *            MSR-TR-2010-3
 * departs    Steps are decisions with a choice, since a thread that falls
 *            while it is alone falls as well at its next choice. Threads get
 *            their priority when first seen, as their number is not known.
 *            The fall of a spinning thread is ours
 */
#ifndef FUZZ_SCHED_PRIORITY_H
#define FUZZ_SCHED_PRIORITY_H

#include "sched.h"

#define PRIORITY_DEPTH_MAX 5

struct priorities {
    uint64_t rank[SCHED_THREADS_MAX];
    uint32_t known;         /* bit i: rank[i] was drawn in this run          */
    uint32_t steps;         /* choices so far                                */
    uint32_t point[PRIORITY_DEPTH_MAX - 1];
    unsigned points;
    uint64_t lowest;        /* rank of the last spinning thread that fell    */
    unsigned last;          /* chosen at the last step                       */
    unsigned streak;        /* times in a row                                */
};

/* Draws a number for a thread that is seen for the first time. */
typedef uint32_t priority_draw_fn(void *argument);

/* A new run, without change points: the caller fills point and points. */
void priorities_begin(struct priorities *p);

/* The highest enabled thread, after what falls at this step has fallen. */
unsigned priorities_choose(struct priorities *p, uint32_t enabled,
                           void *argument, priority_draw_fn *draw);

#endif
