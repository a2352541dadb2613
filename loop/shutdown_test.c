/*
 * shutdown_test.c - the five strategies and what their reports say: points 8
 * and 9 of the contract in loop.h.
 */
#include <stdatomic.h>
#include <string.h>

#include "op.h"
#include "task.h"
#include "test_loop.h"
#include "timer.h"
#include "worker.h"

enum { RUNNERS = 4, SHORT = 2000000 };

static const struct shutdown_options stop = { .strategy = SHUTDOWN_STOP };
static const struct shutdown_options hooks = { .strategy = SHUTDOWN_HOOKS };
static const struct shutdown_options abandon = {
    .strategy = SHUTDOWN_ABANDON
};
static const struct shutdown_options soon = {
    .strategy = SHUTDOWN_DEADLINE, .within = SHORT
};
static const struct shutdown_options soon_graceful = {
    .strategy = SHUTDOWN_GRACEFUL, .within = SHORT
};

/* One of each kind of work, all of which would last. */
struct work {
    struct loop  *loop;
    struct post   post;
    struct timer  timer;
    struct task   task;
    struct handle reader;
    struct handle writer;
    struct op     op;
    struct job    job;
    struct gate   begun;
    struct gate   go_on;
    char          byte;
    bool          stubborn;     /* the task ignores cancels */
    atomic_int    told[LOOP_KINDS];
    atomic_int    aborted[LOOP_KINDS];
};

static void tell(struct work *w, enum loop_kind kind, int status)
{
    w->told[kind]++;
    w->aborted[kind] += status == LOOP_EABORTED;
}

static void on_post(struct post *p, int status)
{
    tell(LIST_OF(p, struct work, post), LOOP_POST, status);
}

static void on_timer(struct timer *t, int status)
{
    tell(LIST_OF(t, struct work, timer), LOOP_TIMER, status);
}

static void on_op(struct op *op)
{
    tell(LIST_OF(op, struct work, op), LOOP_OP, op->status);
}

static void on_closed(struct handle *h)
{
    tell(LIST_OF(h, struct work, reader), LOOP_HANDLE, 0);
}

static enum task_next on_task(struct task *t, struct task_wake wake)
{
    struct work *w = LIST_OF(t, struct work, task);
    if (wake.cancelled && !w->stubborn) {
        tell(w, LOOP_TASK, LOOP_EABORTED);
        return TASK_ENDS;
    }
    task_await_timer(t, TEST_FAR);
    return TASK_WAITS;
}

static int on_job(struct job *j)
{
    struct work *w = LIST_OF(j, struct work, job);
    gate_raise(&w->begun);
    gate_wait(&w->go_on, 1);
    return 0;
}

static void on_job_done(struct job *j, int status)
{
    tell(LIST_OF(j, struct work, job), LOOP_JOB, status);
}

static void work_open(struct loop *l, struct work *w)
{
    *w = (struct work){ .loop = l,
                        .post = { .run = on_post, .name = "a post" },
                        .timer = { .fire = on_timer,
                                   .item.name = "a timer" },
                        .task = { .step = on_task, .item.name = "a task" },
                        .op = { .done = on_op, .item.name = "an op" },
                        .job = { .work = on_job, .done = on_job_done,
                                 .item.name = "a job" },
                        .reader.item.name = "a reader" };
    gate_open(&w->begun);
    gate_open(&w->go_on);
}

static void work_close(struct work *w)
{
    gate_close(&w->go_on);
    gate_close(&w->begun);
}

static void start_timer(struct work *w)
{
    CHECK_EQ(0, timer_start(w->loop, &w->timer, TEST_FAR));
}

static void start_task(struct work *w)
{
    CHECK_EQ(0, task_spawn(w->loop, &w->task));
}

static void start_op(struct work *w)
{
    port_handle reader, writer;
    struct port_request request = { .kind = PORT_READ, .buffer = &w->byte,
                                    .size = 1 };
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(w->loop, &w->reader, reader, on_closed));
    CHECK_EQ(0, handle_open(w->loop, &w->writer, writer, NULL));
    CHECK_EQ(0, op_submit(&w->reader, &w->op, &request));
}

static void start_job(struct work *w)
{
    CHECK_EQ(0, job_submit(w->loop, &w->job));
    gate_wait(&w->begun, 1);
}

static void run_once(struct loop *l)
{
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
}

static void check_nothing_left(const struct shutdown_report *report)
{
    CHECK_EQ(SHUTDOWN_DRAINED, report->outcome);
    CHECK_EQ(0, report->entry_count);
    CHECK_EQ(0, report->runs_left);
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        CHECK_EQ(0, report->left[kind]);
}

/* The one entry of a kind that the report lists; the state is NULL where it
 * depends on how far a short time has let the work come. */
static void check_entry(const struct shutdown_report *report,
                        enum loop_kind kind, const char *state,
                        const char *name)
{
    int found = 0;
    CHECK_EQ(1, report->left[kind]);
    for (uint32_t i = 0; i < report->entry_count; i++)
        found += report->entry[i].kind == kind &&
                 (!state || strcmp(report->entry[i].state, state) == 0) &&
                 strcmp(report->entry[i].name, name) == 0;
    CHECK_EQ(1, found);
}

static uint64_t sum_of_phases(const struct shutdown_report *report)
{
    uint64_t sum = 0;
    for (int i = 0; i < SHUTDOWN_PHASES; i++)
        sum += report->phase_time[i];
    return sum;
}

/* Threads that run a loop until they are stopped or sent away. */
struct runners {
    struct loop     *loop;
    struct gate      here;
    struct post      calls[RUNNERS];
    struct os_thread threads[RUNNERS];
    atomic_int       stopped;
};

static struct runners runners;

static void runner_main(void *unused)
{
    (void)unused;
    runners.stopped += loop_run(runners.loop, LOOP_FOREVER) == LOOP_STOPPED;
}

/* Each call holds a thread until all are held, so that all are inside. */
static void on_call(struct post *p, int status)
{
    (void)p;
    CHECK_EQ(0, status);
    gate_raise(&runners.here);
    gate_wait(&runners.here, RUNNERS);
}

static void runners_start(struct loop *l)
{
    runners = (struct runners){ .loop = l };
    gate_open(&runners.here);
    for (int i = 0; i < RUNNERS; i++) {
        runners.calls[i].run = on_call;
        test_thread_start(&runners.threads[i], runner_main, NULL);
        CHECK_EQ(0, loop_post(l, &runners.calls[i]));
    }
    gate_wait(&runners.here, RUNNERS);
}

static void runners_join(void)
{
    for (int i = 0; i < RUNNERS; i++)
        os_thread_join(&runners.threads[i]);
    CHECK_EQ(RUNNERS, runners.stopped);
    gate_close(&runners.here);
}

/* stop: every run has returned when the call does, what is left is listed
 * and stays, and the loop can run again. */
static void stop_returns_the_runs_and_lists_the_rest(void)
{
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    start_timer(&w);
    runners_start(l);
    CHECK_EQ(0, loop_shutdown(l, &stop, &report));
    CHECK_EQ(SHUTDOWN_DRAINED, report.outcome);
    CHECK_EQ(0, report.runs_left);
    CHECK_EQ(1, report.entry_count);
    check_entry(&report, LOOP_TIMER, "pending", "a timer");
    runners_join();
    CHECK_EQ(0, w.told[LOOP_TIMER]);

    CHECK_EQ(0, loop_post(l, &w.post));
    run_once(l);
    CHECK_EQ(1, w.told[LOOP_POST]);
    CHECK_EQ(0, timer_cancel(l, &w.timer));
    work_close(&w);
    test_loop_end(l);
}

static void on_held_post(struct post *p, int status)
{
    struct work *w = LIST_OF(p, struct work, post);
    tell(w, LOOP_POST, status);
    gate_raise(&w->begun);
    gate_wait(&w->go_on, 1);
}

static void run_main(void *loop)
{
    CHECK_EQ(LOOP_STOPPED, loop_run(loop, LOOP_FOREVER));
}

/* 9: a run that does not come back is waited for until the time is over. */
static void stop_gives_up_on_a_callback_that_does_not_end(void)
{
    struct loop *l = test_loop_create(0);
    const struct shutdown_options soon_stop = { .strategy = SHUTDOWN_STOP,
                                                .within = SHORT };
    struct shutdown_report report;
    struct os_thread thread;
    struct work w;
    work_open(l, &w);
    w.post.run = on_held_post;
    CHECK_EQ(0, loop_post(l, &w.post));
    test_thread_start(&thread, run_main, l);
    gate_wait(&w.begun, 1);
    uint64_t begun = os_now();
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon_stop, &report));
    CHECK(os_now() - begun >= SHORT);
    CHECK_EQ(SHUTDOWN_GAVE_UP, report.outcome);
    CHECK_EQ(1, report.runs_left);
    CHECK(report.phase_time[SHUTDOWN_PHASE_RUNS] > 0);
    gate_raise(&w.go_on);
    os_thread_join(&thread);
    work_close(&w);
    test_loop_end(l);
}

/* graceful: each kind of work is told once, and nothing is left of it. */
static void graceful_drains_everything(void)
{
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    start_timer(&w);
    start_task(&w);
    start_op(&w);
    start_job(&w);
    run_once(l);
    runners_start(l);
    CHECK_EQ(0, loop_post(l, &w.post));
    gate_raise(&w.go_on);
    uint64_t begun = os_now();
    CHECK_EQ(0, loop_shutdown(l, NULL, &report));
    uint64_t took = os_now() - begun;
    check_nothing_left(&report);
    CHECK(sum_of_phases(&report) <= took);
    CHECK_EQ(0, report.phase_time[SHUTDOWN_PHASE_HOOKS]);
    CHECK(report.phase_time[SHUTDOWN_PHASE_CLOSE] > 0);
    runners_join();

    for (int kind = 0; kind < LOOP_CONSOLE; kind++)
        CHECK_EQ(1, w.told[kind]);
    CHECK_EQ(1, w.aborted[LOOP_TIMER]);
    CHECK_EQ(1, w.aborted[LOOP_TASK]);
    CHECK_EQ(1, w.aborted[LOOP_OP]);
    CHECK_EQ(0, w.aborted[LOOP_JOB]);
    CHECK_EQ(0, w.aborted[LOOP_POST]);
    CHECK_EQ(LOOP_ECLOSED, loop_post(l, &w.post));
    CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(LOOP_ECLOSED, loop_shutdown(l, NULL, &report));
    work_close(&w);
    loop_destroy(l);
}

/* The times of the phases leave out nothing of the call but its edges: what
 * a deadline has waited for is in them. */
static void phase_times_add_up(void)
{
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    w.stubborn = true;
    start_task(&w);
    uint64_t begun = os_now();
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon_graceful, &report));
    uint64_t took = os_now() - begun;
    CHECK(sum_of_phases(&report) <= took);
    CHECK(report.phase_time[SHUTDOWN_PHASE_TASKS] > 0);
    CHECK_EQ(0, report.phase_time[SHUTDOWN_PHASE_DRAIN]);
    CHECK_EQ(0, report.phase_time[SHUTDOWN_PHASE_CLOSE]);
    CHECK(sum_of_phases(&report) >= SHORT);
    w.stubborn = false;
    test_loop_shut_down(l);
    work_close(&w);
}

enum { GENERATIONS = 50 };

static struct task born[GENERATIONS];
static int         births;

static enum task_next on_breed(struct task *t, struct task_wake wake)
{
    if (!wake.cancelled) {
        task_await_timer(t, TEST_FAR);
        return TASK_WAITS;
    }
    if (births < GENERATIONS) {
        struct task *child = &born[births++];
        *child = (struct task){ .step = on_breed };
        CHECK_EQ(0, task_spawn(t->loop, child));
    }
    return TASK_ENDS;
}

/* Tasks answer their cancel with new tasks, which do the same, for many
 * generations: a shutdown asks all of them. */
static void graceful_ends_tasks_that_are_born_meanwhile(void)
{
    struct loop *l = test_loop_create(0);
    struct task first = { .step = on_breed };
    births = 0;
    CHECK_EQ(0, task_spawn(l, &first));
    run_once(l);
    test_loop_shut_down(l);
    CHECK_EQ(GENERATIONS, births);
}

/* 9: a task that will not end is listed, the loop stays as it is, takes
 * nothing new, and a second shutdown may succeed. */
static void graceful_gives_up_and_can_be_repeated(void)
{
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    w.stubborn = true;
    start_task(&w);
    run_once(l);
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon_graceful, &report));
    CHECK_EQ(SHUTDOWN_GAVE_UP, report.outcome);
    check_entry(&report, LOOP_TASK, NULL, "a task");
    CHECK_EQ(LOOP_ECLOSED, loop_post(l, &w.post));
    CHECK_EQ(LOOP_ECLOSED, timer_start(l, &w.timer, TEST_FAR));
    CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(0, w.told[LOOP_TASK]);
    w.stubborn = false;
    CHECK_EQ(0, loop_shutdown(l, NULL, &report));
    check_nothing_left(&report);
    CHECK_EQ(1, w.told[LOOP_TASK]);
    work_close(&w);
    loop_destroy(l);
}

/* Closed late: the first callback lasts longer than the shutdown may. */
static unsigned closed_count;

static void close_late(struct handle *h)
{
    (void)h;
    uint64_t until = os_now() + 2 * SHORT;
    while (closed_count == 0 && os_now() < until)
        continue;
    closed_count++;
}

/* A shutdown may close handles before it comes to their callbacks. What it
 * has left to the next one is not closed again: it may be another's by then. */
static void next_shutdown_closes_what_is_left_to_it(void)
{
    enum { HANDLES = 16 };
    static struct handle handle[HANDLES];
    port_handle object[HANDLES];
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    closed_count = 0;
    for (int i = 0; i < HANDLES; i++) {
        CHECK_EQ(0, port_object(&object[i]));
        handle[i] = (struct handle){ 0 };
        CHECK_EQ(0, handle_open(l, &handle[i], object[i], close_late));
    }
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon_graceful, &report));
    CHECK_EQ(SHUTDOWN_GAVE_UP, report.outcome);
    CHECK_EQ(HANDLES - closed_count, report.left[LOOP_HANDLE]);
    CHECK(closed_count < HANDLES);
    for (int i = 0; i < HANDLES; i++)
        CHECK_EQ(0, port_object(&object[i]));
    closed_count += closed_count == 0;
    CHECK_EQ(0, loop_shutdown(l, NULL, &report));
    check_nothing_left(&report);
    for (int i = 0; i < HANDLES; i++)
        port_object_set(object[i]);
    port_handles_close(object, HANDLES);
    loop_destroy(l);
}

/* Hooks. */

enum hook_manner { AT_ONCE, FAILS, BY_TIMER, BY_THREAD, EARLY, NEVER };

struct cleaner {
    struct shutdown_hook hook;
    enum hook_manner     manner;
    struct timer         timer;
    struct os_thread     thread;
    int                  order;
};

static int hook_order;

static void on_hook_timer(struct timer *t, int status)
{
    CHECK_EQ(0, status);
    shutdown_hook_done(&LIST_OF(t, struct cleaner, timer)->hook, 0);
}

static void hook_main(void *arg)
{
    struct cleaner *c = arg;
    shutdown_hook_done(&c->hook, LOOP_EFAILED);
}

static bool on_hook(struct shutdown_hook *h)
{
    struct cleaner *c = LIST_OF(h, struct cleaner, hook);
    c->order = ++hook_order;
    CHECK_EQ(LOOP_EBUSY, loop_shutdown(h->loop, NULL, NULL));
    CHECK_EQ(LOOP_EBUSY, loop_run(h->loop, LOOP_NOWAIT));
    switch (c->manner) {
    case AT_ONCE:
        return true;
    case FAILS:
        h->status = LOOP_EFAILED;
        return true;
    case BY_TIMER:
        c->timer.fire = on_hook_timer;
        CHECK_EQ(0, timer_start(h->loop, &c->timer, os_now() + SHORT));
        return false;
    case BY_THREAD:
        test_thread_start(&c->thread, hook_main, c);
        return false;
    case EARLY:
        shutdown_hook_done(h, 0);
        return true;
    case NEVER:
        return false;
    }
    return true;
}

static void hook_add(struct loop *l, struct cleaner *c,
                     enum hook_manner manner)
{
    *c = (struct cleaner){ .manner = manner, .hook.begin = on_hook };
    CHECK_EQ(0, shutdown_hook_add(l, &c->hook));
}

/* hooks: last registered first, one at a time, however each finishes; those
 * that fail are counted and hold nobody up. */
static void hooks_run_last_registered_first(void)
{
    const enum hook_manner manners[] = { AT_ONCE, BY_THREAD, FAILS, BY_TIMER,
                                         EARLY };
    enum { COUNT = 5 };
    for (int round = 0; round < 20; round++) {
        struct loop *l = test_loop_create(0);
        struct shutdown_report report;
        struct cleaner c[COUNT];
        hook_order = 0;
        for (int i = 0; i < COUNT; i++)
            hook_add(l, &c[i], manners[i]);
        CHECK_EQ(0, loop_shutdown(l, &hooks, &report));
        os_thread_join(&c[1].thread);
        for (int i = 0; i < COUNT; i++)
            CHECK_EQ(COUNT - i, c[i].order);
        check_nothing_left(&report);
        CHECK_EQ(2, report.hooks_failed);
        CHECK(report.phase_time[SHUTDOWN_PHASE_HOOKS] >= SHORT);
        CHECK_EQ(LOOP_ECLOSED, shutdown_hook_add(l, &c[0].hook));
        loop_destroy(l);
    }
}

/* Other strategies do not call hooks, and forget them. */
static void graceful_calls_no_hook(void)
{
    struct loop *l = test_loop_create(0);
    struct cleaner c;
    hook_order = 0;
    hook_add(l, &c, AT_ONCE);
    test_loop_shut_down(l);
    CHECK_EQ(0, c.order);
}

/* 9: a hook that never finishes is waited for until the time is over; once
 * it is finished, the next shutdown goes on behind it. */
static void hook_that_never_finishes_is_given_up(void)
{
    const struct shutdown_options soon_hooks = { .strategy = SHUTDOWN_HOOKS,
                                                 .within = SHORT };
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct cleaner first, last;
    hook_order = 0;
    hook_add(l, &first, AT_ONCE);
    hook_add(l, &last, NEVER);
    /* The short time may be over before the first hook has begun. */
    while (last.order == 0) {
        CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon_hooks, &report));
        CHECK_EQ(SHUTDOWN_GAVE_UP, report.outcome);
    }
    CHECK_EQ(1, last.order);
    CHECK_EQ(0, first.order);
    shutdown_hook_done(&last.hook, 0);
    CHECK_EQ(0, loop_shutdown(l, &hooks, &report));
    CHECK_EQ(1, last.order);
    CHECK_EQ(2, first.order);
    loop_destroy(l);
}

/* deadline: in time it is graceful, and leaves nothing. */
static void deadline_in_time_is_graceful(void)
{
    const struct shutdown_options late = { .strategy = SHUTDOWN_DEADLINE };
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    start_timer(&w);
    start_task(&w);
    start_op(&w);
    runners_start(l);
    CHECK_EQ(0, loop_shutdown(l, &late, &report));
    check_nothing_left(&report);
    runners_join();
    work_close(&w);
    loop_destroy(l);
}

/* Those that were joined may still be listed: the least of some looks. */
static int least_threads(void)
{
    int least = test_machine_threads();
    for (int i = 0; i < 20; i++) {
        os_pause();
        int now = test_machine_threads();
        least = now < least ? now : least;
    }
    return least;
}

/* 9: past the time the loop is let go, with a list of what is lost; a worker
 * that is still busy is not waited for. When it has gone after all, nothing
 * is left of the loop. */
static void deadline_lets_go_of_a_job_that_does_not_end(void)
{
    int threads = least_threads();
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    start_timer(&w);
    start_job(&w);
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon, &report));
    CHECK_EQ(SHUTDOWN_ABANDONED, report.outcome);
    check_entry(&report, LOOP_JOB, "running", "a job");
    CHECK_EQ(1, w.aborted[LOOP_TIMER] + report.left[LOOP_TIMER]);
    CHECK_EQ(1 + report.left[LOOP_TIMER], report.entry_count);
    CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(LOOP_ECLOSED, loop_stop(l));
    CHECK_EQ(LOOP_ECLOSED, loop_shutdown(l, NULL, NULL));
    gate_raise(&w.go_on);
    CHECK(test_threads_sink_to(threads));
    CHECK_EQ(0, w.told[LOOP_JOB]);
    loop_destroy(l);
    work_close(&w);
}

/* abandon: at once, waiting for nobody, and saying what is lost by kind and
 * name; the caller closes what it has the handle of. */
static void abandon_lists_what_is_lost(void)
{
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    struct work w;
    work_open(l, &w);
    start_timer(&w);
    start_task(&w);
    run_once(l);
    CHECK_EQ(0, loop_post(l, &w.post));
    port_handle reader, writer;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(l, &w.reader, reader, on_closed));
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &abandon, &report));
    CHECK_EQ(SHUTDOWN_ABANDONED, report.outcome);
    check_entry(&report, LOOP_POST, "ready", "a post");
    check_entry(&report, LOOP_TASK, "waiting", "a task");
    check_entry(&report, LOOP_HANDLE, "open", "a reader");
    CHECK_EQ(1, report.left[LOOP_TIMER]);   /* the task's is a part of it */
    CHECK_EQ(4, report.entry_count);
    CHECK_EQ(LOOP_ECLOSED, loop_post(l, &w.post));
    CHECK_EQ(LOOP_ECLOSED, loop_close(l));
    loop_destroy(l);
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        CHECK_EQ(0, w.told[kind]);
    port_handle_close(reader);
    port_handle_close(writer);
    work_close(&w);
}

/* 1, 9: whoever is inside is sent away, though nobody waits for it. */
static void abandon_sends_every_run_away(void)
{
    for (int round = 0; round < 30; round++) {
        struct loop *l = test_loop_create(0);
        struct shutdown_report report;
        runners_start(l);
        CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &abandon, &report));
        CHECK(report.runs_left <= RUNNERS);
        runners_join();
        loop_destroy(l);
    }
}

/* More is left than a report has room for: the counts are of all, the
 * entries of the oldest. */
static void report_counts_more_than_it_lists(void)
{
    enum { TIMERS = 3 * SHUTDOWN_LEFT_MAX };
    static struct timer timers[TIMERS];
    struct loop *l = test_loop_create(0);
    struct shutdown_report report;
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = (struct timer){ .fire = on_timer };
        timers[i].item.name = i == 0 ? "oldest" : NULL;
        CHECK_EQ(0, timer_start(l, &timers[i], TEST_FAR));
    }
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &abandon, &report));
    CHECK_EQ(TIMERS, report.left[LOOP_TIMER]);
    CHECK_EQ(SHUTDOWN_LEFT_MAX, report.entry_count);
    CHECK_EQ(0, strcmp("oldest", report.entry[0].name));
    CHECK_EQ(0, strcmp("-", report.entry[1].name));
    loop_destroy(l);
}

/* Refusals. */

static void on_shutdown_inside(struct post *p, int status)
{
    struct work *w = LIST_OF(p, struct work, post);
    tell(w, LOOP_POST, status);
    for (int s = SHUTDOWN_STOP; s <= SHUTDOWN_ABANDON; s++) {
        struct shutdown_options options = {
            .strategy = (enum shutdown_strategy)s
        };
        CHECK_EQ(LOOP_EBUSY, loop_shutdown(w->loop, &options, NULL));
    }
}

/* From inside a callback it would wait for itself. */
static void shutdown_in_a_callback_is_refused(void)
{
    struct loop *l = test_loop_create(0);
    struct work w;
    work_open(l, &w);
    w.post.run = on_shutdown_inside;
    CHECK_EQ(0, loop_post(l, &w.post));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(1, w.told[LOOP_POST]);
    work_close(&w);
    test_loop_end(l);
}

static void refused_main(void *arg)
{
    struct cleaner *c = arg;
    struct loop *l = c->hook.loop;
    CHECK_EQ(LOOP_EBUSY, loop_shutdown(l, NULL, NULL));
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(0, loop_stop(l));
    shutdown_hook_done(&c->hook, 0);
}

static bool on_try_from_outside(struct shutdown_hook *h)
{
    struct cleaner *c = LIST_OF(h, struct cleaner, hook);
    test_thread_start(&c->thread, refused_main, c);
    return false;
}

/* While one is going on another is refused, a run and a close too, and a
 * stop does not end it. */
static void one_shutdown_at_a_time(void)
{
    for (int round = 0; round < 30; round++) {
        struct loop *l = test_loop_create(0);
        struct cleaner c = { .hook.begin = on_try_from_outside };
        struct shutdown_report report;
        CHECK_EQ(0, shutdown_hook_add(l, &c.hook));
        CHECK_EQ(0, loop_shutdown(l, &hooks, &report));
        os_thread_join(&c.thread);
        check_nothing_left(&report);
        loop_destroy(l);
    }
}

/* Each of two loops is shut down in its own way, in the other's presence. */
static void shutdown_of_one_loop_is_none_of_another(void)
{
    struct loop *a = test_loop_create(0);
    struct loop *b = test_loop_create(0);
    struct work wa, wb;
    work_open(a, &wa);
    work_open(b, &wb);
    start_timer(&wa);
    start_timer(&wb);
    runners_start(b);
    test_loop_shut_down(a);
    CHECK_EQ(1, wa.aborted[LOOP_TIMER]);
    CHECK_EQ(0, wb.told[LOOP_TIMER]);
    test_loop_shut_down(b);
    runners_join();
    CHECK_EQ(1, wb.aborted[LOOP_TIMER]);
    work_close(&wa);
    work_close(&wb);
}

/* 9: an op that is still the kernel's keeps the loop's memory from being
 * freed, for ever; so this is the last test, and what is left behind stays
 * reachable from here. */
static void abandon_leaks_what_the_kernel_may_touch(void)
{
    static struct loop *leaked;
    static struct work w;
    struct shutdown_report report;
    leaked = test_loop_create(0);
    work_open(leaked, &w);
    start_op(&w);
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(leaked, &abandon, &report));
    check_entry(&report, LOOP_OP, "pending", "an op");
    CHECK_EQ(2, report.left[LOOP_HANDLE]);
    loop_destroy(leaked);
    CHECK_EQ(LOOP_ECLOSED, loop_post(leaked, &w.post));
    CHECK_EQ(3, loop_pending(leaked, NULL, 0));
    CHECK_EQ(0, w.told[LOOP_OP]);
    work_close(&w);
}

/* The callbacks outlast the deadline. */
enum { LATE_WITHIN = 20000000 };

static uint64_t late_at;
static uint32_t told_late;

/* The first one takes as long as the shutdown has, which has begun. */
static void outlast(struct timer *t, int status)
{
    (void)t;
    CHECK_EQ(LOOP_EABORTED, status);
    if (told_late++ == 0)
        late_at = os_now() + LATE_WITHIN;
    while (os_now() < late_at)
        continue;
}

static void deadline_ends_a_pass_with_many_callbacks(void)
{
    static struct timer timers[100];
    struct loop *l = test_loop_create(0);
    struct shutdown_options options = { .strategy = SHUTDOWN_DEADLINE,
                                        .within = LATE_WITHIN };
    struct shutdown_report report;
    for (int i = 0; i < 100; i++) {
        timers[i] = (struct timer){ .fire = outlast };
        CHECK_EQ(0, timer_start(l, &timers[i], TEST_FAR));
    }
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &options, &report));
    CHECK_EQ(SHUTDOWN_ABANDONED, report.outcome);
    CHECK(told_late <= 32);
    CHECK_EQ(100 - told_late, report.left[LOOP_TIMER]);
    CHECK_EQ(SHUTDOWN_LEFT_MAX, report.entry_count);
    loop_destroy(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(stop_returns_the_runs_and_lists_the_rest);
    RUN(stop_gives_up_on_a_callback_that_does_not_end);
    RUN(graceful_drains_everything);
    RUN(phase_times_add_up);
    RUN(graceful_ends_tasks_that_are_born_meanwhile);
    RUN(graceful_gives_up_and_can_be_repeated);
    RUN(next_shutdown_closes_what_is_left_to_it);
    RUN(hooks_run_last_registered_first);
    RUN(graceful_calls_no_hook);
    RUN(hook_that_never_finishes_is_given_up);
    RUN(deadline_in_time_is_graceful);
    RUN(deadline_lets_go_of_a_job_that_does_not_end);
    RUN(deadline_ends_a_pass_with_many_callbacks);
    RUN(abandon_lists_what_is_lost);
    RUN(abandon_sends_every_run_away);
    RUN(report_counts_more_than_it_lists);
    RUN(shutdown_in_a_callback_is_refused);
    RUN(one_shutdown_at_a_time);
    RUN(shutdown_of_one_loop_is_none_of_another);
    CHECK_EQ(descriptors, test_descriptors());
    RUN(abandon_leaks_what_the_kernel_may_touch);
    return test_result(20);
}
