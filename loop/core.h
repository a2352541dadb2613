/*
 * core.h - what the files of the loop share among themselves.
 *
 * One mutex, `lock`, guards everything but posts. An item that waits is on
 * the list of its kind (an op on its handle's list); when its time has come
 * it moves to the ready queue; from there a thread inside the loop takes it
 * and calls it, with no lock held. Posts, and the timers and tasks that a
 * shutdown ends, come from a chain instead (chain.h): it is filled under the
 * lock and delivered from without it.
 *
 * Four words more are shared without the lock. `posts` is a stack of accepted
 * posts, newest first; POSTS_CLOSED in it means that nothing is accepted any
 * more, so one compare-and-swap decides between accepted and refused.
 * `sleepers` counts the threads that block in the port or are about to, and
 * `wake_pending` says that a wake packet is on its way. Whoever makes work
 * does so first and reads `sleepers` then; whoever goes to sleep counts
 * itself first and looks for work then. Both orders are sequentially
 * consistent, so at least one of the two sees the other. Whoever takes a
 * wake packet clears `wake_pending` before it looks for work: a wake that is
 * suppressed because one is pending is made good by that look. The last word,
 * `stoppers`, decides nothing: it asks a run to leave the lock to a stop.
 */
#ifndef LOOP_CORE_H
#define LOOP_CORE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "chain.h"
#include "console.h"
#include "foresee.h"
#include "list.h"
#include "loop.h"
#include "op.h"
#include "os.h"
#include "shutdown.h"
#include "task.h"
#include "timer.h"
#include "worker.h"

#define LOOP_BATCH 64       /* packets taken from the port at a time         */

enum loop_state {
    STATE_OPEN,
    STATE_DRAINING,         /* takes no new work                             */
    STATE_CLOSED,           /* nothing is left                               */
    STATE_ABANDONED,        /* what is left is leaked                        */
};

/* Completion keys: what a packet is about. */
enum loop_key {
    KEY_WAKE = 1,
    KEY_OP   = 2,
};

/* One thread inside the loop, on that thread's stack. */
struct run {
    struct run        *next;
    uint64_t           thread;
    uint64_t           until;       /* while asleep: when it wakes itself    */
    uint64_t           deadline;    /* of a shutdown, or 0                   */
    enum loop_run_mode mode;
    bool               stop;        /* asked to leave after this pass        */
    atomic_bool        leave;       /* asked to leave after this callback    */
    bool               asleep;
    bool               glances;     /* looks again before it sleeps          */
    const struct console_watch *telling;    /* whose callback it is in       */
};

struct worker;

struct loop {
    struct os_mutex lock;
    struct port    *port;
    uint8_t         state;              /* enum loop_state                   */
    bool            stop_kept;
    bool            shutting_down;
    struct run     *runs;
    struct os_cond  left;               /* a run has left, or has told an
                                           event that somebody waits for     */
    uint32_t        unwatching;         /* how many wait for the latter      */
    uint64_t        now;                /* at the start of the pass          */

    struct loop_item ready;
    uint32_t         ready_count;
    uint32_t         delivering;        /* callbacks being called            */
    struct loop_item waiting[LOOP_KINDS];
    uint32_t         count[LOOP_KINDS]; /* accepted, callback not started;
                                           of posts see posts_count          */
    uint32_t         handles_closing;
    uint32_t         ops_unclaimed;     /* completed, and nobody awaits them */

    struct heap timers;                 /* those with a callback             */
    struct heap task_timers;
    uint64_t    timer_order;

    struct worker  *workers;            /* workers_max of them, or NULL      */
    struct os_cond  job_queued;
    uint32_t        workers_max;
    uint32_t        workers_started;
    uint32_t        workers_idle;
    uint32_t        workers_ended;
    uint32_t        jobs_queued;
    bool            workers_quit;
    struct loop_item jobs_begun;        /* running, or unclaimed             */

    struct shutdown_hook *hooks;        /* last registered first             */
    uint32_t              posts_cancelled;

    struct chain collected;         /* posts to be delivered             */
    uint64_t     collected_since;   /* when the first was accepted       */
    uint32_t     collections;       /* that were made                    */
    struct chain cancelled;         /* timers to be told by a shutdown   */
    bool         timers_cancelled;
    struct chain telling;           /* tasks to be told by a shutdown    */
    struct loop_item told;          /* tasks that it has told and that
                                       go on                             */
    uint32_t     tellings;          /* that were begun                   */

    uint32_t     since_look;        /* callbacks, since a thread has
                                       looked at the port                */

    /* Every post writes here: on a line of the cache of its own. */
    char                        before_posts[CACHE_LINE];
    _Atomic(struct post *)      posts;
    char                        after_posts[CACHE_LINE];

    atomic_uint                 sleepers;
    atomic_uint                 stoppers;       /* are about to lock         */
    atomic_bool                 wake_pending;

    /* The port may be posted to from outside `lock`, by a thread that was
     * held up since it saw a sleeper. This lock keeps the port from being
     * closed under it. It nests inside `lock` and is never held for long. */
    struct os_mutex wake_lock;
    bool            port_alive;
};

/* The word in `posts` that refuses: an address that no post has. */
extern struct post loop_posts_closed;
#define POSTS_CLOSED (&loop_posts_closed)

#define LOOP_LATE_AFTER 16  /* callbacks between two looks at the deadline    */

/* Is it time for a run to leave its pass, having called so many? */
static inline bool run_is_late(const struct run *r, uint32_t called)
{
    return called % LOOP_LATE_AFTER == 0 && r->deadline &&
           os_now() >= r->deadline;
}

/* States of items, for loop_pending. */
enum item_state {
    ITEM_QUEUED,        /* post, job, task: waiting for its turn             */
    ITEM_PENDING,       /* op: started; timer: armed; console: watching      */
    ITEM_CANCELLING,    /* op: asked to end                                  */
    ITEM_READY,         /* its callback is next                              */
    ITEM_UNCLAIMED,     /* op, job: ended, and nobody awaits it              */
    ITEM_RUNNING,       /* job: on a worker; task: in its step               */
    ITEM_WAITING,       /* task                                              */
    ITEM_OPEN,          /* handle                                            */
    ITEM_CLOSING,       /* handle                                            */
    ITEM_ABORTED,       /* timer, job: ready, cancelled                      */
    ITEM_ENDED,         /* the caller's again, if its memory is still there  */
    ITEM_STATES,
};

/* What a task waits for. */
enum wait {
    WAIT_NONE,      /* stepping, or the turn is queued                       */
    WAIT_PASS,      /* task_yield                                            */
    WAIT_OP,
    WAIT_TIMER,
    WAIT_TASK,
    WAIT_GROUP,
    WAIT_JOB,
};

/* Is a task in its step? */
enum stepping {
    STEPPING_NOT,
    STEPPING,
    STEPPING_DUE,   /* and it was woken meanwhile                            */
};

/* loop.c: all with the lock held, except where they say otherwise. */

/* Take the lock for a call from outside. */
void core_enter(struct loop *l);

/* Release the lock and wake a sleeper if the change has made one's sleep
 * wrong; returns 0, or LOOP_ENOMEM if the kernel would not wake it. */
int core_leave(struct loop *l);

/* Put an item, which is on no list, at the end of the ready queue. */
void core_ready(struct loop *l, struct loop_item *i);

/* Take an item off the ready queue again. */
void core_unready(struct loop *l, struct loop_item *i);

/* Accept an item of a kind: stamp it, count it, list it. */
void core_accept(struct loop *l, struct loop_item *i, enum loop_kind kind,
                 enum item_state state, struct loop_item *list);

/* Does the loop take new work? */
bool core_takes_work(const struct loop *l);

/* Is nothing left that a run until idle waits for? */
bool core_idle(struct loop *l);

/* Is the calling thread inside this loop? */
bool core_inside(const struct loop *l);

/* Wake one sleeper, if there is any. Also without the lock; as loop_stop. */
int core_wake(struct loop *l);

/* Link or unlink the calling thread's run. */
void core_run_begin(struct loop *l, struct run *r, enum loop_run_mode mode);
void core_run_end(struct loop *l, struct run *r);

/* Ask every run inside to leave. */
void core_stop_runs(struct loop *l);

/* One pass: wait for work until a time (0: not at all), deliver a snapshot. */
void core_pass(struct loop *l, struct run *r, uint64_t until);

/* Nothing is left but posts: report them cancelled, join workers, close the
 * port. Releases the lock meanwhile; the state is CLOSED from the start. */
void core_finish(struct loop *l);

/* As loop_pending, but looks at no more than so many, or at the posts that
 * are not collected; returns how many it has listed, or a little more. */
size_t core_list(struct loop *l, struct loop_pending *out, size_t cap);

/* One of each kind: call an item that was taken off the ready queue. Each
 * releases the lock around the callback. */
void op_deliver(struct loop *l, struct loop_item *i);
void timer_deliver(struct loop *l, struct loop_item *i);
void task_deliver(struct loop *l, struct loop_item *turn);
void job_deliver(struct loop *l, struct loop_item *i);
void handle_deliver(struct loop *l, struct loop_item *i);
void console_deliver(struct loop *l, struct loop_item *i);

/*
 * post.c: with the lock held, except where they say otherwise.
 *
 *   posts_waiting    are there posts that nobody has collected? Also without
 *                    the lock
 *   posts_newest     the stack of those, newest first
 *   posts_collect    make the stack the chain, if the chain is used up
 *   posts_close      from now on no post is accepted; collects those that
 *                    were
 *   posts_deliver    call what was collected, until the run is asked to
 *                    leave. Releases the lock meanwhile. Returns how many it
 *                    has called
 *   posts_count      how many were accepted and not called
 */
bool posts_waiting(struct loop *l);
struct post *posts_newest(struct loop *l);
void posts_collect(struct loop *l);
void posts_close(struct loop *l);
uint32_t posts_deliver(struct loop *l, const struct run *r);
uint32_t posts_count(struct loop *l);

/* op.c: a packet of an op was dequeued; cancel and close everything. */
void op_complete(struct loop *l, const struct packet *packet);
void op_request_cancel(struct loop *l, struct op *op);
void handle_close_all(struct loop *l);
void op_drop_unclaimed(struct loop *l);

/* timer.c: move what is due to the ready queue; when is the next one? */
void timer_collect(struct loop *l);
uint64_t timer_next(const struct loop *l);
void timer_cancel_all(struct loop *l);  /* which takes no work any more */

/* Tell them; releases the lock meanwhile. Returns how many it has told. */
uint32_t timer_deliver_cancelled(struct loop *l, const struct run *r);

/* Add a node to one of the two heaps. */
void timer_insert(struct loop *l, struct heap *h, struct heap_node *n,
                  uint64_t due);

/* task.c: what a task waits for has ended. */
void task_wake(struct task *t, int status);
void task_request_cancel(struct task *t);
void task_fire_next(struct loop *l);    /* the earliest timer of a task    */

/* A step has returned: end the task, which may release the lock meanwhile,
 * or let it wait. */
void task_finish_step(struct loop *l, struct task *t, enum task_next next);

/* telling.c: from now on every task, also one that is spawned later, is told
 * once to end; then the deliveries of that, which release the lock meanwhile
 * and return how many they have told. */
void task_tell_all(struct loop *l);
uint32_t task_deliver_telling(struct loop *l, const struct run *r);

/* worker.c */
void job_request_cancel(struct loop *l, struct job *j);
void job_cancel_all(struct loop *l);
void job_drop_unclaimed(struct loop *l);
void worker_quit(struct loop *l);   /* tell all to end; lock held            */
void worker_join(struct loop *l);   /* without the lock, after worker_quit   */

/* console.c */
void console_unwatch_all(struct loop *l);   /* releases the lock meanwhile   */

#endif
