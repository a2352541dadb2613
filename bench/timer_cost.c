/*
 * timer_cost.c - what does a timer cost?
 *
 *   arm     one timer more, while the others of the number are armed
 *   cancel  one of them, in the order in which they were armed
 *   fire    when all are due, from the first to the last callback
 *   again   one that arms itself when it fires, while the others are armed,
 *           which is a whole pass of the loop
 */
#include "peers.h"

#define TIMERS(what, count) { "timer-" what, count, "timer, " what,          \
                              "ns/timer", "timers", NULL }

static const struct peers_measurement measurements[] = {
    TIMERS("arm", 1000),      TIMERS("arm", 100000),
    TIMERS("cancel", 1000),   TIMERS("cancel", 100000),
    TIMERS("fire", 1000),     TIMERS("fire", 100000),
    TIMERS("again", 1000),    TIMERS("again", 100000),
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_timer_cost, .kind = PEERS_LOOPS,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 10 : 50,
        .rounds = limits->quick ? 3 : 7,
    };
    return peers_ask(&asked, limits);
}

const struct question question_timer_cost = {
    .name = "timer_cost",
    .asks = "what does a timer cost?",
    .seconds_quick = 3,
    .seconds_full = 17,
    .has_wine = true,
    .run = run,
};
