/*
 * oracle_calls.c - run, stop, close and shutdown: what their results promise.
 */
#include <string.h>

#include "../loop/os.h"
#include "account.h"

/* Runs. */

void oracle_run_begins(unsigned loop, enum loop_run_mode mode)
{
    struct model *m = account_touch(loop);
    bool nested = account_active(loop) != NULL;
    struct active *a = account_begin(WHAT_RUN, loop);
    a->mode = (uint8_t)mode;
    if (!nested && !m->closed) {
        /* With another run beginning, either may consume the kept stop. */
        a->kept = m->kept == KEPT_YES && m->inside == 0;
        a->kept_maybe = m->kept != KEPT_NO;
        if (a->kept)
            m->kept = KEPT_MAYBE;
    }
    /* From now on it cannot be told which of the two took the stop. */
    for (unsigned i = 0; i < account.active_high; i++) {
        struct active *b = &account.active[i];
        if (b->used && b != a && b->loop == loop && b->asked_alone &&
            !b->known) {
            b->asked = b->asked_alone = false;
            b->kept_maybe = a->kept_maybe = true;
        }
    }
    m->inside++;
    if (m->inside > m->inside_max)
        m->inside_max = m->inside;
    if (m->inside > 1)
        for (unsigned i = 0; i < account.active_high; i++)
            if (account.active[i].used && account.active[i].loop == loop &&
                !account.active[i].delivered)
                account.active[i].kept = false;
    m->run_change = account.sequence;
}

static bool was_refused(int result)
{
    return result == LOOP_EBUSY || result == LOOP_ECLOSED;
}

/* Has nobody ended this loop, or begun to? */
static bool may_be_open(const struct model *m)
{
    return !m->closed && !m->abandoned && m->ending == 0 &&
           m->last_shutdown == 0;
}

static void check_refusal(const struct model *m, const struct active *a,
                          unsigned loop, int result)
{
    bool nested = false;
    for (unsigned i = 0; i < account.active_high; i++)
        nested |= account.active[i].used && &account.active[i] != a &&
                  account.active[i].thread == a->thread &&
                  account.active[i].loop == loop;
    if (nested && account.subject->policy.nested_run_refused &&
        !was_refused(result))
        account_found(VERDICT_ORDER_BROKEN, "run",
                      "inside a callback is not refused");
    if (!nested && result == LOOP_EBUSY)
        account_found(VERDICT_STALE_STATE, "run",
                      "is refused as busy from outside");
    if (result == LOOP_ECLOSED && may_be_open(m))
        account_found(VERDICT_STALE_STATE, "run",
                      "is refused as closed while open");
}

static void check_end(const struct model *m, const struct active *a,
                      unsigned loop, int result)
{
    bool stop_known = a->kept_maybe || a->asked ||
                      m->last_stop > a->entered || m->stopping > 0 ||
                      m->last_shutdown > a->entered || m->ending > 0;
    if (result == LOOP_STOPPED && !stop_known)
        account_found(VERDICT_STALE_STATE, "run",
                      "ends by a stop that is not its own");
    if (result != LOOP_STOPPED && a->kept)
        account_found(VERDICT_STOP_IGNORED, "run",
              "ends otherwise than by a kept stop");
    if (result != LOOP_IDLE)
        return;
    const char *alive = account_alive_since(loop, a->last);
    if (a->mode != LOOP_UNTIL_IDLE)
        account_found(VERDICT_EARLY_QUIESCENCE, "run",
                      "ends as idle in another mode");
    else if (alive)
        account_found(VERDICT_EARLY_QUIESCENCE, "run until idle ends over a",
                      alive);
}

void oracle_run_ended(unsigned loop, int result)
{
    struct active *a = account_active(loop);
    struct model *m = account_touch(loop);
    if (!a)
        return;
    check_refusal(m, a, loop, result);
    if (!was_refused(result)) {
        check_end(m, a, loop, result);

        /* A second stop may have come when this run was over already. */
        bool second = !ground_is_exact() && m->last_stop > a->entered;
        if (a->kept && !second)
            m->kept = KEPT_NO;
    } else if (a->kept) {
        m->kept = KEPT_YES;
    }
    a->used = false;
    m->inside--;
    m->run_change = account.sequence;
}

/* Stops. */

void oracle_stop_begins(unsigned loop)
{
    struct model *m = account_touch(loop);
    m->last_stop = account.sequence;
    m->stopping++;
    account.stop_began[ground_thread()][loop] = account.sequence;
}

static void ask(const struct model *m, struct active *a)
{
    if (a->asked)
        return;
    a->asked = true;
    a->allowance = account_allowance(m);
}

void oracle_stop_ended(unsigned loop, int result)
{
    struct model *m = account_touch(loop);
    uint64_t began = account.stop_began[ground_thread()][loop];
    m->last_stop = account.sequence;
    m->stopping--;
    if (result != LOOP_OK) {
        if (result == LOOP_ECLOSED && may_be_open(m))
            account_found(VERDICT_STALE_STATE, "stop", "is refused while open");
        return;
    }
    unsigned inside = 0, known = 0;
    struct active *only = NULL;
    for (unsigned i = 0; i < account.active_high; i++) {
        struct active *a = &account.active[i];
        if (!a->used || a->loop != loop || a->what != WHAT_RUN)
            continue;
        inside++;
        only = a;
        if (a->known && a->known < began) {
            known++;
            ask(m, a);
        } else {
            a->kept_maybe = true;
        }
    }
    bool undisturbed = m->run_change < began;
    if (m->last_shutdown)
        m->kept = KEPT_MAYBE;
    else if (inside == 0 && undisturbed)
        m->kept = KEPT_YES;
    else if (known == 0 || !ground_is_exact())
        m->kept = KEPT_MAYBE;

    /* A run that is alone takes the stop, whether it was inside already or
     * found the stop kept. */
    if (inside == 1 && known == 0 && undisturbed && !m->last_shutdown) {
        ask(m, only);
        only->asked_alone = true;
    }
}

/* Closing. */

void oracle_close_begins(unsigned loop)
{
    struct model *m = account_touch(loop);
    bool used = oracle_is_used(loop);
    struct active *a = account_begin(WHAT_CLOSE, loop);
    m->ending++;
    a->quiet = !used && m->live == 0 && m->submitting == 0;
}

static void check_closed(unsigned loop, const struct active *a)
{
    if (a->what == WHAT_SHUTDOWN || account.loop[loop].gave_up)
        account_end_silently(loop);
    const char *live = account_live(loop);
    if (live && !strcmp(live, "post"))
        account_found(VERDICT_LOST_COMPLETION, "post",
                      "accepted and not run at close");
    else if (live)
        account_found(VERDICT_EARLY_QUIESCENCE, "closed over a", live);
    for (unsigned i = 0; i < account.active_high; i++) {
        struct active *b = &account.active[i];
        if (!b->used || b->loop != loop || b == a || b->what != WHAT_RUN ||
            b->last <= b->entered)
            continue;
        if (ground_is_exact())
            account_found(VERDICT_EARLY_QUIESCENCE, "closed over a", "run");
        b->overtaken = true;
    }
}

void oracle_close_ended(unsigned loop, int result)
{
    struct active *a = account_active(loop);
    struct model *m = &account.loop[loop];
    if (!a)
        return;
    bool undisturbed = m->change <= a->entered;
    if (result == LOOP_OK) {
        check_closed(loop, a);
        m->closed = true;
    } else if (result == LOOP_EBUSY && a->quiet && undisturbed) {
        account_found(VERDICT_STALE_STATE, "close",
                      "is refused with nothing left");
    }
    a->used = false;
    m->ending--;
    account_touch(loop);
}

void oracle_shutdown_begins(unsigned loop,
                            const struct shutdown_options *options)
{
    struct model *m = account_touch(loop);
    m->last_shutdown = account.sequence;
    struct active *a = account_begin(WHAT_SHUTDOWN, loop);
    m->ending++;
    uint64_t within = options->within;
    a->strategy = (uint8_t)options->strategy;
    a->deadline = os_now() + (within ? within : SHUTDOWN_WITHIN_DEFAULT);
}

static unsigned listed(const struct shutdown_report *report, int kind)
{
    static const int loop_kind[SUBJECT_KINDS] = {
        [SUBJECT_POST] = LOOP_POST,     [SUBJECT_TIMER] = LOOP_TIMER,
        [SUBJECT_OP] = LOOP_OP,         [SUBJECT_JOB] = LOOP_JOB,
        [SUBJECT_TASK_END] = LOOP_TASK, [SUBJECT_HANDLE_CLOSED] = LOOP_HANDLE,
        [SUBJECT_CONSOLE] = LOOP_CONSOLE,
    };
    return report->left[loop_kind[kind]];
}

/* Everything that was there before the shutdown and is there now must be in
 * the list of what is lost. */
static void check_list(unsigned loop, const struct active *a,
                       const struct shutdown_report *report)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        unsigned live = 0;
        if (kind == SUBJECT_HOOK || kind == SUBJECT_CONSOLE)
            continue;
        for (unsigned n = 0; n < account.high[kind]; n++) {
            const struct object *x = &account.object[kind][n];
            live += x->life == LIFE_LIVE && x->loop == loop &&
                    x->accepted <= a->entered && !x->awaited &&
                    x->cancelling == 0;
        }
        /* Each run may be about to call the callback of one. */
        if (live > listed(report, kind) + account.loop[loop].inside)
            account_found(VERDICT_EARLY_QUIESCENCE, "shutdown does not list a",
                  account_word[kind]);
    }
}

void oracle_shutdown_ended(unsigned loop, int result,
                           const struct shutdown_report *report)
{
    struct active *a = account_active(loop);
    struct model *m = account_touch(loop);
    m->last_shutdown = account.sequence;
    if (!a)
        return;
    if (!was_refused(result)) {
        if (os_now() > a->deadline + a->in_callbacks + ground_slack())
            account_found(VERDICT_DEADLINE_MISSED, "shutdown", "returns late");
        bool closes = a->strategy != SHUTDOWN_STOP;
        if (report->outcome == SHUTDOWN_DRAINED && closes) {
            check_closed(loop, a);
            m->closed = true;
        } else if (report->outcome != SHUTDOWN_DRAINED) {
            check_list(loop, a, report);
            m->gave_up = true;
            m->abandoned |= report->outcome == SHUTDOWN_ABANDONED;
        }
    }
    a->used = false;
    m->ending--;
}
