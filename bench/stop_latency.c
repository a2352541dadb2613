/*
 * stop_latency.c - how long from a stop on one thread until the run has
 * returned on another?
 *
 *   idle     the thread inside has had nothing to do for 50 us, or for 1 ms
 *   busy     it runs a post that posts itself again, and never waits
 *   batch    it runs 1,000 such posts, so that most of a batch is before it
 *   threads  two are inside, idle for 50 us; until the last has returned
 *   callback the stop is called in a callback, on the same thread
 *
 * Time runs from before the call that stops to after the return of the run,
 * on one clock; both ends are part of each figure. The floor is a thread that
 * empties a bare queue and sleeps on a futex, an eventfd or a ring.
 *
 * Most of an idle stop is the machine's wake-up, the same for everybody: the
 * figure to compare is what lies over the floor of the same round.
 */
#include "peers.h"
#include "peers/child.h"

static const struct peers_measurement measurements[] = {
    { "stop", 50, "stop to return", "ns", "loop", "idle 50 us" },
    { "stop-busy", 1, "stop to return", "ns", "loop", "busy" },
    { "stop-busy", CHILD_BATCH, "stop to return", "ns", "loop", "batch" },
    { "stop-threads", 2, "stop to return", "ns", "loop", "threads" },
    { "stop-inside", 0, "stop to return", "ns", "loop", "callback" },

    /* Differs so much from round to round that it needs many. */
    { "stop", 1000, "stop to return", "ns", "loop", "idle 1 ms" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_stop_latency, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .others_seldom = 1, .often = limits->quick ? NULL : "stop",
        .has_tails = true,
        .milliseconds = limits->quick ? 30 : 50,
        .rounds = limits->quick ? 5 : 40,
    };
    return peers_ask(&asked, limits);
}

const struct question question_stop_latency = {
    .name = "stop_latency",
    .asks = "how long from a stop until the run has returned?",
    .seconds_quick = 5,
    .seconds_full = 75,
    .has_wine = true,
    .run = run,
};
