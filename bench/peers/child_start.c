/*
 * child_start.c - how often a loop can be started: with all that comes before
 * and after, and again when it is there.
 *
 * What a loop is started for is one post, which was made before and stops the
 * run that it is in. Each loop keeps one, and needs nobody else to hear it.
 */
#include <math.h>

#include "../../loop/os.h"
#include "../machine.h"
#include "../statistics.h"
#include "peer_loop.h"

#define SLICES 12
#define SLICES_MAX 256
#define WARM_UP 64u             /* starts                                */
#define NANOSECONDS 1e9
#define HOUR UINT64_C(3600000000000)

static double rate_of(void (*start)(void), unsigned count)
{
    uint64_t before = os_now();
    for (unsigned i = 0; i < count; i++)
        start();
    uint64_t took = os_now() - before;
    return count / ((double)(took ? took : 1) / NANOSECONDS);
}

/* A figure is the median of slices, and how many starts one of them has is
 * found out while the first ones warm up. */
static double measure(void (*start)(void), uint64_t length)
{
    static double rate[SLICES_MAX];
    unsigned slices = 0;
    double each = rate_of(start, WARM_UP) / NANOSECONDS;
    unsigned count = (unsigned)(each * (double)length / SLICES) + 1;
    uint64_t until = os_now() + length;
    do
        rate[slices++] = rate_of(start, count);
    while (slices < SLICES_MAX && os_now() < until);
    return statistics_median(rate, slices);
}

static void run_once(void)
{
    peer_loop_ready();
    peer_post(0, 1);
    peer_loop_run();
}

static void live_once(void)
{
    peer_loop_open(1);
    peer_post(0, 1);
    peer_loop_run();
    peer_loop_end();
}

static void live_with_timer(void)
{
    peer_loop_open(1);
    peer_timers_open(1, peer_loop_stop);
    peer_timer_start(0, HOUR);
    peer_post(0, 1);
    peer_loop_run();
    peer_loop_end();
    peer_timers_close();
}

double child_start(unsigned timers, uint64_t length, struct histogram *seen)
{
    (void)seen;
    if (timers > 0 && !peer_loop_has(PEER_TIMERS))
        return NAN;
    machine_pin(machine_processors() - 1);
    peer_posts_open(1, peer_loop_stop);
    double value = measure(timers > 0 ? live_with_timer : live_once, length);
    peer_posts_close();
    return value;
}

double child_restart(unsigned unused, uint64_t length, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    machine_pin(machine_processors() - 1);
    peer_loop_open(1);
    peer_posts_open(1, peer_loop_stop);
    double value = measure(run_once, length);
    peer_loop_end();
    peer_posts_close();
    return value;
}
