/*
 * task_cost.c - what does a task cost?
 *
 *   spawn     1,000 tasks are started, each ends at its first step
 *   await     a task starts another one and awaits its end, again and again
 *   yield     a task lets all others go first, again and again
 *   gather    a task starts 1,000 others and awaits them together
 *
 * Of the other loops asyncio has tasks, and Asio where the compiler has
 * coroutines.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "task-spawn", 1000, "task, spawn", "ns/task", "tasks", NULL },
    { "task-await", 1000, "task, await", "ns/task", "tasks", NULL },
    { "task-yield", 1000, "task, yield", "ns/yield", "yields", NULL },
    { "task-gather", 1000, "task, gather", "ns/task", "tasks", NULL },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_task_cost, .kind = PEERS_LOOPS,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 10 : 50,
        .rounds = limits->quick ? 3 : 9,
    };
    return peers_ask(&asked, limits);
}

const struct question question_task_cost = {
    .name = "task_cost",
    .asks = "what does a task cost?",
    .seconds_quick = 2,
    .seconds_full = 12,
    .run = run,
};
