/*
 * lastcall_tasks.c - tasks of our loop, in storage of the caller.
 */
#include <limits.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/list.h"
#include "../../loop/os.h"
#include "../../loop/task.h"
#include "lastcall.h"
#include "peer_loop.h"
#include "scatter.h"

/* A task and the time that it waits for. */
struct sleeper {
    struct task task;
    uint64_t    due;
};

static struct sleeper *sleepers;

/* One that spawns the others, awaits them, or yields; then the others. */
static struct {
    struct task  parent;
    struct task *child;
    struct group group;
    unsigned     left;
} work;

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    LOOP_ASSERT(memory);
    return memory;
}

static void spawn(struct task *task)
{
    int failed = task_spawn(lastcall_loop, task);
    LOOP_ASSERT(!failed);
}

/* Tasks that are pending. */

static enum task_next wait_for_timer(struct task *task, struct task_wake wake)
{
    if (wake.cancelled)
        return TASK_ENDS;
    task_await_timer(task, LIST_OF(task, struct sleeper, task)->due);
    return TASK_WAITS;
}

unsigned peer_tasks_max(void)
{
    return UINT_MAX;
}

/* One pass takes each to its wait. */
void peer_tasks_open(unsigned count)
{
    uint64_t now = os_now();
    sleepers = make(count, sizeof *sleepers);
    for (unsigned i = 0; i < count; i++) {
        struct sleeper *s = &sleepers[i];
        s->task.step = wait_for_timer;
        s->due = now + scatter_due(i);
        spawn(&s->task);
    }
    int end = loop_run(lastcall_loop, LOOP_NOWAIT);
    LOOP_ASSERT(end == LOOP_PASSED);
}

void peer_tasks_close(void)
{
    free(sleepers);
}

/* Tasks that work. */

static enum task_next end_at_once(struct task *task, struct task_wake wake)
{
    (void)task;
    (void)wake;
    return TASK_ENDS;
}

static enum task_next end_and_count(struct task *task, struct task_wake wake)
{
    (void)task;
    (void)wake;
    if (--work.left == 0)
        peer_loop_stop();
    return TASK_ENDS;
}

static enum task_next stop_here(void)
{
    peer_loop_stop();
    return TASK_ENDS;
}

static enum task_next await_next(struct task *task, struct task_wake wake)
{
    (void)wake;
    if (work.left-- == 0)
        return stop_here();
    spawn(&work.child[0]);
    task_await_task(task, &work.child[0]);
    return TASK_WAITS;
}

static enum task_next yield_again(struct task *task, struct task_wake wake)
{
    (void)wake;
    if (work.left-- == 0)
        return stop_here();
    task_yield(task);
    return TASK_WAITS;
}

static enum task_next gather_all(struct task *task, struct task_wake wake)
{
    (void)wake;
    if (work.left == 0)
        return stop_here();
    for (; work.left > 0; work.left--) {
        struct task *child = &work.child[work.left - 1];
        spawn(child);
        group_add(&work.group, child);
    }
    task_await_group(task, &work.group);
    return TASK_WAITS;
}

static void start_parent(enum task_next (*step)(struct task *,
                                                struct task_wake))
{
    work.parent.step = step;
    spawn(&work.parent);
}

static void spawn_all(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        work.child[i].step = end_and_count;
        spawn(&work.child[i]);
    }
}

void peer_work_open(unsigned count)
{
    work.child = make(count, sizeof *work.child);
    for (unsigned i = 0; i < count; i++)
        work.child[i].step = end_at_once;
}

void peer_work_close(void)
{
    free(work.child);
}

void peer_work(enum peer_work kind, unsigned count)
{
    work.left = count;
    work.group = (struct group){ 0 };
    switch (kind) {
    case PEER_SPAWN:    spawn_all(count); break;
    case PEER_AWAIT:    start_parent(await_next); break;
    case PEER_YIELD:    start_parent(yield_again); break;
    case PEER_GATHER:   start_parent(gather_all); break;
    }
    peer_loop_run();
}
