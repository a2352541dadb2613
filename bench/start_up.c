/*
 * start_up.c - how often can a loop be started in a second?
 *
 *   lives     it is created, runs one pass in which it is stopped, is closed,
 *             and nothing of it is left; also with a timer that it has when
 *             it is ended, since a loop may ask the kernel for what waits
 *             only when it has something to wait for
 *   runs      one that is there runs such a pass again
 *
 * A floor opens and closes what it sleeps on, and nothing else.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "start", 0, "lives", "loops/s", "pending", "nothing" },
    { "start", 1, "lives", "loops/s", "pending", "a timer" },
    { "restart", 0, "runs", "runs/s", NULL, NULL },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_start_up, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 10 : 50,
        .rounds = limits->quick ? 3 : 9,
    };
    return peers_ask(&asked, limits);
}

const struct question question_start_up = {
    .name = "start_up",
    .asks = "how often can a loop be started in a second?",
    .seconds_quick = 1.5,
    .seconds_full = 12,
    .run = run,
};
