#include "world.h"

#include <stdio.h>
#include <string.h>

struct world world;

static const unsigned latest_max[I_KINDS] = { 0, 16, 16, 8, 16, 8, 2, 4 };

/* Instances. */

void world_forget(void)
{
    for (int kind = 0; kind < I_KINDS; kind++) {
        world.count[kind] = 0;
        for (unsigned i = 0; i < latest_max[kind]; i++)
            world.latest[kind][i] = -1;
    }
}

int world_instance(enum instance_kind kind, unsigned object,
                        unsigned loop, unsigned callback)
{
    if (world.count[kind] == world.objects_max)
        return -1;
    unsigned n = world.count[kind]++;
    world.instance[kind][n] = (struct instance){ .object = (uint8_t)object,
        .callback = (uint8_t)callback, .loop = (uint8_t)loop,
        .far = PORT_NO_HANDLE, .near = PORT_NO_HANDLE };
    if (object < latest_max[kind])
        world.latest[kind][object] = (int16_t)n;
    return (int)n;
}

int world_latest(enum instance_kind kind, unsigned object)
{
    return object < latest_max[kind] ? world.latest[kind][object] : -1;
}

/* Where the bodies are: one look at the scenario instead of one a callback. */
void world_find_bodies(const struct scenario *s)
{
    struct body *open = NULL;
    memset(world.body, 0, sizeof world.body);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct statement *st = &s->statement[i];
        if (st->op <= ST_HOOK) {
            open = &world.body[st->op][st->a % 16];
            open->first = (uint16_t)(i + 1);
        }
        if (open)
            open->end = (uint16_t)(i + 1);
    }
}

bool world_body(enum statement_op section, unsigned object,
                      unsigned *first, unsigned *end)
{
    if (object >= 16 || world.body[section][object].end == 0)
        return false;
    *first = world.body[section][object].first;
    *end = world.body[section][object].end;
    return true;
}

const char *world_name(enum scenario_kind kind, unsigned object)
{
    const char *given = world.scenario->names[kind][object];
    return *given ? given : NULL;
}

/* Can the loop be named in a call? */
bool world_usable(unsigned loop)
{
    return loop < SUBJECT_LOOPS && world.loop_open[loop] &&
           !world.loop_destroyed[loop];
}

/* Expectations. */

void world_mismatch(const struct statement *st, const char *what)
{
    char where[96];
    snprintf(where, sizeof where, "%s %s", scenario_table[st->op].word, what);
    ground_finding(VERDICT_ORDER_BROKEN, where);
}

/* The word of returns= that a result stands for; the lists in the table say
 * ok, busy, closed, not-found, deadline, or how a run ends. */
static const char *result_word(const struct statement *st, int result)
{
    static const char *const end[] = { "stopped", "idle", "passed" };
    if (st->op == ST_RUN && result >= 0 && result <= LOOP_PASSED)
        return end[result];
    return result >= 0 ? "ok" : loop_error_name(result);
}

/* returns= is always in field c; NULL if the statement has none. */
static const struct argument *returns_argument(const struct statement *st)
{
    const struct statement_form *form = &scenario_table[st->op];
    for (int i = 0; i < 4; i++)
        if (form->argument[i].key && !strcmp(form->argument[i].key,
                                             "returns"))
            return &form->argument[i];
    return NULL;
}

static void expect_result(const struct statement *st, int result)
{
    if (!world.options->expectations)
        return;
    const struct argument *returns = returns_argument(st);
    if (!returns)
        return;
    if (st->c == SCENARIO_ANY)
        return;
    if (strcmp(returns->words[st->c], result_word(st, result)) != 0) {
        char what[64];
        snprintf(what, sizeof what, "returns %s, not %s",
                 result_word(st, result), returns->words[st->c]);
        world_mismatch(st, what);
    }
}

/* Around a call: the trace. */

static unsigned statement_index(const struct statement *st)
{
    return (unsigned)(st - world.scenario->statement);
}

void world_call(const struct statement *st, unsigned loop)
{
    trace_emit(TRACE_CALL, statement_index(st), st->op);
    world.calls[loop]++;
}

int world_return(const struct statement *st, unsigned loop, int result)
{
    world.calls[loop]--;
    trace_emit(TRACE_RETURN, statement_index(st), result);
    expect_result(st, result);
    return result;
}
