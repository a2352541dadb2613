/*
 * close_cost.c - what does it cost to end a loop with work pending?
 *
 * A loop with N timers, tasks, posts or reads pending is ended as its
 * documentation tells to: all is cancelled, whoever waits is told where the
 * loop tells it, and nothing is left. The figure is the time of the whole end
 * for each item, so what is linear stands still as N grows. The floor of a
 * read is what the kernel asks for to give it up and close its descriptor.
 *
 * A line is fitted to the whole times of each kind: its slope, and by which
 * share of its time the point is off that fits worst. A kind that does not
 * grow in line with N is far off.
 */
#include "peers.h"

#define ITEMS(kind, count) { "close-" kind "s", count, "close, each " kind,  \
                             "ns/item", "items", NULL }

static const struct peers_measurement measurements[] = {
    ITEMS("timer", 1),       ITEMS("timer", 1000),
    ITEMS("timer", 100000),  ITEMS("timer", 1000000),
    ITEMS("task", 1),        ITEMS("task", 1000),
    ITEMS("task", 100000),   ITEMS("task", 1000000),
    ITEMS("post", 1),        ITEMS("post", 1000),
    ITEMS("post", 100000),   ITEMS("post", 1000000),
    ITEMS("read", 1),        ITEMS("read", 1000),
    ITEMS("read", 10000),
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_close_cost, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 10 : 50,
        .rounds = limits->quick ? 3 : 7,
    };
    return peers_ask(&asked, limits);
}

const struct question question_close_cost = {
    .name = "close_cost",
    .asks = "what does it cost to end a loop with work pending?",
    .seconds_quick = 10,
    .seconds_full = 100,
    .has_wine = true,
    .run = run,
};
