/*
 * Every accepted candidate is smaller than the one before: it has fewer
 * statements or exceptions, or as many and a smaller value. So this ends,
 * whatever the answers are.
 */
#include "shrink.h"

#include "../loop/check.h"
#include "scenario_form.h"

#define SHIFT_MAX 12u   /* steps that one statement may have taken */

struct shrinker {
    const struct shrink_options *options;
    struct shrink_progress       progress;
    uint32_t                     tries_max;
    struct scenario             *best;
    struct scenario              candidate;
};

static void tell(struct shrinker *k)
{
    k->progress.statements = k->best->count;
    k->progress.exceptions = k->best->exception_count;
    if (k->options->progress)
        k->options->progress(&k->progress, k->options->context);
}

static void begin_phase(struct shrinker *k, const char *phase)
{
    k->progress.phase = phase;
    tell(k);
}

static struct scenario *begin_candidate(struct shrinker *k)
{
    k->candidate = *k->best;
    return &k->candidate;
}

/* Take the candidate if it is another one that reproduces. */
static bool try_candidate(struct shrinker *k)
{
    scenario_repair(&k->candidate);
    if (k->progress.tries >= k->tries_max
        || scenario_equal(&k->candidate, k->best))
        return false;
    k->progress.tries++;
    if (!k->options->reproduces(&k->candidate, k->options->context))
        return false;
    *k->best = k->candidate;
    tell(k);
    return true;
}

/* Does the statement name this object? An optional name is taken away. */
static bool needs(struct statement *st, enum scenario_kind kind,
                  unsigned number)
{
    const struct argument *g = scenario_table[st->op].argument;

    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++) {
        if ((g[i].type != ARG_REF && g[i].type != ARG_NEW)
            || g[i].kind != kind || scenario_field(st, g[i].field) != number)
            continue;
        if (!g[i].optional)
            return true;
        scenario_set_field(st, g[i].field, SCENARIO_ANY);
    }
    return false;
}

static bool in_range(unsigned i, unsigned first, unsigned end)
{
    return i >= first && i < end;
}

/* Delete an object: its section with the body, and all that needs it. */
static void delete_object(struct scenario *s, enum statement_op op,
                          enum scenario_kind kind, unsigned number)
{
    unsigned first = 0, end = 0;

    /* A repair would let what is left behind name another object. */
    if (op != ST_LOOP && scenario_body(s, op, number, &first, &end))
        first--;
    for (unsigned i = s->count; i-- > 0;) {
        bool section = scenario_is_section(s->statement[i].op);
        if (in_range(i, first, end)
            || (!section && needs(&s->statement[i], kind, number)))
            scenario_delete(s, i, 1);
    }
}

/* The number of a thread in schedules: those that start by themselves are
 * created first, in the order of their sections. */
static unsigned created_as(const struct scenario *s, unsigned thread)
{
    unsigned number = 0;

    for (unsigned i = 0; i < s->count; i++) {
        const struct statement *st = &s->statement[i];
        if (st->op != ST_THREAD)
            continue;
        if (st->a == thread)
            break;
        number += st->b != 1;   /* not start=manual */
    }
    return number;
}

/* The schedule without one thread: those created later move up. */
static void forget_thread(struct scenario *s, unsigned number)
{
    for (unsigned i = s->exception_count; i-- > 0;) {
        struct sched_exception *e = &s->exception[i];
        bool to_thread = !e->is_outcome;
        if (e->thread == number || (to_thread && e->target == number)) {
            scenario_calm(s, i, 1);
            continue;
        }
        if (e->thread > number && e->thread != SCHED_DEVICE)
            e->thread--;
        if (to_thread && e->target > number && e->target != SCHED_DEVICE)
            e->target--;
    }
}

static bool drop_object(struct shrinker *k, enum statement_op op,
                        unsigned number)
{
    enum scenario_kind kind = scenario_table[op].argument[0].kind;
    struct scenario *s = begin_candidate(k);
    unsigned created = created_as(s, number);

    delete_object(s, op, kind, number);
    if (op == ST_THREAD && s->exception_count > 0) {
        forget_thread(s, created);
        if (try_candidate(k))
            return true;
        delete_object(begin_candidate(k), op, kind, number);
    }
    return try_candidate(k);
}

static bool drop_sections(struct shrinker *k)
{
    bool changed = false;

    for (unsigned op = ST_LOOP; op <= ST_HOOK; op++) {
        enum scenario_kind kind = scenario_table[op].argument[0].kind;
        for (unsigned i = k->best->defined[kind]; i-- > 0;)
            changed |= drop_object(k, (enum statement_op)op, i);
    }
    return changed;
}

/* Delete [first, first + count) but for the lines that open a body. */
static unsigned delete_run(struct scenario *s, unsigned first, unsigned count)
{
    unsigned deleted = 0;

    for (unsigned i = first + count; i-- > first;) {
        unsigned op = s->statement[i].op;
        if (op == ST_LOOP || scenario_is_section(op))
            continue;
        scenario_delete(s, i, 1);
        deleted++;
    }
    return deleted;
}

static bool drop_run(struct shrinker *k, unsigned first, unsigned count)
{
    if (delete_run(begin_candidate(k), first, count) == 0)
        return false;
    return try_candidate(k);
}

/* From the end, since what comes last depends on most and least on it. */
static bool drop_statements(struct shrinker *k)
{
    bool changed = false;

    for (unsigned size = k->best->count; size > 0; size /= 2) {
        unsigned at = k->best->count;
        while (at > 0) {
            unsigned first = at > size ? at - size : 0;
            changed |= drop_run(k, first, at - first);
            at = first < k->best->count ? first : k->best->count;
        }
    }
    return changed;
}

static bool try_value(struct shrinker *k, unsigned statement, char field,
                      uint32_t value)
{
    struct scenario *s = begin_candidate(k);

    scenario_set_field(&s->statement[statement], field, value);
    return try_candidate(k);
}

static bool lower_bits(struct shrinker *k, unsigned i, char field)
{
    bool changed = false;

    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t bits = scenario_field(&k->best->statement[i], field);
        if (bits >> bit & 1)
            changed |= try_value(k, i, field, bits & ~(1u << bit));
    }
    return changed;
}

/* Half as much as often as it goes; then a number that is easy to read. */
static bool lower_number(struct shrinker *k, unsigned i, char field)
{
    bool changed = false;
    uint32_t value = scenario_field(&k->best->statement[i], field);

    while (value > 0 && try_value(k, i, field, value / 2)) {
        value /= 2;
        changed = true;
    }
    for (uint32_t unit = 1000000; unit >= 1000; unit /= 1000) {
        if (value > unit && value % unit
            && try_value(k, i, field, value - value % unit))
            return true;
    }
    return changed;
}

/* Make one argument smaller; the statement stays where it is. */
static bool lower_argument(struct shrinker *k, unsigned i,
                           const struct argument *g)
{
    uint32_t value = scenario_field(&k->best->statement[i], g->field);
    uint32_t least = scenario_absent(g);

    if (g->optional && value != least
        && try_value(k, i, g->field, least))
        return true;
    if (value == 0 || (g->optional && value == least))
        return false;
    if (g->type == ARG_BITS)
        return lower_bits(k, i, g->field);
    if (g->type == ARG_NEW && scenario_table[k->best->statement[i].op].bodies
                              == 1u << BODY_FRAME)
        return false;
    if (try_value(k, i, g->field, 0))
        return true;
    if (g->type == ARG_TIME || g->type == ARG_SIZE || g->type == ARG_COUNT)
        return lower_number(k, i, g->field);
    return false;
}

static bool lower_values(struct shrinker *k)
{
    bool changed = false;

    for (unsigned i = 0; i < k->best->count; i++) {
        for (unsigned j = 0; j < 4 && i < k->best->count; j++) {
            const struct argument *g =
                &scenario_table[k->best->statement[i].op].argument[j];
            if (g->type == ARG_NONE)
                break;
            changed |= lower_argument(k, i, g);
        }
    }
    return changed;
}

static bool drop_exceptions(struct shrinker *k)
{
    bool changed = false;

    for (unsigned size = k->best->exception_count; size > 0; size /= 2) {
        unsigned at = k->best->exception_count;
        while (at > 0) {
            unsigned first = at > size ? at - size : 0;
            scenario_calm(begin_candidate(k), first, at - first);
            changed |= try_candidate(k);
            at = first < k->best->exception_count ? first
                                                  : k->best->exception_count;
        }
    }
    return changed;
}

/* A thread that has done less comes to the same point at an earlier step. */
static void move_up(struct scenario *s, unsigned thread, unsigned by)
{
    for (unsigned i = 0; i < s->exception_count; i++)
        if (s->exception[i].thread == thread && s->exception[i].step >= by)
            s->exception[i].step -= by;
}

static bool drop_and_shift(struct shrinker *k, unsigned i)
{
    uint32_t threads = 0;

    for (unsigned j = 0; j < k->best->exception_count; j++)
        threads |= 1u << k->best->exception[j].thread;
    for (unsigned t = 0; t < SCHED_THREADS_MAX; t++) {
        for (unsigned by = 1; (threads >> t & 1) && by <= SHIFT_MAX; by++) {
            struct scenario *s = begin_candidate(k);
            if (delete_run(s, i, 1) == 0)
                return false;
            move_up(s, t, by);
            if (try_candidate(k))
                return true;
        }
    }
    return false;
}

static bool drop_and_shift_all(struct shrinker *k)
{
    bool changed = false;

    for (unsigned i = k->best->count; i-- > 0;)
        if (i < k->best->count)
            changed |= drop_and_shift(k, i);
    return changed;
}

struct phase {
    const char *name;
    bool      (*run)(struct shrinker *k);
};

static const struct phase phases[] = {
    { "sections", drop_sections },
    { "statements", drop_statements },
    { "values", lower_values },
    { "schedule", drop_exceptions },
    { "steps", drop_and_shift_all },
};

static bool run_phases(struct shrinker *k)
{
    bool changed = false;

    k->progress.round++;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        begin_phase(k, phases[i].name);
        changed |= phases[i].run(k);
    }
    return changed;
}

bool shrink_scenario(struct scenario *s, const struct shrink_options *options,
                     struct shrink_progress *result)
{
    struct shrinker k = { .options = options, .best = s };

    LOOP_ASSERT(options->reproduces);
    k.tries_max = options->tries_max ? options->tries_max
                                     : SHRINK_TRIES_DEFAULT;
    k.progress.phase = "start";
    k.progress.tries = 1;
    bool good = options->reproduces(s, options->context);
    if (good) {
        while (run_phases(&k)) {
            /* A round that changed something may have made room for more. */
        }
        begin_phase(&k, "done");
    }
    if (result)
        *result = k.progress;
    return good;
}
