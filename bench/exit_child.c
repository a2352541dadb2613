/*
 * exit_child.c - a process that runs a loop, has work pending, shuts down by
 * one strategy, and ends.
 *
 * usage: lastcall-bench-exit STRATEGY WORK COUNT [--report]
 *
 *   STRATEGY   stop graceful hooks deadline abandon; none: there is no loop,
 *              and the process ends when it is asked to
 *   WORK       none; timers an hour away; tasks that wait for an hour; posts
 *              accepted just before the shutdown
 *   --report   print "untold N": how many were never told how they ended
 *
 * At the moment of the request it prints "asked N", the time on os_now().
 *
 * The loop runs on a thread of its own and the main thread shuts it down, as
 * a service does. After abandon that thread is not joined: to let go is what
 * the strategy is for.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "../loop/os.h"
#include "../loop/shutdown.h"
#include "../loop/task.h"
#include "../loop/timer.h"
#include "asked.h"
#include "gate.h"

#define HOUR UINT64_C(3600000000000)

enum work { WORK_NONE, WORK_TIMERS, WORK_TASKS, WORK_POSTS };

static const char *const strategies[] = { "stop", "graceful", "hooks",
                                          "deadline", "abandon", NULL };
static const char *const works[] = { "none", "timers", "tasks", "posts",
                                     NULL };

static struct loop *loop;
static struct gate  inside;
static atomic_ulong told;

static void run_loop(void *unused)
{
    (void)unused;
    loop_run(loop, LOOP_FOREVER);
}

static void say_inside(struct post *p, int status)
{
    (void)p;
    (void)status;
    gate_add(&inside);
}

/* Returns when the loop has come to a post that was made after all else. */
static void wait_until_inside(unsigned times)
{
    static struct post marker;
    marker = (struct post){ .run = say_inside };
    int failed = loop_post(loop, &marker);
    LOOP_ASSERT(!failed);
    gate_wait(&inside, times);
}

/* Work. */

static void tell_timer(struct timer *t, int status)
{
    (void)t;
    (void)status;
    atomic_fetch_add(&told, 1);
}

static void tell_post(struct post *p, int status)
{
    (void)p;
    (void)status;
    atomic_fetch_add(&told, 1);
}

static void tell_task(struct task *t)
{
    (void)t;
    atomic_fetch_add(&told, 1);
}

static enum task_next wait_an_hour(struct task *t, struct task_wake wake)
{
    if (wake.cancelled)
        return TASK_ENDS;
    task_await_timer(t, os_now() + HOUR);
    return TASK_WAITS;
}

/* Never freed: after an abandon the loop may still know it. */
static void *items;

static void *room_for(unsigned count, size_t size)
{
    items = calloc(count, size);
    LOOP_ASSERT(items);
    return items;
}

static void start_timers(unsigned count)
{
    struct timer *timers = room_for(count, sizeof *timers);
    for (unsigned i = 0; i < count; i++) {
        timers[i].fire = tell_timer;
        int failed = timer_start(loop, &timers[i], os_now() + HOUR + i);
        LOOP_ASSERT(!failed);
    }
}

static void start_tasks(unsigned count)
{
    struct task *tasks = room_for(count, sizeof *tasks);
    for (unsigned i = 0; i < count; i++) {
        tasks[i].step = wait_an_hour;
        tasks[i].ended = tell_task;
        int failed = task_spawn(loop, &tasks[i]);
        LOOP_ASSERT(!failed);
    }
    wait_until_inside(2);
}

static void start_posts(unsigned count)
{
    struct post *posts = room_for(count, sizeof *posts);
    for (unsigned i = 0; i < count; i++) {
        posts[i].run = tell_post;
        int failed = loop_post(loop, &posts[i]);
        LOOP_ASSERT(!failed);
    }
}

static void start_work(enum work work, unsigned count)
{
    switch (work) {
    case WORK_NONE:   break;
    case WORK_TIMERS: start_timers(count); break;
    case WORK_TASKS:  start_tasks(count);  break;
    case WORK_POSTS:  start_posts(count);  break;
    }
}

/* A hook that finishes later, on the loop. */

static struct shutdown_hook hook;
static struct post finish;

static void finish_hook(struct post *p, int status)
{
    (void)p;
    (void)status;
    shutdown_hook_done(&hook, 0);
}

static bool begin_hook(struct shutdown_hook *h)
{
    LOOP_ASSERT(h == &hook);
    finish.run = finish_hook;
    int failed = loop_post(loop, &finish);
    LOOP_ASSERT(!failed);
    return false;
}

/* The process. */

static int shut_down(enum shutdown_strategy strategy)
{
    struct shutdown_options options = { .strategy = strategy };
    struct shutdown_report report;
    asked_print();
    int result = loop_shutdown(loop, &options, &report);
    enum shutdown_outcome wanted = strategy == SHUTDOWN_ABANDON
                                       ? SHUTDOWN_ABANDONED
                                       : SHUTDOWN_DRAINED;
    return result == LOOP_ECLOSED || report.outcome != wanted;
}

static int live(enum shutdown_strategy strategy, enum work work,
                unsigned count)
{
    struct os_thread thread = { { 0 } };
    gate_open(&inside);
    int failed = loop_create(&loop, NULL);
    LOOP_ASSERT(!failed);
    failed = os_thread_start(&thread, "loop", run_loop, NULL);
    LOOP_ASSERT(!failed);
    wait_until_inside(1);
    if (strategy == SHUTDOWN_HOOKS) {
        hook.begin = begin_hook;
        failed = shutdown_hook_add(loop, &hook);
        LOOP_ASSERT(!failed);
    }
    start_work(work, count);
    int status = shut_down(strategy);
    if (strategy != SHUTDOWN_ABANDON)
        os_thread_join(&thread);
    return status;
}

static int index_of(const char *word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "none") == 0) {
        asked_print();
        return 0;
    }
    int strategy = argc > 3 ? index_of(argv[1], strategies) : -1;
    int work = argc > 3 ? index_of(argv[2], works) : -1;
    if (strategy < 0 || work < 0) {
        fprintf(stderr, "usage: lastcall-bench-exit STRATEGY WORK COUNT "
                "[--report]\n");
        return 2;
    }
    unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
    if (work == WORK_NONE || count == 0)
        work = count = 0;
    int status = live((enum shutdown_strategy)strategy, (enum work)work,
                      count);
    if (argc > 4 && strcmp(argv[4], "--report") == 0)
        printf("untold %lu\n", count - atomic_load(&told));
    return status;
}
