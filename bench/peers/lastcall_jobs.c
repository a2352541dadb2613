/*
 * lastcall_jobs.c - jobs of our loop, in storage of the caller.
 */
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/worker.h"
#include "lastcall.h"
#include "peer_loop.h"

static struct job *jobs;
static void      (*on_work)(void);
static void      (*on_done)(void);

static int run_work(struct job *j)
{
    (void)j;
    on_work();
    return 0;
}

static void end_job(struct job *j, int status)
{
    (void)j;
    LOOP_ASSERT(status == 0);
    on_done();
}

/* As many threads as it has by itself. */
void peer_jobs_open(unsigned count, void (*work)(void), void (*done)(void))
{
    on_work = work;
    on_done = done;
    jobs = calloc(count, sizeof *jobs);
    LOOP_ASSERT(jobs);
    for (unsigned i = 0; i < count; i++) {
        jobs[i].work = run_work;
        jobs[i].done = end_job;
    }
}

void peer_jobs_close(void)
{
    free(jobs);
}

void peer_job_submit(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        int failed = job_submit(lastcall_loop, &jobs[i]);
        LOOP_ASSERT(!failed);
    }
}
