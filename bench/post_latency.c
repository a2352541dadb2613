/*
 * post_latency.c - how long from a post on one thread until its callback runs
 * on another?
 *
 * The loop has had nothing to do since the last callback has run, or for
 * 50 us, when it blocks in the kernel, or for 1 ms, when the processor sleeps
 * as well. Most of the latter two is the machine's wake-up, the same for
 * everybody: the figure to compare is what lies over the floor of the round.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "wake", 0, "post to run", "ns", "loop", "idle 0 us" },
    { "wake", 50, "post to run", "ns", "loop", "idle 50 us" },
    { "wake", 1000, "post to run", "ns", "loop", "idle 1 ms" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_post_latency, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 30 : 100,
        .rounds = limits->quick ? 5 : 15,
    };
    return peers_ask(&asked, limits);
}

const struct question question_post_latency = {
    .name = "post_latency",
    .asks = "how long from a post until its callback runs?",
    .seconds_quick = 8,
    .seconds_full = 70,
    .run = run,
};
