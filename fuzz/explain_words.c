/*
 * One event in words.
 */
#include <stdarg.h>
#include <string.h>

#include "../loop/check.h"
#include "../loop/loop.h"
#include "../loop/os.h"
#include "explain_parts.h"
#include "subject/subject.h"

void phrase_clear(struct phrase *p)
{
    p->size = 0;
    p->text[0] = 0;
}

void phrase_add(struct phrase *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof p->text - p->size;
    int added = vsnprintf(p->text + p->size, room, format, arguments);
    va_end(arguments);
    LOOP_ASSERT(added >= 0);
    p->size += (size_t)added < room ? (size_t)added : room - 1;
}

void explain_time(uint64_t time, struct phrase *out)
{
    static const struct { uint64_t scale; const char *unit; } units[] = {
        { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" },
    };
    uint64_t since = time > SIM_EPOCH ? time - SIM_EPOCH : 0;
    for (size_t i = 0; i < 3; i++) {
        uint64_t scale = units[i].scale;
        if (since < scale)
            continue;
        phrase_add(out, "%llu", (unsigned long long)(since / scale));
        unsigned tenths = (unsigned)(since % scale / (scale / 1000));
        if (tenths != 0)
            phrase_add(out, ".%03u", tenths);
        while (out->text[out->size - 1] == '0' && tenths != 0)
            out->text[--out->size] = 0;
        phrase_add(out, "%s", units[i].unit);
        return;
    }
    phrase_add(out, since == 0 ? "0" : "%uns", (unsigned)since);
}

void explain_thread_name(const struct explain *x, unsigned thread,
                         struct phrase *out)
{
    if (thread < x->thread_count && x->threads[thread].name != NULL)
        phrase_add(out, "%s", x->threads[thread].name);
    else if (thread == SCHED_DEVICE)
        phrase_add(out, "device");
    else
        phrase_add(out, "thread %u", thread);
}

/* As the scenario language has them. */
static const char *result_word(int result)
{
    switch (result) {
    case LOOP_EBUSY:     return "busy";
    case LOOP_ECLOSED:   return "closed";
    case LOOP_ENOMEM:    return "no-memory";
    case LOOP_EABORTED:  return "aborted";
    case LOOP_ENOTFOUND: return "not-found";
    case LOOP_EINVAL:    return "not-possible";
    case LOOP_EBROKEN:   return "broken";
    case LOOP_EREFUSED:  return "refused";
    case LOOP_EFAILED:   return "failed";
    case LOOP_EDEADLINE: return "deadline";
    default:             return "ok";
    }
}

static const char *op_word(int kind)
{
    switch (kind) {
    case PORT_READ:    return "read";
    case PORT_WRITE:   return "write";
    case PORT_ACCEPT:  return "accept";
    case PORT_CONNECT: return "connect";
    case PORT_WAIT:    return "wait";
    default:           return "op";
    }
}

static const char *callback_word(unsigned kind)
{
    static const char *const words[SUBJECT_KINDS] = {
        [SUBJECT_POST]          = "post",
        [SUBJECT_TIMER]         = "timer",
        [SUBJECT_OP]            = "op",
        [SUBJECT_JOB_WORK]      = "job-work",
        [SUBJECT_JOB]           = "job",
        [SUBJECT_TASK_STEP]     = "task-step",
        [SUBJECT_TASK_END]      = "task-end",
        [SUBJECT_HANDLE_CLOSED] = "handle-closed",
        [SUBJECT_CONSOLE]       = "console",
        [SUBJECT_HOOK]          = "hook",
    };
    return kind < SUBJECT_KINDS ? words[kind] : "callback";
}

static void add_micros(struct phrase *p, uint32_t micros)
{
    if (micros % 1000000 == 0 && micros != 0)
        phrase_add(p, "%us", micros / 1000000);
    else if (micros % 1000 == 0 && micros != 0)
        phrase_add(p, "%ums", micros / 1000);
    else
        phrase_add(p, "%uus", micros);
}

static uint32_t field_of(const struct statement *st, char field)
{
    switch (field) {
    case 'a': return st->a;
    case 'b': return st->b;
    case 'c': return st->c;
    default:  return st->value;
    }
}

static void add_argument(struct phrase *p, const struct scenario *s,
                         const struct argument *a, uint32_t value)
{
    if (a->optional && value == (a->field == 'v' ? 0 : SCENARIO_ANY))
        return;
    phrase_add(p, " ");
    if (a->key != NULL)
        phrase_add(p, "%s=", a->key);
    switch (a->type) {
    case ARG_REF:
    case ARG_NEW:
        phrase_add(p, "%s", scenario_object_name(s, a->kind, value));
        break;
    case ARG_WORD:
        phrase_add(p, "%s", a->words[value]);
        break;
    case ARG_TIME:
        add_micros(p, value);
        break;
    case ARG_SIZE:
        phrase_add(p, "%uB", value);
        break;
    default:
        phrase_add(p, "%u", value);
        break;
    }
}

const struct statement *explain_statement(const struct explain *x,
                                          unsigned index)
{
    if (x->scenario == NULL || index >= x->scenario->count)
        return NULL;
    return &x->scenario->statement[index];
}

static void add_word(struct phrase *p, const struct explain *x,
                     unsigned index)
{
    const struct statement *st = explain_statement(x, index);
    if (st == NULL)
        phrase_add(p, "statement %u", index);
    else
        phrase_add(p, "%s", scenario_table[st->op].word);
}

/* The statement as it stands in the scenario, without what it expects. */
static void add_statement(struct phrase *p, const struct explain *x,
                          unsigned index)
{
    const struct statement *st = explain_statement(x, index);
    add_word(p, x, index);
    for (size_t i = 0; st != NULL && i < 4; i++) {
        const struct statement_form *form = &scenario_table[st->op];
        const struct argument *a = &form->argument[i];
        bool expectation = a->key != NULL && strcmp(a->key, "returns") == 0;
        if (a->type != ARG_NONE && !expectation)
            add_argument(p, x->scenario, a, field_of(st, a->field));
    }
}

void explain_result(const struct explain *x, const struct trace_event *e,
                    struct phrase *p)
{
    static const char *const ends[] = { "stopped", "idle", "passed" };
    const struct statement *st = explain_statement(x, e->object);
    bool ran = st != NULL && st->op == ST_RUN;
    if (ran && e->value >= LOOP_STOPPED && e->value <= LOOP_PASSED)
        phrase_add(p, " -> %s", ends[e->value]);
    else if (e->value > 0)
        phrase_add(p, " -> %d", e->value);
    else
        phrase_add(p, " -> %s", result_word(e->value));
}

static void add_object(struct phrase *p, const struct explain *x,
                       const struct trace_event *e, const char *kind)
{
    const char *name = x->label != NULL ? x->label(e) : NULL;
    unsigned number =
        e->kind == TRACE_CALLBACK || e->kind == TRACE_CALLBACK_END
            ? e->object & 0xfff : e->object;
    if (name != NULL)
        phrase_add(p, "%s %s", kind, name);
    else
        phrase_add(p, "%s %u", kind, number);
}

static void add_failure(struct phrase *p, int result)
{
    if (result < 0)
        phrase_add(p, ": %s", result_word(result));
}

static void add_thread(struct phrase *p, const struct explain *x,
                       const struct trace_event *e, const char *verb)
{
    phrase_add(p, "%s", verb);
    if (e->object != e->thread) {
        phrase_add(p, " ");
        explain_thread_name(x, e->object, p);
    }
}

static void tell_threads(struct phrase *p, const struct explain *x,
                         const struct trace_event *e)
{
    switch (e->kind) {
    case TRACE_THREAD_START:
        add_thread(p, x, e, "starts");
        break;
    case TRACE_THREAD_END:
        phrase_add(p, "ends");
        break;
    case TRACE_THREAD_JOIN:
        add_thread(p, x, e, "joins");
        break;
    case TRACE_LOCK:
        add_object(p, x, e, "locks mutex");
        phrase_add(p, "%s", e->value ? ", after a wait" : "");
        break;
    case TRACE_UNLOCK:
        add_object(p, x, e, "unlocks mutex");
        break;
    case TRACE_COND_WAIT:
        add_object(p, x, e, "waits on condition");
        break;
    case TRACE_COND_WOKEN:
        add_object(p, x, e, e->value ? "woken, condition"
                                     : "time over, condition");
        break;
    case TRACE_COND_SIGNAL:
        add_object(p, x, e, "signals condition");
        if (e->value == 0)
            phrase_add(p, ": nobody there");
        break;
    default:
        phrase_add(p, "console %s", e->value == OS_CONSOLE_TERMINATE
                                        ? "terminate" : "interrupt");
        break;
    }
}

static void tell_packets(struct phrase *p, const struct explain *x,
                         const struct trace_event *e)
{
    switch (e->kind) {
    case TRACE_POST:
        add_object(p, x, e, "posts to port");
        add_failure(p, e->value);
        break;
    case TRACE_DEQUEUE_WAIT:
        add_object(p, x, e, "waits at port");
        break;
    case TRACE_DEQUEUE:
        add_object(p, x, e, "port");
        if (e->value == 0)
            phrase_add(p, ": time over");
        else
            phrase_add(p, ": %d packet%s", e->value,
                       e->value == 1 ? "" : "s");
        break;
    case TRACE_PORT_OPEN:
        add_object(p, x, e, "opens port");
        break;
    default:
        add_object(p, x, e, "closes port");
        if (e->value > 0)
            phrase_add(p, ", %d packets dropped", e->value);
        break;
    }
}

static void tell_ops(struct phrase *p, const struct explain *x,
                     const struct trace_event *e)
{
    switch (e->kind) {
    case TRACE_START:
        phrase_add(p, "starts %s", e->value > 0 ? op_word(e->value) : "");
        add_object(p, x, e, e->value > 0 ? ", op" : "op");
        add_failure(p, e->value);
        break;
    case TRACE_COMPLETE:
        add_object(p, x, e, "completes op");
        add_failure(p, e->value);
        break;
    case TRACE_CANCEL:
        add_object(p, x, e, "cancels op");
        add_failure(p, e->value);
        break;
    case TRACE_ASSOCIATE:
        add_object(p, x, e, "associates handle");
        break;
    case TRACE_HANDLE_OPEN:
        add_object(p, x, e, "opens handle");
        break;
    case TRACE_HANDLE_CLOSE:
        add_object(p, x, e, "closes handle");
        break;
    default:
        add_object(p, x, e, "peer of handle");
        break;
    }
}

static void tell_subject(struct phrase *p, const struct explain *x,
                         const struct trace_event *e)
{
    switch (e->kind) {
    case TRACE_CALL:
        add_statement(p, x, e->object);
        break;
    case TRACE_RETURN:
        add_word(p, x, e->object);
        explain_result(x, e, p);
        break;
    case TRACE_CALLBACK:
        phrase_add(p, "{ ");
        add_object(p, x, e, callback_word(e->object >> 12));
        add_failure(p, e->value);
        break;
    case TRACE_CALLBACK_END:
        add_object(p, x, e, callback_word(e->object >> 12));
        phrase_add(p, " }");
        break;
    case TRACE_PHASE:
        phrase_add(p, "phase %d", e->value);
        break;
    default:
        phrase_add(p, "%s", verdict_name((enum verdict)e->value));
        break;
    }
}

void explain_event(const struct explain *x, const struct trace_event *e,
                   struct phrase *p)
{
    switch ((enum trace_kind)e->kind) {
    case TRACE_THREAD_START:
    case TRACE_THREAD_END:
    case TRACE_THREAD_JOIN:
    case TRACE_LOCK:
    case TRACE_UNLOCK:
    case TRACE_COND_WAIT:
    case TRACE_COND_WOKEN:
    case TRACE_COND_SIGNAL:
    case TRACE_CONSOLE:
        tell_threads(p, x, e);
        break;
    case TRACE_PORT_OPEN:
    case TRACE_PORT_CLOSE:
    case TRACE_POST:
    case TRACE_DEQUEUE_WAIT:
    case TRACE_DEQUEUE:
        tell_packets(p, x, e);
        break;
    case TRACE_ASSOCIATE:
    case TRACE_START:
    case TRACE_COMPLETE:
    case TRACE_CANCEL:
    case TRACE_HANDLE_OPEN:
    case TRACE_HANDLE_CLOSE:
    case TRACE_PEER:
        tell_ops(p, x, e);
        break;
    case TRACE_CALL:
    case TRACE_RETURN:
    case TRACE_CALLBACK:
    case TRACE_CALLBACK_END:
    case TRACE_PHASE:
    case TRACE_VERDICT:
        tell_subject(p, x, e);
        break;
    case TRACE_TIME:
    case TRACE_ATOMIC:
    case TRACE_KINDS:
        /* Never in a row: time has its own column, atomics are too many. */
        break;
    }
}
