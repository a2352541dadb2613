/*
 * post_throughput.c - how many posts a second does a loop take from other
 * threads and run?
 *
 *   burst      threads post a burst as fast as they can, each post in storage
 *              that was there before where the loop's interface allows it;
 *              timed from the first post to the last callback
 *   ping-pong  one thread posts, spins until the callback has run, and posts
 *              again; "round trip" is the same, with each trip timed
 *
 * The floor is a bare queue whose consumer knows nothing else, woken by a
 * futex or by an eventfd in an epoll set, and only if it sleeps.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "burst", 1, "burst", "posts/s", "threads", NULL },
    { "burst", 2, "burst", "posts/s", "threads", NULL },
    { "ping", 1, "ping-pong", "trips/s", NULL, NULL },
    { "trip", 1, "round trip", "ns", NULL, NULL },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_post_throughput, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 30 : 50,
        .rounds = limits->quick ? 5 : 15,
    };
    return peers_ask(&asked, limits);
}

const struct question question_post_throughput = {
    .name = "post_throughput",
    .asks = "how many posts a second does a loop take from other threads?",
    .seconds_quick = 4,
    .seconds_full = 56,
    .has_wine = true,
    .run = run,
};
