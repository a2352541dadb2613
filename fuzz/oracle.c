#include "oracle.h"

#include <stdio.h>
#include <string.h>

#include "../loop/os.h"
#include "sim/sim.h"

#define ACTIVE_MAX 64
#define SLACK 10000000u     /* 10 ms: pauses of a retry, early timeouts    */

/* What becomes of an object. */
enum life {
    LIFE_NONE,
    LIFE_SUBMITTING,    /* the call that hands it over has not returned    */
    LIFE_LIVE,
    LIFE_CALLED,        /* its last callback has begun                     */
    LIFE_ENDED,         /* and returned                                    */
    LIFE_REFUSED,
    LIFE_CANCELLED,     /* taken back: no callback may come                */
};

struct object {
    uint8_t  life;
    uint8_t  loop;
    uint8_t  thread;        /* that handed it over                         */
    bool     awaited;       /* no callback: a task awaits it               */
    bool     has_waiter;    /* a task does                                 */
    bool     worked;        /* job: work was called                        */
    bool     cancelled;     /* task: a cancel was asked for, not delivered */
    uint8_t  cancelling;    /* cancel calls that have not returned         */
    uint8_t  waits_for;     /* task: enum subject_kind, or NONE            */
    uint8_t  active;        /* index of the run it was submitted in        */
    uint64_t detail;
    uint64_t began;         /* sequence of the submitting call             */
    uint64_t accepted;      /* sequence of its return                      */
    uint64_t asking;        /* task: sequence of the cancel's begin        */
    uint64_t asked;         /* and of its return                           */
    uint64_t told;          /* task: sequence of the step that was told    */
    uint32_t events;        /* console: raised while it was watching       */
    uint32_t events_told;
    uint64_t stepped;       /* task: sequence of the last step             */
};

enum what { WHAT_RUN, WHAT_CLOSE, WHAT_SHUTDOWN };

/* A call to run, close or shutdown that has not returned. */
struct active {
    bool     used;
    uint8_t  what;
    uint8_t  thread;
    uint8_t  loop;
    uint8_t  mode;
    uint8_t  strategy;
    uint64_t known;         /* sequence at which it was seen to be inside  */
    bool     asked;         /* a stop returned while this was inside       */
    bool     asked_alone;   /* or kept by it, as no other run was about    */
    bool     kept;          /* it must consume a kept stop                 */
    bool     kept_maybe;
    bool     delivered;     /* a callback has run in it                    */
    bool     quiet;         /* close: nothing was left when it began       */
    int      allowance;     /* callbacks it may still begin                */
    uint64_t entered;
    uint64_t last;          /* sequence of the last event on its thread    */
    uint64_t began_time;
    uint64_t deadline;
    uint64_t callback_began;
    uint64_t in_callbacks;  /* time spent there is not the loop's          */
    bool     in_callback;
};

enum kept { KEPT_NO, KEPT_YES, KEPT_MAYBE };

struct model {
    bool     open;
    bool     closed;        /* close or shutdown has succeeded             */
    bool     abandoned;
    bool     gave_up;
    uint8_t  kept;
    uint8_t  inside;        /* active runs                                 */
    uint8_t  stopping;      /* calls to stop that have not returned        */
    uint8_t  ending;        /* calls to close and shutdown, likewise       */
    uint8_t  inside_max;
    uint64_t run_change;    /* sequence of the last run begin or end       */
    uint64_t last_stop;     /* sequence of the last stop begin or end      */
    uint64_t last_shutdown;
    uint64_t change;        /* sequence of the last event of any kind      */
    uint32_t live;          /* accepted, and not ended                     */
    uint32_t submitting;
};

static struct {
    const struct subject *subject;
    uint64_t              sequence;
    struct model          loop[SUBJECT_LOOPS];
    struct active         active[ACTIVE_MAX];
    unsigned              active_high;
    struct object         object[SUBJECT_KINDS][SUBJECT_NUMBERS];
    unsigned              high[SUBJECT_KINDS];
    uint64_t              stop_began[SCHED_THREADS_MAX][SUBJECT_LOOPS];
    uint32_t              ops_called;
    uint32_t              loops_open;   /* ever                            */
} o;

static const char *const alive_word[SUBJECT_KINDS] = {
    [SUBJECT_POST] = "post",        [SUBJECT_TIMER] = "timer",
    [SUBJECT_OP] = "op",            [SUBJECT_JOB] = "job",
    [SUBJECT_TASK_END] = "task",    [SUBJECT_HANDLE_CLOSED] = "handle",
    [SUBJECT_CONSOLE] = "console",  [SUBJECT_HOOK] = "hook",
    [SUBJECT_JOB_WORK] = "job",     [SUBJECT_TASK_STEP] = "task",
};

static void found(enum verdict v, const char *subject, const char *what)
{
    char where[128];
    snprintf(where, sizeof where, "%s%s%s", subject, *subject ? " " : "",
             what);
    sim_finding(v, where);
}

void oracle_reset(const struct subject *subject)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        memset(o.object[kind], 0, o.high[kind] * sizeof o.object[kind][0]);
        o.high[kind] = 0;
    }
    memset(o.active, 0, o.active_high * sizeof o.active[0]);
    memset(o.loop, 0, sizeof o.loop);
    memset(o.stop_began, 0, sizeof o.stop_began);
    o.active_high = 0;
    o.subject = subject;
    o.sequence = 1;
    o.loops_open = 0;
    o.ops_called = 0;
}

static struct model *touch(unsigned loop)
{
    struct model *m = &o.loop[loop];
    m->change = ++o.sequence;
    return m;
}

void oracle_opened(unsigned loop)
{
    touch(loop)->open = true;
    o.loops_open++;
}

/* Calls in progress. */

static struct active *begin_active(enum what what, unsigned loop)
{
    unsigned i = 0;
    while (i < o.active_high && o.active[i].used)
        i++;
    if (i == ACTIVE_MAX)
        return &o.active[0];
    if (i == o.active_high)
        o.active_high++;
    o.active[i] = (struct active){ .used = true, .what = (uint8_t)what,
        .thread = (uint8_t)sim_thread(), .loop = (uint8_t)loop,
        .entered = o.sequence, .last = o.sequence, .allowance = -1,
        .began_time = os_now() };
    return &o.active[i];
}

/* The innermost call on this thread that is about this loop. */
static struct active *find_active(unsigned loop)
{
    struct active *best = NULL;
    unsigned thread = sim_thread();
    for (unsigned i = 0; i < o.active_high; i++) {
        struct active *a = &o.active[i];
        if (a->used && a->thread == thread && a->loop == loop &&
            (!best || a->entered > best->entered))
            best = a;
    }
    return best;
}

static bool other_active(unsigned loop, const struct active *but)
{
    for (unsigned i = 0; i < o.active_high; i++)
        if (o.active[i].used && o.active[i].loop == loop &&
            &o.active[i] != but)
            return true;
    return false;
}

bool oracle_is_used(unsigned loop)
{
    return other_active(loop, NULL);
}

bool oracle_is_closed(unsigned loop)
{
    return o.loop[loop].closed || o.loop[loop].abandoned;
}

unsigned oracle_live(unsigned loop)
{
    return o.loop[loop].live;
}

unsigned oracle_runs_unasked(unsigned loop)
{
    unsigned count = 0;
    for (unsigned i = 0; i < o.active_high; i++) {
        const struct active *a = &o.active[i];
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
static const char *alive_since(unsigned loop, uint64_t sequence)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        if (!keeps_alive((enum subject_kind)kind))
            continue;
        for (unsigned n = 0; n < o.high[kind]; n++) {
            const struct object *x = &o.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                x->accepted <= sequence && x->cancelling == 0)
                return alive_word[kind];
        }
    }
    return NULL;
}

static const char *any_live(unsigned loop)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++) {
        if (kind == SUBJECT_HOOK)
            continue;
        for (unsigned n = 0; n < o.high[kind]; n++) {
            const struct object *x = &o.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                x->cancelling == 0)
                return alive_word[kind];
        }
    }
    return NULL;
}

/* Runs. */

void oracle_run_begins(unsigned loop, enum loop_run_mode mode)
{
    struct model *m = touch(loop);
    bool nested = find_active(loop) != NULL;
    struct active *a = begin_active(WHAT_RUN, loop);
    a->mode = (uint8_t)mode;
    if (!nested && !m->closed) {
        /* With another run beginning, either may consume the kept stop. */
        a->kept = m->kept == KEPT_YES && m->inside == 0;
        a->kept_maybe = m->kept != KEPT_NO;
        if (a->kept)
            m->kept = KEPT_MAYBE;
    }
    /* From now on it cannot be told which of the two took the stop. */
    for (unsigned i = 0; i < o.active_high; i++) {
        struct active *b = &o.active[i];
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
        for (unsigned i = 0; i < o.active_high; i++)
            if (o.active[i].used && o.active[i].loop == loop &&
                !o.active[i].delivered)
                o.active[i].kept = false;
    m->run_change = o.sequence;
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
    for (unsigned i = 0; i < o.active_high; i++)
        nested |= o.active[i].used && &o.active[i] != a &&
                  o.active[i].thread == a->thread &&
                  o.active[i].loop == loop;
    if (nested && o.subject->policy.nested_run_refused &&
        !was_refused(result))
        found(VERDICT_ORDER_BROKEN, "run", "inside a callback is not refused");
    if (!nested && result == LOOP_EBUSY)
        found(VERDICT_STALE_STATE, "run", "is refused as busy from outside");
    if (result == LOOP_ECLOSED && may_be_open(m))
        found(VERDICT_STALE_STATE, "run", "is refused as closed while open");
}

static void check_end(const struct model *m, const struct active *a,
                      unsigned loop, int result)
{
    bool stop_known = a->kept_maybe || a->asked ||
                      m->last_stop > a->entered || m->stopping > 0 ||
                      m->last_shutdown > a->entered || m->ending > 0;
    if (result == LOOP_STOPPED && !stop_known)
        found(VERDICT_STALE_STATE, "run", "ends by a stop that is not its own");
    if (result != LOOP_STOPPED && a->kept)
        found(VERDICT_STOP_IGNORED, "run",
              "ends otherwise than by a kept stop");
    if (result != LOOP_IDLE)
        return;
    const char *alive = alive_since(loop, a->last);
    if (a->mode != LOOP_UNTIL_IDLE)
        found(VERDICT_EARLY_QUIESCENCE, "run", "ends as idle in another mode");
    else if (alive)
        found(VERDICT_EARLY_QUIESCENCE, "run until idle ends over a", alive);
}

void oracle_run_ended(unsigned loop, int result)
{
    struct active *a = find_active(loop);
    struct model *m = touch(loop);
    if (!a)
        return;
    check_refusal(m, a, loop, result);
    if (!was_refused(result)) {
        check_end(m, a, loop, result);
        if (a->kept)
            m->kept = KEPT_NO;
    } else if (a->kept) {
        m->kept = KEPT_YES;
    }
    a->used = false;
    m->inside--;
    m->run_change = o.sequence;
}

/* Stops. */

void oracle_stop_begins(unsigned loop)
{
    struct model *m = touch(loop);
    m->last_stop = o.sequence;
    m->stopping++;
    o.stop_began[sim_thread()][loop] = o.sequence;
}

/* How many callbacks can be under way: a task's step and end are two. */
static int allowance(const struct model *m)
{
    return 2 * (int)(m->live + m->submitting) + 2;
}

static void ask(const struct model *m, struct active *a)
{
    if (a->asked)
        return;
    a->asked = true;
    a->allowance = allowance(m);
}

void oracle_stop_ended(unsigned loop, int result)
{
    struct model *m = touch(loop);
    uint64_t began = o.stop_began[sim_thread()][loop];
    m->last_stop = o.sequence;
    m->stopping--;
    if (result != LOOP_OK) {
        if (result == LOOP_ECLOSED && may_be_open(m))
            found(VERDICT_STALE_STATE, "stop", "is refused while open");
        return;
    }
    unsigned inside = 0, known = 0;
    struct active *only = NULL;
    for (unsigned i = 0; i < o.active_high; i++) {
        struct active *a = &o.active[i];
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
    else if (known == 0)
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
    struct model *m = touch(loop);
    bool used = oracle_is_used(loop);
    struct active *a = begin_active(WHAT_CLOSE, loop);
    m->ending++;
    a->quiet = !used && m->live == 0 && m->submitting == 0;
}

static void end_object(struct object *x, enum life life)
{
    if (x->life == LIFE_LIVE)
        o.loop[x->loop].live--;
    x->life = (uint8_t)life;
}

/* A drain ends watches without a call, and drops what nobody awaits. */
static void end_silently(unsigned loop)
{
    for (int kind = 0; kind < SUBJECT_KINDS; kind++)
        for (unsigned n = 0; n < o.high[kind]; n++) {
            struct object *x = &o.object[kind][n];
            if (x->life == LIFE_LIVE && x->loop == loop &&
                (kind == SUBJECT_CONSOLE || (x->awaited && !x->has_waiter))) {
                end_object(x, LIFE_CANCELLED);
                o.ops_called += kind == SUBJECT_OP;
            }
        }
}

static void check_closed(unsigned loop, const struct active *a)
{
    if (a->what == WHAT_SHUTDOWN || o.loop[loop].gave_up)
        end_silently(loop);
    const char *live = any_live(loop);
    if (live && !strcmp(live, "post"))
        found(VERDICT_LOST_COMPLETION, "post", "accepted and not run at close");
    else if (live)
        found(VERDICT_EARLY_QUIESCENCE, "closed over a", live);
    for (unsigned i = 0; i < o.active_high; i++)
        if (o.active[i].used && o.active[i].loop == loop &&
            &o.active[i] != a && o.active[i].what == WHAT_RUN &&
            o.active[i].last > o.active[i].entered)
            found(VERDICT_EARLY_QUIESCENCE, "closed over a", "run");
}

void oracle_close_ended(unsigned loop, int result)
{
    struct active *a = find_active(loop);
    struct model *m = &o.loop[loop];
    if (!a)
        return;
    bool undisturbed = m->change <= a->entered;
    if (result == LOOP_OK) {
        check_closed(loop, a);
        m->closed = true;
    } else if (result == LOOP_EBUSY && a->quiet && undisturbed) {
        found(VERDICT_STALE_STATE, "close", "is refused with nothing left");
    }
    a->used = false;
    m->ending--;
    touch(loop);
}

void oracle_shutdown_begins(unsigned loop,
                            const struct shutdown_options *options)
{
    struct model *m = touch(loop);
    m->last_shutdown = o.sequence;
    struct active *a = begin_active(WHAT_SHUTDOWN, loop);
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
        for (unsigned n = 0; n < o.high[kind]; n++) {
            const struct object *x = &o.object[kind][n];
            live += x->life == LIFE_LIVE && x->loop == loop &&
                    x->accepted <= a->entered && !x->awaited &&
                    x->cancelling == 0;
        }
        /* Each run may be about to call the callback of one. */
        if (live > listed(report, kind) + o.loop[loop].inside)
            found(VERDICT_EARLY_QUIESCENCE, "shutdown does not list a",
                  alive_word[kind]);
    }
}

void oracle_shutdown_ended(unsigned loop, int result,
                           const struct shutdown_report *report)
{
    struct active *a = find_active(loop);
    struct model *m = touch(loop);
    m->last_shutdown = o.sequence;
    if (!a)
        return;
    if (!was_refused(result)) {
        if (os_now() > a->deadline + a->in_callbacks + SLACK)
            found(VERDICT_DEADLINE_MISSED, "shutdown", "returns late");
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

/* Objects. */

static struct object *object(enum subject_kind kind, unsigned number)
{
    if (number >= o.high[kind])
        o.high[kind] = number + 1;
    return &o.object[kind][number];
}

void oracle_submits(enum subject_kind kind, unsigned number, unsigned loop,
                    uint64_t detail, bool awaited)
{
    struct model *m = touch(loop);
    struct active *a = find_active(loop);
    struct object *x = object(kind, number);
    *x = (struct object){ .life = LIFE_SUBMITTING, .loop = (uint8_t)loop,
        .thread = (uint8_t)sim_thread(), .detail = detail,
        .awaited = awaited, .began = o.sequence,
        .active = a ? (uint8_t)(a - o.active) : ACTIVE_MAX,
        .waits_for = SUBJECT_KINDS };
    m->submitting++;
}

void oracle_submitted(enum subject_kind kind, unsigned number, int result)
{
    struct object *x = object(kind, number);
    struct model *m = touch(x->loop);
    m->submitting--;
    if (result < 0) {
        if (x->life > LIFE_SUBMITTING)
            found(VERDICT_LATE_CALLBACK, alive_word[kind],
                  "was refused and is called");
        x->life = LIFE_REFUSED;
        return;
    }
    x->accepted = o.sequence;
    if (x->life == LIFE_SUBMITTING) {
        x->life = LIFE_LIVE;
        m->live++;
    }
}

void oracle_cancels(enum subject_kind kind, unsigned number)
{
    struct object *x = object(kind, number);
    touch(x->loop);
    x->cancelling++;
    x->asking = o.sequence;
}

void oracle_cancelled(enum subject_kind kind, unsigned number, int result)
{
    struct object *x = object(kind, number);
    touch(x->loop);
    x->cancelling--;
    if (result < 0)
        return;
    switch (kind) {
    case SUBJECT_TIMER:
        if (x->life == LIFE_CALLED || x->life == LIFE_ENDED)
            found(VERDICT_LATE_CALLBACK, "timer", "is cancelled and fires");
        end_object(x, LIFE_CANCELLED);
        break;
    case SUBJECT_CONSOLE:
        end_object(x, LIFE_CANCELLED);
        break;
    case SUBJECT_TASK_END:
        if (x->life == LIFE_LIVE && x->told < x->asking) {
            x->cancelled = true;
            x->asked = o.sequence;
        }
        break;
    default:        /* a request: what comes of it comes as a callback */
        break;
    }
}

void oracle_awaits(unsigned task, enum subject_kind kind, unsigned number)
{
    struct object *t = object(SUBJECT_TASK_END, task);
    touch(t->loop);
    t->waits_for = (uint8_t)kind;
    if (kind == SUBJECT_OP || kind == SUBJECT_JOB) {
        t->detail = number;
        object(kind, number)->has_waiter = true;
    }
}

void oracle_console_raised(void)
{
    for (unsigned n = 0; n < o.high[SUBJECT_CONSOLE]; n++) {
        struct object *x = &o.object[SUBJECT_CONSOLE][n];
        x->events += x->life == LIFE_LIVE && x->cancelling == 0;
    }
}

/* Callbacks. */

static void count_down(struct active *a, const struct model *m)
{
    bool first = !a->delivered;
    a->delivered = true;
    if (!a->known)
        a->known = o.sequence;
    if (a->what != WHAT_RUN)
        return;
    if (first && (a->kept || a->kept_maybe || a->asked_alone))
        a->allowance = allowance(m);
    if (!a->asked && !a->kept)
        return;
    if (a->allowance == 0)
        found(VERDICT_STOP_IGNORED, "run", "goes on after a stop");
    if (a->allowance > 0)
        a->allowance--;
}

static void check_order(const struct subject_event *e, const struct object *x,
                        const struct model *m)
{
    if (e->kind != SUBJECT_POST || m->inside_max > 1)
        return;
    for (unsigned n = 0; n < e->number; n++) {
        const struct object *y = &o.object[SUBJECT_POST][n];
        if (y->life == LIFE_LIVE && y->loop == x->loop &&
            y->thread == x->thread && y->accepted < x->began)
            found(VERDICT_ORDER_BROKEN, "post", "overtakes an earlier one");
    }
}

/* What a callback adds waits for the next pass, and these modes have one. */
static void check_snapshot(const struct object *x, const struct active *a)
{
    bool one_pass = a->mode == LOOP_ONCE || a->mode == LOOP_NOWAIT;
    if (o.loop[a->loop].inside_max > 1)
        return;     /* another thread's pass may have taken it */
    if (a->what == WHAT_RUN && one_pass && x->active == a - o.active &&
        x->began > a->entered && a->delivered)
        found(VERDICT_ORDER_BROKEN, "post", "runs in the pass that added it");
}

static void check_handle(const struct subject_event *e)
{
    if (e->kind == SUBJECT_OP) {
        const struct object *op = object(SUBJECT_OP, e->number);
        const struct object *h =
            object(SUBJECT_HANDLE_CLOSED, (unsigned)op->detail);
        if (h->life == LIFE_CALLED || h->life == LIFE_ENDED)
            found(VERDICT_LATE_CALLBACK, "op", "is called after its handle");
    }
    if (e->kind != SUBJECT_HANDLE_CLOSED)
        return;
    for (unsigned n = 0; n < o.high[SUBJECT_OP]; n++) {
        const struct object *op = &o.object[SUBJECT_OP][n];
        if (op->detail == e->number && !op->awaited &&
            (op->life == LIFE_LIVE || op->life == LIFE_CALLED))
            found(VERDICT_EARLY_QUIESCENCE, "handle closes over an", "op");
    }
}

/* The callback that ends an object. */
static void end_by_callback(const struct subject_event *e)
{
    struct object *x = object(e->kind, e->number);
    const char *word = alive_word[e->kind];
    switch ((enum life)x->life) {
    case LIFE_NONE:
        found(VERDICT_HARNESS_FAULT, word, "is called and unknown");
        break;
    case LIFE_CALLED:
    case LIFE_ENDED:
        found(VERDICT_DUPLICATE_COMPLETION, word, "is called twice");
        break;
    case LIFE_REFUSED:
        found(VERDICT_LATE_CALLBACK, word, "was refused and is called");
        break;
    case LIFE_CANCELLED:
        found(VERDICT_LATE_CALLBACK, word, "was cancelled and is called");
        break;
    case LIFE_SUBMITTING:
    case LIFE_LIVE:
        break;
    }
    if (e->kind == SUBJECT_TIMER && e->status == 0 && os_now() < x->detail)
        found(VERDICT_ORDER_BROKEN, "timer", "fires before its time");
    check_handle(e);
    end_object(x, LIFE_CALLED);
    if (e->kind == SUBJECT_OP)
        o.ops_called++;
}

/* What the task awaited has ended with its wait. */
static void end_awaited(struct object *t)
{
    if (t->waits_for != SUBJECT_OP && t->waits_for != SUBJECT_JOB)
        return;
    struct object *x = object((enum subject_kind)t->waits_for,
                              (unsigned)t->detail);
    if (x->life == LIFE_CALLED || x->life == LIFE_ENDED)
        found(VERDICT_DUPLICATE_COMPLETION,
              alive_word[t->waits_for], "wakes its task twice");
    end_object(x, LIFE_ENDED);
    if (t->waits_for == SUBJECT_OP)
        o.ops_called++;
}

static void step_task(const struct subject_event *e)
{
    struct object *t = object(SUBJECT_TASK_END, e->number);
    if (t->life == LIFE_CALLED || t->life == LIFE_ENDED)
        found(VERDICT_LATE_CALLBACK, "task", "steps after its end");
    end_awaited(t);
    if (t->cancelled && !e->cancelled && t->asked > t->stepped &&
        t->cancelling == 0)
        found(VERDICT_LOST_WAKE, "task", "steps and is not told of a cancel");
    if (e->cancelled) {
        t->cancelled = false;
        t->told = o.sequence;
    }
    t->waits_for = SUBJECT_KINDS;
    t->stepped = o.sequence;
}

static void work(const struct subject_event *e)
{
    struct object *j = object(SUBJECT_JOB, e->number);
    if (j->worked)
        found(VERDICT_DUPLICATE_COMPLETION, "job", "is worked twice");
    if (j->life == LIFE_CALLED || j->life == LIFE_ENDED)
        found(VERDICT_LATE_CALLBACK, "job", "is worked after its end");
    j->worked = true;
}

static void console(const struct subject_event *e)
{
    struct object *w = object(SUBJECT_CONSOLE, e->number);
    if (w->life == LIFE_CANCELLED)
        found(VERDICT_LATE_CALLBACK, "console", "is told after its end");
    w->events_told = (uint32_t)e->status;
}

static unsigned loop_of(const struct subject_event *e)
{
    enum subject_kind kind = e->kind;
    if (kind == SUBJECT_TASK_STEP)
        kind = SUBJECT_TASK_END;
    if (kind == SUBJECT_JOB_WORK)
        kind = SUBJECT_JOB;
    return object(kind, e->number)->loop;
}

void oracle_callback(const struct subject_event *e)
{
    unsigned loop = loop_of(e);
    struct model *m = touch(loop);
    if (e->kind == SUBJECT_JOB_WORK) {
        work(e);
        return;
    }
    struct active *a = find_active(loop);
    if (!a) {
        found(VERDICT_ORDER_BROKEN, alive_word[e->kind],
              "is called outside a run");
        return;
    }
    a->in_callback = true;
    a->callback_began = os_now();
    const struct object *x = object(e->kind, e->number);
    if (e->kind == SUBJECT_POST)
        check_snapshot(x, a);
    count_down(a, m);
    check_order(e, x, m);
    switch (e->kind) {
    case SUBJECT_TASK_STEP: step_task(e);   break;
    case SUBJECT_CONSOLE:   console(e);     break;
    default:                end_by_callback(e); break;
    }
}

void oracle_callback_ended(const struct subject_event *e)
{
    unsigned loop = loop_of(e);
    touch(loop);
    if (e->kind == SUBJECT_JOB_WORK)
        return;
    struct active *a = find_active(loop);
    if (a) {
        a->last = o.sequence;
        a->in_callback = false;
        a->in_callbacks += os_now() - a->callback_began;
    }
    if (e->kind != SUBJECT_TASK_STEP && e->kind != SUBJECT_CONSOLE)
        object(e->kind, e->number)->life = LIFE_ENDED;
}

/* Nothing can run. */

static bool retry_pauses(void)
{
    for (unsigned t = 0; t < sim_thread_count(); t++) {
        struct sim_thread_info info;
        sim_thread_info(t, &info);
        if (info.state == SIM_BLOCKED_PAUSE)
            return true;
    }
    return false;
}

static const char *owed(const struct active *a)
{
    uint64_t now = sim_time();
    for (unsigned n = 0; n < o.high[SUBJECT_POST]; n++) {
        const struct object *x = &o.object[SUBJECT_POST][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop)
            return "asleep over a post";
    }
    for (unsigned n = 0; n < o.high[SUBJECT_TIMER]; n++) {
        const struct object *x = &o.object[SUBJECT_TIMER][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop && x->detail < now)
            return "asleep over a timer";
    }
    for (unsigned n = 0; n < o.high[SUBJECT_TASK_END]; n++) {
        const struct object *x = &o.object[SUBJECT_TASK_END][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop && x->cancelled &&
            (x->waits_for == SUBJECT_TIMER || x->waits_for == SUBJECT_POST))
            return "asleep over a cancelled task";
    }
    return NULL;
}

/* Every packet that was dequeued must have become a callback by now. */
static uint32_t packets_lost(void)
{
    struct sim_left left;
    sim_left(&left);
    uint32_t unclaimed = 0;
    for (unsigned n = 0; n < o.high[SUBJECT_OP]; n++) {
        const struct object *x = &o.object[SUBJECT_OP][n];
        unclaimed += x->life == LIFE_LIVE && x->awaited && !x->has_waiter;
    }
    uint32_t known = o.ops_called + unclaimed;
    return left.ops_dequeued > known ? left.ops_dequeued - known : 0;
}

static bool console_untold(unsigned loop)
{
    for (unsigned n = 0; n < o.high[SUBJECT_CONSOLE]; n++) {
        const struct object *x = &o.object[SUBJECT_CONSOLE][n];
        if (x->life == LIFE_LIVE && x->loop == loop && x->cancelling == 0 &&
            x->events_told < x->events)
            return true;
    }
    return false;
}

static void check_sleeper(const struct active *a, bool timed)
{
    const char *what = owed(a);
    if (a->asked || a->kept)
        found(VERDICT_STOP_IGNORED, "run", "asleep after a stop");
    else if (what)
        found(VERDICT_LOST_WAKE, "run", what);
    else if (!timed && console_untold(a->loop))
        found(VERDICT_LOST_WAKE, "run", "asleep over a console event");
    else if (!timed && o.loops_open == 1 && packets_lost() > 0)
        found(VERDICT_LOST_COMPLETION, "op", "dequeued and not delivered");
    else if (a->mode == LOOP_UNTIL_IDLE && o.loop[a->loop].live == 0 &&
             o.loop[a->loop].submitting == 0 && !timed)
        found(VERDICT_DEADLOCK, "run until idle", "asleep with nothing left");
}

static void check_blocked(struct active *a, bool timed)
{
    struct sim_thread_info info;
    sim_thread_info(a->thread, &info);
    for (unsigned i = 0; i < o.active_high; i++)
        if (o.active[i].used && o.active[i].thread == a->thread &&
            o.active[i].entered > a->entered)
            return;     /* it is another call that blocks this thread */
    if (a->what == WHAT_RUN) {
        if (info.state == SIM_BLOCKED_DEQUEUE) {
            check_sleeper(a, timed);
            if (!a->known)
                a->known = o.sequence;
        }
        return;
    }
    uint64_t late = a->deadline + a->in_callbacks + SLACK;
    if (a->what == WHAT_SHUTDOWN && !a->in_callback && sim_time() > late)
        found(VERDICT_DEADLINE_MISSED, "shutdown", "waits past its time");
}

void oracle_idle(bool timed)
{
    if (retry_pauses())
        return;
    for (unsigned i = 0; i < o.active_high; i++)
        if (o.active[i].used)
            check_blocked(&o.active[i], timed);
}

static bool all_closed(void)
{
    for (unsigned l = 0; l < SUBJECT_LOOPS; l++)
        if (o.loop[l].open && (!o.loop[l].closed || o.loop[l].abandoned))
            return false;
    return true;
}

static const char *state_word(enum sim_state state)
{
    switch (state) {
    case SIM_BLOCKED_LOCK:    return "waits for a lock";
    case SIM_BLOCKED_COND:    return "waits for a condition";
    case SIM_BLOCKED_JOIN:    return "waits for a thread to end";
    case SIM_BLOCKED_DEQUEUE: return "waits for a packet";
    case SIM_BLOCKED_PAUSE:   return "pauses";
    case SIM_READY:
    case SIM_ENDED:           break;
    }
    return "is not blocked";
}

static const char *const what_word[] = {
    [WHAT_RUN] = "run", [WHAT_CLOSE] = "close", [WHAT_SHUTDOWN] = "shutdown",
};

void oracle_stuck(uint32_t elsewhere)
{
    struct sim_thread_info info;
    for (unsigned i = 0; i < o.active_high; i++) {
        const struct active *a = &o.active[i];
        if (!a->used)
            continue;
        sim_thread_info(a->thread, &info);
        found(VERDICT_DEADLOCK, what_word[a->what], state_word(info.state));
    }
    for (unsigned t = 0; t < sim_thread_count(); t++) {
        sim_thread_info(t, &info);
        if (info.state == SIM_ENDED || elsewhere >> t & 1)
            continue;
        bool worker = !strcmp(info.name, "worker");
        if (worker && !all_closed())
            continue;       /* the pool of a loop that is open */
        if (worker)
            found(VERDICT_LINGERING_PROCESS, "worker", state_word(info.state));
        else
            found(VERDICT_DEADLOCK, "thread", state_word(info.state));
    }
}

/* The end. */

static void check_lost(void)
{
    for (unsigned l = 0; l < SUBJECT_LOOPS; l++) {
        end_silently(l);
        const char *live = o.loop[l].open ? any_live(l) : NULL;
        if (live)
            found(VERDICT_LOST_COMPLETION, live, "accepted and never ended");
    }
}

void oracle_end(void)
{
    struct sim_left left;
    if (!all_closed())
        return;
    check_lost();
    sim_left(&left);
    if (packets_lost() > 0)
        found(VERDICT_LOST_COMPLETION, "op", "dequeued and not delivered");
    if (left.ops_pending > 0 || left.packets > 0)
        found(VERDICT_LEAKED_OP, "op", "left in the kernel");
    if (left.ports > 0)
        found(VERDICT_LEAKED_HANDLE, "port", "left open");
    if (left.handles > 0)
        found(VERDICT_LEAKED_HANDLE, "handle", "left open");
    if (left.console_watchers > 0)
        found(VERDICT_LEAKED_HANDLE, "console watch", "left");
    if (left.threads > 0)
        found(VERDICT_LINGERING_PROCESS, "thread", "left");
    if (left.allocations > o.subject->held())
        found(VERDICT_LEAKED_MEMORY, "memory", "left");
}
