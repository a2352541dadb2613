/*
 * child.c - the process that runs, and tells its parent line by line:
 *
 *   at N          run N begins
 *   event ...     before a finding: what happened last, oldest first
 *   left N        run N ended well, but this process cannot go on
 *   budget N      run N was too long, and nothing was found
 *   done N E      so far, up to run N, E events
 *   end N E       all that was asked for was done
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "../trace.h"
#include "../witness.h"
#include "../world.h"
#include "plan.h"
#include "noise.h"
#include "run.h"
#include "source.h"
#include "system.h"
#include "threads.h"

#define EVENTS_TOLD 120
#define TELL_NS 250000000u
#define PENDING_MAX 32
#define SECOND 1000000000u

static struct scenario scenario;

static void tell(const char *format, ...)
{
    char line[256];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    witness_line(line);
}

static void tell_events(void)
{
    size_t count;
    const struct trace_event *e = trace_events(&count, NULL);
    size_t i = count > EVENTS_TOLD ? count - EVENTS_TOLD : 0;
    for (; i < count; i++)
        tell("event %llu.%09llu %2u %-12s %5u %d",
             (unsigned long long)(e[i].time / SECOND),
             (unsigned long long)(e[i].time % SECOND), e[i].thread,
             trace_kind_name((enum trace_kind)e[i].kind), e[i].object,
             e[i].value);
}

static void on_finding(enum verdict v, const char *where)
{
    tell("noise %s", noise_name());
    tell_events();
    witness_finding(v, where);
    if (!witness_watched())
        fprintf(stderr, "%s: %s\n", verdict_name(v), where);
    system_end(1);
}

/* When the parent asks: what the threads do first, since asking a loop for
 * its list takes its lock, which may be what somebody holds for ever. */
static const char *state_word(enum ground_state state)
{
    static const char *const word[] = {
        [GROUND_READY] = "runs", [GROUND_BLOCKED_LOCK] = "waits for a lock",
        [GROUND_BLOCKED_COND] = "waits for a condition",
        [GROUND_BLOCKED_JOIN] = "waits for a thread to end",
        [GROUND_BLOCKED_DEQUEUE] = "waits for a packet",
        [GROUND_BLOCKED_PAUSE] = "pauses", [GROUND_ENDED] = "has ended",
    };
    return word[state];
}

static void dump_threads(void)
{
    struct ground_thread_info info;
    for (unsigned i = 0; i < ground_thread_count(); i++) {
        ground_thread_info(i, &info);
        witness_print("thread %u %s: %s%s\n", i, info.name,
                      state_word(info.state),
                      info.timed ? ", with a time limit" : "");
    }
}

static void dump_pending(unsigned loop)
{
    static const char *const kind[] = {
        [LOOP_POST] = "post", [LOOP_TIMER] = "timer", [LOOP_OP] = "op",
        [LOOP_JOB] = "job", [LOOP_TASK] = "task", [LOOP_HANDLE] = "handle",
        [LOOP_CONSOLE] = "console watch",
    };
    struct loop_pending left[PENDING_MAX];
    ground_enter();
    bool usable = world_usable(loop);
    size_t count = usable ? world.subject->pending(loop, left, PENDING_MAX)
                          : 0;
    ground_leave();
    if (!usable)
        return;
    witness_print("loop %u: %zu pending\n", loop, count);
    for (size_t i = 0; i < count && i < PENDING_MAX; i++)
        witness_print("  %s %s\n", kind[left[i].kind],
                      left[i].name ? left[i].name : "-");
}

static void dump(void *arg)
{
    (void)arg;
    dump_threads();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        dump_pending(loop);
}

/* A thread that was joined may still be on its way out of the system's own
 * list. */
static void check_threads(unsigned before)
{
    uint64_t end = system_now() + SECOND;
    while (system_threads() > before && system_now() < end)
        system_yield();
    if (system_knows_sleepers() && system_threads() > before)
        ground_finding(VERDICT_LINGERING_PROCESS,
                       "process has more threads");
}

static bool is_over(const struct plan *plan, uint64_t number, uint64_t began)
{
    return (plan->runs > 0 && number >= plan->from + plan->runs) ||
           (plan->seconds > 0 && (double)(system_now() - began) >=
                                    plan->seconds * SECOND);
}

int child_main(const struct plan *plan)
{
    witness_open(dump, NULL);
    run_open(on_finding);
    uint64_t began = system_now(), told = began, events = 0;
    unsigned before = system_threads();
    uint64_t number = plan->from;
    for (; !is_over(plan, number, began); number++) {
        struct run_limits limits = { .seed = source_noise(plan->seed, number),
            .suspicion_ms = plan->suspicion_ms,
            .expectations = plan->expectations };
        struct run_summary run;
        plan_scenario(plan, number, &scenario);
        tell("at %" PRIu64, number);
        run_scenario(&subject_lastcall, &scenario, &limits, &run);
        events += run.events;
        if (run.end != RUN_DONE) {
            tell("%s %" PRIu64 " %" PRIu64,
                 run.end == RUN_LEFT ? "left" : "budget", number, events);
            system_end(0);
        }
        if (system_now() - told > TELL_NS) {
            told = system_now();
            tell("done %" PRIu64 " %" PRIu64, number, events);
        }
    }
    check_threads(before);
    tell("end %" PRIu64 " %" PRIu64, number, events);
    witness_main_returned();
    return 0;
}
