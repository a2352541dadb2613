/*
 * loop.h - an event loop over a completion port, and its contract of
 * shutdown.
 *
 * Work comes in as posts, ops, timers, tasks and jobs, each in storage that
 * the caller owns; threads inside loop_run deliver it. Everything here is
 * about how that ends: a stop that wakes whoever must hear it, work that is
 * delivered once or reported cancelled, and a close that either finishes or
 * says what is in its way.
 *
 * The central promise: an item belongs to the loop from the call that
 * accepts it until its callback starts. Every accepted op and post is
 * delivered exactly once, or the loop is abandoned and says how many were
 * not.
 *
 * The contract, by number, is what the test-suite's oracles check:
 *
 *   1  loop_stop from any thread or callback: every run that is inside
 *      returns after the callback it is in, with no unrelated event needed.
 *   2  A stop that finds no run inside is kept: the next run makes one pass
 *      that does not block, and returns. A stop ends its runs once.
 *   3  Run modes as in enum loop_run_mode. A nested run, and a run of a
 *      closed loop, are refused and change nothing.
 *   4  However loop_run returns, its thread is not inside any more, no lock
 *      is held, and the loop can run again.
 *   5  A post that was accepted runs once or is reported cancelled before
 *      close ends; one that comes too late is refused.
 *   6  A started op completes once, with its result or aborted. A real
 *      result is never dropped.
 *   7  A pass runs a snapshot: callbacks added during it wait for the next.
 *      With several threads inside it runs at most as many as were ready.
 *   8  loop_close refuses while something is left, or ends with nothing
 *      left. It never waits for what no one will post.
 *   9  Every wait of a shutdown has a deadline; what is left then is listed
 *      and leaked, not freed under the kernel.
 *  10  Cancelling n items is O(n). An idle loop makes no system calls.
 *  11  loop_pending lists what keeps the loop from being closed.
 *
 * units      times are uint64_t nanoseconds of os_now()
 * ownership  the loop allocates at create and when it starts a worker,
 *            never otherwise
 * threads    any, except where a function says otherwise. Callbacks run on
 *            a thread that is inside loop_run or a shutdown, with no lock
 *            held; with n threads inside, n callbacks may run at once
 * errors     0 or more is success, below 0 is enum loop_error; a broken
 *            precondition aborts in every build
 * source     stop, run modes and remembered stop: asyncio and libuv; the
 *            guarantee for posts: trio
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "item.h"

enum loop_error {
    LOOP_OK        =  0,
    LOOP_EBUSY     = -1,    /* in use: nested run, or something is left  */
    LOOP_ECLOSED   = -2,    /* the loop, or the handle, takes no more    */
    LOOP_ENOMEM    = -3,    /* memory, threads or handles ran out        */
    LOOP_EABORTED  = -4,    /* cancelled before it could happen          */
    LOOP_ENOTFOUND = -5,    /* too late or not there: nothing to cancel  */
    LOOP_EINVAL    = -6,    /* not possible for this handle              */
    LOOP_EBROKEN   = -7,    /* the other side has gone                   */
    LOOP_EREFUSED  = -8,    /* nobody listens there, or address in use   */
    LOOP_EFAILED   = -9,    /* any other failure of a device             */
    LOOP_EDEADLINE = -10,   /* the time was over first                   */
};

/* When does a run end, apart from being stopped? */
enum loop_run_mode {
    LOOP_FOREVER,       /* by a stop only (asyncio)                      */
    LOOP_UNTIL_IDLE,    /* when nothing keeps the loop alive (libuv)     */
    LOOP_ONCE,          /* after one pass, which may block for work      */
    LOOP_NOWAIT,        /* after one pass, which does not block          */
};

/* Why did it end? */
enum loop_run_end {
    LOOP_STOPPED = 0,
    LOOP_IDLE    = 1,
    LOOP_PASSED  = 2,   /* ONCE or NOWAIT: the pass is over              */
};

struct loop;

struct loop_options {
    uint32_t workers_max;   /* threads of the worker pool; 0 means 4     */
};

/*
 * Create a loop and open its port. No thread is started.
 *
 *   options   NULL for the defaults
 *   returns   0 and *out, or LOOP_ENOMEM with nothing left behind
 *   owns      the caller: loop_close, then loop_destroy
 */
int loop_create(struct loop **out, const struct loop_options *options);

/*
 * Free a loop's memory. After a close that succeeded nothing else is left;
 * after an abandon, what the kernel or a thread may still touch is left
 * behind on purpose.
 *
 *   l         closed or abandoned; NULL is allowed and does nothing
 *   threads   once, when no other call on the loop is running or will come
 */
void loop_destroy(struct loop *l);

/*
 * Deliver work on the calling thread until the mode or a stop ends it.
 *
 * A loop is alive, for UNTIL_IDLE, while it has ops, posts, armed timers,
 * tasks, jobs or closing handles, or a callback is running. Open handles
 * and console watches do not count.
 *
 *   returns   enum loop_run_end; LOOP_EBUSY from inside one of this loop's
 *             callbacks; LOOP_ECLOSED once the loop was closed or is being
 *             shut down by another thread
 *   threads   any number at once
 */
int loop_run(struct loop *l, enum loop_run_mode mode);

/*
 * Ask every run that is inside to return, or else the next one to make one
 * pass that does not block. Says nothing about pending work, which stays
 * for the next run.
 *
 *   returns   0; LOOP_ECLOSED; LOOP_ENOMEM: the stop is recorded, but the
 *             kernel would not queue the packet that wakes a blocked
 *             thread, for about a second of trying: call again
 *   threads   any, also from a callback
 */
int loop_stop(struct loop *l);

/*
 * A callback to run once on the loop; caller-owned until it starts. It is no
 * loop_item but half a line of the cache: what posts cost is to move them
 * from one processor to another.
 */
struct post {
    struct post *next;      /* the loop's                                */
    void       (*run)(struct post *p, int status);
    const char  *name;      /* given by the creator, or NULL             */
    uint64_t     since;     /* the loop's                                */
};

/*
 * Accept p->run for one call, as soon as a run gets to it, in the order of
 * acceptance of one thread.
 *
 *   p         run is set, name may be; not accepted anywhere else
 *   returns   0: run will be called, with status 0, or LOOP_EABORTED when a
 *             close or shutdown reports it cancelled. LOOP_ECLOSED: never
 *   owns      the loop, after success, until run starts
 *   threads   any, also while the loop is closing: accepted or refused is
 *             decided in one atomic step
 */
int loop_post(struct loop *l, struct post *p);

/*
 * Close a loop on which nothing is left. Posts that were accepted and have
 * not run are called with LOOP_EABORTED, on this thread; idle workers are
 * joined; the port is closed.
 *
 *   returns   0: from now on every call is refused with LOOP_ECLOSED.
 *             LOOP_EBUSY: a thread is inside, or loop_pending is not empty
 *             but for posts; nothing has changed
 *   threads   not from a callback of the loop; loop_destroy comes later
 */
int loop_close(struct loop *l);

/* One line of what keeps a loop from being closed. */
struct loop_pending {
    enum loop_kind kind;
    const char    *state;   /* a fixed word, such as "queued"             */
    const char    *name;    /* as given by the creator, or "-"            */
    uint64_t       age;     /* since it was accepted                      */
};

/*
 * List the ops, posts, timers, tasks, jobs, handles and console watches of
 * the loop, oldest first within a kind.
 *
 *   out       cap slots, may be NULL if cap is 0
 *   returns   how many there are, which may be more than cap
 *   threads   any; the answer is true at one instant during the call
 */
size_t loop_pending(struct loop *l, struct loop_pending *out, size_t cap);

/* Name a kind or an error for people: fixed strings, never NULL. */
const char *loop_kind_name(enum loop_kind kind);
const char *loop_error_name(int error);

#endif
