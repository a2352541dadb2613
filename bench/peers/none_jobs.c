/*
 * none_jobs.c - a loop without a pool of threads.
 */
#include "peer_loop.h"

void peer_jobs_open(unsigned count, void (*work)(void), void (*done)(void))
{
    (void)count;
    (void)work;
    (void)done;
}

void peer_jobs_close(void)
{
}

void peer_job_submit(unsigned from, unsigned to)
{
    (void)from;
    (void)to;
}
