/*
 * lastcall.c - our own loop, over the port that it is linked with.
 */
#include <stdlib.h>
#include <string.h>

#include "../../loop/check.h"
#include "../../loop/list.h"
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/shutdown.h"
#include "../../loop/task.h"
#include "../../loop/timer.h"
#include "../engine.h"
#include "lastcall_ops.h"
#include "peer_loop.h"
#include "scatter.h"

struct sleeper {
    struct task task;
    uint64_t    due;
};

union items {
    struct post    *post;
    struct timer   *timer;
    struct sleeper *sleeper;
    void           *memory;
};

static struct loop *loop;
static char         engine[ENGINE_NAME_MAX] = "-";
static union items  posts, pending;
static void       (*on_post)(void);

const char *peer_loop_engine(void)
{
    return engine;
}

const char *peer_loop_version(void)
{
    return "-";
}

void peer_loop_open(void)
{
    int failed = loop_create(&loop, NULL);
    LOOP_ASSERT(!failed);
    strncpy(engine, engine_name(loop), sizeof engine - 1);
}

void peer_loop_run(void)
{
    int end = loop_run(loop, LOOP_FOREVER);
    LOOP_ASSERT(end == LOOP_STOPPED);
}

void peer_loop_stop(void)
{
    int failed = loop_stop(loop);
    LOOP_ASSERT(!failed);
}

void peer_loop_close(void)
{
    int failed = loop_close(loop);
    LOOP_ASSERT(!failed);
    loop_destroy(loop);
}

/* Posts. */

static void run_post(struct post *p, int status)
{
    (void)p;
    (void)status;
    on_post();
}

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    LOOP_ASSERT(memory);
    return memory;
}

void peer_posts_open(unsigned count, void (*run)(void))
{
    on_post = run;
    posts.post = make(count, sizeof *posts.post);
    for (unsigned i = 0; i < count; i++)
        posts.post[i].run = run_post;
}

void peer_posts_close(void)
{
    free(posts.memory);
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        int failed = loop_post(loop, &posts.post[i]);
        LOOP_ASSERT(!failed);
    }
}

/* What is pending. */

static void drop_post(struct post *p, int status)
{
    (void)p;
    (void)status;
}

static void drop_timer(struct timer *timer, int status)
{
    (void)timer;
    (void)status;
}

static enum task_next wait_for_timer(struct task *task, struct task_wake wake)
{
    if (wake.cancelled)
        return TASK_ENDS;
    task_await_timer(task, LIST_OF(task, struct sleeper, task)->due);
    return TASK_WAITS;
}

bool peer_can_end(enum peer_kind kind)
{
    return kind < PEER_KINDS;
}

static void open_posts(unsigned count)
{
    pending.post = make(count, sizeof *pending.post);
    for (unsigned i = 0; i < count; i++) {
        pending.post[i].run = drop_post;
        int failed = loop_post(loop, &pending.post[i]);
        LOOP_ASSERT(!failed);
    }
}

static void open_timers(unsigned count)
{
    uint64_t now = os_now();
    pending.timer = make(count, sizeof *pending.timer);
    for (unsigned i = 0; i < count; i++) {
        pending.timer[i].fire = drop_timer;
        int failed = timer_start(loop, &pending.timer[i],
                                 now + scatter_due(i));
        LOOP_ASSERT(!failed);
    }
}

/* One pass takes each task to its wait. */
static void open_tasks(unsigned count)
{
    uint64_t now = os_now();
    pending.sleeper = make(count, sizeof *pending.sleeper);
    for (unsigned i = 0; i < count; i++) {
        struct sleeper *s = &pending.sleeper[i];
        s->task.step = wait_for_timer;
        s->due = now + scatter_due(i);
        int failed = task_spawn(loop, &s->task);
        LOOP_ASSERT(!failed);
    }
    int end = loop_run(loop, LOOP_NOWAIT);
    LOOP_ASSERT(end == LOOP_PASSED);
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    switch (kind) {
    case PEER_POSTS:    open_posts(count); break;
    case PEER_TIMERS:   open_timers(count); break;
    case PEER_TASKS:    open_tasks(count); break;
    case PEER_KINDS:    break;
    }
}

void peer_pending_end(void)
{
    int failed = loop_shutdown(loop, NULL, NULL);
    LOOP_ASSERT(!failed);
    loop_destroy(loop);
}

void peer_pending_close(void)
{
    free(pending.memory);
}

/* Ops. */

static double measure_ops(child_ops *measure, uint64_t length)
{
    peer_loop_open();
    double value = measure(loop, length);
    peer_loop_close();
    return value;
}

static double on_socket(unsigned unused, uint64_t length,
                        struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_ops(lastcall_ops_socket, length);
}

static double on_pipe(unsigned unused, uint64_t length,
                      struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_ops(lastcall_ops_pipe, length);
}

child_measure *peer_loop_own(const char *name)
{
    return !strcmp(name, "socket") ? on_socket
           : !strcmp(name, "pipe") ? on_pipe : NULL;
}
