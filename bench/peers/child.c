/*
 * child.c - a process that measures one thing of the peer that it is linked
 * with, says what it was, and ends.
 *
 * usage: lastcall-bench-peer-NAME MEASUREMENT NUMBER MILLISECONDS
 *        lastcall-bench-peer-NAME about
 * usage: lastcall-bench-heap-NAME ...: the same, where the heap is counted
 *
 * MEASUREMENT and NUMBER are those of child.h. Exit status 77: the peer has
 * no such thing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/check.h"
#include "../answer.h"
#include "peer_loop.h"

#define MILLISECOND UINT64_C(1000000)
#define HAS_NONE 77

static const struct {
    const char    *name;
    child_measure *measure;
} measurements[] = {
    { "burst", child_burst },
    { "ping", child_ping },
    { "trip", child_trip },
    { "wake", child_wake },
    { "rate", child_rate },
    { "rate-sent", child_rate_sent },
    { "stop", child_stop },
    { "stop-busy", child_stop_busy },
    { "stop-threads", child_stop_threads },
    { "stop-inside", child_stop_inside },
    { "start", child_start },
    { "restart", child_restart },
    { "timer-arm", child_timer_arm },
    { "timer-cancel", child_timer_cancel },
    { "timer-fire", child_timer_fire },
    { "timer-again", child_timer_again },
    { "socket", child_socket },
    { "pipe", child_pipe },
    { "pump-socket", child_pump_socket },
    { "pump-pipe", child_pump_pipe },
    { "task-spawn", child_task_spawn },
    { "task-await", child_task_await },
    { "task-yield", child_task_yield },
    { "task-gather", child_task_gather },
    { "jobs", child_jobs },
    { "job", child_job },
    { "close-posts", child_close_posts },
    { "close-timers", child_close_timers },
    { "close-tasks", child_close_tasks },
    { "close-reads", child_close_reads },
    { "exit-clean", child_exit_clean },
    { "exit-dirty", child_exit_dirty },
    { "close-accepts", child_close_accepts },
    { "close-reads-of-one", child_close_reads_of_one },
    { "close-accepts-of-one", child_close_accepts_of_one },
    { "memory-loop", child_memory_loop },
    { "memory-posts", child_memory_posts },
    { "memory-timers", child_memory_timers },
    { "memory-tasks", child_memory_tasks },
    { "memory-reads", child_memory_reads },
    { "memory-jobs", child_memory_jobs },
    { "storage", child_storage },
    { "descriptors", child_descriptors },
    { "allocations-posts", child_allocations_posts },
    { "allocations-foreign", child_allocations_foreign },
    { "allocations-timers", child_allocations_timers },
    { "allocations-jobs", child_allocations_jobs },
    { "allocations-yields", child_allocations_yields },
    { "allocations-awaits", child_allocations_awaits },
    { "allocations-ops", child_allocations_ops },
    { "idle", child_idle },
    { "work", child_work },
    { "count", child_count },
    { "nothing", child_nothing },
};

#define MEASUREMENTS (sizeof measurements / sizeof measurements[0])

static child_measure *find(const char *name)
{
    for (size_t i = 0; i < MEASUREMENTS; i++)
        if (!strcmp(name, measurements[i].name))
            return measurements[i].measure;
    return NULL;
}

/* The engine is asked for when a loop was open: what it got of the kernel
 * may be less than what it is made for. */
static int answer(child_measure *measure, unsigned number, uint64_t length)
{
    struct answer answer;
    struct histogram seen;
    bool opened = histogram_open(&seen, ANSWER_HIGHEST);
    LOOP_ASSERT(opened);
    answer_open(&answer, &seen);
    if (measure)
        answer.value = measure(number, length, &seen);
    snprintf(answer.engine, sizeof answer.engine, "%s", peer_loop_engine());
    snprintf(answer.version, sizeof answer.version, "%s",
             peer_loop_version());
    answer_print(&answer, stdout);
    histogram_close(&seen);
    return measure && isnan(answer.value) ? HAS_NONE : 0;
}

static int about(void)
{
    peer_loop_open(1);
    peer_loop_end();
    return answer(NULL, 0, 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "about"))
        return about();
    unsigned long length = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    child_measure *measure = length > 0 ? find(argv[1]) : NULL;
    if (measure)
        return answer(measure, (unsigned)strtoul(argv[2], NULL, 10),
                      length * MILLISECOND);
    fprintf(stderr, "usage: lastcall-bench-peer-NAME MEASUREMENT NUMBER "
            "MILLISECONDS\n       lastcall-bench-peer-NAME about\n");
    return 2;
}
