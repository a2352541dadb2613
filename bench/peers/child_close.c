/*
 * child_close.c - what it costs to end a loop with work pending.
 *
 * A loop is opened, so many of a kind are made pending, and the time runs
 * from the decision to end it until nothing of it is left. The same again
 * with a new loop, until the time is over: twice at least, of which the first
 * warms up. Only the end is timed.
 */
#include <math.h>

#include "../../loop/os.h"
#include "../histogram.h"
#include "../machine.h"
#include "../statistics.h"
#include "descriptor.h"
#include "peer_loop.h"
#include "pending.h"

#define TIMES_MIN 2
#define TIMES_MAX 1024

static uint64_t end_one(enum peer_kind kind, unsigned count)
{
    peer_loop_open(1);
    pending_open(kind, count);
    uint64_t before = os_now();
    peer_loop_end();
    uint64_t took = os_now() - before;
    pending_close(kind);
    return took;
}

static bool can_have(enum peer_kind kind, unsigned count)
{
    if (!peer_loop_has(kind))
        return false;
    if (kind == PEER_READS || kind == PEER_ACCEPTS)
        return descriptor_room(count);
    return kind != PEER_TASKS || count <= peer_tasks_max();
}

static double measure(enum peer_kind kind, unsigned count, uint64_t length)
{
    static double took[TIMES_MAX];
    unsigned times = 0;
    if (!can_have(kind, count))
        return NAN;
    machine_pin(machine_processors() - 1);
    uint64_t until = os_now() + length;
    do
        took[times++] = (double)end_one(kind, count);
    while (times < TIMES_MIN || (times < TIMES_MAX && os_now() < until));
    return statistics_median(took + 1, times - 1) / count;
}

double child_close_posts(unsigned count, uint64_t length,
                         struct histogram *unused)
{
    (void)unused;
    return measure(PEER_POSTS, count, length);
}

double child_close_timers(unsigned count, uint64_t length,
                          struct histogram *unused)
{
    (void)unused;
    return measure(PEER_TIMERS, count, length);
}

double child_close_tasks(unsigned count, uint64_t length,
                         struct histogram *unused)
{
    (void)unused;
    return measure(PEER_TASKS, count, length);
}

double child_close_reads(unsigned count, uint64_t length,
                         struct histogram *unused)
{
    (void)unused;
    return measure(PEER_READS, count, length);
}

double child_close_accepts(unsigned count, uint64_t length,
                           struct histogram *unused)
{
    (void)unused;
    return measure(PEER_ACCEPTS, count, length);
}

double child_close_reads_of_one(unsigned count, uint64_t length,
                                struct histogram *unused)
{
    (void)unused;
    return measure(PEER_READS_OF_ONE, count, length);
}

double child_close_accepts_of_one(unsigned count, uint64_t length,
                                  struct histogram *unused)
{
    (void)unused;
    return measure(PEER_ACCEPTS_OF_ONE, count, length);
}
