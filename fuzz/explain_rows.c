/*
 * From events to rows: which are shown, and what is one row.
 */
#include <string.h>

#include "explain_parts.h"

static bool uses_mutex(const struct trace_event *e, unsigned mutex)
{
    return (e->kind == TRACE_LOCK || e->kind == TRACE_UNLOCK) &&
           e->object == mutex;
}

static bool wanted_at_end(const struct explain *x, unsigned mutex)
{
    for (unsigned t = 0; t < x->thread_count; t++) {
        if (x->threads[t].state == GROUND_BLOCKED_LOCK &&
            x->threads[t].object == mutex)
            return true;
    }
    return false;
}

/*
 * A lock matters if someone had to wait for it: then its acquisition after
 * the wait, the unlock that allowed it, and a lock that is held at the end
 * while another waits.
 */
static bool lock_matters(const struct explain *x, size_t i)
{
    const struct trace_event *e = &x->events[i];
    if (e->kind == TRACE_LOCK && e->value != 0)
        return true;
    for (size_t k = i + 1; k < x->count; k++) {
        if (uses_mutex(&x->events[k], e->object))
            return e->kind == TRACE_UNLOCK &&
                   x->events[k].kind == TRACE_LOCK &&
                   x->events[k].value != 0;
    }
    return e->kind == TRACE_LOCK && wanted_at_end(x, e->object);
}

static bool shown(const struct explain *x, size_t i)
{
    switch ((enum trace_kind)x->events[i].kind) {
    case TRACE_LOCK:
    case TRACE_UNLOCK:
        return lock_matters(x, i);
    case TRACE_TIME:
    case TRACE_ATOMIC:
        return false;
    default:
        return true;
    }
}

static size_t next_shown(const struct explain *x, size_t i)
{
    while (i < x->count && !shown(x, i))
        i++;
    return i;
}

/* A call and its return, or a callback and its end, with nothing between. */
static bool closes(const struct trace_event *open,
                   const struct trace_event *close)
{
    bool call = open->kind == TRACE_CALL && close->kind == TRACE_RETURN;
    bool callback = open->kind == TRACE_CALLBACK &&
                    close->kind == TRACE_CALLBACK_END;
    return (call || callback) && open->thread == close->thread &&
           open->object == close->object && open->time == close->time;
}

/* After this event the thread waits by its own will. */
static bool gives_way(const struct explain *x, const struct trace_event *e)
{
    const struct statement *st;
    switch ((enum trace_kind)e->kind) {
    case TRACE_THREAD_END:
    case TRACE_THREAD_JOIN:
    case TRACE_COND_WAIT:
    case TRACE_DEQUEUE_WAIT:
        return true;
    case TRACE_CALL:
        st = explain_statement(x, e->object);
        return st != NULL && (st->op == ST_SLEEP || st->op == ST_AWAIT ||
                              st->op == ST_JOIN);
    default:
        return false;
    }
}

/* Could the thread of event i have gone on, when event `at` came instead? */
static bool could_go_on(const struct explain *x, size_t i, size_t at)
{
    const struct trace_event *e = &x->events[i];
    if (gives_way(x, e) || e->time != x->events[at].time)
        return false;
    for (size_t k = at + 1; k < x->count; k++) {
        const struct trace_event *later = &x->events[k];
        if (later->thread == e->thread)
            return later->kind != TRACE_LOCK || later->value == 0;
    }
    return e->thread >= x->thread_count ||
           x->threads[e->thread].state == GROUND_READY;
}

static bool about_the_run(const struct trace_event *e)
{
    return e->kind == TRACE_PHASE || e->kind == TRACE_VERDICT;
}

/* Account for one event, shown or not; returns whether it preempts. */
static bool pass(struct explain_walk *w, size_t i)
{
    const struct trace_event *e = &w->x->events[i];
    bool preempts = false;
    if (e->kind == TRACE_TIME || about_the_run(e) ||
        e->thread >= SCHED_THREADS_MAX)
        return false;
    w->life[e->thread] = e->kind == TRACE_THREAD_END ? LIFE_NONE
                       : gives_way(w->x, e)          ? LIFE_WAITS
                                                     : LIFE_RUNS;
    if (e->thread == SCHED_DEVICE) {
        w->life[e->thread] = LIFE_NONE;
        return false;
    }
    if (w->before > 0 && w->x->events[w->before - 1].thread != e->thread)
        preempts = could_go_on(w->x, w->before - 1, i);
    w->before = i + 1;
    return preempts;
}

void explain_walk_begin(struct explain_walk *w, const struct explain *x)
{
    memset(w, 0, sizeof *w);
    w->x = x;
}

bool explain_walk_next(struct explain_walk *w, struct explain_row *row)
{
    const struct explain *x = w->x;
    size_t first = next_shown(x, w->next);
    unsigned preempting = SCHED_THREADS_MAX;
    for (size_t i = w->next; i < first; i++) {
        w->hidden += x->events[i].kind != TRACE_TIME;
        if (pass(w, i))
            preempting = x->events[i].thread;
    }
    w->next = first;
    if (first == x->count)
        return false;

    const struct trace_event *e = &x->events[first];
    row->number = ++w->number;
    row->time = e->time;
    row->thread = e->thread;
    row->whole = about_the_run(e);
    row->preempts = pass(w, first) ||
                    (preempting == e->thread && !row->whole);
    row->first = row->last = first;
    phrase_clear(&row->what);
    explain_event(x, e, &row->what);
    w->next = first + 1;

    size_t second = next_shown(x, first + 1);
    if (second < x->count && closes(e, &x->events[second])) {
        const struct trace_event *end = &x->events[second];
        if (end->kind == TRACE_RETURN)
            explain_result(x, end, &row->what);
        else
            phrase_add(&row->what, " }");
        for (size_t i = w->next; i <= second; i++) {
            w->hidden += i < second && x->events[i].kind != TRACE_TIME;
            pass(w, i);
        }
        row->last = second;
        w->next = second + 1;
    }
    return true;
}

unsigned explain_row_of(const struct explain *x, size_t event)
{
    struct explain_walk walk;
    struct explain_row row;
    explain_walk_begin(&walk, x);
    while (explain_walk_next(&walk, &row)) {
        if (event <= row.last)
            return event >= row.first ? row.number : 0;
    }
    return 0;
}

uint32_t explain_columns(const struct explain *x)
{
    uint32_t columns = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct trace_event *e = &x->events[i];
        if (!about_the_run(e) && e->kind != TRACE_TIME &&
            e->thread < SCHED_THREADS_MAX)
            columns |= UINT32_C(1) << e->thread;
    }
    for (unsigned t = 0; t < x->thread_count && t < SCHED_THREADS_MAX; t++)
        columns |= UINT32_C(1) << t;
    return columns;
}
