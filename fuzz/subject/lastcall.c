/*
 * lastcall.c - our own loop in the subject's chair.
 *
 * Every object is one os_alloc block that holds the loop's struct and the
 * runner's number. A block is given back at the first moment at which the
 * contract says that it is the caller's again, so that a loop which still
 * touches it is caught by the arena, at the access. A call that names an
 * object pins its block: a user who cancels from one thread what may end on
 * another has to keep the memory for that long.
 */
#include <assert.h>
#include <string.h>

#include "../../loop/console.h"
#include "../../loop/op.h"
#include "../../loop/os.h"
#include "../../loop/timer.h"
#include "../../loop/worker.h"
#include "../ground.h"
#include "subject.h"

/* The harness is left for as long as the loop has the thread: it may block,
 * call back, or both. */
#define ASK(result, call) \
    do { \
        ground_leave(); \
        (result) = (call); \
        ground_enter(); \
    } while (0)

struct my_post {
    struct post post;
    unsigned    number;
};

struct my_timer {
    struct timer timer;
    struct loop *loop;
    unsigned     number;
};

struct my_task {
    struct task task;
    unsigned    number;
    int         awaited_op;     /* number, or -1                           */
    int         awaited_job;
    int         awaited_group;
    bool        grouped;        /* was added to a group                    */
};

struct my_group {
    struct group group;
    bool         claimed;       /* a task awaits it, or is about to        */
};

struct my_handle {
    struct handle handle;
    unsigned      number;
};

struct my_op {
    struct op op;
    unsigned  number;
    void     *buffer;
    bool      claimed;          /* a task awaits it, or is about to        */
};

struct my_job {
    struct job job;
    unsigned   number;
    bool       claimed;
};

struct my_watch {
    struct console_watch watch;
    unsigned             number;
};

struct my_hook {
    struct shutdown_hook hook;
    unsigned             number;
};

/* The objects of one kind, by number; `high` keeps the reset short. */
struct table {
    void    *at[SUBJECT_NUMBERS];
    void    *ended[SUBJECT_NUMBERS];    /* pinned when it ended            */
    bool     accepted[SUBJECT_NUMBERS]; /* the loop has taken it           */
    uint8_t  pins[SUBJECT_NUMBERS];
    unsigned high;
};

static struct {
    subject_callback_fn *callback;
    struct loop         *loop[SUBJECT_LOOPS];
    struct table timers, tasks, groups, handles, ops, jobs, watches, hooks;
    size_t               held;
} self;

static void table_set(struct table *t, unsigned number, void *object)
{
    assert(number < SUBJECT_NUMBERS);
    t->at[number] = object;
    if (number >= t->high)
        t->high = number + 1;
}

static void table_reset(struct table *t)
{
    memset(t->at, 0, t->high * sizeof t->at[0]);
    memset(t->ended, 0, t->high * sizeof t->ended[0]);
    memset(t->accepted, 0, t->high * sizeof t->accepted[0]);
    memset(t->pins, 0, t->high * sizeof t->pins[0]);
    t->high = 0;
}

static void *take(size_t size)
{
    void *memory = os_alloc(size);
    if (memory)
        self.held++;
    return memory;
}

static void give(void *memory)
{
    if (!memory)
        return;
    self.held--;
    os_free(memory);
}

/* The object, kept until unpin even if it ends; NULL if the loop has not
 * taken it yet or has given it back. */
static void *pin(struct table *t, unsigned number)
{
    if (!t->at[number] || !t->accepted[number])
        return NULL;
    t->pins[number]++;
    return t->at[number];
}

static void unpin(struct table *t, unsigned number)
{
    if (--t->pins[number] > 0)
        return;
    give(t->ended[number]);
    t->ended[number] = NULL;
}

/* The object is the caller's again: give its memory back. */
static void end(struct table *t, unsigned number)
{
    void *object = t->at[number];
    t->at[number] = NULL;
    if (t->pins[number] > 0)
        t->ended[number] = object;
    else
        give(object);
}

/* The loop has answered to an object that is in the table. */
static int answered(struct table *t, unsigned number, int result)
{
    if (result < 0)
        end(t, number);
    else
        t->accepted[number] = true;
    return result;
}

static void reset(subject_callback_fn *callback)
{
    struct table *const tables[] = { &self.timers, &self.tasks, &self.groups,
        &self.handles, &self.ops, &self.jobs, &self.watches, &self.hooks };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        table_reset(tables[i]);
    memset(self.loop, 0, sizeof self.loop);
    self.held = 0;
    self.callback = callback;
}

static size_t held(void)
{
    return self.held;
}

static enum subject_answer tell(enum subject_kind kind, unsigned number,
                                int status)
{
    struct subject_event e = { .kind = kind, .number = (uint16_t)number,
                               .status = status, .handle = PORT_NO_HANDLE };
    return self.callback(&e);
}

/* The loop's life. */

static int my_open(unsigned loop, unsigned workers_max)
{
    struct loop_options options = { .workers_max = workers_max };
    int result;
    ASK(result, loop_create(&self.loop[loop], &options));
    return result;
}

static int my_run(unsigned loop, enum loop_run_mode mode)
{
    int result;
    ASK(result, loop_run(self.loop[loop], mode));
    return result;
}

static int my_stop(unsigned loop)
{
    int result;
    ASK(result, loop_stop(self.loop[loop]));
    return result;
}

static int my_close(unsigned loop)
{
    int result;
    ASK(result, loop_close(self.loop[loop]));
    return result;
}

static int my_shutdown(unsigned loop, const struct shutdown_options *options,
                       struct shutdown_report *report)
{
    int result;
    ASK(result, loop_shutdown(self.loop[loop], options, report));
    return result;
}

static void my_destroy(unsigned loop)
{
    ground_leave();
    loop_destroy(self.loop[loop]);
    ground_enter();
    self.loop[loop] = NULL;
}

static size_t my_pending(unsigned loop, struct loop_pending *out, size_t cap)
{
    size_t count;
    ASK(count, loop_pending(self.loop[loop], out, cap));
    return count;
}

/* Posts and timers. */

static void on_post(struct post *p, int status)
{
    ground_enter();
    unsigned number = ((struct my_post *)p)->number;
    give(p);
    tell(SUBJECT_POST, number, status);
    ground_leave();
}

static int my_post(unsigned loop, unsigned number, const char *name)
{
    struct my_post *p = take(sizeof *p);
    if (!p)
        return LOOP_ENOMEM;
    p->post.name = name;
    p->post.run = on_post;
    p->number = number;
    int result;
    ASK(result, loop_post(self.loop[loop], &p->post));
    if (result < 0)
        give(p);
    return result;
}

static void on_timer(struct timer *t, int status)
{
    ground_enter();
    unsigned number = ((struct my_timer *)t)->number;
    end(&self.timers, number);
    tell(SUBJECT_TIMER, number, status);
    ground_leave();
}

static int my_timer(unsigned loop, unsigned number, const char *name,
                    uint64_t due)
{
    struct my_timer *t = take(sizeof *t);
    if (!t)
        return LOOP_ENOMEM;
    t->timer.item.name = name;
    t->timer.fire = on_timer;
    t->loop = self.loop[loop];
    t->number = number;
    table_set(&self.timers, number, t);
    int result;
    ASK(result, timer_start(t->loop, &t->timer, due));
    return answered(&self.timers, number, result);
}

static int my_timer_cancel(unsigned number)
{
    struct my_timer *t = pin(&self.timers, number);
    if (!t)
        return LOOP_ENOTFOUND;
    int result;
    ASK(result, timer_cancel(t->loop, &t->timer));
    if (result == LOOP_OK)
        end(&self.timers, number);
    unpin(&self.timers, number);
    return result;
}

/* Ops and handles. */

static void give_op(struct my_op *op)
{
    give(op->buffer);
    end(&self.ops, op->number);
}

static void on_op(struct op *op)
{
    ground_enter();
    struct my_op *mine = (struct my_op *)op;
    struct subject_event e = { .kind = SUBJECT_OP,
        .number = (uint16_t)mine->number, .status = op->status,
        .size = op->size, .handle = op->accepted };
    give_op(mine);
    self.callback(&e);
    ground_leave();
}

static int my_submit(unsigned handle, unsigned number, const char *name,
                     const struct port_request *request, bool awaited)
{
    struct my_op *op = take(sizeof *op);
    if (!op)
        return LOOP_ENOMEM;
    struct port_request mine = *request;
    op->number = number;
    op->buffer = request->size ? take(request->size) : NULL;
    mine.buffer = op->buffer;
    op->op.item.name = name;
    op->op.done = awaited ? NULL : on_op;
    table_set(&self.ops, number, op);
    struct my_handle *h = pin(&self.handles, handle);
    int result = LOOP_ECLOSED;
    if (request->size && !op->buffer)
        result = LOOP_ENOMEM;
    else if (h)
        ASK(result, op_submit(&h->handle, &op->op, &mine));
    if (result < 0)
        give_op(op);
    else
        self.ops.accepted[number] = true;
    if (h)
        unpin(&self.handles, handle);
    return result;
}

static int my_cancel(unsigned number)
{
    struct my_op *op = pin(&self.ops, number);
    if (!op)
        return LOOP_ENOTFOUND;
    int result;
    ASK(result, op_cancel(&op->op));
    unpin(&self.ops, number);
    return result;
}

static void on_closed(struct handle *h)
{
    ground_enter();
    unsigned number = ((struct my_handle *)h)->number;
    end(&self.handles, number);
    tell(SUBJECT_HANDLE_CLOSED, number, 0);
    ground_leave();
}

static int my_handle_open(unsigned loop, unsigned number, const char *name,
                          port_handle port_handle)
{
    struct my_handle *h = take(sizeof *h);
    if (!h)
        return LOOP_ENOMEM;
    h->number = number;
    h->handle.item.name = name;
    table_set(&self.handles, number, h);
    int result;
    ASK(result, handle_open(self.loop[loop], &h->handle, port_handle,
                            on_closed));
    return answered(&self.handles, number, result);
}

static int my_handle_close(unsigned number)
{
    struct my_handle *h = pin(&self.handles, number);
    if (!h)
        return LOOP_ECLOSED;
    int result;
    ASK(result, handle_close(&h->handle));
    unpin(&self.handles, number);
    return result;
}

/* Jobs. */

static int on_work(struct job *j)
{
    ground_enter();
    unsigned number = ((struct my_job *)j)->number;
    enum subject_answer answer = tell(SUBJECT_JOB_WORK, number, 0);
    ground_leave();
    return answer == SUBJECT_FAILED ? LOOP_EFAILED : 0;
}

static void on_job(struct job *j, int status)
{
    ground_enter();
    unsigned number = ((struct my_job *)j)->number;
    end(&self.jobs, number);
    tell(SUBJECT_JOB, number, status);
    ground_leave();
}

static int my_job(unsigned loop, unsigned number, const char *name,
                  bool awaited)
{
    struct my_job *j = take(sizeof *j);
    if (!j)
        return LOOP_ENOMEM;
    j->number = number;
    j->job.item.name = name;
    j->job.work = on_work;
    j->job.done = awaited ? NULL : on_job;
    table_set(&self.jobs, number, j);
    int result;
    ASK(result, job_submit(self.loop[loop], &j->job));
    return answered(&self.jobs, number, result);
}

static int my_job_cancel(unsigned number)
{
    struct my_job *j = pin(&self.jobs, number);
    if (!j)
        return LOOP_ENOTFOUND;
    int result;
    ASK(result, job_cancel(&j->job));
    unpin(&self.jobs, number);
    return result;
}

/* Tasks. */

/* What the task has waited for is its own again when its step begins. */
static void collect_awaited(struct my_task *t, struct subject_event *e)
{
    if (t->awaited_op >= 0) {
        struct my_op *op = self.ops.at[t->awaited_op];
        e->size = op->op.size;
        e->handle = op->op.accepted;
        give_op(op);
    }
    if (t->awaited_job >= 0)
        end(&self.jobs, (unsigned)t->awaited_job);
    if (t->awaited_group >= 0)
        ((struct my_group *)self.groups.at[t->awaited_group])->claimed = false;
    t->awaited_op = t->awaited_job = t->awaited_group = -1;
}

static enum task_next on_step(struct task *task, struct task_wake wake)
{
    struct my_task *t = (struct my_task *)task;
    struct subject_event e = { .kind = SUBJECT_TASK_STEP,
        .number = (uint16_t)t->number, .status = wake.status,
        .handle = PORT_NO_HANDLE, .cancelled = wake.cancelled };
    ground_enter();
    collect_awaited(t, &e);
    enum subject_answer answer = self.callback(&e);
    ground_leave();
    switch (answer) {
    case SUBJECT_WAITS:     return TASK_WAITS;
    case SUBJECT_OK:        break;
    case SUBJECT_FAILED:    task->result = LOOP_EFAILED;  break;
    case SUBJECT_CANCELLED: task->result = LOOP_EABORTED; break;
    }
    return TASK_ENDS;
}

static void on_ended(struct task *task)
{
    ground_enter();
    unsigned number = ((struct my_task *)task)->number;
    int result = task->result;
    end(&self.tasks, number);
    tell(SUBJECT_TASK_END, number, result);
    ground_leave();
}

static int my_spawn(unsigned loop, unsigned number, const char *name)
{
    struct my_task *t = take(sizeof *t);
    if (!t)
        return LOOP_ENOMEM;
    t->number = number;
    t->awaited_op = t->awaited_job = t->awaited_group = -1;
    t->task.item.name = name;
    t->task.step = on_step;
    t->task.ended = on_ended;
    table_set(&self.tasks, number, t);
    int result;
    ASK(result, task_spawn(self.loop[loop], &t->task));
    return answered(&self.tasks, number, result);
}

static int my_task_cancel(unsigned number)
{
    struct my_task *t = pin(&self.tasks, number);
    if (!t)
        return LOOP_ENOTFOUND;
    int result;
    ASK(result, task_cancel(&t->task));
    unpin(&self.tasks, number);
    return result;
}

static int my_task_cancel_all(unsigned loop)
{
    size_t count;
    ASK(count, task_cancel_all(self.loop[loop]));
    return (int)count;
}

static struct my_group *group_at(unsigned number)
{
    if (!self.groups.at[number])
        table_set(&self.groups, number, take(sizeof(struct my_group)));
    return self.groups.at[number];
}

static void my_group_add(unsigned group, unsigned task)
{
    struct my_group *g = group_at(group);
    struct my_task *t = pin(&self.tasks, task);
    if (!t)
        return;
    if (g && !t->grouped && !g->claimed) {
        t->grouped = true;
        ground_leave();
        group_add(&g->group, &t->task);
        ground_enter();
    }
    unpin(&self.tasks, task);
}

static int my_await_timer(unsigned task, uint64_t due)
{
    struct my_task *t = self.tasks.at[task];
    ground_leave();
    task_await_timer(&t->task, due);
    ground_enter();
    return LOOP_OK;
}

static int my_await_op(unsigned task, unsigned number)
{
    struct my_task *t = self.tasks.at[task];
    struct my_op *op = self.ops.at[number];
    if (!op || !self.ops.accepted[number] || op->op.done || op->claimed)
        return LOOP_ENOTFOUND;
    op->claimed = true;
    t->awaited_op = (int)number;
    ground_leave();
    task_await_op(&t->task, &op->op);
    ground_enter();
    return LOOP_OK;
}

static int my_await_job(unsigned task, unsigned number)
{
    struct my_task *t = self.tasks.at[task];
    struct my_job *j = self.jobs.at[number];
    if (!j || !self.jobs.accepted[number] || j->job.done || j->claimed)
        return LOOP_ENOTFOUND;
    j->claimed = true;
    t->awaited_job = (int)number;
    ground_leave();
    task_await_job(&t->task, &j->job);
    ground_enter();
    return LOOP_OK;
}

static int my_await_task(unsigned task, unsigned other)
{
    struct my_task *t = self.tasks.at[task];
    struct my_task *o = task == other ? NULL : pin(&self.tasks, other);
    if (!o)
        return LOOP_ENOTFOUND;
    ground_leave();
    task_await_task(&t->task, &o->task);
    ground_enter();
    unpin(&self.tasks, other);
    return LOOP_OK;
}

static int my_await_group(unsigned task, unsigned group, bool exceptions)
{
    struct my_task *t = self.tasks.at[task];
    struct my_group *g = group_at(group);
    if (!g)
        return LOOP_ENOMEM;
    if (g->claimed)
        return LOOP_EBUSY;
    g->claimed = true;
    g->group.return_exceptions = exceptions;
    t->awaited_group = (int)group;
    ground_leave();
    task_await_group(&t->task, &g->group);
    ground_enter();
    return LOOP_OK;
}

static int my_await_pass(unsigned task)
{
    struct my_task *t = self.tasks.at[task];
    ground_leave();
    task_yield(&t->task);
    ground_enter();
    return LOOP_OK;
}

/* Console and hooks. */

static void on_console(struct console_watch *w, uint32_t count)
{
    ground_enter();
    tell(SUBJECT_CONSOLE, ((struct my_watch *)w)->number, (int)count);
    ground_leave();
}

static int my_watch(unsigned loop, unsigned number)
{
    struct my_watch *w = take(sizeof *w);
    if (!w)
        return LOOP_ENOMEM;
    w->number = number;
    w->watch.event = on_console;
    table_set(&self.watches, number, w);
    int result;
    ASK(result, console_watch(self.loop[loop], &w->watch));
    return answered(&self.watches, number, result);
}

static int my_unwatch(unsigned number)
{
    struct my_watch *w = self.watches.at[number];
    if (!w || !self.watches.accepted[number])
        return LOOP_ENOTFOUND;

    /* Not given back before the end of the run: this may be called inside
     * the watch's own callback, or while a shutdown ends the watch. */
    self.watches.at[number] = NULL;
    ground_leave();
    console_unwatch(&w->watch);
    ground_enter();
    return LOOP_OK;
}

static bool on_hook(struct shutdown_hook *h)
{
    ground_enter();
    enum subject_answer answer =
        tell(SUBJECT_HOOK, ((struct my_hook *)h)->number, 0);
    ground_leave();
    if (answer == SUBJECT_FAILED)
        h->status = LOOP_EFAILED;
    return answer != SUBJECT_WAITS;
}

static int my_hook(unsigned loop, unsigned number, const char *name)
{
    struct my_hook *h = take(sizeof *h);
    if (!h)
        return LOOP_ENOMEM;
    h->number = number;
    h->hook.name = name;
    h->hook.begin = on_hook;
    table_set(&self.hooks, number, h);
    int result;
    ASK(result, shutdown_hook_add(self.loop[loop], &h->hook));
    return answered(&self.hooks, number, result);
}

static void my_hook_done(unsigned number, int status)
{
    struct my_hook *h = self.hooks.at[number];
    if (!h || !self.hooks.accepted[number])
        return;
    ground_leave();
    shutdown_hook_done(&h->hook, status);
    ground_enter();
}

const struct subject subject_lastcall = {
    .name = "lastcall",
    .policy = {
        .stop_before_run = STOP_BEFORE_RUN_ONE_PASS,
        .stop_wakes_from_thread = true,
        .close_refuses_pending = true,
        .post_guaranteed = true,
        .nested_run_refused = true,
    },
    .reset = reset,             .held = held,
    .open = my_open,            .run = my_run,
    .stop = my_stop,            .close = my_close,
    .shutdown = my_shutdown,    .destroy = my_destroy,
    .pending = my_pending,
    .post = my_post,            .timer = my_timer,
    .timer_cancel = my_timer_cancel,
    .spawn = my_spawn,          .task_cancel = my_task_cancel,
    .task_cancel_all = my_task_cancel_all,
    .group_add = my_group_add,
    .await_timer = my_await_timer,
    .await_op = my_await_op,    .await_task = my_await_task,
    .await_group = my_await_group,
    .await_job = my_await_job,  .await_pass = my_await_pass,
    .handle_open = my_handle_open,
    .handle_close = my_handle_close,
    .submit = my_submit,        .cancel = my_cancel,
    .job = my_job,              .job_cancel = my_job_cancel,
    .watch = my_watch,          .unwatch = my_unwatch,
    .hook = my_hook,            .hook_done = my_hook_done,
};
