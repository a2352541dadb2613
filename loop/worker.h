/*
 * worker.h - jobs that block, on threads of the loop's own pool.
 *
 * A job runs on a worker thread and then reports to the loop. Threads are
 * started when needed, up to loop_options.workers_max, and end when the loop
 * is closed. A job that is running cannot be cancelled; a shutdown waits for
 * it until the deadline and pumps the loop meanwhile, since the job may be
 * waiting for a callback.
 *
 * threads    any
 * source     asyncio's default executor, libuv's thread pool
 */
#ifndef LOOP_WORKER_H
#define LOOP_WORKER_H

#include "loop.h"

struct task;

struct job {
    struct loop_item item;
    struct loop     *loop;
    struct task     *waiter;            /* the task that awaits this job */
    int              status;            /* what done will be told        */
    int (*work)(struct job *j);         /* on a worker; returns a status */
    void (*done)(struct job *j, int status);
};

/*
 * Hand a job to the pool.
 *
 *   j         work is set; done is set, or NULL if a task awaits it
 *   returns   0: done will be called once, on a thread inside the loop, with
 *             what work returned, or with LOOP_EABORTED and work not called.
 *             LOOP_ECLOSED or LOOP_ENOMEM (no thread at all could be
 *             started): it never will
 *   owns      the loop until done starts
 */
int job_submit(struct loop *l, struct job *j);

/*
 * Cancel a job that no worker has begun.
 *
 *   returns   0: done will be called with LOOP_EABORTED. LOOP_ENOTFOUND: it
 *             is running or finished
 */
int job_cancel(struct job *j);

#endif
