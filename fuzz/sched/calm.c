/*
 * calm.c - no surprise at all: the run that every schedule is told against.
 */
#include "sched.h"

static unsigned calm_thread(struct sched *s, uint32_t enabled,
                            unsigned current)
{
    (void)s;
    return sched_calm(enabled, current);
}

static unsigned calm_outcome(struct sched *s, enum sched_outcome what,
                             unsigned count)
{
    (void)s;
    (void)what;
    (void)count;
    return 0;
}

static struct sched calm = {
    .name = "calm", .thread = calm_thread, .outcome = calm_outcome,
};

struct sched *sched_calm_default(void)
{
    return &calm;
}
