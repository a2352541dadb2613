#include "account.h"

#include <stdio.h>
#include <string.h>

#include "../loop/os.h"

struct account account;

const char *const account_word[SUBJECT_KINDS] = {
    [SUBJECT_POST] = "post",        [SUBJECT_TIMER] = "timer",
    [SUBJECT_OP] = "op",            [SUBJECT_JOB] = "job",
    [SUBJECT_TASK_END] = "task",    [SUBJECT_HANDLE_CLOSED] = "handle",
    [SUBJECT_CONSOLE] = "console",  [SUBJECT_HOOK] = "hook",
    [SUBJECT_JOB_WORK] = "job",     [SUBJECT_TASK_STEP] = "task",
};

void account_found(enum verdict v, const char *subject, const char *what)
{
    char where[128];
    snprintf(where, sizeof where, "%s%s%s", subject, *subject ? " " : "",
             what);
    ground_finding(v, where);
}

void oracle_reset(const struct subject *subject)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        memset(account.object[kind], 0,
               account.high[kind] * sizeof account.object[kind][0]);
        account.high[kind] = 0;
    }
    memset(account.active, 0, account.active_high * sizeof account.active[0]);
    memset(account.loop, 0, sizeof account.loop);
    memset(account.stop_began, 0, sizeof account.stop_began);
    account.active_high = 0;
    account.subject = subject;
    account.sequence = 1;
    account.loops_open = 0;
    account.ops_called = 0;
}

struct model *account_touch(unsigned loop)
{
    struct model *m = &account.loop[loop];
    m->change = ++account.sequence;
    return m;
}

void oracle_opened(unsigned loop)
{
    account_touch(loop)->open = true;
    account.loops_open++;
}

/* Calls in progress. */

struct active *account_begin(enum what what, unsigned loop)
{
    unsigned i = 0;
    while (i < account.active_high && account.active[i].used)
        i++;
    if (i == ACTIVE_MAX)
        return &account.active[0];
    if (i == account.active_high)
        account.active_high++;
    account.active[i] = (struct active){ .used = true, .what = (uint8_t)what,
        .thread = (uint8_t)ground_thread(), .loop = (uint8_t)loop,
        .entered = account.sequence, .last = account.sequence,
        .allowance = -1 };
    return &account.active[i];
}

/* The innermost call on this thread that is about this loop. */
struct active *account_active(unsigned loop)
{
    struct active *best = NULL;
    unsigned thread = ground_thread();
    for (unsigned i = 0; i < account.active_high; i++) {
        struct active *a = &account.active[i];
        if (a->used && a->thread == thread && a->loop == loop &&
            (!best || a->entered > best->entered))
            best = a;
    }
    return best;
}

bool account_other(unsigned loop, const struct active *but)
{
    for (unsigned i = 0; i < account.active_high; i++)
        if (account.active[i].used && account.active[i].loop == loop &&
            &account.active[i] != but)
            return true;
    return false;
}

bool oracle_is_used(unsigned loop)
{
    return account_other(loop, NULL);
}

bool oracle_is_closed(unsigned loop)
{
    return account.loop[loop].closed || account.loop[loop].abandoned;
}

unsigned oracle_runs_unasked(unsigned loop)
{
    unsigned count = 0;
    for (unsigned i = 0; i < account.active_high; i++) {
        const struct active *a = &account.active[i];
        count += a->used && a->what == WHAT_RUN && a->loop == loop &&
                 !a->asked;
    }
    return count;
}

/* What is certainly alive. */

static bool keeps_alive(enum subject_kind kind)
{
    return kind == SUBJECT_POST || kind == SUBJECT_TIMER ||
           kind == SUBJECT_OP || kind == SUBJECT_JOB ||
           kind == SUBJECT_TASK_END;
}

/* Something accepted no later than `sequence` that keeps a run alive. */
const char *account_alive_since(unsigned loop, uint64_t sequence)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        if (!keeps_alive((enum subject_kind)kind))
            continue;
        for (unsigned n = 0; n < account.high[kind]; n++) {
            const struct object *x = &account.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                x->accepted <= sequence && x->cancelling == 0)
                return account_word[kind];
        }
    }
    return NULL;
}

const char *account_live(unsigned loop)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        if (kind == SUBJECT_HOOK)
            continue;
        for (unsigned n = 0; n < account.high[kind]; n++) {
            const struct object *x = &account.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                x->cancelling == 0)
                return account_word[kind];
        }
    }
    return NULL;
}

struct object *account_object(enum subject_kind kind, unsigned number)
{
    if (number >= account.high[kind])
        account.high[kind] = number + 1;
    return &account.object[kind][number];
}

void account_end(struct object *x, enum life life)
{
    if (x->life == LIFE_LIVE)
        account.loop[x->loop].live--;
    x->life = (uint8_t)life;
}

/* A drain ends watches without a call, and drops what nobody awaits. */
void account_end_silently(unsigned loop)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++)
        for (unsigned n = 0; n < account.high[kind]; n++) {
            struct object *x = &account.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                (kind == SUBJECT_CONSOLE || (x->awaited && !x->has_waiter))) {
                account_end(x, LIFE_CANCELLED);
                account.ops_called += kind == SUBJECT_OP;
            }
        }
}

/* How many callbacks can be under way: a task's step and end are two. */
int account_allowance(const struct model *m)
{
    return 2 * (int)(m->live + m->submitting) + 2;
}
