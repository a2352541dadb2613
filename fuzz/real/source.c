#include "source.h"

#include "../sched/sched.h"

static struct scenario written[SOURCE_WRITTEN_MAX];
static unsigned        count;

bool source_add(const struct scenario *s)
{
    if (count == SOURCE_WRITTEN_MAX || s->expect != VERDICT_CLEAN)
        return false;
    written[count] = *s;
    written[count++].exception_count = 0;
    return true;
}

static uint64_t start(uint64_t seed, uint64_t number)
{
    uint64_t random = seed ^ number * 0x9e3779b97f4a7c15u;
    sched_random(&random);
    return random;
}

uint64_t source_noise(uint64_t seed, uint64_t number)
{
    uint64_t random = ~start(seed, number);
    return sched_random(&random);
}

static const struct scenario *any_written(uint64_t *random)
{
    return &written[sched_below(random, count)];
}

static void breed(struct scenario *out, uint64_t *random)
{
    unsigned mutations = 1 + sched_below(random, 4);
    *out = *any_written(random);
    if (sched_below(random, 5) == 0)
        scenario_cross(out, any_written(random), any_written(random),
                       sched_random(random));
    out->exception_count = 0;
    while (mutations-- > 0)
        scenario_mutate(out, sched_random(random));
}

void source_scenario(struct scenario *out, uint64_t seed, uint64_t number,
                     bool *as_written)
{
    uint64_t random = start(seed, number);
    unsigned kind = sched_below(&random, 10);
    bool plain = count > 0 && kind < 3;
    if (as_written)
        *as_written = plain;
    if (plain)
        *out = *any_written(&random);
    else if (count > 0 && kind < 8)
        breed(out, &random);
    else
        scenario_generate(out, sched_random(&random));
}
