/*
 * child_timer.c - what timers cost: to arm, to disarm, to fire, to arm again.
 *
 * All are on one thread, and the storage of each was there before. Rounds are
 * repeated until the time is over; a figure is the median of theirs, and the
 * first warms up.
 */
#include <math.h>

#include "../../loop/os.h"
#include "../clock.h"
#include "../histogram.h"
#include "../machine.h"
#include "../statistics.h"
#include "peer_loop.h"
#include "scatter.h"

#define ROUNDS_MIN 3
#define ROUNDS_MAX 1024
#define AGAIN 20000u            /* firings of the one that arms itself   */
#define DUE UINT64_C(1000000)   /* soon, by loops that count milliseconds */

static struct {
    unsigned count;
    unsigned left;              /* to fire until the run is stopped      */
    double   arm[ROUNDS_MAX];   /* for each timer, of each round         */
    double   cancel[ROUNDS_MAX];
    double   fire[ROUNDS_MAX];
    unsigned rounds;
} m;

static double each(uint64_t before, unsigned count)
{
    return (double)(os_now() - before) / count;
}

static void count_one(void)
{
    if (--m.left == 0)
        peer_loop_stop();
}

/* The others stay where they are; this one has the number after theirs. */
static void start_again(void)
{
    if (--m.left == 0)
        peer_loop_stop();
    else
        peer_timer_start(m.count, 0);
}

static void arm_and_cancel(void)
{
    uint64_t before = os_now();
    for (unsigned i = 0; i < m.count; i++)
        peer_timer_start(i, scatter_due(i));
    m.arm[m.rounds] = each(before, m.count);
    before = os_now();
    for (unsigned i = 0; i < m.count; i++)
        peer_timer_cancel(i);
    m.cancel[m.rounds] = each(before, m.count);
}

/* They are all due when the run begins, so that it never waits. */
static void fire_all(void)
{
    for (unsigned i = 0; i < m.count; i++)
        peer_timer_start(i, DUE - scatter_due(i) % DUE);
    clock_spin_until(os_now() + 2 * DUE);
    m.left = m.count;
    uint64_t before = os_now();
    peer_loop_run();
    m.fire[m.rounds] = each(before, m.count);
    peer_loop_ready();
}

static void fire_one_again(void)
{
    unsigned times = machine_part(AGAIN);
    m.left = times;
    peer_timer_start(m.count, 0);
    uint64_t before = os_now();
    peer_loop_run();
    m.fire[m.rounds] = each(before, times);
    peer_loop_ready();
}

static void repeat(void (*round)(void), uint64_t length)
{
    uint64_t until = os_now() + length;
    do {
        round();
        m.rounds++;
    } while (m.rounds < ROUNDS_MIN ||
             (m.rounds < ROUNDS_MAX && os_now() < until));
}

static void arm_others(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer_timer_start(i, scatter_due(i));
}

/*
 * One more than the count is made, for the one that arms itself.
 *
 *   others    armed beside it
 *   of        what the rounds leave there is the answer
 */
static double measure(unsigned count, unsigned others, void (*fired)(void),
                      void (*round)(void), const double *of, uint64_t length)
{
    if (!peer_loop_has(PEER_TIMERS))
        return NAN;
    machine_pin(machine_processors() - 1);
    m.count = count;
    peer_loop_open(1);
    peer_timers_open(count + 1, fired);
    arm_others(others);
    repeat(round, length);
    peer_loop_end();
    peer_timers_close();
    return statistics_median(of + 1, m.rounds - 1);
}

double child_timer_arm(unsigned count, uint64_t length,
                       struct histogram *unused)
{
    (void)unused;
    return measure(count, 0, count_one, arm_and_cancel, m.arm, length);
}

double child_timer_cancel(unsigned count, uint64_t length,
                          struct histogram *unused)
{
    (void)unused;
    return measure(count, 0, count_one, arm_and_cancel, m.cancel, length);
}

double child_timer_fire(unsigned count, uint64_t length,
                        struct histogram *unused)
{
    (void)unused;
    return measure(count, 0, count_one, fire_all, m.fire, length);
}

double child_timer_again(unsigned count, uint64_t length,
                         struct histogram *unused)
{
    (void)unused;
    return measure(count, count, start_again, fire_one_again, m.fire, length);
}
