/*
 * random.c - every choice is as likely as the others.
 *
 * It is the yardstick, not a default: a bug that needs one thread held back
 * while the others make n steps is met about once in 2^n runs.
 */
#include "draw.h"

static uint64_t state;

static void random_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    state = seed;
}

static unsigned random_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    (void)current;
    return draw_thread(&state, enabled);
}

static unsigned random_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    (void)what;
    return sched_below(&state, count);
}

static struct sched random_walk = {
    .name = "random",
    .begin = random_begin,
    .thread = random_thread,
    .outcome = random_outcome,
};

struct sched *sched_random_walk(void)
{
    return &random_walk;
}
