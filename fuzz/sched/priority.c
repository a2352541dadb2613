#include "priority.h"

#include "../../loop/check.h"

#define STREAK_MAX 2000

/* Three bands, from the top: as drawn, fallen at a point, fallen spinning. */
#define RANK_DRAWN (UINT64_C(2) << 32)
#define RANK_POINT (UINT64_C(1) << 32)

void priorities_begin(struct priorities *p)
{
    p->known = 0;
    p->steps = 0;
    p->points = 0;
    p->lowest = RANK_POINT;
    p->last = SCHED_THREADS_MAX;
    p->streak = 0;
}

static void meet(struct priorities *p, uint32_t fresh, void *argument,
                 priority_draw_fn *draw)
{
    p->known |= fresh;
    for (; fresh != 0; fresh &= fresh - 1)
        p->rank[__builtin_ctz(fresh)] = RANK_DRAWN + draw(argument);
}

static unsigned highest(const struct priorities *p, uint32_t enabled)
{
    unsigned best = (unsigned)__builtin_ctz(enabled);
    for (enabled &= enabled - 1; enabled != 0; enabled &= enabled - 1) {
        unsigned other = (unsigned)__builtin_ctz(enabled);
        if (p->rank[other] > p->rank[best])
            best = other;
    }
    return best;
}

static unsigned fall(struct priorities *p, uint32_t enabled, unsigned thread,
                     uint64_t rank)
{
    p->rank[thread] = rank;
    return highest(p, enabled);
}

static unsigned spinning_falls(struct priorities *p, uint32_t enabled,
                               unsigned thread)
{
    p->streak = thread == p->last ? p->streak + 1 : 0;
    if (p->streak >= STREAK_MAX) {
        thread = fall(p, enabled, thread, --p->lowest);
        p->streak = 0;
    }
    p->last = thread;
    return thread;
}

unsigned priorities_choose(struct priorities *p, uint32_t enabled,
                           void *argument, priority_draw_fn *draw)
{
    LOOP_ASSERT(enabled != 0);
    LOOP_ASSERT(p->points < PRIORITY_DEPTH_MAX);
    if ((enabled & ~p->known) != 0)
        meet(p, enabled & ~p->known, argument, draw);

    unsigned thread = highest(p, enabled);
    for (unsigned i = 0; i < p->points; i++) {
        if (p->point[i] == p->steps)
            thread = fall(p, enabled, thread, RANK_POINT + i);
    }
    p->steps++;
    return spinning_falls(p, enabled, thread);
}
