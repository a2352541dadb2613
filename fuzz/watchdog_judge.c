#include <inttypes.h>
#include <stdio.h>

#include "watchdog_parts.h"

static enum verdict verdict_of(const struct watch *w, enum watchdog_end end)
{
    uint64_t recent = w->options.stall_ms / 2 * (uint64_t)MS_NS;
    switch (end) {
    case WATCHDOG_EXITED:
        return w->report->code == 0 ? VERDICT_CLEAN : VERDICT_HARNESS_FAULT;
    case WATCHDOG_CRASHED:
        return VERDICT_ABORT;
    case WATCHDOG_HUNG:
        return pace_runs(&w->stall) ? VERDICT_LIVELOCK : VERDICT_DEADLOCK;
    case WATCHDOG_OUT_OF_TIME:
        return w->stall.fair_ns < recent || pace_runs(&w->stall)
                   ? VERDICT_LIVELOCK : VERDICT_DEADLOCK;
    case WATCHDOG_LINGERED:
        return VERDICT_LINGERING_PROCESS;
    case WATCHDOG_INTERRUPTED:
        break;
    }
    return VERDICT_CLEAN;
}

static void describe(const struct watch *w, enum watchdog_end end)
{
    char *what = w->report->what;
    uint32_t code = w->report->code;
    double stalled = (double)w->stall.wall_ns / 1e9;
    switch (end) {
    case WATCHDOG_EXITED:
        snprintf(what, WATCHDOG_WHAT, "exit status %" PRIu32, code);
        break;
    case WATCHDOG_CRASHED:
        snprintf(what, WATCHDOG_WHAT, "%s", child_crash_name(code));
        break;
    case WATCHDOG_HUNG:
        snprintf(what, WATCHDOG_WHAT, w->opened
                 ? "no progress for %.1f s" : "no witness for %.1f s",
                 stalled);
        break;
    case WATCHDOG_OUT_OF_TIME:
        snprintf(what, WATCHDOG_WHAT, "not ended after %.1f s, the last "
                 "progress %.1f s ago", w->options.total_ms / 1e3, stalled);
        break;
    case WATCHDOG_LINGERED:
        snprintf(what, WATCHDOG_WHAT, "still there %.1f s after its main",
                 (double)w->linger.wall_ns / 1e9);
        break;
    case WATCHDOG_INTERRUPTED:
        snprintf(what, WATCHDOG_WHAT, "interrupted");
        break;
    }
}

/* How a child has ended by itself; abort shows in the page where the system
 * has no signal for it. */
static enum watchdog_end natural_end(struct watch *w,
                                     const struct child_end *end)
{
    w->report->code = end->code;
    bool aborted = end->code != 0 && atomic_load(&child_page(w->child)->
                                                 aborted);
    if (!end->crashed && !aborted)
        return WATCHDOG_EXITED;
    if (!w->told)
        snprintf(w->report->where, WATCHDOG_WHERE, "%s",
                 child_crash_name(end->code));
    return WATCHDOG_CRASHED;
}

void watch_judge(struct watch *w, enum watchdog_end end)
{
    struct watchdog_report *r = w->report;
    struct child_end ended;
    child_end(w->child, &ended);
    watch_read_rest(w);
    if (end == WATCHDOG_EXITED)
        end = natural_end(w, &ended);
    r->end = end;
    r->verdict = w->told ? w->finding : verdict_of(w, end);
    r->progress = watch_progress(w);
    r->elapsed_ms = watch_elapsed_ms(w);
    r->starved_ms /= MS_NS;
    r->cpu_ms = ended.cpu_ns / MS_NS;
    r->dump = w->dump.text;
    describe(w, end);
}
