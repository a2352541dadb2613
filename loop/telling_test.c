/*
 * telling_test.c - a shutdown tells every task, once, in the order of their
 * birth.
 */
#include <stdatomic.h>

#include "op.h"
#include "task.h"
#include "test_loop.h"

enum { CROWD = 2000, FEW = 5, ROUNDS = 20 };

/*
 * A task that waits for a far timer, or for a pass, and ends when it is told
 * to; it goes on for so many steps first if it has some to clean up.
 */
struct sleeper {
    struct task     task;
    struct loop    *loop;
    struct sleeper *victim;     /* to be cancelled in the step that is told */
    struct sleeper *heir;       /* to be spawned there */
    bool            cancels_late;   /* not there, but in the last callback */
    int             cleans;
    int             steps;
    int             cancels;
    int             ended;
    int             place;      /* among those that were told */
    size_t          after;      /* how many tasks were left then */
};

static int told;

static size_t tasks_listed(struct loop *l, struct loop_pending *out,
                           size_t cap)
{
    size_t tasks = 0, all = loop_pending(l, out, cap);
    for (size_t i = 0; i < all && i < cap; i++)
        tasks += out[i].kind == LOOP_TASK;
    return tasks;
}

static void be_told(struct sleeper *s)
{
    struct loop_pending out[FEW + 1];
    s->cancels++;
    if (s->place > 0)
        return;
    s->place = ++told;
    s->after = tasks_listed(s->loop, out, FEW + 1);
    if (s->victim && !s->cancels_late)
        CHECK_EQ(0, task_cancel(&s->victim->task));
    if (s->heir)
        CHECK_EQ(0, task_spawn(s->loop, &s->heir->task));
}

static enum task_next on_step(struct task *t, struct task_wake wake)
{
    struct sleeper *s = LIST_OF(t, struct sleeper, task);
    s->steps++;
    if (wake.cancelled)
        be_told(s);
    if (!wake.cancelled && s->cancels == 0) {
        task_await_timer(t, TEST_FAR);
        return TASK_WAITS;
    }
    if (s->cleans > 0) {
        s->cleans--;
        task_yield(t);
        return TASK_WAITS;
    }
    return TASK_ENDS;
}

static void on_ended(struct task *t)
{
    struct sleeper *s = LIST_OF(t, struct sleeper, task);
    s->ended++;
    if (s->victim && s->cancels_late)
        CHECK_EQ(0, task_cancel(&s->victim->task));
}

static void make(struct loop *l, struct sleeper *s, size_t count)
{
    told = 0;
    for (size_t i = 0; i < count; i++)
        s[i] = (struct sleeper){ .task = { .step = on_step,
                                           .ended = on_ended },
                                 .loop = l };
}

/* One pass takes each to its wait. */
static void begin(struct loop *l, struct sleeper *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(0, task_spawn(l, &s[i].task));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
}

static struct loop *open_with(struct sleeper *s, size_t count)
{
    struct loop *l = test_loop_create(0);
    make(l, s, count);
    begin(l, s, count);
    return l;
}

static void check_told(const struct sleeper *s, int steps)
{
    CHECK_EQ(steps, s->steps);
    CHECK_EQ(1, s->cancels);
    CHECK_EQ(1, s->ended);
}

/* 11: and those that are not told yet are listed. */
static void oldest_is_told_first(void)
{
    struct sleeper s[FEW];
    struct loop *l = open_with(s, FEW);
    test_loop_shut_down(l);
    for (int i = 0; i < FEW; i++) {
        check_told(&s[i], 2);
        CHECK_EQ(i + 1, s[i].place);
        CHECK_EQ(FEW - i, s[i].after);
    }
}

/* A cancel of one that is about to be told anyway is not a second one. */
static void cancel_before_it_is_told_is_the_same(void)
{
    for (int late = 0; late < 2; late++) {
        struct sleeper s[3];
        struct loop *l = open_with(s, 3);
        s[0].victim = &s[1];
        s[0].cancels_late = late;
        s[1].cleans = 3;
        s[1].victim = &s[2];
        test_loop_shut_down(l);
        check_told(&s[0], 2);
        check_told(&s[1], 5);
        check_told(&s[2], 2);
    }
}

/* A cancel of one that was told and cleans up comes with its next step. */
static void cancel_after_it_was_told_is_another(void)
{
    struct sleeper s[2];
    struct loop *l = open_with(s, 2);
    s[0].cleans = 3;
    s[1].victim = &s[0];
    test_loop_shut_down(l);
    CHECK_EQ(5, s[0].steps);
    CHECK_EQ(2, s[0].cancels);
    CHECK_EQ(1, s[0].ended);
    check_told(&s[1], 2);
}

static enum task_next on_cancel_itself(struct task *t, struct task_wake wake)
{
    struct sleeper *s = LIST_OF(t, struct sleeper, task);
    if (wake.cancelled && s->cancels == 0)
        CHECK_EQ(0, task_cancel(t));
    return on_step(t, wake);
}

static void cancel_in_the_step_that_is_told_is_another(void)
{
    struct sleeper s[1];
    struct loop *l = open_with(s, 1);
    s->task.step = on_cancel_itself;
    s->cleans = 1;
    test_loop_shut_down(l);
    CHECK_EQ(3, s->steps);
    CHECK_EQ(2, s->cancels);
    CHECK_EQ(1, s->ended);
}

/* Who is born meanwhile is told in its first step, not later. */
static void born_meanwhile_is_told_at_birth(void)
{
    struct sleeper s[FEW];
    struct loop *l = test_loop_create(0);
    make(l, s, FEW);
    for (int i = 0; i < FEW - 1; i++)
        s[i].heir = &s[i + 1];
    begin(l, s, 1);
    test_loop_shut_down(l);
    check_told(&s[0], 2);
    for (int i = 1; i < FEW; i++)
        check_told(&s[i], 1);
}

/* One whose step was queued and had not begun is told in it. */
static void queued_step_is_told(void)
{
    struct sleeper s[FEW];
    struct loop *l = test_loop_create(0);
    make(l, s, FEW);
    for (int i = 0; i < FEW; i++)
        CHECK_EQ(0, task_spawn(l, &s[i].task));
    test_loop_shut_down(l);
    for (int i = 0; i < FEW; i++) {
        check_told(&s[i], 1);
        CHECK_EQ(i + 1, s[i].place);
    }
}

/* A time that is over at once: nobody was told, and all are listed. */
static void give_up(struct loop *l, size_t left)
{
    struct shutdown_options now = { .strategy = SHUTDOWN_GRACEFUL,
                                    .within = 1 };
    struct shutdown_report report;
    struct loop_pending out[FEW + 1];
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &now, &report));
    CHECK_EQ(SHUTDOWN_GAVE_UP, report.outcome);
    CHECK_EQ(left, report.left[LOOP_TASK]);
    CHECK_EQ(left, tasks_listed(l, out, FEW + 1));
}

/* 9: what a shutdown could not do in its time, the next one does. */
static void next_shutdown_tells_who_was_not(void)
{
    struct sleeper s[FEW];
    struct loop *l = open_with(s, FEW);
    give_up(l, FEW);
    give_up(l, FEW);
    CHECK_EQ(0, told);
    CHECK_EQ(0, task_cancel(&s[2].task));
    CHECK_EQ(FEW, task_cancel_all(l));
    test_loop_shut_down(l);
    for (int i = 0; i < FEW; i++) {
        check_told(&s[i], 2);
        CHECK_EQ(i + 1, s[i].place);
    }
}

/* One that is told and then uses up the time; the others are told later, and
 * it is told again. */
static enum task_next on_dawdle(struct task *t, struct task_wake wake)
{
    struct sleeper *s = LIST_OF(t, struct sleeper, task);
    uint64_t until = os_now() + 2000000;
    while (s->cancels == 0 && wake.cancelled && os_now() < until)
        os_pause();
    return on_step(t, wake);
}

static void next_shutdown_tells_all_again(void)
{
    static struct sleeper s[CROWD];
    struct loop *l = open_with(s, CROWD);
    struct shutdown_options soon = { .strategy = SHUTDOWN_GRACEFUL,
                                     .within = 1000000 };
    s[0].task.step = on_dawdle;
    s[0].cleans = 2;
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &soon, NULL));
    CHECK_EQ(0, s[0].ended);
    CHECK(told < CROWD);
    struct loop_pending out;
    CHECK_EQ(1, s[0].cancels);
    CHECK_EQ(CROWD - told + 1, loop_pending(l, &out, 1));
    test_loop_shut_down(l);
    CHECK_EQ(2, s[0].cancels);
    CHECK_EQ(1, s[0].ended);
    for (int i = 1; i < CROWD; i++)
        check_told(&s[i], 2);
}

/* Who waits for others, or gathers them. */

struct listener {
    struct task   task;
    struct task  *other;
    struct group *group;
    int           steps;
    int           cancels;
    int           ended;
};

static enum task_next on_listen(struct task *t, struct task_wake wake)
{
    struct listener *w = LIST_OF(t, struct listener, task);
    w->cancels += wake.cancelled;
    if (w->steps++ > 0)
        return TASK_ENDS;
    if (w->group)
        task_await_group(t, w->group);
    else
        task_await_task(t, w->other);
    return TASK_WAITS;
}

static void on_listener_ended(struct task *t)
{
    LIST_OF(t, struct listener, task)->ended++;
}

static void listen(struct loop *l, struct listener *w)
{
    w->task = (struct task){ .step = on_listen, .ended = on_listener_ended };
    CHECK_EQ(0, task_spawn(l, &w->task));
}

static void those_who_wait_hear_of_the_end(void)
{
    struct sleeper s[FEW];
    struct group g = { .return_exceptions = true };
    struct loop *l = open_with(s, FEW);
    struct listener w[] = { { .other = &s[1].task },
                            { .other = &s[1].task },
                            { .group = &g } };
    for (int i = 2; i < FEW; i++)
        group_add(&g, &s[i].task);
    for (int i = 0; i < 3; i++)
        listen(l, &w[i]);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    test_loop_shut_down(l);
    for (int i = 0; i < FEW; i++)
        check_told(&s[i], 2);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(2, w[i].steps);
        CHECK_EQ(1, w[i].cancels);
        CHECK_EQ(1, w[i].ended);
    }
    CHECK(!g.members);
}

/* A wait for an op is asked to end, and its step comes with the packet. */
struct reader {
    struct task   task;
    struct handle handle;
    struct op     op;
    char          byte;
    int           status;
    int           ended;
};

static enum task_next on_read(struct task *t, struct task_wake wake)
{
    struct reader *r = LIST_OF(t, struct reader, task);
    struct port_request request = { .kind = PORT_READ, .buffer = &r->byte,
                                    .size = 1 };
    if (wake.cancelled) {
        r->status = wake.status;
        return TASK_ENDS;
    }
    CHECK_EQ(0, op_submit(&r->handle, &r->op, &request));
    task_await_op(t, &r->op);
    return TASK_WAITS;
}

static void on_reader_ended(struct task *t)
{
    LIST_OF(t, struct reader, task)->ended++;
}

static void wait_for_an_op_is_asked_to_end(void)
{
    struct reader r = { .task = { .step = on_read,
                                  .ended = on_reader_ended } };
    struct sleeper s[2];
    struct loop *l = test_loop_create(0);
    port_handle reader, writer;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(l, &r.handle, reader, NULL));
    make(l, s, 2);
    begin(l, s, 1);
    CHECK_EQ(0, task_spawn(l, &r.task));
    begin(l, s + 1, 1);
    test_loop_shut_down(l);
    CHECK_EQ(1, r.ended);
    CHECK_EQ(LOOP_EABORTED, r.status);
    for (int i = 0; i < 2; i++)
        check_told(&s[i], 2);
    port_handle_close(writer);
}

/* Many threads. */

struct meddler {
    struct loop   *loop;
    struct sleeper *s;
    struct group   group;
    uint64_t       seed;
    atomic_bool    stop;
};

/* The tasks' memory stays: each may be named, also when it has ended. */
static void meddle(void *arg)
{
    struct meddler *m = arg;
    int next = 0;
    while (!atomic_load(&m->stop)) {
        struct loop_pending out[4];
        size_t all = loop_pending(m->loop, out, 4);
        CHECK(all <= CROWD);
        CHECK(task_cancel_all(m->loop) <= CROWD);
        CHECK_EQ(0, task_cancel(&m->s[test_next(&m->seed, CROWD)].task));
        for (int i = 0; i < 8 && next < CROWD; i++)
            group_add(&m->group, &m->s[next++].task);
    }
}

/* Each ends once, and whoever looks or cancels meanwhile finds no task in
 * between; the steps count in plain memory, where a race would show. */
static void another_thread_may_meddle(void)
{
    static struct sleeper s[CROWD];
    for (int round = 0; round < ROUNDS; round++) {
        struct loop *l = open_with(s, CROWD);
        struct meddler m = { .loop = l, .s = s, .seed = (uint64_t)round };
        struct os_thread thread;
        for (int i = 0; i < CROWD; i += 7)
            s[i].cleans = 2;
        test_thread_start(&thread, meddle, &m);
        while (round % 2 && loop_pending(l, NULL, 0) == CROWD)
            (void)loop_run(l, LOOP_NOWAIT);
        struct shutdown_report report;
        CHECK_EQ(0, loop_shutdown(l, NULL, &report));
        atomic_store(&m.stop, true);
        os_thread_join(&thread);
        for (int i = 0; i < CROWD; i++) {
            CHECK_EQ(1, s[i].ended);
            CHECK(s[i].cancels >= 1 && s[i].cancels <= s[i].steps);
        }
        CHECK(!m.group.members);
        loop_destroy(l);
    }
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(oldest_is_told_first);
    RUN(cancel_before_it_is_told_is_the_same);
    RUN(cancel_after_it_was_told_is_another);
    RUN(cancel_in_the_step_that_is_told_is_another);
    RUN(born_meanwhile_is_told_at_birth);
    RUN(queued_step_is_told);
    RUN(next_shutdown_tells_who_was_not);
    RUN(next_shutdown_tells_all_again);
    RUN(those_who_wait_hear_of_the_end);
    RUN(wait_for_an_op_is_asked_to_end);
    RUN(another_thread_may_meddle);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(11);
}
