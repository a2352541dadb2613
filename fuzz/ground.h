/*
 * ground.h - what a run stands on: its threads, its clock, what it leaves
 * behind, and the place where a finding ends it.
 *
 * The harness (runner, oracles, subjects) knows the machine under a run only
 * through this header, port.h, os.h and peer.h. Two folders implement it:
 * sim/, where threads are fibers and everything is exact, and real/, where
 * threads are the system's own and what they do at the seams is watched.
 *
 * On real threads the harness is one critical section: whoever executes its
 * code has entered, and leaves around each call into the subject and each
 * wait, so that the subject itself runs as it does anywhere. In the simulator
 * nothing can come between, and entering does nothing.
 *
 * units      times are nanoseconds of os_now(): virtual in the simulator
 * threads    any thread of the run; a number names it in traces, and no two
 *            threads of one run have the same
 */
#ifndef FUZZ_GROUND_H
#define FUZZ_GROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../loop/port.h"
#include "verdict.h"

/* Into the harness, and out of it; not nested. */
void ground_enter(void);
void ground_leave(void);

/*
 * End the run with a finding, from wherever this is called: from a thread it
 * does not return. The first finding of a run counts.
 *
 *   where     short text of stable words: names of objects, threads and
 *             functions, no numbers that another schedule would change
 */
void ground_finding(enum verdict v, const char *where);

/* Has the run a finding already? */
bool ground_found(void);

/*
 * Does the harness hear of everything the moment it happens? On real threads
 * others may come between the subject's last step in a call, or its first
 * towards a callback, and the harness's next: a call may be over, or a
 * callback on its way, before it is told.
 */
bool ground_is_exact(void);

/* Is a handle open? False where a number does not tell whose it is. */
bool ground_handle_is_open(port_handle h);

/* How late something may be that has a time, in nanoseconds. */
uint64_t ground_slack(void);

uint64_t ground_time(void);

/* The calling thread, or GROUND_OUTSIDE if it is none of the run's. */
unsigned ground_thread(void);
unsigned ground_thread_count(void);     /* started so far */

#define GROUND_THREADS_MAX 31u
#define GROUND_OUTSIDE GROUND_THREADS_MAX

enum ground_state {
    GROUND_READY,
    GROUND_BLOCKED_LOCK,    /* object: mutex                                */
    GROUND_BLOCKED_COND,    /* object: condition                            */
    GROUND_BLOCKED_JOIN,    /* object: thread                               */
    GROUND_BLOCKED_DEQUEUE, /* object: port                                 */
    GROUND_BLOCKED_PAUSE,   /* os_pause, or a sleep                         */
    GROUND_ENDED,
};

struct ground_thread_info {
    const char       *name;
    enum ground_state state;
    unsigned          object;
    unsigned          holder;   /* BLOCKED_LOCK: the thread that has it;
                                   GROUND_OUTSIDE if that is not known       */
    bool              timed;    /* a time will end the wait                 */
};

void ground_thread_info(unsigned thread, struct ground_thread_info *out);

/* Raise a console event: every watcher hears of it on a thread of its own.
 *   returns   how many watchers there are; 0 too if it cannot be raised */
unsigned ground_console(int what);

/* What is left now: an account from outside the subject. */
struct ground_left {
    uint32_t ports;
    uint32_t handles;
    uint32_t ops_pending;       /* started, not completed                   */
    uint32_t packets;           /* queued in open ports, that name an op    */
    uint32_t ops_dequeued;      /* packets of ops dequeued in this run      */
    uint32_t allocations;       /* live blocks of os_alloc                  */
    uint32_t threads;           /* not ended                                */
    uint32_t mutexes_held;
    uint32_t console_watchers;
};

void ground_left(struct ground_left *out);

#endif
