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
 * units      nanoseconds of os_now()
 * threads    the thread that opens a loop runs and ends it, except where a
 *            function says otherwise
 * errors     a failure of the peer aborts: a figure of half a run is none
 */
#ifndef BENCH_PEERS_PEER_LOOP_H
#define BENCH_PEERS_PEER_LOOP_H

#include <stdbool.h>

#include "child.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What can be pending on a loop that is ended. */
enum peer_kind {
    PEER_POSTS,         /* accepted and not run                          */
    PEER_TIMERS,        /* due in an hour and later, in no order         */
    PEER_TASKS,         /* each waits for such a timer                   */
    PEER_KINDS,
};

/* What waits for the kernel inside: "epoll", "io_uring", "futex", ...; and
 * which release of the loop this is, or "-". */
const char *peer_loop_engine(void);
const char *peer_loop_version(void);

/* Open a loop. */
void peer_loop_open(void);

/* Be inside until a stop, then return. */
void peer_loop_run(void);

/*
 * End a run that is inside.
 *
 *   threads   any
 */
void peer_loop_stop(void);

/* Close a loop on which nothing is pending. */
void peer_loop_close(void);

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

/* Can so many of a kind be pending on this loop, and be ended with it? */
bool peer_can_end(enum peer_kind kind);

/* Make storage, and have so many pending. The loop is open and not run. */
void peer_pending_open(enum peer_kind kind, unsigned count);

/*
 * End the loop with what is pending on it, as its documentation tells to:
 * all is cancelled, whoever waits is told where the loop tells it, and
 * nothing is left. What is measured ends here.
 */
void peer_pending_end(void);

/* Free the storage. */
void peer_pending_close(void);

/*
 * A measurement that only this loop has.
 *
 *   returns   NULL: it has none of that name
 */
child_measure *peer_loop_own(const char *name);

#ifdef __cplusplus
}
#endif

#endif
