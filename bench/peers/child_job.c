/*
 * child_job.c - what jobs cost: to the pool, and back to the thread inside.
 *
 * The work of a job is none, so that what is measured is its way. The threads
 * of the pool go where the kernel lets them, and so does the one inside, which
 * they may have inherited their place from.
 */
#include <math.h>

#include "../../loop/os.h"
#include "../clock.h"
#include "../histogram.h"
#include "../statistics.h"
#include "peer_loop.h"

#define BURSTS_MIN 3
#define BURSTS_MAX 1024
#define WARM_UP 32u             /* jobs that do not count                */
#define MICROSECOND UINT64_C(1000)
#define NANOSECONDS 1e9

static struct {
    unsigned          left;     /* of the burst                          */
    uint64_t          ended_at;
    uint64_t          idle;
    uint64_t          length;
    uint64_t          until;
    uint64_t          before;   /* the job was submitted                 */
    unsigned          done;
    struct histogram *seen;
} m;

static void work(void)
{
}

static void count_one(void)
{
    if (--m.left > 0)
        return;
    m.ended_at = os_now();
    peer_loop_stop();
}

static double rate_of_burst(unsigned count)
{
    m.left = count;
    peer_loop_ready();
    uint64_t before = os_now();
    peer_job_submit(0, count);
    peer_loop_run();
    uint64_t took = m.ended_at - before;
    return count / ((double)(took ? took : 1) / NANOSECONDS);
}

/* The first burst starts threads, and does not count. */
double child_jobs(unsigned count, uint64_t length, struct histogram *unused)
{
    static double rate[BURSTS_MAX];
    unsigned bursts = 0;
    (void)unused;
    if (!peer_loop_has(PEER_JOBS))
        return NAN;
    peer_loop_open(1);
    peer_jobs_open(count, work, count_one);
    uint64_t until = os_now() + length;
    do
        rate[bursts++] = rate_of_burst(count);
    while (bursts < BURSTS_MIN ||
           (bursts < BURSTS_MAX && os_now() < until));
    peer_jobs_close();
    peer_loop_end();
    return statistics_median(rate + 1, bursts - 1);
}

/* The pool has nothing to do while the thread inside spins. */
static void submit_next(void)
{
    if (m.idle > 0)
        clock_spin_until(os_now() + m.idle);
    m.before = os_now();
    peer_job_submit(0, 1);
}

static void note_one(void)
{
    uint64_t now = os_now();
    if (++m.done > WARM_UP)
        histogram_record(m.seen, now - m.before);
    else if (m.done == WARM_UP)
        m.until = now + m.length;
    if (m.done > WARM_UP && now >= m.until)
        peer_loop_stop();
    else
        submit_next();
}

double child_job(unsigned idle, uint64_t length, struct histogram *seen)
{
    if (!peer_loop_has(PEER_JOBS))
        return NAN;
    m.idle = idle * MICROSECOND;
    m.length = length;
    m.seen = seen;
    peer_loop_open(1);
    peer_jobs_open(1, work, note_one);
    submit_next();
    peer_loop_run();
    peer_jobs_close();
    peer_loop_end();
    return (double)histogram_at(seen, 0.5);
}
