/*
 * every.h - every schedule and every outcome of a small program, for tests.
 *
 * The first run is the calm one; each next run departs from the last at the
 * latest choice that has an answer left.
 *
 *     struct every e;
 *     every_begin(&e);
 *     do {
 *         sim_begin(&options, &e.sched, NULL);
 *         ...
 *         sim_run();
 *     } while (every_next(&e));
 */
#ifndef FUZZ_SIM_EVERY_H
#define FUZZ_SIM_EVERY_H

#include <stdint.h>
#include <stdlib.h>

#include "../sched/sched.h"

#define EVERY_MAX 128

struct every {
    struct sched sched;             /* first, so that it leads back here     */
    unsigned     runs;
    unsigned     at;                /* choices made in this run              */
    unsigned     count;             /* choices that the answers are for      */
    uint8_t      answer[EVERY_MAX];
    uint8_t      answers[EVERY_MAX];
};

static inline unsigned every_choose(struct every *e, unsigned answers)
{
    if (e->at == EVERY_MAX)
        return 0;
    if (e->at == e->count) {
        e->answer[e->count] = 0;
        e->answers[e->count++] = (uint8_t)answers;
    }
    return e->answer[e->at++];
}

static inline unsigned every_thread(struct sched *s, uint32_t enabled,
                                    unsigned current)
{
    unsigned answers = (unsigned)__builtin_popcount(enabled);
    unsigned answer = every_choose((struct every *)(void *)s, answers);
    unsigned calm = sched_calm(enabled, current);
    if (answer == 0)
        return calm;
    enabled &= ~(UINT32_C(1) << calm);
    while (--answer > 0)
        enabled &= enabled - 1;
    return (unsigned)__builtin_ctz(enabled);
}

static inline unsigned every_outcome(struct sched *s, enum sched_outcome what,
                                     unsigned count)
{
    (void)what;
    return every_choose((struct every *)(void *)s, count);
}

static inline void every_begin(struct every *e)
{
    *e = (struct every){ .sched = { .name = "every",
                                    .thread = every_thread,
                                    .outcome = every_outcome } };
}

static inline int every_next(struct every *e)
{
    e->runs++;
    e->at = 0;
    while (e->count > 0) {
        if (++e->answer[e->count - 1] < e->answers[e->count - 1])
            return 1;
        e->count--;
    }
    return 0;
}

/* The calm strategy, for tests that need no other. */
static inline unsigned calm_thread(struct sched *s, uint32_t enabled,
                                   unsigned current)
{
    (void)s;
    return sched_calm(enabled, current);
}

static inline unsigned calm_outcome(struct sched *s, enum sched_outcome what,
                                    unsigned count)
{
    (void)s;
    (void)what;
    (void)count;
    return 0;
}

static inline struct sched *calm(void)
{
    static struct sched strategy = { .name = "calm", .thread = calm_thread,
                                     .outcome = calm_outcome };
    return &strategy;
}

#endif
