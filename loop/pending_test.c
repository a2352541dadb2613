/*
 * pending_test.c - the list of what keeps a loop from being closed: point 11
 * of the contract in loop.h.
 */
#include <string.h>

#include "console.h"
#include "op.h"
#include "task.h"
#include "test_loop.h"
#include "timer.h"
#include "worker.h"

enum { CAP = 16 };

static void on_post(struct post *p, int status)
{
    (void)p;
    (void)status;
}

static void on_timer(struct timer *t, int status)
{
    (void)t;
    (void)status;
}

static void on_op(struct op *op)
{
    (void)op;
}

static void on_job_done(struct job *j, int status)
{
    (void)j;
    (void)status;
}

static void on_event(struct console_watch *w, uint32_t count)
{
    (void)w;
    (void)count;
}

static enum task_next on_task(struct task *t, struct task_wake wake)
{
    if (wake.cancelled)
        return TASK_ENDS;
    task_await_timer(t, TEST_FAR);
    return TASK_WAITS;
}

static struct gate begun, go_on;

static int on_job(struct job *j)
{
    (void)j;
    gate_raise(&begun);
    gate_wait(&go_on, 1);
    return 0;
}

/* How many lines say just this. */
static int lines(struct loop *l, enum loop_kind kind, const char *state,
                 const char *name)
{
    struct loop_pending list[CAP];
    size_t count = loop_pending(l, list, CAP);
    int found = 0;
    CHECK(count <= CAP);
    for (size_t i = 0; i < count && i < CAP; i++)
        found += list[i].kind == kind && !strcmp(list[i].state, state) &&
                 !strcmp(list[i].name, name);
    return found;
}

static void pass(struct loop *l)
{
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
}

/* A post is there from its acceptance to its callback, also while no run has
 * looked at it; one without a name has a dash. */
static void posts_are_listed_until_they_run(void)
{
    struct loop *l = test_loop_create(0);
    struct post named = { .run = on_post, .name = "named" };
    struct post other = { .run = on_post };
    struct loop_pending list[2];
    CHECK_EQ(0, loop_pending(l, NULL, 0));
    CHECK_EQ(0, loop_post(l, &named));
    CHECK_EQ(0, loop_post(l, &other));
    CHECK_EQ(2, loop_pending(l, NULL, 0));
    CHECK_EQ(2, loop_pending(l, list, 2));
    CHECK_EQ(0, strcmp("named", list[0].name));
    CHECK_EQ(0, strcmp("-", list[1].name));
    CHECK_EQ(2, lines(l, LOOP_POST, "queued", "named") +
                lines(l, LOOP_POST, "queued", "-"));
    pass(l);
    test_loop_end(l);
}

/* One post as the callback that asks, and what it sees of the others. */
struct asker {
    struct post  post;
    struct loop *loop;
    struct post *later;
    int          ready, queued;
};

static void ask(struct post *p, int status)
{
    struct asker *a = LIST_OF(p, struct asker, post);
    CHECK_EQ(0, status);
    CHECK_EQ(0, loop_post(a->loop, a->later));
    a->ready = lines(a->loop, LOOP_POST, "ready", "next");
    a->queued = lines(a->loop, LOOP_POST, "queued", "later");
}

/* A callback is called without the lock: what comes after it in its pass has
 * left the stack and is in no queue, and is listed all the same. */
static void posts_of_the_pass_are_listed_while_one_runs(void)
{
    struct loop *l = test_loop_create(0);
    struct post later = { .run = on_post, .name = "later" };
    struct post next[2] = { { .run = on_post, .name = "next" },
                            { .run = on_post, .name = "next" } };
    struct asker first = { .post = { .run = ask, .name = "first" },
                           .loop = l, .later = &later };
    CHECK_EQ(0, loop_post(l, &first.post));
    CHECK_EQ(0, loop_post(l, &next[0]));
    CHECK_EQ(0, loop_post(l, &next[1]));
    pass(l);
    CHECK_EQ(2, first.ready);
    CHECK_EQ(1, first.queued);
    CHECK_EQ(0, lines(l, LOOP_POST, "ready", "next"));
    CHECK_EQ(1, lines(l, LOOP_POST, "queued", "later"));
    pass(l);
    test_loop_end(l);
}

/* A timer that sees how many others a shutdown has still to tell. */
struct teller {
    struct timer timer;
    struct loop *loop;
    int          aborted;
};

static void tell(struct timer *t, int status)
{
    struct teller *a = LIST_OF(t, struct teller, timer);
    CHECK_EQ(LOOP_EABORTED, status);
    a->aborted = lines(a->loop, LOOP_TIMER, "aborted", "timer");
}

static void timers_are_listed_until_a_shutdown_has_told_them(void)
{
    struct loop *l = test_loop_create(0);
    struct teller t[3];
    for (int i = 0; i < 3; i++) {
        t[i] = (struct teller){ .loop = l, .timer = { .fire = tell,
                                .item.name = "timer" } };
        CHECK_EQ(0, timer_start(l, &t[i].timer, TEST_FAR));
    }
    CHECK_EQ(0, loop_shutdown(l, NULL, NULL));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(2 - i, t[i].aborted);
    loop_destroy(l);
}

static void timers_and_tasks_are_listed(void)
{
    struct loop *l = test_loop_create(0);
    struct timer timer = { .fire = on_timer, .item.name = "a timer" };
    struct task task = { .step = on_task, .item.name = "a task" };
    CHECK_EQ(0, timer_start(l, &timer, TEST_FAR));
    CHECK_EQ(1, lines(l, LOOP_TIMER, "pending", "a timer"));
    CHECK_EQ(0, task_spawn(l, &task));
    CHECK_EQ(1, lines(l, LOOP_TASK, "queued", "a task"));
    pass(l);
    CHECK_EQ(1, lines(l, LOOP_TASK, "waiting", "a task"));
    CHECK_EQ(2, loop_pending(l, NULL, 0));
    CHECK_EQ(0, task_cancel(&task));
    CHECK_EQ(1, lines(l, LOOP_TASK, "queued", "a task"));
    pass(l);
    CHECK_EQ(0, timer_cancel(l, &timer));
    test_loop_end(l);
}

static void ops_and_handles_are_listed(void)
{
    struct loop *l = test_loop_create(0);
    port_handle reader, writer;
    char byte;
    struct handle h = { .item.name = "a pipe" }, other = { .loop = NULL };
    struct op op = { .done = on_op, .item.name = "a read" };
    struct port_request request = { .kind = PORT_READ, .buffer = &byte,
                                    .size = 1 };
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(l, &h, reader, NULL));
    CHECK_EQ(0, handle_open(l, &other, writer, NULL));
    CHECK_EQ(0, op_submit(&h, &op, &request));
    CHECK_EQ(1, lines(l, LOOP_HANDLE, "open", "a pipe"));
    CHECK_EQ(1, lines(l, LOOP_HANDLE, "open", "-"));
    CHECK_EQ(1, lines(l, LOOP_OP, "pending", "a read"));
    CHECK_EQ(0, op_cancel(&op));
    CHECK_EQ(1, lines(l, LOOP_OP, "cancelling", "a read"));
    CHECK_EQ(0, handle_close(&h));
    CHECK_EQ(1, lines(l, LOOP_HANDLE, "closing", "a pipe"));
    CHECK_EQ(1, lines(l, LOOP_OP, "cancelling", "a read"));
    CHECK_EQ(0, handle_close(&other));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    test_loop_end(l);
}

static void jobs_and_watches_are_listed(void)
{
    struct loop *l = test_loop_create(1);
    struct job job[2] = {
        { .work = on_job, .done = on_job_done, .item.name = "first" },
        { .work = on_job, .done = on_job_done, .item.name = "second" },
    };
    struct console_watch watch = { .event = on_event,
                                   .item.name = "a watch" };
    gate_open(&begun);
    gate_open(&go_on);
    CHECK_EQ(0, job_submit(l, &job[0]));
    gate_wait(&begun, 1);
    CHECK_EQ(0, job_submit(l, &job[1]));
    CHECK_EQ(0, console_watch(l, &watch));
    CHECK_EQ(1, lines(l, LOOP_JOB, "running", "first"));
    CHECK_EQ(1, lines(l, LOOP_JOB, "queued", "second"));
    CHECK_EQ(1, lines(l, LOOP_CONSOLE, "pending", "a watch"));
    CHECK_EQ(0, job_cancel(&job[1]));
    CHECK_EQ(1, lines(l, LOOP_JOB, "aborted", "second"));
    gate_raise(&go_on);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    console_unwatch(&watch);
    gate_close(&go_on);
    gate_close(&begun);
    test_loop_end(l);
}

/* The answer is the number of all; slots past the cap are not touched, and
 * the oldest of a kind come first. */
static void list_is_cut_at_its_cap_oldest_first(void)
{
    enum { TIMERS = 6 };
    static const char *const names[TIMERS] = { "0", "1", "2", "3", "4", "5" };
    struct loop *l = test_loop_create(0);
    struct timer timers[TIMERS];
    struct loop_pending list[TIMERS + 1];
    uint64_t far = TEST_FAR;
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = (struct timer){ .fire = on_timer,
                                    .item.name = names[i] };
        /* The later armed, the earlier due: the list goes by acceptance. */
        CHECK_EQ(0, timer_start(l, &timers[i], far - (uint64_t)i));
    }
    for (size_t cap = 0; cap <= TIMERS; cap++) {
        list[cap].name = "untouched";
        CHECK_EQ(TIMERS, loop_pending(l, list, cap));
        for (size_t i = 0; i < cap; i++)
            CHECK(list[i].name == names[i]);
        CHECK_EQ(0, strcmp("untouched", list[cap].name));
    }
    for (int i = 0; i < TIMERS; i++)
        CHECK_EQ(0, timer_cancel(l, &timers[i]));
    test_loop_end(l);
}

/* An age is since the acceptance, and grows. */
static void ages_grow_from_acceptance(void)
{
    struct loop *l = test_loop_create(0);
    struct timer timer = { .fire = on_timer };
    struct loop_pending first, second;
    uint64_t before = os_now();
    CHECK_EQ(0, timer_start(l, &timer, TEST_FAR));
    CHECK_EQ(1, loop_pending(l, &first, 1));
    os_pause();
    CHECK_EQ(1, loop_pending(l, &second, 1));
    CHECK(second.age > first.age);
    CHECK(second.age <= os_now() - before);
    CHECK_EQ(0, timer_cancel(l, &timer));
    test_loop_end(l);
}

enum { POSTS = 3000 };

struct flood {
    struct os_thread thread;
    struct loop     *loop;
    struct post      post[POSTS];
};

static void flood_main(void *arg)
{
    struct flood *f = arg;
    for (int i = 0; i < POSTS; i++) {
        f->post[i] = (struct post){ .run = on_post, .name = "flood" };
        CHECK_EQ(0, loop_post(f->loop, &f->post[i]));
    }
}

static void run_main(void *loop)
{
    CHECK_EQ(LOOP_STOPPED, loop_run(loop, LOOP_FOREVER));
}

/* A list that is made while other threads post and deliver is whole: its
 * entries are of the kinds there are, and no more than were posted. */
static void list_made_during_a_flood_is_whole(void)
{
    static struct flood flood;
    struct loop *l = test_loop_create(0);
    struct os_thread runner;
    struct loop_pending list[CAP];
    flood.loop = l;
    test_thread_start(&runner, run_main, l);
    test_thread_start(&flood.thread, flood_main, &flood);
    for (int i = 0; i < 300; i++) {
        size_t count = loop_pending(l, list, CAP);
        CHECK(count <= POSTS);
        for (size_t k = 0; k < count && k < CAP; k++) {
            CHECK_EQ(LOOP_POST, list[k].kind);
            CHECK_EQ(0, strcmp("flood", list[k].name));
        }
    }
    os_thread_join(&flood.thread);
    CHECK_EQ(0, loop_stop(l));
    os_thread_join(&runner);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    test_loop_end(l);
}

/* Every number has a word, also those that mean nothing. */
static void kinds_and_errors_have_names(void)
{
    CHECK_EQ(0, strcmp("post", loop_kind_name(LOOP_POST)));
    CHECK_EQ(0, strcmp("console", loop_kind_name(LOOP_CONSOLE)));
    CHECK_EQ(0, strcmp("unknown", loop_kind_name(LOOP_KINDS)));
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        CHECK(strcmp("unknown", loop_kind_name((enum loop_kind)kind)) != 0);
    CHECK_EQ(0, strcmp("ok", loop_error_name(LOOP_OK)));
    CHECK_EQ(0, strcmp("aborted", loop_error_name(LOOP_EABORTED)));
    for (int error = LOOP_EDEADLINE; error <= LOOP_OK; error++)
        CHECK(strcmp("unknown", loop_error_name(error)) != 0);
    CHECK_EQ(0, strcmp("unknown", loop_error_name(1)));
    CHECK_EQ(0, strcmp("unknown", loop_error_name(LOOP_EDEADLINE - 1)));
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(posts_are_listed_until_they_run);
    RUN(posts_of_the_pass_are_listed_while_one_runs);
    RUN(timers_are_listed_until_a_shutdown_has_told_them);
    RUN(timers_and_tasks_are_listed);
    RUN(ops_and_handles_are_listed);
    RUN(jobs_and_watches_are_listed);
    RUN(list_is_cut_at_its_cap_oldest_first);
    RUN(ages_grow_from_acceptance);
    RUN(list_made_during_a_flood_is_whole);
    RUN(kinds_and_errors_have_names);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(10);
}
