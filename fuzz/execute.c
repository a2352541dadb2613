/*
 * execute.c - one statement after the other: calls through the subject seam,
 * each told to the trace and the oracle.
 */
#include <stdio.h>
#include <string.h>

#include "oracle.h"
#include "world.h"

/* A loop's life. */

static void do_open(const struct statement *st)
{
    unsigned loop = st->a;
    if (loop >= SUBJECT_LOOPS || world.loop_begun[loop])
        return;
    world.loop_begun[loop] = true;
    unsigned first, end, workers = 0;
    if (world_body(ST_LOOP, loop, &first, &end))
        workers = world.scenario->statement[first - 1].value;
    world_call(st, st->a);
    int result = world.subject->open(loop, workers > 8 ? 8 : workers);
    if (result == LOOP_OK) {
        world.loop_open[loop] = true;
        oracle_opened(loop);
    }
    world_return(st, st->a, result);
}

static void do_run(const struct statement *st)
{
    static const enum loop_run_mode mode[] = {
        LOOP_FOREVER, LOOP_UNTIL_IDLE, LOOP_ONCE, LOOP_NOWAIT };
    if (!world_usable(st->a))
        return;
    world_call(st, st->a);
    oracle_run_begins(st->a, mode[st->b % 4]);
    int result = world.subject->run(st->a, mode[st->b % 4]);
    world_return(st, st->a, result);
    oracle_run_ended(st->a, result);
}

static void do_stop(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    world_call(st, st->a);
    oracle_stop_begins(st->a);
    int result = world.subject->stop(st->a);
    world_return(st, st->a, result);
    oracle_stop_ended(st->a, result);
}

int execute_shutdown(unsigned loop, enum shutdown_strategy strategy,
                     uint64_t within)
{
    struct shutdown_options options = { .strategy = strategy,
                                        .within = within };
    struct shutdown_report report;
    memset(&report, 0, sizeof report);
    oracle_shutdown_begins(loop, &options);
    int result = world.subject->shutdown(loop, &options, &report);
    oracle_shutdown_ended(loop, result, &report);
    return result;
}

static void do_shutdown(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    world_call(st, st->a);
    enum shutdown_strategy how = (enum shutdown_strategy)(st->b % 5);
    world_return(st, st->a, execute_shutdown(st->a, how, st->value * 1000ull));
}

static void do_close(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    world_call(st, st->a);
    oracle_close_begins(st->a);
    int result = world.subject->close(st->a);
    world_return(st, st->a, result);
    oracle_close_ended(st->a, result);
}

/* Posts, timers, tasks. */

static void do_post(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    int n = world_instance(I_POST, SCENARIO_ANY, st->a, st->b);
    if (n < 0)
        return;
    world_call(st, st->a);
    oracle_submits(SUBJECT_POST, (unsigned)n, st->a, 0, false);
    int result = world.subject->post(st->a, (unsigned)n,
                                 world_name(KIND_CALLBACK, st->b));
    oracle_submitted(SUBJECT_POST, (unsigned)n, result);
    world_return(st, st->a, result);
}

static void do_timer(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    int n = world_instance(I_TIMER, st->b, st->a, st->c);
    if (n < 0)
        return;
    uint64_t due = os_now() + st->value * 1000ull;
    world_call(st, st->a);
    oracle_submits(SUBJECT_TIMER, (unsigned)n, st->a, due, false);
    int result = world.subject->timer(st->a, (unsigned)n,
                                  world_name(KIND_TIMER, st->b), due);
    oracle_submitted(SUBJECT_TIMER, (unsigned)n, result);
    world_return(st, st->a, result);
}

/* Cancel the latest instance of an object, if its loop is there. */
static void do_cancel(const struct statement *st, enum instance_kind kind,
                      enum subject_kind subject, int (*cancel)(unsigned))
{
    int n = world_latest(kind, st->a);
    if (n < 0 || !world_usable(world.instance[kind][n].loop))
        return;
    world_call(st, world.instance[kind][n].loop);
    oracle_cancels(subject, (unsigned)n);
    int result = cancel((unsigned)n);
    oracle_cancelled(subject, (unsigned)n, result);
    world_return(st, world.instance[kind][n].loop, result);
}

static void do_cancel_all(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    world_call(st, st->a);
    int result = world.subject->task_cancel_all(st->a);
    world_return(st, st->a, result);
}

static void do_spawn(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    int n = world_instance(I_TASK, st->b, st->a, SCENARIO_ANY);
    if (n < 0)
        return;
    world_call(st, st->a);
    oracle_submits(SUBJECT_TASK_END, (unsigned)n, st->a, 0, false);
    int result = world.subject->spawn(st->a, (unsigned)n,
                                  world_name(KIND_TASK, st->b));
    oracle_submitted(SUBJECT_TASK_END, (unsigned)n, result);
    world_return(st, st->a, result);
}

/* A group is of one loop: a scenario's group stands for one in each. */
static unsigned group_of(unsigned group, unsigned loop)
{
    return group * SUBJECT_LOOPS + loop;
}

static void do_gather(const struct statement *st)
{
    int n = world_latest(I_TASK, st->b);
    if (n < 0 || !world_usable(world.instance[I_TASK][n].loop))
        return;
    world_call(st, world.instance[I_TASK][n].loop);
    world.subject->group_add(group_of(st->a, world.instance[I_TASK][n].loop),
                         (unsigned)n);
    world_return(st, world.instance[I_TASK][n].loop, 0);
}

/* Jobs, console, hooks. */

static void do_submit(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    bool awaited = st->value == SCENARIO_ANY;
    int n = world_instance(I_JOB, st->b, st->a, (uint8_t)st->value);
    if (n < 0)
        return;
    world_call(st, st->a);
    oracle_submits(SUBJECT_JOB, (unsigned)n, st->a, 0, awaited);
    int result = world.subject->job(st->a, (unsigned)n,
                                    world_name(KIND_JOB, st->b), awaited);
    oracle_submitted(SUBJECT_JOB, (unsigned)n, result);
    world_return(st, st->a, result);
}

static void do_watch(const struct statement *st)
{
    if (!world_usable(st->a) || world_latest(I_WATCH, st->a) >= 0)
        return;
    int n = world_instance(I_WATCH, st->a, st->a, st->b);
    if (n < 0)
        return;
    world_call(st, st->a);
    oracle_submits(SUBJECT_CONSOLE, (unsigned)n, st->a, 0, false);
    int result = world.subject->watch(st->a, (unsigned)n);
    oracle_submitted(SUBJECT_CONSOLE, (unsigned)n, result);
    world_return(st, st->a, result);
}

static void do_unwatch(const struct statement *st)
{
    int n = world_latest(I_WATCH, st->a);
    if (n < 0 || !world_usable(st->a))
        return;

    /* Two callbacks that end each other's watch wait for each other, which
     * is a mistake of who calls. */
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (loop != st->a && world.telling[loop] >> ground_thread() & 1)
            return;
    world_call(st, st->a);
    oracle_cancels(SUBJECT_CONSOLE, (unsigned)n);
    int result = world.subject->unwatch((unsigned)n);
    oracle_cancelled(SUBJECT_CONSOLE, (unsigned)n, result);
    world_return(st, st->a, result);
}

static void do_console(const struct statement *st)
{
    /* Every watcher hears of it on a thread of its own. */
    if (ground_thread_count() + SUBJECT_LOOPS > THREADS_SAFE)
        return;
    world_call(st, NO_LOOP);
    int what = st->a == 1 ? OS_CONSOLE_TERMINATE : OS_CONSOLE_INTERRUPT;
    if (ground_console(what) > 0)
        oracle_console_raised();
    world_return(st, NO_LOOP, 0);
}

static void do_add_hook(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    int n = world_instance(I_HOOK, st->b, st->a, SCENARIO_ANY);
    if (n < 0)
        return;
    world_call(st, st->a);
    oracle_submits(SUBJECT_HOOK, (unsigned)n, st->a, 0, false);
    int result = world.subject->hook(st->a, (unsigned)n,
                                 world_name(KIND_HOOK, st->b));
    oracle_submitted(SUBJECT_HOOK, (unsigned)n, result);
    world_return(st, st->a, result);
}

static void do_finish(const struct statement *st)
{
    int n = world_latest(I_HOOK, st->a);
    if (n < 0 || !world.instance[I_HOOK][n].later ||
        !world_usable(world.instance[I_HOOK][n].loop) ||
        oracle_is_closed(world.instance[I_HOOK][n].loop))
        return;
    world.instance[I_HOOK][n].later = false;
    world_call(st, world.instance[I_HOOK][n].loop);
    world.subject->hook_done((unsigned)n, st->b == 1 ? LOOP_EFAILED : 0);
    world_return(st, world.instance[I_HOOK][n].loop, 0);
}

/* The harness's own statements. */

static void do_sleep(const struct statement *st)
{
    uint64_t until = os_now() + st->value * 1000ull;
    world_call(st, NO_LOOP);
    ground_leave();
    os_mutex_lock(&world.lock);
    while (os_now() < until)
        os_cond_wait(&world.never, &world.lock, until);
    os_mutex_unlock(&world.lock);
    ground_enter();
    world_return(st, NO_LOOP, 0);
}

static void raise_event(unsigned event)
{
    os_mutex_lock(&world.lock);
    world.raised[event % 8] = true;
    os_cond_broadcast(&world.changed);
    os_mutex_unlock(&world.lock);
}

/* Wait for a flag that another thread of the scenario sets. */
static void wait_for(const bool *flag)
{
    uint32_t me = UINT32_C(1) << ground_thread();
    ground_leave();
    os_mutex_lock(&world.lock);
    world.waiting |= me;
    while (!*flag)
        os_cond_wait(&world.changed, &world.lock, OS_FOREVER);
    world.waiting &= ~me;
    os_mutex_unlock(&world.lock);
    ground_enter();
}

static void do_await(const struct statement *st)
{
    world_call(st, NO_LOOP);
    wait_for(&world.raised[st->a % 8]);
    world_return(st, NO_LOOP, 0);
}

static void do_join(const struct statement *st)
{
    unsigned thread = st->a % THREADS;
    if (!world.started[thread])
        return;
    world_call(st, NO_LOOP);
    wait_for(&world.ended[thread]);
    world_return(st, NO_LOOP, 0);
}

static void do_expect(const struct statement *st)
{
    if (!world.options->expectations)
        return;
    char what[64];
    if (st->op == ST_EXPECT_RAN && world.ran[st->a % CALLBACKS] != st->value) {
        snprintf(what, sizeof what, "%u times, not %u",
                 world.ran[st->a % CALLBACKS], (unsigned)st->value);
        world_mismatch(st, what);
    }
    if (st->op == ST_EXPECT_PENDING && world_usable(st->a)) {
        size_t left = world.subject->pending(st->a, NULL, 0);
        if (left != st->value) {
            snprintf(what, sizeof what, "%zu items, not %u", left,
                     (unsigned)st->value);
            world_mismatch(st, what);
        }
    }
}

/* Statements. */

/* What a task may wait for: returns true if the step has to return now. */
static bool do_task_await(const struct statement *st, struct context *c)
{
    unsigned task = (unsigned)c->task;
    struct instance *t = &world.instance[I_TASK][task];
    int result = LOOP_ENOTFOUND, n;
    world_call(st, t->loop);
    switch (st->op) {
    case ST_AWAIT_TIMER:
        oracle_awaits(task, SUBJECT_TIMER, 0);
        result = world.subject->await_timer(
            task, os_now() + st->value * 1000ull);
        break;
    case ST_YIELD:
        oracle_awaits(task, SUBJECT_POST, 0);
        result = world.subject->await_pass(task);
        break;
    case ST_AWAIT_OP:
        n = world_latest(I_OP, st->a);
        if (n >= 0 && world.instance[I_OP][n].loop == t->loop)
            result = world.subject->await_op(task, (unsigned)n);
        if (result == LOOP_OK)
            oracle_awaits(task, SUBJECT_OP, (unsigned)n);
        break;
    case ST_AWAIT_JOB:
        n = world_latest(I_JOB, st->a);
        if (n >= 0 && world.instance[I_JOB][n].loop == t->loop)
            result = world.subject->await_job(task, (unsigned)n);
        if (result == LOOP_OK)
            oracle_awaits(task, SUBJECT_JOB, (unsigned)n);
        break;
    case ST_AWAIT_TASK:
        n = world_latest(I_TASK, st->a);
        if (n >= 0 && world.instance[I_TASK][n].loop == t->loop)
            result = world.subject->await_task(task, (unsigned)n);
        break;
    case ST_AWAIT_GROUP:
        result = world.subject->await_group(task, group_of(st->a, t->loop),
                                        st->b == 1);
        break;
    }
    world_return(st, t->loop, result);
    return result == LOOP_OK;
}

bool execute(const struct statement *st, struct context *c)
{
    switch ((enum statement_op)st->op) {
    case ST_OPEN:         do_open(st);      break;
    case ST_RUN:          do_run(st);       break;
    case ST_STOP:         do_stop(st);      break;
    case ST_SHUTDOWN:     do_shutdown(st);  break;
    case ST_CLOSE:        do_close(st);     break;
    case ST_POST:         do_post(st);      break;
    case ST_TIMER:        do_timer(st);     break;
    case ST_CANCEL_TIMER:
        do_cancel(st, I_TIMER, SUBJECT_TIMER, world.subject->timer_cancel);
        break;
    case ST_SPAWN:        do_spawn(st);     break;
    case ST_CANCEL_TASK:
        do_cancel(st, I_TASK, SUBJECT_TASK_END, world.subject->task_cancel);
        break;
    case ST_CANCEL_ALL:   do_cancel_all(st); break;
    case ST_GATHER:       do_gather(st);    break;
    case ST_FAIL:         c->failed = true; return true;
    case ST_PAIR: case ST_LISTEN: case ST_SOCKET: case ST_OBJECT:
    case ST_READ: case ST_WRITE: case ST_ACCEPT: case ST_WAIT:
    case ST_CONNECT: case ST_SET: case ST_PEER_WRITE: case ST_PEER_READ:
    case ST_PEER_CLOSE: case ST_PEER_CONNECT:
        execute_io(st);
        break;
    case ST_CANCEL:
        do_cancel(st, I_OP, SUBJECT_OP, world.subject->cancel);
        break;
    case ST_CLOSE_HANDLE:
        do_cancel(st, I_HANDLE, SUBJECT_HANDLE_CLOSED,
                  world.subject->handle_close);
        break;
    case ST_SUBMIT_JOB:   do_submit(st);    break;
    case ST_CANCEL_JOB:
        do_cancel(st, I_JOB, SUBJECT_JOB, world.subject->job_cancel);
        break;
    case ST_WATCH:        do_watch(st);     break;
    case ST_UNWATCH:      do_unwatch(st);   break;
    case ST_CONSOLE:      do_console(st);   break;
    case ST_ADD_HOOK:     do_add_hook(st);  break;
    case ST_LATER:        c->later = true;  break;
    case ST_FINISH:       do_finish(st);    break;
    case ST_SLEEP:        do_sleep(st);     break;
    case ST_RAISE:        raise_event(st->a); break;
    case ST_AWAIT:        do_await(st);     break;
    case ST_START:        world_start_thread(st->a % THREADS); break;
    case ST_JOIN:         do_join(st);      break;
    case ST_EXIT:         c->exited = true; return true;
    case ST_EXPECT_RAN:
    case ST_EXPECT_PENDING: do_expect(st);  break;
    case ST_AWAIT_TIMER:
    case ST_AWAIT_OP:
    case ST_AWAIT_TASK:
    case ST_AWAIT_GROUP:
    case ST_AWAIT_JOB:
    case ST_YIELD:
        return c->kind == BODY_TASK && do_task_await(st, c);
    case ST_LOOP: case ST_THREAD: case ST_CALLBACK: case ST_TASK:
    case ST_JOB: case ST_HOOK: case ST_ON_CANCEL: case ST_SWALLOW:
    case ST_KERNEL: case ST_EXPECT: case ST_NAME: case ST_COMMENT:
    case ST_OPS:
        break;      /* structure: nothing to execute */
    }
    return false;
}

void execute_body(enum statement_op section, unsigned object,
                         struct context *c)
{
    unsigned first, end;
    if (object == SCENARIO_ANY ||
        !world_body(section, object, &first, &end))
        return;
    for (unsigned i = first; i < end; i++)
        if (execute(&world.scenario->statement[i], c))
            return;
}
