/*
 * task_test.c - tasks: what they may wait for, how a cancel reaches them, and
 * gathering.
 */
#include <stdatomic.h>
#include <string.h>

#include "task.h"
#include "test_loop.h"

enum { CROWD = 10000 };

enum awaits {
    AWAITS_NOTHING,
    AWAITS_PASS,
    AWAITS_OP,
    AWAITS_TIMER,
    AWAITS_TASK,
    AWAITS_GROUP,
    AWAITS_JOB,
};

/*
 * A task that waits for one thing and ends with a result, noting what its
 * steps were told. It swallows as many cancels as it is told to, and waits
 * for a far timer after each.
 */
struct actor {
    struct task  task;
    struct loop *loop;
    void        *awaited;
    uint64_t     due;
    enum awaits  awaits;
    int          swallows;
    int          result;
    int          steps;
    int          cancels;
    int          status;    /* of the last wake */
    int          ended;
    int          place;     /* in the order in which all have ended */
};

static atomic_int places;

static void begin_wait(struct actor *a)
{
    switch (a->awaits) {
    case AWAITS_NOTHING: break;
    case AWAITS_PASS:    task_yield(&a->task);                    break;
    case AWAITS_OP:      task_await_op(&a->task, a->awaited);     break;
    case AWAITS_TIMER:   task_await_timer(&a->task, a->due);      break;
    case AWAITS_TASK:    task_await_task(&a->task, a->awaited);   break;
    case AWAITS_GROUP:   task_await_group(&a->task, a->awaited);  break;
    case AWAITS_JOB:     task_await_job(&a->task, a->awaited);    break;
    }
}

static enum task_next on_step(struct task *t, struct task_wake wake)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    bool first = a->steps++ == 0;
    a->status = wake.status;
    a->cancels += wake.cancelled;
    if (wake.cancelled && a->swallows > 0) {
        a->swallows--;
        task_await_timer(t, TEST_FAR);
        return TASK_WAITS;
    }
    if (first && a->awaits != AWAITS_NOTHING && !wake.cancelled) {
        begin_wait(a);
        return TASK_WAITS;
    }
    t->result = wake.cancelled ? LOOP_EABORTED : a->result;
    return TASK_ENDS;
}

static void on_ended(struct task *t)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    a->ended++;
    a->place = atomic_fetch_add(&places, 1);
}

static struct actor actor_of(struct loop *l, enum awaits awaits,
                             void *awaited)
{
    return (struct actor){ .task = { .step = on_step, .ended = on_ended },
                           .loop = l, .awaits = awaits, .awaited = awaited,
                           .due = TEST_FAR };
}

static void spawn(struct actor *a)
{
    CHECK_EQ(0, task_spawn(a->loop, &a->task));
}

static void actor_start(struct loop *l, struct actor *a, enum awaits awaits,
                        void *awaited)
{
    *a = actor_of(l, awaits, awaited);
    spawn(a);
}

static void pass(struct loop *l)
{
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
}

static void run_idle(struct loop *l)
{
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
}

static void check_ended(const struct actor *a, int steps, int cancels,
                        int status)
{
    CHECK_EQ(1, a->ended);
    CHECK_EQ(steps, a->steps);
    CHECK_EQ(cancels, a->cancels);
    CHECK_EQ(status, a->status);
}

/* The first step comes in the next pass, not in task_spawn, and a yield is
 * one pass long. */
static void steps_come_a_pass_at_a_time(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a;
    actor_start(l, &a, AWAITS_PASS, NULL);
    CHECK_EQ(0, a.steps);
    pass(l);
    CHECK_EQ(1, a.steps);
    CHECK_EQ(0, a.ended);
    pass(l);
    check_ended(&a, 2, 0, 0);
    test_loop_end(l);
}

/* A timer wakes its task at its time and not before. */
static void task_awaits_a_timer(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a = actor_of(l, AWAITS_TIMER, NULL);
    a.due = os_now() + 1000000;
    spawn(&a);
    run_idle(l);
    check_ended(&a, 2, 0, 0);
    CHECK(os_now() >= a.due);
    test_loop_end(l);
}

/* A pipe with both ends in the loop. */
struct channel {
    struct handle reader;
    struct handle writer;
    struct op     reading;
    struct op     writing;
    char          in[8];
    char          out[8];
};

static void channel_open(struct loop *l, struct channel *c)
{
    port_handle reader, writer;
    *c = (struct channel){ .out = "wake up" };
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(l, &c->reader, reader, NULL));
    CHECK_EQ(0, handle_open(l, &c->writer, writer, NULL));
}

static void channel_read(struct channel *c)
{
    struct port_request request = { .kind = PORT_READ, .buffer = c->in,
                                    .size = sizeof c->in };
    CHECK_EQ(0, op_submit(&c->reader, &c->reading, &request));
}

static void channel_write(struct channel *c)
{
    struct port_request request = { .kind = PORT_WRITE, .buffer = c->out,
                                    .size = sizeof c->out };
    CHECK_EQ(0, op_submit(&c->writer, &c->writing, &request));
}

static void channel_close(struct loop *l, struct channel *c)
{
    CHECK_EQ(0, handle_close(&c->reader));
    CHECK_EQ(0, handle_close(&c->writer));
    run_idle(l);
}

/* One task reads what another writes; each is woken by its own op. */
static void task_awaits_an_op(void)
{
    struct loop *l = test_loop_create(0);
    struct channel c;
    struct actor reader, writer;
    channel_open(l, &c);
    channel_read(&c);
    actor_start(l, &reader, AWAITS_OP, &c.reading);
    pass(l);
    CHECK_EQ(1, reader.steps);
    channel_write(&c);
    actor_start(l, &writer, AWAITS_OP, &c.writing);
    run_idle(l);
    check_ended(&reader, 2, 0, 0);
    check_ended(&writer, 2, 0, 0);
    CHECK_EQ(sizeof c.in, c.reading.size);
    CHECK_EQ(0, strcmp("wake up", c.in));
    channel_close(l, &c);
    test_loop_end(l);
}

/* Is something of a kind in a state? */
static bool is_listed(struct loop *l, enum loop_kind kind, const char *state)
{
    struct loop_pending left[8];
    size_t count = loop_pending(l, left, 8);
    for (size_t i = 0; i < count && i < 8; i++)
        if (left[i].kind == kind && strcmp(left[i].state, state) == 0)
            return true;
    return false;
}

/* What has ended before anybody awaits it keeps its result until then. */
static void op_that_has_ended_is_awaited_late(void)
{
    struct loop *l = test_loop_create(0);
    struct channel c;
    struct actor writer;
    channel_open(l, &c);
    channel_write(&c);
    for (int i = 0; i < 10 && !is_listed(l, LOOP_OP, "unclaimed"); i++)
        pass(l);
    CHECK(is_listed(l, LOOP_OP, "unclaimed"));
    actor_start(l, &writer, AWAITS_OP, &c.writing);
    run_idle(l);
    check_ended(&writer, 2, 0, 0);
    CHECK_EQ(sizeof c.out, c.writing.size);
    channel_close(l, &c);
    test_loop_end(l);
}

/* A task ends with a result, which all who wait are told; also who comes
 * when it is over. */
static void task_awaits_a_task(void)
{
    struct loop *l = test_loop_create(0);
    struct actor child, parents[3], late;
    child = actor_of(l, AWAITS_PASS, NULL);
    child.result = 42;
    spawn(&child);
    for (int i = 0; i < 3; i++)
        actor_start(l, &parents[i], AWAITS_TASK, &child.task);
    run_idle(l);
    check_ended(&child, 2, 0, 0);
    for (int i = 0; i < 3; i++)
        check_ended(&parents[i], 2, 0, 42);
    actor_start(l, &late, AWAITS_TASK, &child.task);
    run_idle(l);
    check_ended(&late, 2, 0, 42);
    test_loop_end(l);
}

/* A job, held in place by a gate. */
struct work {
    struct job   job;
    struct gate *begun;
    struct gate *go_on;
    int          status;
    atomic_int   worked;
};

static int on_work(struct job *j)
{
    struct work *w = LIST_OF(j, struct work, job);
    w->worked++;
    if (w->begun)
        gate_raise(w->begun);
    if (w->go_on)
        gate_wait(w->go_on, 1);
    return w->status;
}

static void submit(struct loop *l, struct work *w)
{
    w->job.work = on_work;
    CHECK_EQ(0, job_submit(l, &w->job));
}

static void task_awaits_a_job(void)
{
    struct loop *l = test_loop_create(0);
    struct gate go_on;
    struct work w = { .status = 7, .go_on = &go_on };
    struct actor a;
    gate_open(&go_on);
    submit(l, &w);
    actor_start(l, &a, AWAITS_JOB, &w.job);
    pass(l);
    CHECK_EQ(1, a.steps);
    gate_raise(&go_on);
    run_idle(l);
    check_ended(&a, 2, 0, 7);
    gate_close(&go_on);
    test_loop_end(l);
}

static void job_that_has_ended_is_awaited_late(void)
{
    struct loop *l = test_loop_create(0);
    struct work w = { .status = 7 };
    struct actor a;
    submit(l, &w);
    for (int i = 0; i < TEST_LOOKS && !is_listed(l, LOOP_JOB, "unclaimed");
         i++)
        os_pause();
    actor_start(l, &a, AWAITS_JOB, &w.job);
    run_idle(l);
    check_ended(&a, 2, 0, 7);
    test_loop_end(l);
}

/* A cancel before the first step is told with it. */
static void cancel_before_the_first_step_comes_with_it(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a;
    actor_start(l, &a, AWAITS_TIMER, NULL);
    CHECK_EQ(0, task_cancel(&a.task));
    CHECK_EQ(0, task_cancel(&a.task));
    pass(l);
    check_ended(&a, 1, 1, 0);
    CHECK_EQ(0, task_cancel(&a.task));
    run_idle(l);
    CHECK_EQ(1, a.steps);
    test_loop_end(l);
}

/* A cancelled timer ends at once; nothing waits for its time. */
static void cancel_ends_a_wait_for_a_timer(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a;
    actor_start(l, &a, AWAITS_TIMER, NULL);
    pass(l);
    CHECK_EQ(0, task_cancel(&a.task));
    run_idle(l);
    check_ended(&a, 2, 1, LOOP_EABORTED);
    test_loop_end(l);
}

/* The step comes with the op's packet, and the bytes are still there. */
static void cancel_ends_a_wait_for_an_op(void)
{
    struct loop *l = test_loop_create(0);
    struct channel c;
    struct actor a;
    channel_open(l, &c);
    channel_read(&c);
    actor_start(l, &a, AWAITS_OP, &c.reading);
    pass(l);
    CHECK_EQ(0, task_cancel(&a.task));
    run_idle(l);
    check_ended(&a, 2, 1, LOOP_EABORTED);
    CHECK_EQ(LOOP_EABORTED, c.reading.status);

    channel_write(&c);
    channel_read(&c);
    struct actor writer, reader;
    actor_start(l, &writer, AWAITS_OP, &c.writing);
    actor_start(l, &reader, AWAITS_OP, &c.reading);
    run_idle(l);
    check_ended(&writer, 2, 0, 0);
    check_ended(&reader, 2, 0, 0);
    CHECK_EQ(sizeof c.in, c.reading.size);
    channel_close(l, &c);
    test_loop_end(l);
}

/* A queued job ends at once and is never begun; a running one is waited
 * for, and its true result is told. */
static void cancel_ends_a_queued_job_and_waits_for_a_running_one(void)
{
    struct loop *l = test_loop_create(1);
    struct gate begun, go_on;
    struct work running = { .begun = &begun, .go_on = &go_on, .status = 5 };
    struct work queued = { .status = 6 };
    struct actor a, b;
    gate_open(&begun);
    gate_open(&go_on);
    submit(l, &running);
    submit(l, &queued);
    actor_start(l, &a, AWAITS_JOB, &running.job);
    actor_start(l, &b, AWAITS_JOB, &queued.job);
    gate_wait(&begun, 1);
    pass(l);
    CHECK_EQ(2, task_cancel_all(l));
    pass(l);
    check_ended(&b, 2, 1, LOOP_EABORTED);
    CHECK_EQ(0, a.ended);
    gate_raise(&go_on);
    run_idle(l);
    check_ended(&a, 2, 1, 5);
    CHECK_EQ(1, running.worked);
    CHECK_EQ(0, queued.worked);
    gate_close(&go_on);
    gate_close(&begun);
    test_loop_end(l);
}

/* A cancel of who waits asks what it waits for, and is told at its end. */
static void cancel_reaches_the_awaited_task(void)
{
    struct loop *l = test_loop_create(0);
    struct actor child, parent;
    actor_start(l, &child, AWAITS_TIMER, NULL);
    actor_start(l, &parent, AWAITS_TASK, &child.task);
    pass(l);
    CHECK_EQ(0, task_cancel(&parent.task));
    run_idle(l);
    check_ended(&child, 2, 1, LOOP_EABORTED);
    check_ended(&parent, 2, 1, LOOP_EABORTED);
    test_loop_end(l);
}

/* A task may ignore a cancel and go on; the next one is told anew. */
static void swallowed_cancel_leaves_a_task_alive(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a = actor_of(l, AWAITS_TIMER, NULL);
    a.swallows = 2;
    spawn(&a);
    pass(l);
    for (int i = 1; i <= 2; i++) {
        CHECK_EQ(0, task_cancel(&a.task));
        pass(l);
        CHECK_EQ(i, a.cancels);
        CHECK_EQ(0, a.ended);
        pass(l);
        CHECK_EQ(i + 1, a.steps);
    }
    CHECK_EQ(0, task_cancel(&a.task));
    run_idle(l);
    check_ended(&a, 4, 3, LOOP_EABORTED);
    test_loop_end(l);
}

static enum task_next on_cancel_itself(struct task *t, struct task_wake wake)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    if (a->steps++ == 0) {
        CHECK_EQ(0, task_cancel(t));
        task_await_timer(t, TEST_FAR);
        return TASK_WAITS;
    }
    a->cancels += wake.cancelled;
    a->status = wake.status;
    return TASK_ENDS;
}

/* A cancel that comes while the step runs is told with the next one, and
 * ends the wait that the step has begun. */
static void cancel_during_a_step_comes_with_the_next(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a = actor_of(l, AWAITS_NOTHING, NULL);
    a.task.step = on_cancel_itself;
    spawn(&a);
    run_idle(l);
    check_ended(&a, 2, 1, LOOP_EABORTED);
    test_loop_end(l);
}

static enum task_next on_answer_with_work(struct task *t,
                                          struct task_wake wake)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    a->cancels += wake.cancelled;
    if (a->steps++ == 0) {
        task_await_timer(t, TEST_FAR);
        return TASK_WAITS;
    }
    if (wake.cancelled) {
        struct actor *child = a->awaited;
        actor_start(a->loop, child, AWAITS_PASS, NULL);
        task_await_task(t, &child->task);
        return TASK_WAITS;
    }
    return TASK_ENDS;
}

/* A cancel may be answered with more work. */
static void cancel_may_be_answered_with_more_work(void)
{
    struct loop *l = test_loop_create(0);
    struct actor child;
    struct actor a = actor_of(l, AWAITS_NOTHING, &child);
    a.task.step = on_answer_with_work;
    spawn(&a);
    pass(l);
    CHECK_EQ(0, task_cancel(&a.task));
    run_idle(l);
    CHECK_EQ(1, a.ended);
    CHECK_EQ(3, a.steps);
    check_ended(&child, 2, 0, 0);
    test_loop_end(l);
}

/* Gathering. */

enum { MEMBERS = 5 };

/* Members wait a pass each, one more than the one before; number 2 fails. */
struct crew {
    struct group group;
    struct actor member[MEMBERS];
};

static void crew_start(struct loop *l, struct crew *c, enum awaits awaits,
                       int failure)
{
    for (int i = 0; i < MEMBERS; i++) {
        struct actor *m = &c->member[i];
        *m = actor_of(l, awaits, NULL);
        if (i == 2) {
            m->awaits = AWAITS_PASS;
            m->result = failure;
        }
        spawn(m);
        group_add(&c->group, &m->task);
    }
}

/* Gathering nothing waits for nothing. */
static void empty_group_is_over_in_the_next_pass(void)
{
    struct loop *l = test_loop_create(0);
    struct group empty[2] = { { .return_exceptions = true } };
    struct actor a[2];
    for (int i = 0; i < 2; i++)
        actor_start(l, &a[i], AWAITS_GROUP, &empty[i]);
    pass(l);
    pass(l);
    for (int i = 0; i < 2; i++)
        check_ended(&a[i], 2, 0, 0);
    test_loop_end(l);
}

/* All have ended, none has failed. */
static void group_waits_for_every_member(void)
{
    struct loop *l = test_loop_create(0);
    struct crew c = { .group = { .return_exceptions = false } };
    struct actor a;
    crew_start(l, &c, AWAITS_PASS, 0);
    actor_start(l, &a, AWAITS_GROUP, &c.group);
    run_idle(l);
    check_ended(&a, 2, 0, 0);
    for (int i = 0; i < MEMBERS; i++)
        check_ended(&c.member[i], 2, 0, 0);
    CHECK(c.group.members == NULL);
    test_loop_end(l);
}

/* The first failure ends the wait; the others go on, outside the group. */
static void failure_ends_a_group_and_the_rest_goes_on(void)
{
    struct loop *l = test_loop_create(0);
    struct crew c = { .group = { .return_exceptions = false } };
    struct actor a;
    crew_start(l, &c, AWAITS_TIMER, LOOP_EFAILED);
    actor_start(l, &a, AWAITS_GROUP, &c.group);
    for (int i = 0; i < 3; i++)
        pass(l);
    check_ended(&a, 2, 0, LOOP_EFAILED);
    CHECK(c.group.members == NULL);
    CHECK_EQ(1, c.member[2].ended);
    for (int i = 0; i < MEMBERS; i++)
        if (i != 2)
            CHECK_EQ(0, c.member[i].ended);
    CHECK_EQ(MEMBERS - 1, task_cancel_all(l));
    run_idle(l);
    for (int i = 0; i < MEMBERS; i++)
        CHECK_EQ(1, c.member[i].ended);
    CHECK_EQ(2, a.steps);
    test_loop_end(l);
}

/* With exceptions as results, a failure is no reason to wake. */
static void group_with_exceptions_waits_for_all(void)
{
    struct loop *l = test_loop_create(0);
    struct crew c = { .group = { .return_exceptions = true } };
    struct actor a;
    crew_start(l, &c, AWAITS_TIMER, LOOP_EFAILED);
    actor_start(l, &a, AWAITS_GROUP, &c.group);
    for (int i = 0; i < 4; i++)
        pass(l);
    CHECK_EQ(1, c.member[2].ended);
    CHECK_EQ(0, a.ended);
    for (int i = 0; i < MEMBERS; i++)
        task_cancel(&c.member[i].task);
    run_idle(l);
    check_ended(&a, 2, 0, 0);
    CHECK_EQ(LOOP_EFAILED, c.group.status);
    test_loop_end(l);
}

/* A member that had ended before it was added counts with its result. */
static void ended_member_counts_in_a_group(void)
{
    struct loop *l = test_loop_create(0);
    struct group g = { .return_exceptions = false };
    struct actor done = actor_of(l, AWAITS_NOTHING, NULL), a;
    done.result = LOOP_EFAILED;
    spawn(&done);
    run_idle(l);
    group_add(&g, &done.task);
    actor_start(l, &a, AWAITS_GROUP, &g);
    run_idle(l);
    check_ended(&a, 2, 0, LOOP_EFAILED);
    test_loop_end(l);
}

/* A cancel of who gathers asks each member, once, in their order. */
static void cancel_of_a_gatherer_asks_every_member(void)
{
    struct loop *l = test_loop_create(0);
    for (int exceptions = 0; exceptions < 2; exceptions++) {
        struct crew c = { .group = { .return_exceptions = exceptions } };
        struct actor a;
        crew_start(l, &c, AWAITS_TIMER, 0);
        actor_start(l, &a, AWAITS_GROUP, &c.group);
        for (int i = 0; i < 3; i++)
            pass(l);
        CHECK_EQ(0, task_cancel(&a.task));
        CHECK_EQ(0, task_cancel(&a.task));
        run_idle(l);
        check_ended(&a, 2, 1, exceptions ? 0 : LOOP_EABORTED);
        for (int i = 0; i < MEMBERS; i++)
            check_ended(&c.member[i], 2, i == 2 ? 0 : 1,
                        i == 2 ? 0 : LOOP_EABORTED);
        CHECK(c.member[0].place < c.member[1].place);
        CHECK(c.member[1].place < c.member[3].place);
        CHECK(c.member[3].place < c.member[4].place);
    }
    test_loop_end(l);
}

/* Crowds. */

static struct actor crowd[CROWD];

/* 10: each of many is told once, whatever else asks for the same, and the
 * oldest first. */
static void cancel_all_tells_each_of_many_once(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < CROWD; i++)
        actor_start(l, &crowd[i], AWAITS_TIMER, NULL);
    pass(l);
    CHECK_EQ(CROWD, loop_pending(l, NULL, 0));
    CHECK_EQ(CROWD, task_cancel_all(l));
    CHECK_EQ(CROWD, task_cancel_all(l));
    run_idle(l);
    for (int i = 0; i < CROWD; i++)
        check_ended(&crowd[i], 2, 1, LOOP_EABORTED);
    for (int i = 1; i < CROWD; i++)
        CHECK_EQ(crowd[0].place + i, crowd[i].place);
    CHECK_EQ(0, task_cancel_all(l));
    test_loop_end(l);
}

static void chain_start(struct loop *l)
{
    for (int i = CROWD - 1; i >= 0; i--) {
        if (i == CROWD - 1)
            actor_start(l, &crowd[i], AWAITS_TIMER, NULL);
        else
            actor_start(l, &crowd[i], AWAITS_TASK, &crowd[i + 1].task);
    }
    pass(l);
}

static void chain_has_ended(void)
{
    for (int i = 0; i < CROWD; i++)
        check_ended(&crowd[i], 2, 1, LOOP_EABORTED);
}

/* However long a chain of tasks that wait for one another, a cancel gets to
 * its end and the end back to its head, on a stack of any size. */
static void cancel_walks_a_chain_of_many(void)
{
    struct loop *l = test_loop_create(0);
    chain_start(l);
    CHECK_EQ(0, task_cancel(&crowd[0].task));
    run_idle(l);
    chain_has_ended();
    chain_start(l);
    CHECK_EQ(CROWD, task_cancel_all(l));
    run_idle(l);
    chain_has_ended();
    test_loop_end(l);
}

/* A shutdown ends a chain too, and each link hears one cancel. */
static void shutdown_ends_a_chain_of_many(void)
{
    struct loop *l = test_loop_create(0);
    chain_start(l);
    test_loop_shut_down(l);
    chain_has_ended();
}

static void on_respawn(struct task *t)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    if (++a->ended < 100)
        spawn(a);
}

/* A task is the caller's in its last callback, and can be spawned again. */
static void ended_task_can_be_spawned_again(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a = actor_of(l, AWAITS_NOTHING, NULL);
    a.task.ended = on_respawn;
    spawn(&a);
    run_idle(l);
    CHECK_EQ(100, a.ended);
    CHECK_EQ(100, a.steps);
    test_loop_end(l);
}

static void on_free_task(struct task *t)
{
    os_free(LIST_OF(t, struct actor, task));
}

/* A task is the caller's from the moment its last callback starts. */
static void task_may_be_freed_in_its_last_callback(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 20; i++) {
        struct actor *a = os_alloc(sizeof *a);
        *a = actor_of(l, i % 2 ? AWAITS_PASS : AWAITS_TIMER, NULL);
        a->task.ended = on_free_task;
        spawn(a);
    }
    pass(l);
    pass(l);
    CHECK_EQ(10, task_cancel_all(l));
    run_idle(l);
    test_loop_end(l);
}

/* Many threads. */

enum { WALKERS = 50, STEPS = 200, RUNNERS = 4 };

static enum task_next on_walk(struct task *t, struct task_wake wake)
{
    struct actor *a = LIST_OF(t, struct actor, task);
    a->cancels += wake.cancelled;
    if (a->steps++ == STEPS)
        return TASK_ENDS;
    task_yield(t);
    return TASK_WAITS;
}

static void idle_main(void *loop)
{
    CHECK_EQ(LOOP_IDLE, loop_run(loop, LOOP_UNTIL_IDLE));
}

/* Two threads never step one task, and no step is lost; the steps count in
 * plain memory, where a race would show. Cancels come all the while. */
static void many_threads_step_each_task_in_turn(void)
{
    static struct actor walkers[WALKERS];
    struct loop *l = test_loop_create(0);
    struct os_thread threads[RUNNERS];
    for (int i = 0; i < WALKERS; i++) {
        walkers[i] = actor_of(l, AWAITS_NOTHING, NULL);
        walkers[i].task.step = on_walk;
        spawn(&walkers[i]);
    }
    for (int i = 0; i < RUNNERS; i++)
        test_thread_start(&threads[i], idle_main, l);
    while (task_cancel_all(l) > 0)
        os_pause();
    for (int i = 0; i < RUNNERS; i++)
        os_thread_join(&threads[i]);
    for (int i = 0; i < WALKERS; i++) {
        CHECK_EQ(1, walkers[i].ended);
        CHECK_EQ(STEPS + 1, walkers[i].steps);
        CHECK(walkers[i].cancels <= walkers[i].steps);
    }
    test_loop_end(l);
}

/* A wait that another thread cancels while it begins ends once, and the far
 * timer is never waited for. */
static void cancel_racing_a_wait_is_never_lost(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < 300; round++) {
        struct actor a;
        struct os_thread thread;
        actor_start(l, &a, AWAITS_TIMER, NULL);
        test_thread_start(&thread, idle_main, l);
        for (int i = 0; i < round % 30; i++)
            (void)loop_pending(l, NULL, 0);
        CHECK_EQ(0, task_cancel(&a.task));
        os_thread_join(&thread);
        CHECK_EQ(1, a.ended);
        CHECK_EQ(1, a.cancels);
    }
    test_loop_end(l);
}

/* A closed loop takes no task. */
static void closed_loop_spawns_nothing(void)
{
    struct loop *l = test_loop_create(0);
    struct actor a = actor_of(l, AWAITS_NOTHING, NULL);
    CHECK_EQ(0, loop_close(l));
    CHECK_EQ(LOOP_ECLOSED, task_spawn(l, &a.task));
    CHECK_EQ(0, a.steps + a.ended);
    loop_destroy(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(steps_come_a_pass_at_a_time);
    RUN(task_awaits_a_timer);
    RUN(task_awaits_an_op);
    RUN(op_that_has_ended_is_awaited_late);
    RUN(task_awaits_a_task);
    RUN(task_awaits_a_job);
    RUN(job_that_has_ended_is_awaited_late);
    RUN(cancel_before_the_first_step_comes_with_it);
    RUN(cancel_ends_a_wait_for_a_timer);
    RUN(cancel_ends_a_wait_for_an_op);
    RUN(cancel_ends_a_queued_job_and_waits_for_a_running_one);
    RUN(cancel_reaches_the_awaited_task);
    RUN(swallowed_cancel_leaves_a_task_alive);
    RUN(cancel_during_a_step_comes_with_the_next);
    RUN(cancel_may_be_answered_with_more_work);
    RUN(empty_group_is_over_in_the_next_pass);
    RUN(group_waits_for_every_member);
    RUN(failure_ends_a_group_and_the_rest_goes_on);
    RUN(group_with_exceptions_waits_for_all);
    RUN(ended_member_counts_in_a_group);
    RUN(cancel_of_a_gatherer_asks_every_member);
    RUN(cancel_all_tells_each_of_many_once);
    RUN(cancel_walks_a_chain_of_many);
    RUN(shutdown_ends_a_chain_of_many);
    RUN(ended_task_can_be_spawned_again);
    RUN(task_may_be_freed_in_its_last_callback);
    RUN(many_threads_step_each_task_in_turn);
    RUN(cancel_racing_a_wait_is_never_lost);
    RUN(closed_loop_spawns_nothing);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(29);
}
