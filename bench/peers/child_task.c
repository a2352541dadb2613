/*
 * child_task.c - what tasks cost, from their start to the end of the last.
 */
#include <math.h>

#include "../../loop/os.h"
#include "../machine.h"
#include "../statistics.h"
#include "peer_loop.h"

#define ROUNDS_MIN 3
#define ROUNDS_MAX 1024

static double time_each(enum peer_work kind, unsigned count)
{
    peer_loop_ready();
    uint64_t before = os_now();
    peer_work(kind, count);
    return (double)(os_now() - before) / count;
}

/* The first round warms up. */
static double measure(enum peer_work kind, unsigned count, uint64_t length)
{
    static double each[ROUNDS_MAX];
    unsigned rounds = 0;
    if (!peer_loop_has(PEER_TASKS))
        return NAN;
    machine_pin(machine_processors() - 1);
    peer_loop_open(1);
    peer_work_open(count);
    uint64_t until = os_now() + length;
    do
        each[rounds++] = time_each(kind, count);
    while (rounds < ROUNDS_MIN ||
           (rounds < ROUNDS_MAX && os_now() < until));
    peer_work_close();
    peer_loop_end();
    return statistics_median(each + 1, rounds - 1);
}

double child_task_spawn(unsigned count, uint64_t length,
                        struct histogram *unused)
{
    (void)unused;
    return measure(PEER_SPAWN, count, length);
}

double child_task_await(unsigned count, uint64_t length,
                        struct histogram *unused)
{
    (void)unused;
    return measure(PEER_AWAIT, count, length);
}

double child_task_yield(unsigned count, uint64_t length,
                        struct histogram *unused)
{
    (void)unused;
    return measure(PEER_YIELD, count, length);
}

double child_task_gather(unsigned count, uint64_t length,
                         struct histogram *unused)
{
    (void)unused;
    return measure(PEER_GATHER, count, length);
}
