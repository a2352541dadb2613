/*
 * child.h - what a program that is one peer can measure.
 *
 * Each start measures one thing for a given time, so that its parent can take
 * the peers in turn. The loop is opened and closed by the measurement.
 *
 *   child.c            the program
 *   child_thread.c     what other threads do to a loop: posts, stops
 *   child_close.c      what it costs to end a loop with work pending
 *   peer_loop.h        the loop
 *
 * units      nanoseconds of os_now()
 */
#ifndef BENCH_PEERS_CHILD_H
#define BENCH_PEERS_CHILD_H

#include <stdint.h>

struct histogram;

#define CHILD_POSTS 200000u     /* of a burst                            */

/*
 * Measure for a time. What comes first warms up and does not count.
 *
 *   number    what it says below
 *   length    once only, if one takes longer
 *   seen      empty; filled by what measures latencies
 *   returns   the median: of rates per second, or of latencies; NaN if this
 *             peer cannot do it
 */
typedef double child_measure(unsigned number, uint64_t length,
                             struct histogram *seen);

/* So many threads post bursts, each callback counts. Posts a second. */
child_measure child_burst;

/* One thread posts, spins until the callback has run, and posts again: trips
 * a second, and the time of each. */
child_measure child_ping;
child_measure child_trip;

/* From before a post, on one thread, to its callback on the thread inside,
 * which has had nothing to do for so many microseconds. */
child_measure child_wake;

/* From before a stop, on one thread, to after the return of the run on
 * another: it has had nothing to do for so many microseconds, or runs a post
 * that posts itself again. */
child_measure child_stop;
child_measure child_stop_busy;

/* To end a loop with so many of a kind pending: the time for each of them. */
child_measure child_close_posts;
child_measure child_close_timers;
child_measure child_close_tasks;

#endif
