/*
 * libuv_jobs.c - uv_queue_work, over the pool of the process, whose threads
 * are four unless it is told otherwise.
 *
 * source: libuv's documentation, "Thread pool work scheduling"
 */
#include <stdlib.h>

#include "../../loop/check.h"
#include "libuv.h"
#include "peer_loop.h"

static uv_work_t *jobs;
static void     (*on_work)(void);
static void     (*on_done)(void);

static void run_work(uv_work_t *job)
{
    (void)job;
    on_work();
}

static void end_job(uv_work_t *job, int status)
{
    (void)job;
    LOOP_ASSERT(status == 0);
    on_done();
}

void peer_jobs_open(unsigned count, void (*work)(void), void (*done)(void))
{
    on_work = work;
    on_done = done;
    jobs = calloc(count, sizeof *jobs);
    LOOP_ASSERT(jobs);
}

void peer_jobs_close(void)
{
    free(jobs);
}

void peer_job_submit(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        int failed = uv_queue_work(&libuv_loop, &jobs[i], run_work, end_job);
        LOOP_ASSERT(!failed);
    }
}
