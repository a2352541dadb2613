/*
 * end_lastcall.c - our own loop, ended by loop_shutdown.
 *
 * Its memory is freed where the strategy has closed it, and its thread is
 * joined where the strategy has waited for it. After a stop it could run
 * again, and after abandon somebody may still be inside: nothing more is done
 * with it then, and the process ends.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/list.h"
#include "../../loop/op.h"
#include "../../loop/os.h"
#include "../../loop/shutdown.h"
#include "../../loop/task.h"
#include "../../loop/timer.h"
#include "../../loop/worker.h"
#include "../engine.h"
#include "descriptor.h"
#include "end.h"

#define HOUR UINT64_C(3600000000000)

/* A task and the time that it waits for; a device and what is asked of it. */
struct sleeper {
    struct task task;
    uint64_t    due;
};

struct device {
    struct handle handle;
    struct op     op;
    char          buffer[8];
};

static const enum shutdown_strategy strategies[END_STRATEGIES] = {
    [END_STOP] = SHUTDOWN_STOP, [END_GRACEFUL] = SHUTDOWN_GRACEFUL,
    [END_HOOKS] = SHUTDOWN_HOOKS, [END_DEADLINE] = SHUTDOWN_DEADLINE,
    [END_ABANDON] = SHUTDOWN_ABANDON,
};

static struct loop *loop;
static char         engine[ENGINE_NAME_MAX] = "-";
static void        *room;

const char *end_engine(void)
{
    return engine;
}

bool end_has(enum end_strategy strategy, enum end_work work)
{
    return strategy < END_STRATEGIES && work < END_WORKS;
}

void end_room_open(enum end_work work, unsigned count)
{
    static const size_t sizes[END_WORKS] = {
        [END_POSTS] = sizeof(struct post),
        [END_TIMERS] = sizeof(struct timer),
        [END_TASKS] = sizeof(struct sleeper),
        [END_JOBS] = sizeof(struct job),
        [END_READS] = sizeof(struct device),
        [END_WRITE] = sizeof(struct device),
    };
    room = calloc(count, sizes[work]);
    LOOP_ASSERT(room);
}

void end_room_close(void)
{
    free(room);
    room = NULL;
}

/* Work. */

static void note(int status)
{
    if (status == LOOP_OK)
        end_ran();
    else
        end_told();
}

static void run_post(struct post *p, int status)
{
    (void)p;
    note(status);
}

static void hold(struct post *p, int status)
{
    (void)p;
    (void)status;
    end_hold();
}

static void start_posts(unsigned count)
{
    static struct post holder;
    struct post *posts = room;
    holder = (struct post){ .run = hold };
    int failed = loop_post(loop, &holder);
    LOOP_ASSERT(!failed);
    end_wait_inside(2);
    for (unsigned i = 0; i < count; i++) {
        posts[i] = (struct post){ .run = run_post };
        failed = loop_post(loop, &posts[i]);
        LOOP_ASSERT(!failed);
    }
}

static void fire(struct timer *t, int status)
{
    (void)t;
    note(status);
}

static void start_timers(unsigned count)
{
    struct timer *timers = room;
    for (unsigned i = 0; i < count; i++) {
        timers[i].fire = fire;
        int failed = timer_start(loop, &timers[i], os_now() + HOUR + i);
        LOOP_ASSERT(!failed);
    }
}

static enum task_next sleep_on(struct task *t, struct task_wake wake)
{
    if (wake.cancelled)
        return TASK_ENDS;
    task_await_timer(t, LIST_OF(t, struct sleeper, task)->due);
    return TASK_WAITS;
}

static void end_task(struct task *t)
{
    (void)t;
    end_told();
}

static void say_inside(struct post *p, int status)
{
    (void)p;
    (void)status;
    end_inside();
}

/* A post that comes after the tasks is run when each has come to its wait. */
static void start_tasks(unsigned count)
{
    static struct post marker;
    struct sleeper *sleepers = room;
    for (unsigned i = 0; i < count; i++) {
        struct sleeper *s = &sleepers[i];
        s->task.step = sleep_on;
        s->task.ended = end_task;
        s->due = os_now() + HOUR + i;
        int failed = task_spawn(loop, &s->task);
        LOOP_ASSERT(!failed);
    }
    marker = (struct post){ .run = say_inside };
    int failed = loop_post(loop, &marker);
    LOOP_ASSERT(!failed);
    end_wait_inside(2);
}

static int work_job(struct job *j)
{
    (void)j;
    end_work_job();
    return LOOP_OK;
}

static void end_job(struct job *j, int status)
{
    (void)j;
    note(status);
}

static void start_jobs(unsigned count)
{
    struct job *jobs = room;
    for (unsigned i = 0; i < count; i++) {
        jobs[i].work = work_job;
        jobs[i].done = end_job;
        int failed = job_submit(loop, &jobs[i]);
        LOOP_ASSERT(!failed);
    }
    end_wait_inside(1 + (count < END_WORKERS ? count : END_WORKERS));
}

static struct shutdown_hook hook;
static atomic_bool          flushing;

static void end_op(struct op *op)
{
    note(op->status);
    if (flushing)
        shutdown_hook_done(&hook, 0);
    flushing = false;
}

static void start_op(struct device *d, port_handle device,
                     const struct port_request *request)
{
    d->op.done = end_op;
    int failed = handle_open(loop, &d->handle, device, NULL);
    LOOP_ASSERT(!failed);
    failed = op_submit(&d->handle, &d->op, request);
    LOOP_ASSERT(!failed);
}

static void start_reads(unsigned count)
{
    struct device *devices = room;
    for (unsigned i = 0; i < count; i++) {
        struct port_request request = {
            .kind = PORT_READ, .buffer = devices[i].buffer,
            .size = sizeof devices[i].buffer };
        start_op(&devices[i], (port_handle)descriptor_open(PEER_READS),
                 &request);
    }
}

static void start_write(unsigned count)
{
    struct port_request request = { .kind = PORT_WRITE,
                                    .buffer = end_text(count),
                                    .size = count * END_KIB };
    start_op(room, (port_handle)end_stream(), &request);
}

static void start_work(enum end_work work, unsigned count)
{
    switch (work) {
    case END_POSTS:  start_posts(count);  break;
    case END_TIMERS: start_timers(count); break;
    case END_TASKS:  start_tasks(count);  break;
    case END_JOBS:   start_jobs(count);   break;
    case END_READS:  start_reads(count);  break;
    case END_WRITE:  start_write(count);  break;
    case END_WORKS:  break;
    }
}

/* The hook: where something is to be written it waits until it is, else for
 * one turn of the loop. */

static struct post finish;

static void finish_hook(struct post *p, int status)
{
    (void)p;
    (void)status;
    shutdown_hook_done(&hook, 0);
}

static bool begin_hook(struct shutdown_hook *h)
{
    (void)h;
    if (flushing)
        return false;
    finish = (struct post){ .run = finish_hook };
    int failed = loop_post(loop, &finish);
    LOOP_ASSERT(!failed);
    return false;
}

static void add_hook(void)
{
    hook = (struct shutdown_hook){ .begin = begin_hook };
    int failed = shutdown_hook_add(loop, &hook);
    LOOP_ASSERT(!failed);
}

/* The loop. */

static void run_loop(void *unused)
{
    (void)unused;
    loop_run(loop, LOOP_FOREVER);
}

void end_begin(enum end_strategy strategy, enum end_work work,
               unsigned count)
{
    static struct post first;
    struct loop_options options = { .workers_max = END_WORKERS };
    int failed = loop_create(&loop, &options);
    LOOP_ASSERT(!failed);
    snprintf(engine, sizeof engine, "%s", engine_name(loop));
    flushing = strategy == END_HOOKS && work == END_WRITE;
    if (strategy == END_HOOKS)
        add_hook();
    end_thread_start(run_loop);
    first = (struct post){ .run = say_inside };
    failed = loop_post(loop, &first);
    LOOP_ASSERT(!failed);
    end_wait_inside(1);
    start_work(work, count);
}

void end_by(enum end_strategy strategy)
{
    struct shutdown_report report;
    struct shutdown_options options = {
        .strategy = strategies[strategy],
        .within = strategy == END_DEADLINE ? END_WITHIN : 0,
    };
    int result = loop_shutdown(loop, &options, &report);
    LOOP_ASSERT(result == LOOP_OK || result == LOOP_EDEADLINE);
    if (strategy == END_ABANDON)
        return;
    end_thread_join();
    if (strategy != END_STOP && report.outcome != SHUTDOWN_GAVE_UP)
        loop_destroy(loop);
}
