/*
 * pct.c - probabilistic concurrency testing: a bug that needs d orderings is
 * met in a run of n threads and k choices with probability 1 / (n k^(d-1)).
 *
 * The depth is drawn per run, mostly 2 or 3, and k is learned from the runs
 * before. So the seed alone does not name a run: sched_record does.
 */
#include "draw.h"
#include "priority.h"

/* Depths 1 to 5 in sixteenths. */
static const uint8_t depths[16] = {
    1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5,
};

static struct {
    struct priorities order;
    uint64_t          state;
    unsigned          outcome_rarity;
} run;

static uint32_t choices_expected = 64;

static uint32_t draw_rank(void *argument)
{
    (void)argument;
    return (uint32_t)sched_random(&run.state);
}

static void pct_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    run.state = seed;
    run.outcome_rarity = draw_rarity(&run.state, 4, 2);
    priorities_begin(&run.order);
    run.order.points = depths[sched_below(&run.state, 16)] - 1u;
    for (unsigned i = 0; i < run.order.points; i++)
        run.order.point[i] = sched_below(&run.state, choices_expected);
}

static unsigned pct_thread(struct sched *s, uint32_t enabled,
                           unsigned current)
{
    (void)s;
    (void)current;
    return priorities_choose(&run.order, enabled, NULL, draw_rank);
}

static unsigned pct_outcome(struct sched *s, enum sched_outcome what,
                            unsigned count)
{
    (void)s;
    (void)what;
    return draw_outcome(&run.state, run.outcome_rarity, count);
}

/*
 * A maximum that fades: points must reach the last choice of a long run, and
 * yet one run that went round in circles, or another scenario, must not
 * spread them over steps that do not exist for ever after.
 */
static void pct_end(struct sched *s, uint32_t decisions)
{
    (void)s;
    (void)decisions;
    uint32_t made = run.order.steps > 0 ? run.order.steps : 1;
    if (made >= choices_expected)
        choices_expected = made;
    else
        choices_expected -= (choices_expected - made + 31) / 32;
}

static struct sched pct = {
    .name = "pct",
    .begin = pct_begin,
    .thread = pct_thread,
    .outcome = pct_outcome,
    .end = pct_end,
};

struct sched *sched_pct(void)
{
    return &pct;
}
