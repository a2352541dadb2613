/*
 * hang.h - what the programs share that end badly on purpose.
 *
 * Each program goes wrong, or only seems to, in one way; the comment at its
 * top says how, and fuzz/watchdog_test.c what a watchdog has to say to it.
 */
#ifndef FUZZ_HANGS_HANG_H
#define FUZZ_HANGS_HANG_H

#include <stddef.h>
#include <stdint.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../witness.h"

#define HANG_MS   UINT64_C(1000000)
#define HANG_HOUR (UINT64_C(3600000) * HANG_MS)

/* A flag that threads wait for; zero it before use. */
struct gate {
    struct os_mutex lock;
    struct os_cond  changed;
    int             count;
};

static inline void gate_open(struct gate *g)
{
    int failed = os_mutex_open(&g->lock);
    LOOP_ASSERT(!failed);
    failed = os_cond_open(&g->changed);
    LOOP_ASSERT(!failed);
}

static inline void gate_add(struct gate *g)
{
    os_mutex_lock(&g->lock);
    g->count++;
    os_cond_broadcast(&g->changed);
    os_mutex_unlock(&g->lock);
}

/* Wait until so many have been added, or a time of os_now. */
static inline void gate_wait(struct gate *g, int count, uint64_t until)
{
    os_mutex_lock(&g->lock);
    while (g->count < count && os_now() < until)
        os_cond_wait(&g->changed, &g->lock, until);
    os_mutex_unlock(&g->lock);
}

/* Wait for what nobody does. */
static inline void hang_park(void)
{
    static struct gate never;
    gate_open(&never);
    gate_wait(&never, 1, OS_FOREVER);
}

/* Be asleep for so many milliseconds. */
static inline void hang_nap(unsigned ms)
{
    struct gate never = { 0 };
    gate_open(&never);
    gate_wait(&never, 1, os_now() + ms * HANG_MS);
    os_cond_close(&never.changed);
    os_mutex_close(&never.lock);
}

static inline void hang_start(struct os_thread *t, const char *name,
                              void (*entry)(void *arg), void *arg)
{
    int failed = os_thread_start(t, name, entry, arg);
    LOOP_ASSERT(!failed);
}

static inline struct loop *hang_loop(void)
{
    struct loop *l = NULL;
    int failed = loop_create(&l, NULL);
    LOOP_ASSERT(!failed);
    return l;
}

/* The dump of a program with a loop: what keeps it alive. */
static inline void hang_dump(void *arg)
{
    struct loop_pending entry[16];
    size_t count = loop_pending(arg, entry, 16);
    witness_print("%u pending\n", (unsigned)count);
    for (size_t i = 0; i < count && i < 16; i++)
        witness_print("%s %s %s\n", loop_kind_name(entry[i].kind),
                      entry[i].state, entry[i].name);
}

#endif
