/*
 * oracle_objects.c - what is handed to a loop, and what comes of it: each
 * exactly once, in order, in time.
 */
#include "../loop/os.h"
#include "account.h"

/* Objects. */

void oracle_submits(enum subject_kind kind, unsigned number, unsigned loop,
                    uint64_t detail, bool awaited)
{
    struct model *m = account_touch(loop);
    struct active *a = account_active(loop);
    struct object *x = account_object(kind, number);
    *x = (struct object){ .life = LIFE_SUBMITTING, .loop = (uint8_t)loop,
        .thread = (uint8_t)ground_thread(), .detail = detail,
        .awaited = awaited, .began = account.sequence,
        .active = a ? (uint8_t)(a - account.active) : ACTIVE_MAX,
        .waits_for = SUBJECT_KINDS };
    m->submitting++;
}

void oracle_submitted(enum subject_kind kind, unsigned number, int result)
{
    struct object *x = account_object(kind, number);
    struct model *m = account_touch(x->loop);
    m->submitting--;
    if (result < 0) {
        if (x->life > LIFE_SUBMITTING)
            account_found(VERDICT_LATE_CALLBACK, account_word[kind],
                  "was refused and is called");
        x->life = LIFE_REFUSED;
        return;
    }
    x->accepted = account.sequence;
    if (x->life == LIFE_SUBMITTING) {
        x->life = LIFE_LIVE;
        m->live++;
    }
}

void oracle_cancels(enum subject_kind kind, unsigned number)
{
    struct object *x = account_object(kind, number);
    account_touch(x->loop);
    x->cancelling++;
    x->asking = account.sequence;
}

void oracle_cancelled(enum subject_kind kind, unsigned number, int result)
{
    struct object *x = account_object(kind, number);
    account_touch(x->loop);
    x->cancelling--;
    if (result < 0)
        return;
    switch (kind) {
    case SUBJECT_TIMER:
        if (x->life == LIFE_CALLED || x->life == LIFE_ENDED)
            account_found(VERDICT_LATE_CALLBACK, "timer",
                          "is cancelled and fires");
        account_end(x, LIFE_CANCELLED);
        break;
    case SUBJECT_CONSOLE:
        if (x->inside & ~(UINT32_C(1) << ground_thread()))
            account_found(VERDICT_LATE_CALLBACK, "console",
                          "is still told after its end");
        account_end(x, LIFE_CANCELLED);
        break;
    case SUBJECT_TASK_END:
        if (x->life == LIFE_LIVE && x->told < x->asking) {
            x->cancelled = true;
            x->asked = account.sequence;
        }
        break;
    default:        /* a request: what comes of it comes as a callback */
        break;
    }
}

void oracle_awaits(unsigned task, enum subject_kind kind, unsigned number)
{
    struct object *t = account_object(SUBJECT_TASK_END, task);
    account_touch(t->loop);
    t->waits_for = (uint8_t)kind;
    if (kind == SUBJECT_OP || kind == SUBJECT_JOB) {
        t->detail = number;
        account_object(kind, number)->has_waiter = true;
    }
}

void oracle_console_raised(void)
{
    for (unsigned n = 0; n < account.high[SUBJECT_CONSOLE]; n++) {
        struct object *x = &account.object[SUBJECT_CONSOLE][n];
        x->events += x->life == LIFE_LIVE && x->cancelling == 0;
    }
}

/* Callbacks. */

static void count_down(struct active *a, const struct model *m)
{
    bool first = !a->delivered;
    a->delivered = true;
    if (!a->known)
        a->known = account.sequence;
    if (a->what != WHAT_RUN)
        return;
    if (first && (a->kept || a->kept_maybe || a->asked_alone))
        a->allowance = account_allowance(m);
    if (!a->asked && !a->kept)
        return;
    if (a->allowance == 0)
        account_found(VERDICT_STOP_IGNORED, "run", "goes on after a stop");
    if (a->allowance > 0)
        a->allowance--;
}

static void check_order(const struct subject_event *e, const struct object *x,
                        const struct model *m)
{
    if (e->kind != SUBJECT_POST || m->inside_max > 1)
        return;
    for (unsigned n = 0; n < e->number; n++) {
        const struct object *y = &account.object[SUBJECT_POST][n];
        if (y->life == LIFE_LIVE && y->loop == x->loop &&
            y->thread == x->thread && y->accepted < x->began)
            account_found(VERDICT_ORDER_BROKEN, "post",
                          "overtakes an earlier one");
    }
}

/* What a callback adds waits for the next pass, and these modes have one. */
static void check_snapshot(const struct object *x, const struct active *a)
{
    bool one_pass = a->mode == LOOP_ONCE || a->mode == LOOP_NOWAIT;
    if (account.loop[a->loop].inside_max > 1)
        return;     /* another thread's pass may have taken it */
    if (a->what == WHAT_RUN && one_pass && x->active == a - account.active &&
        x->began > a->entered && a->delivered)
        account_found(VERDICT_ORDER_BROKEN, "post",
                      "runs in the pass that added it");
}

static void check_handle(const struct subject_event *e)
{
    if (e->kind == SUBJECT_OP) {
        const struct object *op = account_object(SUBJECT_OP, e->number);
        const struct object *h =
            account_object(SUBJECT_HANDLE_CLOSED, (unsigned)op->detail);
        if (h->life == LIFE_CALLED || h->life == LIFE_ENDED)
            account_found(VERDICT_LATE_CALLBACK, "op",
                          "is called after its handle");
    }
    if (e->kind != SUBJECT_HANDLE_CLOSED)
        return;
    for (unsigned n = 0; n < account.high[SUBJECT_OP]; n++) {
        const struct object *op = &account.object[SUBJECT_OP][n];
        if (op->detail == e->number && !op->awaited &&
            (op->life == LIFE_LIVE || op->life == LIFE_CALLED))
            account_found(VERDICT_EARLY_QUIESCENCE, "handle closes over an",
                          "op");
    }
}

/* The callback that ends an object. */
static void end_by_callback(const struct subject_event *e)
{
    struct object *x = account_object(e->kind, e->number);
    const char *word = account_word[e->kind];
    switch ((enum life)x->life) {
    case LIFE_NONE:
        account_found(VERDICT_HARNESS_FAULT, word, "is called and unknown");
        break;
    case LIFE_CALLED:
    case LIFE_ENDED:
        account_found(VERDICT_DUPLICATE_COMPLETION, word, "is called twice");
        break;
    case LIFE_REFUSED:
        account_found(VERDICT_LATE_CALLBACK, word, "was refused and is called");
        break;
    case LIFE_CANCELLED:
        account_found(VERDICT_LATE_CALLBACK, word,
                      "was cancelled and is called");
        break;
    case LIFE_SUBMITTING:
    case LIFE_LIVE:
        break;
    }
    if (e->kind == SUBJECT_TIMER && e->status == 0 && os_now() < x->detail)
        account_found(VERDICT_ORDER_BROKEN, "timer", "fires before its time");
    check_handle(e);
    account_end(x, LIFE_CALLED);
    if (e->kind == SUBJECT_OP)
        account.ops_called++;
}

/* What the task awaited has ended with its wait. */
static void end_awaited(struct object *t)
{
    if (t->waits_for != SUBJECT_OP && t->waits_for != SUBJECT_JOB)
        return;
    struct object *x = account_object((enum subject_kind)t->waits_for,
                              (unsigned)t->detail);
    if (x->life == LIFE_CALLED || x->life == LIFE_ENDED)
        account_found(VERDICT_DUPLICATE_COMPLETION,
              account_word[t->waits_for], "wakes its task twice");
    account_end(x, LIFE_ENDED);
    if (t->waits_for == SUBJECT_OP)
        account.ops_called++;
}

static void step_task(const struct subject_event *e, const struct active *a)
{
    struct object *t = account_object(SUBJECT_TASK_END, e->number);
    if (t->life == LIFE_CALLED || t->life == LIFE_ENDED)
        account_found(VERDICT_LATE_CALLBACK, "task", "steps after its end");
    end_awaited(t);
    bool before = ground_is_exact() || t->asked < a->last;
    if (t->cancelled && !e->cancelled && t->asked > t->stepped &&
        t->cancelling == 0 && before)
        account_found(VERDICT_LOST_WAKE, "task",
                      "steps and is not told of a cancel");
    if (e->cancelled) {
        t->cancelled = false;
        t->told = account.sequence;
    }
    t->waits_for = SUBJECT_KINDS;
    t->stepped = account.sequence;
}

static void work(const struct subject_event *e)
{
    struct object *j = account_object(SUBJECT_JOB, e->number);
    if (j->worked)
        account_found(VERDICT_DUPLICATE_COMPLETION, "job", "is worked twice");
    if (j->life == LIFE_CALLED || j->life == LIFE_ENDED)
        account_found(VERDICT_LATE_CALLBACK, "job", "is worked after its end");
    j->worked = true;
}

static void console(const struct subject_event *e)
{
    struct object *w = account_object(SUBJECT_CONSOLE, e->number);
    if (w->life == LIFE_CANCELLED)
        account_found(VERDICT_LATE_CALLBACK, "console",
                      "is told after its end");
    w->events_told = (uint32_t)e->status;
    w->inside |= UINT32_C(1) << ground_thread();
}

static unsigned loop_of(const struct subject_event *e)
{
    enum subject_kind kind = e->kind;
    if (kind == SUBJECT_TASK_STEP)
        kind = SUBJECT_TASK_END;
    if (kind == SUBJECT_JOB_WORK)
        kind = SUBJECT_JOB;
    return account_object(kind, e->number)->loop;
}

void oracle_callback(const struct subject_event *e)
{
    unsigned loop = loop_of(e);
    struct model *m = account_touch(loop);
    if (e->kind == SUBJECT_JOB_WORK) {
        work(e);
        return;
    }
    struct active *a = account_active(loop);
    if (!a) {
        account_found(VERDICT_ORDER_BROKEN, account_word[e->kind],
              "is called outside a run");
        return;
    }
    if (a->overtaken)
        account_found(VERDICT_EARLY_QUIESCENCE, "closed over a", "run");
    a->in_callback = true;
    a->callback_began = os_now();
    const struct object *x = account_object(e->kind, e->number);
    if (e->kind == SUBJECT_POST)
        check_snapshot(x, a);
    count_down(a, m);
    check_order(e, x, m);
    switch (e->kind) {
    case SUBJECT_TASK_STEP: step_task(e, a); break;
    case SUBJECT_CONSOLE:   console(e);     break;
    default:                end_by_callback(e); break;
    }
}

void oracle_callback_ended(const struct subject_event *e)
{
    unsigned loop = loop_of(e);
    account_touch(loop);
    if (e->kind == SUBJECT_JOB_WORK)
        return;
    struct active *a = account_active(loop);
    if (a) {
        a->last = account.sequence;
        a->in_callback = false;
        a->in_callbacks += os_now() - a->callback_began;
    }
    struct object *x = account_object(e->kind, e->number);
    if (e->kind == SUBJECT_CONSOLE)
        x->inside &= ~(UINT32_C(1) << ground_thread());
    else if (e->kind != SUBJECT_TASK_STEP)
        x->life = LIFE_ENDED;
}
