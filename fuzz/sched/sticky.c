/*
 * sticky.c - a random walk that stays with the current thread for a while,
 * as real schedulers do.
 *
 * How long a while is drawn for each run, evenly over the doublings of 4 to
 * 64 decisions, because no single length suits short and long windows.
 */
#include "draw.h"

static struct {
    uint64_t state;
    unsigned switch_rarity;
    unsigned outcome_rarity;
} run;

static void sticky_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    run.state = seed;
    run.switch_rarity = draw_rarity(&run.state, 4, 4);
    run.outcome_rarity = draw_rarity(&run.state, 4, 2);
}

static unsigned sticky_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    uint32_t others = enabled & ~(UINT32_C(1) << current);
    if (others == enabled)
        return draw_thread(&run.state, enabled);
    if (sched_below(&run.state, run.switch_rarity) != 0)
        return current;
    return draw_thread(&run.state, others);
}

static unsigned sticky_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    (void)what;
    return draw_outcome(&run.state, run.outcome_rarity, count);
}

static struct sched sticky = {
    .name = "sticky",
    .begin = sticky_begin,
    .thread = sticky_thread,
    .outcome = sticky_outcome,
};

struct sched *sched_sticky(void)
{
    return &sticky;
}
