/*
 * job_cost.c - what does a job on a worker cost?
 *
 *   burst     10,000 jobs that have nothing to do, from the first submit to
 *             the last callback on the loop
 *   latency   one, from before its submit to its callback: to a pool that has
 *             just had one, and to one that has had none for 50 us
 *
 * A pool has four threads, also where there are fewer processors: it is for
 * work that blocks. libevent and libev have none.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "jobs", 10000, "burst", "jobs/s", "jobs", NULL },
    { "job", 0, "submit to done", "ns", "pool", "idle 0 us" },
    { "job", 50, "submit to done", "ns", "pool", "idle 50 us" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_job_cost, .kind = PEERS_LOOPS,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 15 : 100,
        .rounds = limits->quick ? 3 : 9,
    };
    return peers_ask(&asked, limits);
}

const struct question question_job_cost = {
    .name = "job_cost",
    .asks = "what does a job on a worker cost?",
    .seconds_quick = 2,
    .seconds_full = 16,
    .run = run,
};
