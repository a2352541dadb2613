/*
 * draw.h - draws that several strategies share; private to this folder.
 *
 * threads    the simulator's one OS thread
 */
#ifndef FUZZ_SCHED_DRAW_H
#define FUZZ_SCHED_DRAW_H

#include "sched.h"

/* The n-th thread of a set, from 0; n is below the size of the set. */
static inline unsigned draw_nth(uint32_t set, unsigned n)
{
    while (n-- > 0)
        set &= set - 1;
    return (unsigned)__builtin_ctz(set);
}

/* Any thread of a set that is not empty, each as likely. */
static inline unsigned draw_thread(uint64_t *state, uint32_t set)
{
    return draw_nth(set, sched_below(state,
                                     (unsigned)__builtin_popcount(set)));
}

/* One of count outcomes: the calm one, but for one time in rarity. */
static inline unsigned draw_outcome(uint64_t *state, unsigned rarity,
                                    unsigned count)
{
    if (sched_below(state, rarity) != 0)
        return 0;
    return 1 + sched_below(state, count - 1);
}

/*
 * A rarity between low and low << doublings, each doubling as likely: a
 * program's own scale is not known, so every scale gets its share of runs.
 */
static inline unsigned draw_rarity(uint64_t *state, unsigned low,
                                   unsigned doublings)
{
    unsigned base = low << sched_below(state, doublings);
    return base + sched_below(state, base + 1);
}

#endif
