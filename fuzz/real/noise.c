#include "noise.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "../sched/sched.h"
#include "order.h"
#include "system.h"
#include "threads.h"

#define MICROSECOND 1000u
#define MILLISECOND 1000000u
#define POINTS_MAX 3
#define STEP_BITS 9             /* places are among the first 512 steps      */

struct point {
    unsigned thread;
    uint32_t step;
    uint64_t ns;
};

static struct {
    atomic_uint  manner;
    uint64_t     seed;
    unsigned     victim;
    int          processor;     /* all threads on this one; -1: on any       */
    bool         weights;       /* threads of different weight               */
    unsigned     points;
    struct point point[POINTS_MAX];
    atomic_uint  strangers;     /* that are held back just now               */
} noise;

/* A number whose size is as likely as another: 1 bit, 2 bits, ... */
static uint64_t any_size(uint64_t *random, unsigned bits)
{
    unsigned size = 1 + sched_below(random, bits);
    return sched_random(random) >> (64 - size);
}

static enum noise_manner draw_manner(uint64_t *random)
{
    static const enum noise_manner manner[] = {
        NOISE_NONE, NOISE_YIELDS, NOISE_SPINS, NOISE_SPINS, NOISE_NAPS,
        NOISE_VICTIM, NOISE_POINTS, NOISE_POINTS,
    };
    return manner[sched_below(random, sizeof manner / sizeof manner[0])];
}

void noise_begin(uint64_t seed)
{
    uint64_t random = seed;
    noise.seed = sched_random(&random);
    noise.victim = sched_below(&random, 5);
    noise.processor = sched_below(&random, 4) == 0
        ? (int)sched_below(&random, system_processors()) : -1;
    noise.weights = sched_below(&random, 4) == 0;
    noise.points = 1 + sched_below(&random, POINTS_MAX);
    for (unsigned i = 0; i < noise.points; i++)
        noise.point[i] = (struct point){
            .thread = sched_below(&random, 6),
            .step = (uint32_t)any_size(&random, STEP_BITS),
            .ns = MICROSECOND * (10 + any_size(&random, 14)),
        };
    atomic_store(&noise.manner, draw_manner(&random));
}

void noise_end(void)
{
    atomic_store(&noise.manner, NOISE_NONE);
}

const char *noise_name(void)
{
    static const char *const name[NOISE_MANNERS] = {
        "none", "yields", "spins", "naps", "victim", "points",
    };
    return name[atomic_load(&noise.manner)];
}

void noise_thread_begins(struct thread *t, unsigned number)
{
    t->random = noise.seed ^ (number + 1) * 0x9e3779b97f4a7c15u;
    if (noise.processor >= 0)
        system_pin(noise.processor);
    if (noise.weights)
        system_slow(sched_below(&t->random, 20));
}

static void spin(uint64_t ns)
{
    uint64_t end = system_now() + ns;
    while (system_now() < end)
        continue;
}

static void hold_at_point(const struct thread *t, unsigned number)
{
    for (unsigned i = 0; i < noise.points; i++)
        if (noise.point[i].thread == number &&
            noise.point[i].step == t->steps)
            system_nap(noise.point[i].ns);
}

/* A thread of the platform, such as the one that tells of console events, is
 * not the run's, but what it is about to do may come late as well. It moves
 * when it is held: who has just seen none held must not take its nap for the
 * sleep of a thread that waits. */
static void hold_stranger(void)
{
    static _Thread_local uint64_t random;
    enum noise_manner manner = (enum noise_manner)atomic_load_explicit(
        &noise.manner, memory_order_relaxed);
    random ^= noise.seed;
    if (manner < NOISE_NAPS || sched_below(&random, 4) != 0)
        return;
    atomic_fetch_add(&noise.strangers, 1);
    atomic_fetch_add(&threads_moves, 1);
    system_nap(sched_below(&random, 2 * MILLISECOND));
    atomic_fetch_add(&threads_moves, 1);
    atomic_fetch_sub(&noise.strangers, 1);
}

bool noise_holds_strangers(void)
{
    return atomic_load(&noise.strangers) > 0;
}

void noise_point(void)
{
    struct thread *t = threads_self();
    if (!t) {
        hold_stranger();
        return;
    }
    t->steps++;
    if (order_is_given()) {
        order_linger(&t->random);
        return;
    }
    switch ((enum noise_manner)atomic_load_explicit(&noise.manner,
                                                    memory_order_relaxed)) {
    case NOISE_YIELDS:
        if (sched_below(&t->random, 4) == 0)
            system_yield();
        break;
    case NOISE_SPINS:
        if (sched_below(&t->random, 16) == 0)
            spin(sched_below(&t->random, 20 * MICROSECOND));
        break;
    case NOISE_NAPS:
        if (sched_below(&t->random, 64) == 0)
            system_nap(sched_below(&t->random, MILLISECOND));
        break;
    case NOISE_VICTIM:
        if (ground_thread() == noise.victim &&
            sched_below(&t->random, 8) == 0)
            system_nap(sched_below(&t->random, MILLISECOND / 2));
        break;
    case NOISE_POINTS:
        hold_at_point(t, ground_thread());
        break;
    case NOISE_NONE:
    case NOISE_MANNERS:
        break;
    }
}
