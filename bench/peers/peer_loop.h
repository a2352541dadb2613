/*
 * peer_loop.h - what a measurement asks of an event loop.
 *
 * One file of this folder for each loop: ours, those that people use, and
 * the floors, which are no loops but the least that could stand for one. A
 * file is linked with child*.c to a program of its own, so that no table lies
 * in a measured path and no two loops are in one process. README.md beside
 * it says what stands for what.
 *
 * The best form of each loop is measured: storage is made before, where its
 * interface lets the caller own it, and what its interface allocates it
 * allocates while it is measured.
 *
 * units      nanoseconds
 * threads    the thread that opens a loop uses and ends it, except where a
 *            function says otherwise
 * errors     a failure of the peer aborts: a figure of half a run is none
 */
#ifndef BENCH_PEERS_PEER_LOOP_H
#define BENCH_PEERS_PEER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "child.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_WORKERS 4

/* What can be on a loop. */
enum peer_kind {
    PEER_POSTS,         /* accepted, and run or not                      */
    PEER_TIMERS,
    PEER_TASKS,         /* each waits for a timer                        */
    PEER_READS,         /* each of a descriptor of its own               */
    PEER_JOBS,          /* on threads of a pool, see peer_jobs_open      */
    PEER_ACCEPTS,       /* each of a listener of its own                 */
    PEER_READS_OF_ONE,  /* all of the same descriptor                    */
    PEER_ACCEPTS_OF_ONE,
    PEER_KINDS,
};

/* What waits for the kernel inside: "epoll", "io_uring", "futex", ...; and
 * which release of the loop this is, or "-". */
const char *peer_loop_engine(void);
const char *peer_loop_version(void);

/* How many threads may be inside at once? */
unsigned peer_loop_threads(void);

/* Has it that kind, and, but for jobs, can it be ended with some of it
 * pending? */
bool peer_loop_has(enum peer_kind kind);

/* Bytes of a loop that its owner has, and not on the heap. */
size_t peer_loop_storage(void);

/* Bytes of one of that kind that its owner has, on the heap or not; what the
 * loop itself has is not among them. */
size_t peer_storage(enum peer_kind kind);

/*
 * Open a loop.
 *
 *   threads   that will be inside at once, at most
 */
void peer_loop_open(unsigned threads);

/*
 * Be inside until a stop, then return.
 *
 *   threads   as many at once as peer_loop_open was told
 */
void peer_loop_run(void);

/* Between two runs, with nobody inside: make the loop ready for the next. */
void peer_loop_ready(void);

/*
 * End all runs that are inside.
 *
 *   threads   any, also from a callback
 */
void peer_loop_stop(void);

/*
 * End the loop with what is pending on it, as its documentation tells to: all
 * is cancelled, whoever waits is told where the loop tells it, and nothing is
 * left, neither memory of the loop nor descriptors.
 */
void peer_loop_end(void);

/*
 * Make posts, each of which is to call a function when it runs.
 *
 *   run       may post again
 */
void peer_posts_open(unsigned count, void (*run)(void));
void peer_posts_close(void);

/*
 * Post those from one number up to, without, another; none of them is
 * accepted and has not run.
 *
 *   threads   any; also from a run
 */
void peer_post(unsigned from, unsigned to);

/*
 * Make timers, each of which is to call a function when it fires. They are
 * closed when none is armed, or when the loop has ended.
 *
 *   fired     may start a timer that is not armed
 */
void peer_timers_open(unsigned count, void (*fired)(void));
void peer_timers_close(void);

/* Arm one that is not armed, to fire so long from now; disarm one that is. */
void peer_timer_start(unsigned number, uint64_t after);
void peer_timer_cancel(unsigned number);

/*
 * Have so many tasks wait for timers that are due in an hour and later; free
 * them after the end of the loop. Of tasks no more are asked for than a loop
 * ends in a second or two.
 */
unsigned peer_tasks_max(void);
void peer_tasks_open(unsigned count);
void peer_tasks_close(void);

/*
 * Have so many reads or accepts pending, of descriptors that descriptor.h
 * gives, or of one of them; the same.
 */
void peer_io_open(enum peer_kind kind, unsigned count);
void peer_io_close(void);

/*
 * Make jobs, and a pool of PEER_WORKERS threads if the loop does not have it
 * already: work is called on one of those, then done on the thread inside.
 * They are closed when none is pending, before the loop is ended.
 *
 *   done      may submit again
 */
void peer_jobs_open(unsigned count, void (*work)(void), void (*done)(void));
void peer_jobs_close(void);

/* Submit those from one number up to, without, another; none is pending. */
void peer_job_submit(unsigned from, unsigned to);

/* What tasks do while they are measured. */
enum peer_work {
    PEER_SPAWN,         /* each is started and ends at its first step    */
    PEER_AWAIT,         /* one starts another and awaits its end, then
                           the next                                      */
    PEER_YIELD,         /* one lets all others go first, again and again */
    PEER_GATHER,        /* one starts all and awaits them together       */
};

/*
 * Make storage for so many tasks; have so many of such work done, and return
 * when all tasks have ended. The loop is ready, with nothing on it, and closes
 * after the storage.
 */
void peer_work_open(unsigned count);
void peer_work_close(void);
void peer_work(enum peer_work kind, unsigned count);

/* What goes through a device whose two ends are both on the loop. */
enum peer_traffic {
    PEER_ECHO_PAIR,     /* a byte, from either end of a socket pair to the
                           other one and back                            */
    PEER_ECHO_PIPE,     /* a byte, in at the second end, out at the first,
                           and in again                                  */
    PEER_PUMP,          /* blocks, from the second end to the first      */
};

#define PEER_BLOCK 65536u       /* bytes of a block                      */

/*
 * Bring two ends that do not block, or are overlapped, into the loop, to which
 * they belong from then on; have so many blocks, or bytes, read, and return;
 * close the ends, before the loop is ended. The loop is ready, with nothing
 * else on it.
 */
bool peer_has_traffic(void);
void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2]);
void peer_traffic(unsigned count);
void peer_traffic_close(void);

#ifdef __cplusplus
}
#endif

#endif
