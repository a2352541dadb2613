/*
 * child_idle.c - threads inside a loop that has nothing to do.
 *
 * The process says when all of them sleep, and ends when its stdin does;
 * between the two somebody else watches what it does. The thread that opened
 * the loop is in one read meanwhile.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "../machine.h"
#include "../watch.h"
#include "pair.h"
#include "peer_loop.h"

#define INSIDE_MAX 16

static _Atomic uint64_t inside[INSIDE_MAX];    /* threads */

static void be_inside(void *index)
{
    atomic_store(&inside[(uintptr_t)index], os_thread_self());
    peer_loop_run();
}

/* Seen once is not enough: on its way in a thread may sleep for a lock. */
static bool all_sleep(unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        uint64_t thread = atomic_load(&inside[i]);
        if (!thread || !machine_sleeps(thread))
            return false;
    }
    return true;
}

static void wait_for_the_end(unsigned threads)
{
    for (unsigned seen = 0; seen < 1000; seen++)
        if (!all_sleep(threads))
            seen = 0;
    puts(WATCH_SAYS);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
}

double child_idle(unsigned threads, uint64_t unused, struct histogram *seen)
{
    struct os_thread in[INSIDE_MAX] = { { { 0 } } };
    (void)unused;
    (void)seen;
    if (threads > peer_loop_threads() || threads > INSIDE_MAX)
        return NAN;
    peer_loop_open(threads ? threads : 1);
    for (unsigned i = 0; i < threads; i++)
        pair_start(&in[i], "inside", be_inside, (void *)(uintptr_t)i);
    wait_for_the_end(threads);
    for (unsigned i = 0; i < threads && i < 1; i++)
        peer_loop_stop();
    for (unsigned i = 0; i < threads; i++)
        os_thread_join(&in[i]);
    peer_loop_end();
    return threads;
}
