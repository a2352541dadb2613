#include "ground.h"
#include "trace_log.h"

struct trace_log trace;

static const char *const names[TRACE_KINDS] = {
    [TRACE_THREAD_START] = "thread-start",
    [TRACE_THREAD_END] = "thread-end",
    [TRACE_THREAD_JOIN] = "thread-join",
    [TRACE_LOCK] = "lock",
    [TRACE_UNLOCK] = "unlock",
    [TRACE_COND_WAIT] = "cond-wait",
    [TRACE_COND_WOKEN] = "cond-woken",
    [TRACE_COND_SIGNAL] = "cond-signal",
    [TRACE_CONSOLE] = "console",
    [TRACE_PORT_OPEN] = "port-open",
    [TRACE_PORT_CLOSE] = "port-close",
    [TRACE_ASSOCIATE] = "associate",
    [TRACE_START] = "start",
    [TRACE_COMPLETE] = "complete",
    [TRACE_CANCEL] = "cancel",
    [TRACE_POST] = "post",
    [TRACE_DEQUEUE_WAIT] = "dequeue-wait",
    [TRACE_DEQUEUE] = "dequeue",
    [TRACE_HANDLE_OPEN] = "handle-open",
    [TRACE_HANDLE_CLOSE] = "handle-close",
    [TRACE_PEER] = "peer",
    [TRACE_TIME] = "time",
    [TRACE_ATOMIC] = "atomic",
    [TRACE_CALL] = "call",
    [TRACE_RETURN] = "return",
    [TRACE_CALLBACK] = "callback",
    [TRACE_CALLBACK_END] = "callback-end",
    [TRACE_PHASE] = "phase",
    [TRACE_VERDICT] = "verdict",
};

void trace_reset(void)
{
    trace.hash = 0;
    trace.count = 0;
}

uint64_t trace_hash(void)
{
    return trace.hash;
}

const struct trace_event *trace_events(size_t *count, uint64_t *dropped)
{
    uint64_t lost = trace.count > TRACE_KEPT ? trace.count - TRACE_KEPT : 0;
    *count = (size_t)(trace.count - lost);
    if (dropped != NULL)
        *dropped = lost;
    if (lost == 0)
        return trace.event;
    for (size_t i = 0; i < TRACE_KEPT; i++)
        trace.sorted[i] = trace.event[(lost + i) & (TRACE_KEPT - 1)];
    return trace.sorted;
}

void trace_print(FILE *out, const struct trace_event *event)
{
    fprintf(out, "%llu.%09llu ",
            (unsigned long long)(event->time / 1000000000u),
            (unsigned long long)(event->time % 1000000000u));
    if (event->thread == GROUND_OUTSIDE)
        fprintf(out, "%6s", "device");
    else
        fprintf(out, "%6u", event->thread);
    fprintf(out, " %-12s %5u %d", trace_kind_name(event->kind),
            event->object, event->value);
}

const char *trace_kind_name(enum trace_kind kind)
{
    return (unsigned)kind < TRACE_KINDS ? names[kind] : "unknown";
}
