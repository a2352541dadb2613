/*
 * child.h - what a program that is one peer can measure.
 *
 * Each start measures one thing for a given time, so that its parent can take
 * the peers in turn. The loop is opened and ended by the measurement.
 *
 *   child.c            the program
 *   child_pair.c       the thread inside, and the one that measures it
 *   child_burst.c      many posts at once, from other threads
 *   child_trip.c       one post at a time
 *   child_stop.c       stops
 *   child_start.c      how often it can be started
 *   child_timer.c      what a timer costs
 *   child_task.c       what tasks cost
 *   child_job.c        what jobs cost
 *   child_traffic.c    what goes through sockets and pipes
 *   child_slices.c     rates
 *   child_close.c      what it costs to end a loop with work pending
 *   child_exit.c       a process that ends with work pending
 *   child_memory.c     its memory, and how often it allocates
 *   child_pending.c    what is pending meanwhile
 *   child_idle.c       threads inside with nothing to do
 *   child_work.c       callbacks that take a known time
 *   child_nothing.c    two readings of the clock
 *   child_count.c      a fixed number of each thing, to count instructions
 *   peer_loop.h        the loop
 *
 * units      nanoseconds of os_now()
 */
#ifndef BENCH_PEERS_CHILD_H
#define BENCH_PEERS_CHILD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct histogram;

#define CHILD_POSTS 200000u     /* of a burst                            */
#define CHILD_BATCH 1000u       /* posts of a long batch                 */

/*
 * Measure for a time. What comes first warms up and does not count.
 *
 *   number    what it says below
 *   length    once only, if one takes longer
 *   seen      empty; filled by what measures latencies
 *   returns   the median: of rates per second, or of times; NaN if this peer
 *             cannot do it
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

/* One thread posts every so many nanoseconds, whatever has become of the posts
 * before: from the time at which a post should have been made to its callback,
 * or from the time at which it was, which leaves out that the loop, or the
 * machine, kept it from being made. */
child_measure child_rate;
child_measure child_rate_sent;

/*
 * From before a stop, on one thread, to after the return of the run on
 * another: it has had nothing to do for so many microseconds; runs so many
 * posts that post themselves again; or is the last to return of so many
 * threads that had nothing to do for 50 us.
 */
child_measure child_stop;
child_measure child_stop_busy;
child_measure child_stop_threads;

/* From before a stop, in a callback, to after the return of its run. */
child_measure child_stop_inside;

/* One life after the other, with so many timers, 0 or 1, that never fire; or
 * one run of the same loop after the other: how many a second. */
child_measure child_start;
child_measure child_restart;

/* Of so many timers, each: to arm it while the others are; to disarm it; to
 * fire it, when all are due. Then one that arms itself again when it fires,
 * with so many others armed. */
child_measure child_timer_arm;
child_measure child_timer_cancel;
child_measure child_timer_fire;
child_measure child_timer_again;

/* One byte at a time across a socket pair, and through a pipe: reads and
 * writes a second. Blocks of 64 KiB: bytes a second. */
child_measure child_socket;
child_measure child_pipe;
child_measure child_pump_socket;
child_measure child_pump_pipe;

/* Of so many tasks, the time for each: all are spawned and end; one spawns the
 * next and awaits it; one yields so often; one awaits them all. */
child_measure child_task_spawn;
child_measure child_task_await;
child_measure child_task_yield;
child_measure child_task_gather;

/* So many jobs that have nothing to do, from the first submit to the last
 * callback: jobs a second. And one, from before its submit to its callback, to
 * a pool that has had nothing to do for so many microseconds. */
child_measure child_jobs;
child_measure child_job;

/* To end a loop with so many of a kind pending: the time for each of them. */
child_measure child_close_posts;
child_measure child_close_timers;
child_measure child_close_tasks;
child_measure child_close_reads;
child_measure child_close_accepts;
child_measure child_close_reads_of_one;
child_measure child_close_accepts_of_one;

/* With so many timers pending the process is asked to end, and ends: after
 * all was closed, or just so. There is no figure: what the parent sees is
 * measured, and asked.h tells it when to begin. */
child_measure child_exit_clean;
child_measure child_exit_dirty;

/*
 * Counted once, in programs that count what the heap gives: bytes of a loop,
 * and the descriptors that it has of the kernel, with so many timers, 0 or 1;
 * bytes of each of so many of a kind, its storage included, be it the
 * caller's or the loop's, and of that what is the caller's, of that kind of
 * peer_loop.h; calls of the allocator while so many are done.
 */
child_measure child_memory_loop;
child_measure child_memory_posts;
child_measure child_memory_timers;
child_measure child_memory_tasks;
child_measure child_memory_reads;
child_measure child_memory_jobs;
child_measure child_storage;
child_measure child_descriptors;
child_measure child_allocations_posts;
child_measure child_allocations_foreign;
child_measure child_allocations_timers;
child_measure child_allocations_jobs;
child_measure child_allocations_yields;
child_measure child_allocations_awaits;
child_measure child_allocations_ops;

/* So many threads, or none, are inside with nothing to do, until somebody who
 * watches them closes stdin: see watch.h. */
child_measure child_idle;

/* From before a post to the end of its callback, which multiplies so many
 * times before. */
child_measure child_work;

/* Between two readings of the clock: what each latency has in it. */
child_measure child_nothing;

/* So many of each thing, and then twice as many: see child_count.c. */
child_measure child_count;

#ifdef __cplusplus
}
#endif

#endif
