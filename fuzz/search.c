#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"

#define WRITTEN_MAX 512         /* scenarios as written                     */
#define BRED_MAX 256            /* that were mutated and did something new  */
#define SCHEDULES 48            /* runs of one scenario in a row            */
#define SEEN_SIZE (1u << 20)    /* slots for behaviours                     */

/* A set of behaviours, each with how often it was seen: 1 or more. */
struct seen {
    uint64_t behaviour;
    uint32_t times;
};

struct seen_set {
    struct seen *slot;
    uint64_t     count;
    uint64_t     once;      /* behaviours seen once                         */
    uint64_t     runs;
};

static struct {
    struct scenario *written;
    size_t           written_count;
    struct scenario *bred;
    size_t           bred_count;
    struct seen_set  all;
    struct seen_set  probe;     /* of generated scenarios: what guides the
                                   search would bias an estimate            */
    bool             generated;
    uint64_t         random;
    struct scenario  now;
    bool             as_written;
    double           told;
} p;

static void *take(size_t size)
{
    void *memory = calloc(1, size);
    LOOP_ASSERT(memory);
    return memory;
}

static void prepare(void)
{
    if (!p.written)
        p.written = take(WRITTEN_MAX * sizeof *p.written);
    if (!p.bred)
        p.bred = take(BRED_MAX * sizeof *p.bred);
    if (!p.all.slot)
        p.all.slot = take(SEEN_SIZE * sizeof *p.all.slot);
    if (!p.probe.slot)
        p.probe.slot = take(SEEN_SIZE * sizeof *p.probe.slot);
}

bool search_add(const struct scenario *s)
{
    prepare();
    if (p.written_count == WRITTEN_MAX)
        return false;
    p.written[p.written_count++] = *s;
    return true;
}

/* Count a behaviour; returns true if it is new. A full table takes no more:
 * what is counted then is a lower bound. */
static bool note_behaviour(struct seen_set *set, uint64_t behaviour)
{
    set->runs++;
    for (unsigned tries = 0; tries < 64; tries++) {
        struct seen *slot = &set->slot[(behaviour + tries) & (SEEN_SIZE - 1)];
        if (slot->times == 0) {
            slot->behaviour = behaviour;
            slot->times = 1;
            set->once++;
            set->count++;
            return true;
        }
        if (slot->behaviour == behaviour) {
            set->once -= slot->times++ == 1;
            return false;
        }
    }
    return false;
}

/* Good-Turing: the share of the next unguided runs that would be new; below
 * 0 while nothing can be said, or when the table is too full to tell. */
static double estimate_unseen(const struct seen_set *probe)
{
    if (probe->runs < 1000 || probe->count > SEEN_SIZE / 2)
        return -1;
    return (double)probe->once / (double)probe->runs;
}

/* Which scenario next? */

static const struct scenario *any_parent(void)
{
    bool bred = p.bred_count > 0 && sched_below(&p.random, 2);
    if (bred)
        return &p.bred[sched_below(&p.random, (unsigned)p.bred_count)];
    return &p.written[sched_below(&p.random, (unsigned)p.written_count)];
}

static void breed(void)
{
    unsigned mutations = 1 + sched_below(&p.random, 4);
    if (sched_below(&p.random, 5) == 0)
        scenario_cross(&p.now, any_parent(), any_parent(),
                       sched_random(&p.random));
    else
        p.now = *any_parent();
    p.now.exception_count = 0;
    while (mutations-- > 0)
        scenario_mutate(&p.now, sched_random(&p.random));
}

static void choose_scenario(const struct search_options *options,
                            uint64_t round)
{
    p.as_written = p.generated = false;
    unsigned kind = sched_below(&p.random, 10);
    if (p.written_count > 0 && (options->corpus_only ||
                                round < p.written_count || kind < 2)) {
        size_t at = round < p.written_count
            ? round : sched_below(&p.random, (unsigned)p.written_count);
        p.now = p.written[at];
        p.now.exception_count = 0;
        p.as_written = true;
    } else if (p.written_count > 0 && kind < 8) {
        breed();
    } else {
        scenario_generate(&p.now, sched_random(&p.random));
        p.generated = true;
    }
}

/* Keep a scenario that has shown something new, in place of a random one
 * when there is no room. */
static void keep(void)
{
    size_t at = p.bred_count < BRED_MAX
        ? p.bred_count++ : sched_below(&p.random, BRED_MAX);
    p.bred[at] = p.now;
}

static struct sched *choose_strategy(const struct search_options *options,
                                     unsigned schedule)
{
    if (schedule == 0)
        return sched_calm_default();
    if (strcmp(options->strategy, "portfolio") != 0)
        return sched_find(options->strategy);
    unsigned kind = sched_below(&p.random, 16);
    if (kind < 7)
        return sched_sticky();
    return kind < 15 ? sched_pct() : sched_random_walk();
}

/* Running. */

static bool is_over(const struct search_state *s)
{
    const struct search_options *o = s->options;
    return host_interrupted() ||
           (o->seconds > 0 && s->seconds >= o->seconds) ||
           (o->runs > 0 && s->runs >= o->runs) ||
           (o->first && s->findings.count > 0);
}

static bool run_once(struct search_state *s, unsigned schedule,
                     const struct search_listener *listener)
{
    struct run_options options = { .expectations = p.as_written,
                                   .seed = sched_random(&p.random) };
    struct run_result result;
    struct sched *strategy =
        sched_record(choose_strategy(s->options, schedule));
    runner_run(s->findings.subject, &p.now, strategy, &options, &result);
    s->runs++;
    s->budget_runs += result.budget;

    /* A scenario that is there to show a verdict may show it. */
    if (p.as_written && result.verdict == p.now.expect)
        result.verdict = VERDICT_CLEAN;
    s->verdicts[result.verdict]++;
    uint64_t behaviour = runner_behaviour();
    bool new_one = note_behaviour(&p.all, behaviour);
    if (p.generated)
        note_behaviour(&p.probe, behaviour);
    s->behaviours = p.all.count;
    if (result.verdict == VERDICT_CLEAN)
        return new_one;
    struct finding *f = finding_note(&s->findings, &p.now, &options, &result,
                                     listener->shrinking);
    if (f)
        listener->found(s, f);
    return new_one;
}

static void tell(struct search_state *s,
                 const struct search_listener *listener)
{
    s->seconds = host_seconds() - s->began;
    s->unseen = estimate_unseen(&p.probe);
    if (s->seconds - p.told < 0.5)
        return;
    p.told = s->seconds;
    listener->progress(s);
}

void search_run(struct search_state *s, const struct search_options *options,
                const struct search_listener *listener)
{
    prepare();
    s->options = options;
    s->began = host_seconds();
    s->unseen = -1;
    p.random = options->seed;
    p.told = 0;
    for (uint64_t round = 0; !is_over(s); round++) {
        bool new_one = false;
        choose_scenario(options, round);
        for (unsigned i = 0; i < SCHEDULES && !is_over(s); i++)
            new_one |= run_once(s, i, listener);
        if (new_one && !p.as_written)
            keep();
        tell(s, listener);
    }
}
