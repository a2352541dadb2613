/*
 * child_start.c - how often a loop can be started: with all that comes before
 * and after, and again when it is there.
 *
 * What a loop is started for is one post, which was made before and stops the
 * run that it is in. Each loop keeps one, and needs nobody else to hear it.
 */
#include <math.h>

#include "../machine.h"
#include "peer_loop.h"
#include "slices.h"

#define WARM_UP 64u             /* starts                                */
#define HOUR UINT64_C(3600000000000)

static void run(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_loop_ready();
        peer_post(0, 1);
        peer_loop_run();
    }
}

static void live(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_loop_open(1);
        peer_post(0, 1);
        peer_loop_run();
        peer_loop_end();
    }
}

static void live_with_timer(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_loop_open(1);
        peer_timers_open(1, peer_loop_stop);
        peer_timer_start(0, HOUR);
        peer_post(0, 1);
        peer_loop_run();
        peer_loop_end();
        peer_timers_close();
    }
}

double child_start(unsigned timers, uint64_t length, struct histogram *seen)
{
    (void)seen;
    if (timers > 0 && !peer_loop_has(PEER_TIMERS))
        return NAN;
    machine_pin(machine_processors() - 1);
    peer_posts_open(1, peer_loop_stop);
    double value = slices_measure(timers > 0 ? live_with_timer : live,
                                  WARM_UP, length);
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
    double value = slices_measure(run, WARM_UP, length);
    peer_loop_end();
    peer_posts_close();
    return value;
}
