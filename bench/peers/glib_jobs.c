/*
 * glib_jobs.c - a GThreadPool, whose threads answer with an idle source.
 *
 * The threads are the pool's own, so that none is started or ended while they
 * are measured.
 *
 * source: GLib's reference manual, "Thread Pools"
 */
#include "../../loop/check.h"
#include "glib_attach.h"
#include "peer_loop.h"

static GThreadPool *pool;
static void       (*on_work)(void);
static void       (*on_done)(void);

static gboolean end_job(gpointer unused)
{
    (void)unused;
    on_done();
    return G_SOURCE_REMOVE;
}

static void run_work(gpointer job, gpointer unused)
{
    (void)job;
    (void)unused;
    on_work();
    glib_attach(end_job);
}

void peer_jobs_open(unsigned count, void (*work)(void), void (*done)(void))
{
    (void)count;
    on_work = work;
    on_done = done;
    pool = g_thread_pool_new(run_work, NULL, PEER_WORKERS, TRUE, NULL);
    LOOP_ASSERT(pool);
}

void peer_jobs_close(void)
{
    g_thread_pool_free(pool, FALSE, TRUE);
}

/* A job is known by a pointer, which may not be NULL. */
void peer_job_submit(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        g_thread_pool_push(pool, &pool, NULL);
}
