/*
 * close_cost.c - what does it cost to end a loop with work pending?
 *
 * A loop with N timers, tasks, posts, reads or accepts pending is ended as its
 * documentation tells to: all is cancelled, whoever waits is told where the
 * loop tells it, and nothing is left. The figure is the time of the whole end
 * for each item, so what is linear stands still as N grows. The floor of a
 * read or an accept is what the kernel asks for to give it up and close its
 * descriptor. A loop that takes many of one descriptor has them once more all
 * of one; there the floor of an epoll set is one entry, whatever N is.
 *
 * A line is fitted to the whole times of each kind: its slope, and by which
 * share of its time the point is off that fits worst. A kind that does not
 * grow in line with N is far off.
 */
#include "peers.h"

#define OF_ONE(kind, count) { "close-" kind "s-of-one", count,               \
                              "close, each " kind " of one descriptor",      \
                              "ns/item", "items", NULL }
#define ITEMS(kind, count) { "close-" kind "s", count, "close, each " kind,  \
                             "ns/item", "items", NULL }

static const struct peers_measurement measurements[] = {
    ITEMS("timer", 1),       ITEMS("timer", 1000),    ITEMS("timer", 100000),
    ITEMS("task", 1),        ITEMS("task", 1000),     ITEMS("task", 100000),
    ITEMS("post", 1),        ITEMS("post", 1000),     ITEMS("post", 100000),
    ITEMS("read", 1),        ITEMS("read", 1000),
    ITEMS("accept", 1),      ITEMS("accept", 1000),
    OF_ONE("read", 1),       OF_ONE("read", 1000),    OF_ONE("read", 10000),
    OF_ONE("accept", 1),     OF_ONE("accept", 1000),  OF_ONE("accept", 10000),

    /* To make these takes seconds, which is not quick. */
    ITEMS("timer", 1000000), ITEMS("task", 1000000),
    ITEMS("post", 1000000),  ITEMS("read", 10000),    ITEMS("accept", 10000),
};

#define ALL (sizeof measurements / sizeof measurements[0])
#define QUICK (ALL - 5)

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_close_cost, .kind = PEERS_ALL,
        .is_warm = true,
        .measurement = measurements,
        .count = limits->quick ? QUICK : ALL, .others_seldom = ALL,
        .milliseconds = limits->quick ? 10 : 25,
        .rounds = limits->quick ? 3 : 15,
        .often = limits->quick ? NULL : "close-reads",
    };
    return peers_ask(&asked, limits);
}

const struct question question_close_cost = {
    .name = "close_cost",
    .asks = "what does it cost to end a loop with work pending?",
    .seconds_quick = 5,
    .seconds_full = 145,
    .has_wine = true,
    .run = run,
};
