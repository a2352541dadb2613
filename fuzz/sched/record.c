/*
 * record.c - note where a strategy departs from the calm default.
 *
 * The simulator asks at most once per local step as a rule. Where it asks
 * the same question several times at one step, the n-th answer needs the
 * n - 1 calm ones before it in the list, since replay hands out the entries
 * of one step in order. A calm entry names the thread itself, or outcome 0,
 * which no departure can.
 */
#include <string.h>

#include "../../loop/check.h"
#include "../sim/sim.h"
#include "sched.h"

#define RECORDED_MAX 512

/* What was asked at the last step of a thread: threads, then outcomes. */
struct asked {
    uint32_t step;
    uint8_t  calm[1 + SCHED_OUTCOMES];  /* answers not in the list           */
};

static unsigned record_thread(struct sched *s, uint32_t enabled,
                              unsigned current);
static unsigned record_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count);
static void record_begin(struct sched *s, uint64_t seed);
static void record_end(struct sched *s, uint32_t decisions);

static struct sched record = {
    .begin = record_begin,
    .thread = record_thread,
    .outcome = record_outcome,
    .end = record_end,
};

static struct sched          *strategy;
static struct asked           last[SCHED_THREADS_MAX];
static struct sched_exception list[RECORDED_MAX];
static size_t                 list_count;
static bool                   list_overflow;

static void append(struct sched_exception e)
{
    if (list_count == RECORDED_MAX)
        list_overflow = true;
    else
        list[list_count++] = e;
}

static struct asked *asked_at(unsigned thread)
{
    LOOP_ASSERT(thread < SCHED_THREADS_MAX);
    struct asked *a = &last[thread];
    if (a->step != sim_local_step[thread]) {
        memset(a->calm, 0, sizeof a->calm);
        a->step = sim_local_step[thread];
    }
    return a;
}

static void note_calm(uint8_t *calm)
{
    if (*calm == UINT8_MAX)
        list_overflow = true;
    else
        ++*calm;
}

static void note_departure(uint8_t *calm, uint8_t calm_target,
                           struct sched_exception e)
{
    struct sched_exception before = e;
    before.target = calm_target;
    for (; *calm > 0; --*calm)
        append(before);
    append(e);
}

static void record_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    memset(last, 0, sizeof last);
    list_count = 0;
    list_overflow = false;
    if (strategy->begin != NULL)
        strategy->begin(strategy, seed);
}

static unsigned record_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    unsigned target = strategy->thread(strategy, enabled, current);
    LOOP_ASSERT(enabled >> target & 1);
    struct asked *a = asked_at(current);
    if (target == sched_calm(enabled, current))
        note_calm(&a->calm[0]);
    else
        note_departure(&a->calm[0], (uint8_t)current,
                       (struct sched_exception){
                           .step = a->step,
                           .thread = (uint8_t)current,
                           .target = (uint8_t)target });
    return target;
}

static unsigned record_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    unsigned target = strategy->outcome(strategy, what, count);
    LOOP_ASSERT(target < count);
    unsigned thread = ground_thread();
    struct asked *a = asked_at(thread);
    if (target == 0)
        note_calm(&a->calm[1 + what]);
    else
        note_departure(&a->calm[1 + what], 0,
                       (struct sched_exception){
                           .step = a->step,
                           .thread = (uint8_t)thread,
                           .target = (uint8_t)target,
                           .is_outcome = 1,
                           .what = (uint8_t)what });
    return target;
}

static void record_end(struct sched *s, uint32_t decisions)
{
    (void)s;
    if (strategy->end != NULL)
        strategy->end(strategy, decisions);
}

struct sched *sched_record(struct sched *inner)
{
    LOOP_ASSERT(inner != &record);
    strategy = inner;
    record.name = inner->name;
    return &record;
}

const struct sched_exception *sched_recorded(size_t *count)
{
    *count = list_count;
    return list;
}

bool sched_record_overflow(void)
{
    return list_overflow;
}
