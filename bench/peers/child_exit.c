/*
 * child_exit.c - a process that has timers pending, is asked to end, and
 * ends: after all was closed, or just so.
 *
 * One thread is inside, and the main thread ends it, as exit_child.c does for
 * ours. Just to end is to leave no time to anybody: no destructor, no handler
 * of the end of a process.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../asked.h"
#include "../gate.h"
#include "peer_loop.h"
#include "scatter.h"

static struct gate inside;

static void say_inside(void)
{
    gate_add(&inside);
}

static void run_loop(void *unused)
{
    (void)unused;
    peer_loop_run();
}

static void nothing(void)
{
}

/* All storage is made before the run, which one thread alone is to use. */
static void begin(unsigned count, struct os_thread *thread)
{
    gate_open(&inside);
    peer_loop_open(1);
    peer_posts_open(1, say_inside);
    peer_timers_open(count, nothing);
    for (unsigned i = 0; i < count; i++)
        peer_timer_start(i, scatter_due(i));
    peer_loop_ready();
    int failed = os_thread_start(thread, "inside", run_loop, NULL);
    LOOP_ASSERT(!failed);
    peer_post(0, 1);
    gate_wait(&inside, 1);
}

/* Does this loop end with timers pending? Then it has been asked to. */
static bool ask_to_end(unsigned count, struct os_thread *thread)
{
    if (!peer_loop_has(PEER_TIMERS))
        return false;
    begin(count, thread);
    asked_print();
    return true;
}

double child_exit_clean(unsigned count, uint64_t unused,
                        struct histogram *seen)
{
    struct os_thread thread = { { 0 } };
    (void)unused;
    (void)seen;
    if (!ask_to_end(count, &thread))
        return NAN;
    peer_loop_stop();
    os_thread_join(&thread);
    peer_loop_end();
    peer_timers_close();
    peer_posts_close();
    exit(EXIT_SUCCESS);
}

double child_exit_dirty(unsigned count, uint64_t unused,
                        struct histogram *seen)
{
    struct os_thread thread = { { 0 } };
    (void)unused;
    (void)seen;
    if (!ask_to_end(count, &thread))
        return NAN;
    _exit(EXIT_SUCCESS);
}
