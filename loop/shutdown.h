/*
 * shutdown.h - the five ways in which people end a loop, as calls.
 *
 *   stop      ask the runs to return, wait until they have, report what is
 *             left. The loop can run again.
 *   graceful  stop the runs; cancel all tasks and run until they have ended,
 *             also those born meanwhile; refuse new work; cancel and deliver
 *             ops, timers and jobs; close handles; join workers; close.
 *   hooks     graceful, after the registered hooks, last registered first;
 *             a hook may finish later, and may fail.
 *   deadline  graceful until the time is over, then abandon what is left.
 *   abandon   let go at once: refuse everything from now on, wake whoever is
 *             inside, wait for nobody, and say what is lost.
 *
 * graceful and hooks that run out of time give up: the loop is left stopped,
 * takes no new work, and can be shut down again. deadline and abandon leave
 * the loop closed; memory and handles that a kernel, a worker or a thread
 * may still touch are leaked, never freed.
 *
 * units      deadlines and times are nanoseconds
 * threads    any that is not inside a callback of the loop; the calling
 *            thread delivers what is delivered. One shutdown at a time
 * source     asyncio.run, tokio's shutdown_timeout, libuv's walk and close
 */
#ifndef LOOP_SHUTDOWN_H
#define LOOP_SHUTDOWN_H

#include <stdbool.h>

#include "loop.h"

enum shutdown_strategy {
    SHUTDOWN_STOP,
    SHUTDOWN_GRACEFUL,
    SHUTDOWN_HOOKS,
    SHUTDOWN_DEADLINE,
    SHUTDOWN_ABANDON,
};

enum shutdown_outcome {
    SHUTDOWN_DRAINED,       /* graceful, hooks, deadline: closed, nothing left;
                               stop: the runs have returned                */
    SHUTDOWN_GAVE_UP,       /* the time was over; what is left is listed   */
    SHUTDOWN_ABANDONED,     /* closed by force; what is left is listed     */
};

enum shutdown_phase {
    SHUTDOWN_PHASE_RUNS,    /* until the last run has returned             */
    SHUTDOWN_PHASE_HOOKS,
    SHUTDOWN_PHASE_TASKS,
    SHUTDOWN_PHASE_DRAIN,   /* ops, timers, jobs, posts, handles           */
    SHUTDOWN_PHASE_CLOSE,   /* workers joined, port closed                 */
    SHUTDOWN_PHASES,
};

#define SHUTDOWN_WITHIN_DEFAULT 10000000000u    /* 10 s */
#define SHUTDOWN_LEFT_MAX 16

struct shutdown_options {
    enum shutdown_strategy strategy;
    uint64_t               within;  /* from now; 0: SHUTDOWN_WITHIN_DEFAULT */
};

struct shutdown_report {
    enum shutdown_outcome outcome;
    uint64_t              phase_time[SHUTDOWN_PHASES];
    uint32_t              left[LOOP_KINDS];     /* how many of each kind   */
    uint32_t              runs_left;            /* threads still inside    */
    uint32_t              hooks_failed;
    uint32_t              posts_cancelled;      /* reported, not run       */
    uint32_t              entry_count;
    struct loop_pending   entry[SHUTDOWN_LEFT_MAX]; /* the oldest of them;
                                names are the creators' strings            */
};

/*
 * Shut a loop down.
 *
 *   options   NULL: graceful, with the default time
 *   report    filled in whatever the outcome; may be NULL
 *   returns   0 if the outcome is DRAINED; LOOP_EDEADLINE if it gave up or
 *             abandoned; LOOP_EBUSY from inside a callback of the loop or
 *             while another shutdown is going on; LOOP_ECLOSED
 */
int loop_shutdown(struct loop *l, const struct shutdown_options *options,
                  struct shutdown_report *report);

/* One handler to run when the loop is shut down; caller-owned. */
struct shutdown_hook {
    struct shutdown_hook *next;
    struct loop          *loop;
    const char           *name;
    uint8_t               state;
    int                   status;
    bool (*begin)(struct shutdown_hook *h);
};

/*
 * Register a hook. h->begin is called by the strategy hooks; it returns true
 * if the hook is done (h->status below 0: it has failed), or false if
 * shutdown_hook_done will be called later, by a callback of the loop or
 * another thread. The next hook begins when this one is done.
 *
 *   returns   0, or LOOP_ECLOSED
 *   owns      the loop until begin was called and the hook is done, or the
 *             loop is closed
 */
int shutdown_hook_add(struct loop *l, struct shutdown_hook *h);

/* Finish a hook whose begin has returned false or is about to; a status below
 * 0 counts as failed. */
void shutdown_hook_done(struct shutdown_hook *h, int status);

#endif
