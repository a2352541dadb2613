/*
 * test_loop.h - what the tests of the loop share: gates, loops and counting.
 *
 * A gate is a counter that any thread raises and any thread waits on: tests
 * hold a callback or a job in place with it, and learn from it how far
 * another thread is, without a sleep.
 */
#ifndef LOOP_TEST_LOOP_H
#define LOOP_TEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "loop.h"
#include "os.h"
#include "shutdown.h"
#include "test.h"
#include "test_machine.h"

/* An hour from now: later than any test lasts. */
#define TEST_FAR (os_now() + UINT64_C(3600000000000))

/* How often a test looks again for what nothing can tell it: a minute. */
#define TEST_LOOKS 60000

struct gate {
    struct os_mutex lock;
    struct os_cond  raised;
    int             count;
};

static inline void gate_open(struct gate *g)
{
    *g = (struct gate){ 0 };
    CHECK_EQ(0, os_mutex_open(&g->lock));
    CHECK_EQ(0, os_cond_open(&g->raised));
}

static inline void gate_close(struct gate *g)
{
    /* Whoever has raised it may be on its way out of the lock. */
    os_mutex_lock(&g->lock);
    os_mutex_unlock(&g->lock);
    os_cond_close(&g->raised);
    os_mutex_close(&g->lock);
}

static inline void gate_raise(struct gate *g)
{
    os_mutex_lock(&g->lock);
    g->count++;
    os_cond_broadcast(&g->raised);
    os_mutex_unlock(&g->lock);
}

static inline void gate_wait(struct gate *g, int count)
{
    os_mutex_lock(&g->lock);
    while (g->count < count)
        os_cond_wait(&g->raised, &g->lock, OS_FOREVER);
    os_mutex_unlock(&g->lock);
}

static inline struct loop *test_loop_create(uint32_t workers_max)
{
    struct loop *l = NULL;
    struct loop_options options = { .workers_max = workers_max };
    CHECK_EQ(0, loop_create(&l, &options));
    return l;
}

/* Close a loop on which nothing is left, and free it. */
static inline void test_loop_end(struct loop *l)
{
    CHECK_EQ(0, loop_pending(l, NULL, 0));
    CHECK_EQ(0, loop_close(l));
    CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_NOWAIT));
    loop_destroy(l);
}

/* Cancel and deliver what is left on a loop, close it, and free it. */
static inline void test_loop_shut_down(struct loop *l)
{
    struct shutdown_report report;
    CHECK_EQ(0, loop_shutdown(l, NULL, &report));
    CHECK_EQ(SHUTDOWN_DRAINED, report.outcome);
    CHECK_EQ(0, loop_pending(l, NULL, 0));
    loop_destroy(l);
}

static inline void test_thread_start(struct os_thread *t,
                                     void (*entry)(void *arg), void *arg)
{
    *t = (struct os_thread){ 0 };
    CHECK_EQ(0, os_thread_start(t, "test", entry, arg));
}

static inline int test_descriptors(void)
{
    return test_machine_handles();
}

/* A thread that was joined may be listed for a moment longer. */
static inline bool test_threads_sink_to(int count)
{
    for (int i = 0; i < TEST_LOOKS; i++) {
        if (test_machine_threads() <= count)
            return true;
        os_pause();
    }
    return false;
}

/* The next of a fixed sequence of numbers below a bound. */
static inline uint32_t test_next(uint64_t *state, uint32_t bound)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % bound;
}

#endif
