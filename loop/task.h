/*
 * task.h - tasks: stackless coroutines that can be cancelled, and groups.
 *
 * A task is a step function. Each call gets what woke it, does some work,
 * and either ends or arranges for exactly one thing to wait for. Cancelling
 * is a request that arrives with the next step; the step may end the task,
 * delay it, ignore it, or answer with more work, as a coroutine may catch
 * asyncio's CancelledError.
 *
 * ownership  the loop owns a task from task_spawn until task->ended starts,
 *            and a group from the first group_add until its wait is over
 * threads    task_cancel from any; task_await_* and task_yield only inside
 *            the task's own step
 * source     asyncio Task, gather and asyncio.run; PEP 492
 */
#ifndef LOOP_TASK_H
#define LOOP_TASK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "heap.h"
#include "loop.h"
#include "op.h"
#include "worker.h"

/* Why is this step being called? */
struct task_wake {
    bool cancelled;     /* a cancel was asked for since the last step    */
    int  status;        /* of what was awaited; 0 at the first step      */
};

enum task_next {
    TASK_WAITS,         /* one task_await_* or task_yield was called     */
    TASK_ENDS,          /* task->result is set                           */
};

struct group;

/* What comes first is all that a shutdown needs of most tasks. */
struct task {
    struct loop_item item;      /* links in the loop's list of tasks     */
    enum task_next (*step)(struct task *t, struct task_wake wake);
    void (*ended)(struct task *t);
    atomic_uint      told;      /* by which shutdown; by none is 0       */
    uint8_t          wait;      /* what I wait for                       */
    uint8_t          stepping;  /* enum stepping                         */
    bool             cancel;    /* asked for, not yet delivered          */
    bool             watched;   /* has had a waiter or a group           */
    int              wake_status;
    int              result;
    struct loop     *loop;
    struct task     *waiters;   /* tasks that await this one             */
    struct group    *group;     /* the group this is a member of         */
    struct task     *group_next;
    struct task     *group_prev;    /* of the first member: the last     */
    union {
        struct loop_item turn;      /* not waiting: in the ready queue   */
        struct heap_node timer;     /* waiting for a time                */
        struct {
            void        *awaited;   /* any other thing that I wait for   */
            struct task *wait_next; /* next of those that await a task   */
            struct task *cancel_next;   /* of tasks that are to pass a
                                       cancel on                         */
        };
    };
};

/*
 * Start a task: its first step comes in the next pass.
 *
 *   t         step is set; ended may be NULL; name may be set
 *   returns   0, or LOOP_ECLOSED
 *   owns      the loop until t->ended starts (or, without one, until a
 *             waiter has been told or the step has returned TASK_ENDS)
 */
int task_spawn(struct loop *l, struct task *t);

/*
 * Ask a task to end. What it waits for is cancelled too: an op is asked to
 * end and the step comes with its packet; a timer and a queued job end at
 * once; a running job is waited for; a task or group is asked in turn. The
 * step then says so, whatever the result of what it waited for.
 *
 *   t         spawned; if it may have ended, its memory is still there
 *   returns   0, also when it was asked before or has ended
 */
int task_cancel(struct task *t);

/* Cancel every task of the loop, the oldest first; returns how many.
 * O(tasks). */
size_t task_cancel_all(struct loop *l);

/*
 * Wait for one op, submitted with done NULL, and not yet awaited; its
 * result is in op->status, op->size and op->accepted at the next step.
 */
void task_await_op(struct task *t, struct op *op);

/* Wait until a time, absolute; the status is 0, or LOOP_EABORTED. On a loop
 * that takes no new work there is no wait: the step comes in the next pass.
 * That wait is part of the task: loop_pending lists no timer for it. */
void task_await_timer(struct task *t, uint64_t due);

/*
 * Wait for another task to end; the status is its result.
 *
 *   other     spawned; if it may have ended, its memory is still there.
 *             Not waiting, over whatever way, for t
 */
void task_await_task(struct task *t, struct task *other);

/* Wait for a job, submitted with done NULL; the status is the job's. */
void task_await_job(struct task *t, struct job *job);

/* Wait for one pass: the step comes again in the next, with status 0. */
void task_yield(struct task *t);

/*
 * A set of tasks to wait for together. Zero it before use.
 */
struct group {
    struct task *members;       /* that have not ended                   */
    struct task *waiter;
    bool         return_exceptions;
    int          status;        /* of the first member that failed       */
};

/*
 * Add a task that is in no group; one that has ended counts as such.
 *
 *   threads   as task_spawn, but not while another thread uses the group
 */
void group_add(struct group *g, struct task *t);

/*
 * Wait for the members. With return_exceptions, until all have ended, with
 * status 0; without, until all have ended or one has failed, with that
 * one's result, and then the others go on outside the group. An empty group
 * is over in the next pass: gathering nothing waits for nothing.
 */
void task_await_group(struct task *t, struct group *g);

#endif
