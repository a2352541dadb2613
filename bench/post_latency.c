/*
 * post_latency.c - how long from a post on one thread until its callback runs
 * on another?
 *
 * The loop has had nothing to do since the last callback has run, or for
 * 50 us, when it blocks in the kernel, or for 1 ms, when the processor sleeps
 * as well. Most of the latter two is the machine's wake-up, the same for
 * everybody: the figure to compare is what lies over the floor of the round.
 *
 * Then posts at a fixed rate, whatever has become of those before. A latency
 * counts from when the post should have been made: a sender that waits for a
 * loop that stands still measures that stand once, where a hundred posts would
 * have met it (coordinated omission). "sent to run" is the same from when the
 * post was made.
 *
 * source: Gil Tene, How NOT to Measure Latency; wrk2
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "wake", 0, "post to run", "ns", "loop", "idle 0 us" },
    { "wake", 50, "post to run", "ns", "loop", "idle 50 us" },
    { "wake", 1000, "post to run", "ns", "loop", "idle 1 ms" },
    { "rate", 10000, "post to run", "ns", "loop", "100,000/s" },
    { "rate", 1000, "post to run", "ns", "loop", "1,000,000/s" },
    { "rate-sent", 10000, "sent to run", "ns", "loop", "100,000/s" },
    { "rate-sent", 1000, "sent to run", "ns", "loop", "1,000,000/s" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_post_latency, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 30 : 50,
        .rounds = limits->quick ? 5 : 15,
    };
    return peers_ask(&asked, limits);
}

const struct question question_post_latency = {
    .name = "post_latency",
    .asks = "how long from a post until its callback runs?",
    .seconds_quick = 4,
    .seconds_full = 36,
    .has_wine = true,
    .run = run,
};
