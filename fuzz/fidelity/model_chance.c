#include "../../loop/check.h"
#include "model_search.h"

static uint64_t chance;

static unsigned draw_thread(struct sched *s, uint32_t enabled,
                            unsigned current)
{
    (void)s;
    if (sched_below(&chance, 2) == 0)
        return sched_calm(enabled, current);
    unsigned n = sched_below(&chance, (unsigned)__builtin_popcount(enabled));
    while (n-- > 0)
        enabled &= enabled - 1;
    return (unsigned)__builtin_ctz(enabled);
}

/* What ends most of a sequence before it has begun is rare. */
static unsigned draw_outcome(struct sched *s, enum sched_outcome what,
                             unsigned count)
{
    (void)s;
    bool grave = what == SCHED_MEMORY || what == SCHED_POST ||
                 (what == SCHED_REFUSE && count == 2);
    if (sched_below(&chance, grave ? 32 : 2) != 0)
        return 0;
    return sched_below(&chance, count);
}

static struct sched draws = {
    .name = "chance", .thread = draw_thread, .outcome = draw_outcome,
};

bool model_perform(const struct sequence *s, const char *platform,
                   struct sched *sched, uint32_t faults,
                   record_tell_fn *tell, void *arg)
{
    struct record_options options = {
        .tell = tell, .arg = arg, .deadline = MODEL_DEADLINE };
    model.rules = model_rules(platform);
    LOOP_ASSERT(model.rules != NULL);
    return model_run(s, sched, faults, &options);
}

void model_sample(const struct sequence *s, const char *platform,
                  uint64_t seed, record_tell_fn *tell, void *arg)
{
    chance = seed;
    model_perform(s, platform, &draws, UINT32_MAX, tell, arg);
}
