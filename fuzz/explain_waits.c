/*
 * The end of a run: who waits for what, who could have ended the wait, and
 * what it breaks.
 */
#include <string.h>

#include "../loop/check.h"
#include "explain_parts.h"

static const struct explain_contract contracts[VERDICTS] = {
    [VERDICT_CLEAN] = { 0, "Nothing broke." },
    [VERDICT_DEADLOCK] =
        { 8, "Nothing waits for what no one will post." },
    [VERDICT_LIVELOCK] =
        { 1, "A run that was stopped returns; it does not go round for ever." },
    [VERDICT_LOST_WAKE] =
        { 5, "A post that was accepted runs once; nobody sleeps over it." },
    [VERDICT_STOP_IGNORED] =
        { 1, "loop_stop: every run that is inside returns, with no unrelated "
             "event needed." },
    [VERDICT_LOST_COMPLETION] =
        { 6, "A started op completes; a real result is never dropped." },
    [VERDICT_DUPLICATE_COMPLETION] =
        { 6, "A started op completes once." },
    [VERDICT_LATE_CALLBACK] =
        { 8, "loop_close ends with nothing left: no callback comes after." },
    [VERDICT_USE_AFTER_FREE] =
        { 0, "An item is the loop's from its acceptance until its callback "
             "starts, and not afterwards." },
    [VERDICT_KERNEL_OWNED_ACCESS] =
        { 9, "What the kernel may still write is leaked, not freed or "
             "touched." },
    [VERDICT_DATA_RACE] =
        { 0, "Any thread may call; what threads share is ordered." },
    [VERDICT_DOUBLE_CLOSE] =
        { 8, "What is closed is closed exactly once." },
    [VERDICT_LEAKED_OP] =
        { 8, "loop_close ends with nothing left: no op." },
    [VERDICT_LEAKED_HANDLE] =
        { 8, "loop_close ends with nothing left: no handle." },
    [VERDICT_LEAKED_MEMORY] =
        { 8, "loop_close ends with nothing left: no memory." },
    [VERDICT_EARLY_QUIESCENCE] =
        { 8, "loop_close refuses while something is left." },
    [VERDICT_ORDER_BROKEN] =
        { 7, "A pass runs a snapshot, in the order of acceptance." },
    [VERDICT_DEADLINE_MISSED] =
        { 9, "Every wait of a shutdown has a deadline." },
    [VERDICT_STALE_STATE] =
        { 4, "However loop_run returns, it leaves nothing behind: not "
             "inside, no lock held, and it can run again." },
    [VERDICT_LINGERING_PROCESS] =
        { 8, "loop_close ends with nothing left: no thread." },
    [VERDICT_ABORT] =
        { 0, "An assertion of the subject failed." },
    [VERDICT_HARNESS_FAULT] =
        { 0, "The suite itself failed; the subject is not blamed." },
    [VERDICT_OUT_OF_BOUNDS] =
        { 0, "Memory is used inside its bounds." },
    [VERDICT_DOUBLE_FREE] =
        { 0, "Memory is freed once." },
};

struct explain_contract explain_contract(enum verdict v)
{
    LOOP_ASSERT((unsigned)v < VERDICTS);
    return contracts[v];
}

void explain_awaited(const struct explain *x, unsigned thread,
                     struct phrase *out)
{
    const struct ground_thread_info *t = &x->threads[thread];
    switch (t->state) {
    case GROUND_BLOCKED_LOCK:
        phrase_add(out, "mutex %u", t->object);
        break;
    case GROUND_BLOCKED_COND:
        phrase_add(out, "condition %u", t->object);
        break;
    case GROUND_BLOCKED_DEQUEUE:
        phrase_add(out, "port %u", t->object);
        break;
    case GROUND_BLOCKED_JOIN:
        phrase_add(out, "the end of ");
        explain_thread_name(x, t->object, out);
        break;
    case GROUND_BLOCKED_PAUSE:
        phrase_add(out, "time to pass");
        break;
    case GROUND_READY:
    case GROUND_ENDED:
        break;
    }
}

static bool ops_pending(const struct explain *x)
{
    long pending = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct trace_event *e = &x->events[i];
        pending += e->kind == TRACE_START && e->value > 0;
        pending -= e->kind == TRACE_COMPLETE;
    }
    return pending > 0;
}

/*
 * Can anything still act: a thread that is ready or has a time to wake, or
 * the device? Without the whole trace the answer has to be yes.
 */
static bool someone_acts(const struct explain *x, unsigned but)
{
    if (x->dropped > 0 || ops_pending(x))
        return true;
    for (unsigned t = 0; t < x->thread_count; t++) {
        enum ground_state state = x->threads[t].state;
        if (t != but && state != GROUND_ENDED &&
            (state == GROUND_READY || x->threads[t].timed))
            return true;
    }
    return false;
}

void explain_wait(const struct explain *x, unsigned thread,
                  struct phrase *out)
{
    const struct ground_thread_info *t = &x->threads[thread];
    if (t->state == GROUND_READY) {
        phrase_add(out, "could run");
        return;
    }
    if (t->state == GROUND_ENDED) {
        phrase_add(out, "has ended");
        return;
    }
    phrase_add(out, "waits for ");
    explain_awaited(x, thread, out);
    if (t->state == GROUND_BLOCKED_LOCK) {
        phrase_add(out, ", held by ");
        explain_thread_name(x, t->holder, out);
    }
    if (t->timed)
        phrase_add(out, ", with a time limit");
    else if (t->state == GROUND_BLOCKED_COND ||
             t->state == GROUND_BLOCKED_DEQUEUE)
        phrase_add(out, someone_acts(x, thread)
                            ? ", without a time limit"
                            : "; nobody is left who could end that");
}

/* The last event of one kind on an object, or count if there is none. */
static size_t last_of(const struct explain *x, enum trace_kind kind,
                      unsigned object)
{
    for (size_t i = x->count; i-- > 0;) {
        if (x->events[i].kind == kind && x->events[i].object == object)
            return i;
    }
    return x->count;
}

/* When did this thread begin the wait that it is in? */
static size_t wait_began(const struct explain *x, unsigned thread)
{
    for (size_t i = x->count; i-- > 0;) {
        const struct trace_event *e = &x->events[i];
        if (e->thread == thread && (e->kind == TRACE_COND_WAIT ||
                                    e->kind == TRACE_DEQUEUE_WAIT))
            return i;
    }
    return x->count;
}

static void tell_wake(const struct explain *x, unsigned thread, size_t wake,
                      const char *noun, struct phrase *out)
{
    const struct trace_event *e = &x->events[wake];
    phrase_add(out, "the last %s there%s came from ", noun,
               e->kind == TRACE_POST && e->value < 0 ? ", which failed,"
                                                     : "");
    explain_thread_name(x, e->thread, out);
    unsigned row = explain_row_of(x, wake);
    if (row != 0)
        phrase_add(out, " in row %u", row);
    size_t began = wait_began(x, thread);
    if (began < x->count)
        phrase_add(out, ", %s this wait began in row %u",
                   wake < began ? "before" : "after",
                   explain_row_of(x, began));
}

void explain_hint(const struct explain *x, unsigned thread,
                  struct phrase *out)
{
    const struct ground_thread_info *t = &x->threads[thread];
    bool condition = t->state == GROUND_BLOCKED_COND;
    const char *noun = condition ? "signal" : "post";
    if (!condition && t->state != GROUND_BLOCKED_DEQUEUE)
        return;
    size_t wake = last_of(x, condition ? TRACE_COND_SIGNAL : TRACE_POST,
                          t->object);
    if (wake < x->count)
        tell_wake(x, thread, wake, noun, out);
    else if (x->dropped == 0)
        phrase_add(out, "no %s ever came", noun);
}

/* The thread that this one waits for, or SCHED_THREADS_MAX. */
static unsigned waits_for(const struct explain *x, unsigned thread)
{
    const struct ground_thread_info *t = &x->threads[thread];
    unsigned other = t->state == GROUND_BLOCKED_LOCK   ? t->holder
                     : t->state == GROUND_BLOCKED_JOIN ? t->object
                                                    : SCHED_THREADS_MAX;
    return other < x->thread_count ? other : SCHED_THREADS_MAX;
}

static bool in_circle(const struct explain *x, unsigned thread)
{
    unsigned at = thread;
    for (unsigned steps = 0; steps < x->thread_count; steps++) {
        at = waits_for(x, at);
        if (at == SCHED_THREADS_MAX)
            return false;
        if (at == thread)
            return true;
    }
    return false;
}

void explain_circle(const struct explain *x, struct phrase *out)
{
    for (unsigned t = 0; t < x->thread_count; t++) {
        if (!in_circle(x, t))
            continue;
        explain_thread_name(x, t, out);
        unsigned at = t;
        do {
            at = waits_for(x, at);
            phrase_add(out, " -> ");
            explain_thread_name(x, at, out);
        } while (at != t);
        return;
    }
}

void explain_exception(const struct explain *x,
                       const struct sched_exception *e, struct phrase *out)
{
    explain_thread_name(x, e->thread, out);
    phrase_add(out, ", step %u: ", e->step);
    if (e->is_outcome && e->what < SCHED_OUTCOMES) {
        phrase_add(out, "%s has outcome %u",
                   sched_outcome_name((enum sched_outcome)e->what),
                   e->target);
    } else if (e->target == e->thread) {
        phrase_add(out, "no change");
    } else {
        explain_thread_name(x, e->target, out);
        phrase_add(out, " goes on instead");
    }
}
