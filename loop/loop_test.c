/*
 * loop_test.c - run, stop, post and close with real threads: points 1 to 5,
 * 7 and 8 of the contract in loop.h.
 */
#include <stdatomic.h>

#include "test_loop.h"
#include "timer.h"

enum { THREADS = 4, ROUNDS = 50 };

/* A post that counts how often it was run, and can do more. */
struct mark {
    struct post  post;
    struct loop *loop;
    struct mark *other;
    atomic_int   run;
    atomic_int   cancelled;
    int          order;
    int          result;
};

static int order;

static void count_mark(struct mark *m, int status)
{
    CHECK(status == 0 || status == LOOP_EABORTED);
    if (status == 0)
        m->run++;
    else
        m->cancelled++;
}

static void on_mark(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    m->order = ++order;
    count_mark(m, status);
}

static void post_mark(struct loop *l, struct mark *m,
                      void (*run)(struct post *p, int status))
{
    *m = (struct mark){ .post.run = run, .loop = l, .other = m->other };
    CHECK_EQ(0, loop_post(l, &m->post));
}

/* One thread that runs a loop. */
struct runner {
    struct os_thread   thread;
    struct loop       *loop;
    enum loop_run_mode mode;
    int                result;
};

static void runner_main(void *arg)
{
    struct runner *r = arg;
    r->result = loop_run(r->loop, r->mode);
}

static void runner_start(struct runner *r, struct loop *l,
                         enum loop_run_mode mode)
{
    *r = (struct runner){ .loop = l, .mode = mode };
    test_thread_start(&r->thread, runner_main, r);
}

static int runner_join(struct runner *r)
{
    os_thread_join(&r->thread);
    return r->result;
}

/* Posts that hold a thread each, until all threads are held at once: then
 * all of them are inside. */
struct roll_call {
    struct post  post;
    struct gate *here;
    int          expected;
};

static void on_roll_call(struct post *p, int status)
{
    struct roll_call *c = LIST_OF(p, struct roll_call, post);
    CHECK_EQ(0, status);
    gate_raise(c->here);
    gate_wait(c->here, c->expected);
}

static void runners_start(struct runner *r, int count, struct loop *l,
                          struct roll_call *calls, struct gate *here)
{
    for (int i = 0; i < count; i++)
        runner_start(&r[i], l, LOOP_FOREVER);
    for (int i = 0; i < count; i++) {
        calls[i] = (struct roll_call){ .post.run = on_roll_call,
                                       .here = here, .expected = count };
        CHECK_EQ(0, loop_post(l, &calls[i].post));
    }
    gate_wait(here, count);
}

static void pause_some(int count)
{
    for (int i = 0; i < count; i++)
        os_pause();
}

/* 1: whether the thread is about to sleep or asleep already, no unrelated
 * event is needed. */
static void stop_wakes_an_idle_run(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < ROUNDS; round++) {
        struct gate here;
        gate_open(&here);
        struct roll_call call;
        struct runner r;
        runners_start(&r, 1, l, &call, &here);
        pause_some(round % 3);
        CHECK_EQ(0, loop_stop(l));
        CHECK_EQ(LOOP_STOPPED, runner_join(&r));
        gate_close(&here);
    }
    test_loop_end(l);
}

/* 1: with n threads inside all n return, and the stop is used up. */
static void stop_ends_every_run_that_is_inside(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < ROUNDS; round++) {
        struct gate here;
        gate_open(&here);
        struct roll_call calls[THREADS];
        struct runner r[THREADS];
        runners_start(r, THREADS, l, calls, &here);
        pause_some(round % 3);
        CHECK_EQ(0, loop_stop(l));
        for (int i = 0; i < THREADS; i++)
            CHECK_EQ(LOOP_STOPPED, runner_join(&r[i]));
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
        gate_close(&here);
    }
    test_loop_end(l);
}

static void on_post_again(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    if (status == 0)
        CHECK_EQ(0, loop_post(m->loop, p));
}

/* 1, 7: a loop that is never out of work hears a stop all the same. */
static void stop_ends_a_busy_run(void)
{
    struct loop *l = test_loop_create(0);
    struct gate here;
    gate_open(&here);
    struct roll_call calls[2];
    struct runner r[2];
    runners_start(r, 2, l, calls, &here);
    struct mark busy[3] = { { .run = 0 } };
    for (int i = 0; i < 3; i++)
        post_mark(l, &busy[i], on_post_again);
    for (int i = 0; i < TEST_LOOKS && busy[2].run < 100; i++)
        os_pause();
    CHECK(busy[2].run >= 100);
    CHECK_EQ(0, loop_stop(l));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(LOOP_STOPPED, runner_join(&r[i]));
    gate_close(&here);

    CHECK_EQ(3, loop_pending(l, NULL, 0));
    CHECK_EQ(0, loop_close(l));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(1, busy[i].cancelled);
    loop_destroy(l);
}

static void on_stop(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    CHECK_EQ(0, loop_stop(m->loop));
}

/* 1: what is behind the callback that stops stays for the next run. */
static void stop_in_a_callback_ends_the_run_after_it(void)
{
    struct loop *l = test_loop_create(0);
    struct mark stop = { .run = 0 }, behind = { .run = 0 };
    post_mark(l, &stop, on_stop);
    post_mark(l, &behind, on_mark);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(1, stop.run);
    CHECK_EQ(0, behind.run);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(1, behind.run);
    test_loop_end(l);
}

/* 1: a stop beats ONCE, NOWAIT and UNTIL_IDLE as it does FOREVER. */
static void stop_in_a_callback_ends_every_mode(void)
{
    const enum loop_run_mode modes[] = { LOOP_FOREVER, LOOP_UNTIL_IDLE,
                                         LOOP_ONCE, LOOP_NOWAIT };
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 4; i++) {
        struct mark stop = { .run = 0 };
        post_mark(l, &stop, on_stop);
        CHECK_EQ(LOOP_STOPPED, loop_run(l, modes[i]));
        CHECK_EQ(1, stop.run);
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    }
    test_loop_end(l);
}

static void on_post_other(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    post_mark(m->loop, m->other, on_mark);
}

/* 2: the pass delivers all that was there, does not block, and leaves what
 * its callbacks have added. */
static void stop_before_run_makes_one_pass(void)
{
    struct loop *l = test_loop_create(0);
    struct mark late = { .run = 0 }, last = { .run = 0 };
    struct mark first = { .other = &late };
    CHECK_EQ(0, loop_stop(l));
    post_mark(l, &first, on_post_other);
    post_mark(l, &last, on_mark);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(1, first.run);
    CHECK_EQ(1, last.run);
    CHECK_EQ(0, late.run);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(1, late.run);

    /* Also over nothing at all. */
    CHECK_EQ(0, loop_stop(l));
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    test_loop_end(l);
}

/* 2: two stops that find no run are one. */
static void stop_is_consumed_once(void)
{
    struct loop *l = test_loop_create(0);
    CHECK_EQ(0, loop_stop(l));
    CHECK_EQ(0, loop_stop(l));
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    test_loop_end(l);
}

/* 2: a stop that races with the start of a run ends that run, whichever
 * comes first. */
static void stop_racing_run_is_never_lost(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < 10 * ROUNDS; round++) {
        struct runner r;
        runner_start(&r, l, LOOP_FOREVER);
        CHECK_EQ(0, loop_stop(l));
        CHECK_EQ(LOOP_STOPPED, runner_join(&r));
    }
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    test_loop_end(l);
}

/* 3: an empty loop is idle at once, and one pass over nothing does nothing. */
static void run_modes_end_as_they_say(void)
{
    struct loop *l = test_loop_create(0);
    struct mark m = { .run = 0 };
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    post_mark(l, &m, on_mark);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
    CHECK_EQ(1, m.run);
    post_mark(l, &m, on_mark);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(1, m.run);
    post_mark(l, &m, on_mark);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(1, m.run);
    test_loop_end(l);
}

/* 3: a pass that may block does, until there is work to deliver. */
static void once_waits_for_work(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < ROUNDS; round++) {
        struct runner r;
        struct mark m = { .run = 0 };
        runner_start(&r, l, LOOP_ONCE);
        pause_some(round % 3);
        post_mark(l, &m, on_mark);
        CHECK_EQ(LOOP_PASSED, runner_join(&r));
        CHECK_EQ(1, m.run);
    }
    test_loop_end(l);
}

struct idle_check {
    struct post   post;
    struct loop  *loop;
    struct runner other;
    struct gate   begun;
    atomic_int    finished;
    atomic_int    early;
};

static void run_until_idle(void *arg)
{
    struct idle_check *c = arg;
    gate_raise(&c->begun);
    c->other.result = loop_run(c->loop, LOOP_UNTIL_IDLE);
    if (!c->finished)
        c->early = 1;
}

static void on_idle_check(struct post *p, int status)
{
    struct idle_check *c = LIST_OF(p, struct idle_check, post);
    CHECK_EQ(0, status);
    test_thread_start(&c->other.thread, run_until_idle, c);
    gate_wait(&c->begun, 1);
    pause_some(5);
    c->finished = 1;
}

/* 3: a callback that is running may make work yet; and when it has not,
 * every run that waits for idle ends, the sleeping one too. */
static void running_callback_keeps_a_loop_alive(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < 10; round++) {
        struct idle_check c = { .post.run = on_idle_check, .loop = l };
        gate_open(&c.begun);
        CHECK_EQ(0, loop_post(l, &c.post));
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        CHECK_EQ(LOOP_IDLE, runner_join(&c.other));
        CHECK_EQ(0, c.early);
        gate_close(&c.begun);
    }
    test_loop_end(l);
}

static void on_nested_run(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    m->result = 0;
    for (int mode = LOOP_FOREVER; mode <= LOOP_NOWAIT; mode++)
        if (loop_run(m->loop, (enum loop_run_mode)mode) != LOOP_EBUSY)
            m->result = 1;
    CHECK_EQ(LOOP_EBUSY, loop_close(m->loop));
}

/* 3: a nested run is refused, delivers nothing, and the outer one goes on. */
static void nested_run_is_refused(void)
{
    struct loop *l = test_loop_create(0);
    struct mark nested = { .run = 0 }, behind = { .run = 0 };
    post_mark(l, &nested, on_nested_run);
    post_mark(l, &behind, on_mark);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(0, nested.result);
    CHECK_EQ(1, nested.run);
    CHECK_EQ(1, behind.run);

    /* A kept stop belongs to the next run that is let in. */
    CHECK_EQ(0, loop_stop(l));
    post_mark(l, &nested, on_nested_run);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    test_loop_end(l);
}

/* 3: after close every call is refused, again and again. */
static void closed_loop_refuses_everything(void)
{
    struct loop *l = test_loop_create(0);
    CHECK_EQ(0, loop_close(l));
    for (int i = 0; i < 2; i++) {
        struct mark m = { .post.run = on_mark };
        struct timer timer = { .loop = NULL };
        CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_FOREVER));
        CHECK_EQ(LOOP_ECLOSED, loop_run(l, LOOP_NOWAIT));
        CHECK_EQ(LOOP_ECLOSED, loop_stop(l));
        CHECK_EQ(LOOP_ECLOSED, loop_post(l, &m.post));
        CHECK_EQ(LOOP_ECLOSED, loop_close(l));
        CHECK_EQ(LOOP_ECLOSED, loop_shutdown(l, NULL, NULL));
        CHECK_EQ(LOOP_ENOTFOUND, timer_cancel(l, &timer));
        CHECK_EQ(0, loop_pending(l, NULL, 0));
        CHECK_EQ(0, m.run + m.cancelled);
    }
    loop_destroy(l);
    loop_destroy(NULL);
}

/* 5: posts of one thread run in the order in which they were accepted. */
static void posts_of_one_thread_keep_their_order(void)
{
    enum { POSTS = 1000 };
    static struct mark m[POSTS];
    struct loop *l = test_loop_create(0);
    order = 0;
    for (int i = 0; i < POSTS; i++)
        post_mark(l, &m[i], on_mark);
    CHECK_EQ(POSTS, loop_pending(l, NULL, 0));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    for (int i = 0; i < POSTS; i++)
        CHECK_EQ(i + 1, m[i].order);
    test_loop_end(l);
}

/* 7: a pass is a snapshot: what a callback posts waits for the next. */
static void post_from_a_callback_waits_for_the_next_pass(void)
{
    struct loop *l = test_loop_create(0);
    struct mark late = { .run = 0 };
    struct mark first = { .other = &late };
    post_mark(l, &first, on_post_other);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(1, first.run);
    CHECK_EQ(0, late.run);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(1, late.run);

    struct mark again = { .run = 0 };
    post_mark(l, &again, on_post_again);
    for (int pass = 1; pass <= 5; pass++) {
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
        CHECK_EQ(pass, again.run);
    }
    CHECK_EQ(0, loop_close(l));
    CHECK_EQ(1, again.cancelled);
    loop_destroy(l);
}

static void on_cancelled(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    m->result = loop_post(m->loop, p);
}

/* 5, 8: a close reports each post that waits, on the calling thread, and a
 * post from such a report is too late. */
static void close_reports_posts_that_have_not_run(void)
{
    struct loop *l = test_loop_create(0);
    struct mark m[3] = { { .run = 0 } };
    for (int i = 0; i < 3; i++)
        post_mark(l, &m[i], on_cancelled);
    CHECK_EQ(0, loop_close(l));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(0, m[i].run);
        CHECK_EQ(1, m[i].cancelled);
        CHECK_EQ(LOOP_ECLOSED, m[i].result);
    }
    loop_destroy(l);
}

/* Threads that post until they are refused. */
enum { POSTS = 2000 };

struct poster {
    struct os_thread thread;
    struct loop     *loop;
    atomic_int      *posted;
    struct mark      mark[POSTS];
    bool             accepted[POSTS];
};

static struct poster posters[THREADS];

static void poster_main(void *arg)
{
    struct poster *p = arg;
    bool refused = false;
    for (int i = 0; i < POSTS; i++) {
        int result = loop_post(p->loop, &p->mark[i].post);
        CHECK(result == 0 || result == LOOP_ECLOSED);
        p->accepted[i] = result == 0;
        CHECK(!refused || !p->accepted[i]);
        refused = result < 0;
        atomic_fetch_add(p->posted, 1);
    }
}

static void posters_start(struct loop *l, atomic_int *posted)
{
    for (int i = 0; i < THREADS; i++) {
        struct poster *p = &posters[i];
        p->loop = l;
        p->posted = posted;
        for (int k = 0; k < POSTS; k++)
            p->mark[k] = (struct mark){ .post.run = on_mark };
        test_thread_start(&p->thread, poster_main, p);
    }
}

/* Each accepted post was told once, each refused one never. */
static void posters_check(int *run, int *cancelled)
{
    *run = *cancelled = 0;
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < POSTS; k++) {
            struct mark *m = &posters[i].mark[k];
            CHECK_EQ(posters[i].accepted[k], m->run + m->cancelled);
            *run += m->run;
            *cancelled += m->cancelled;
        }
}

static void run_some(struct loop *l, atomic_int *posted, int enough)
{
    while (*posted < enough)
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
}

/* 5: accepted or refused is one decision, also while a close reports. */
static void post_racing_close_is_never_lost(void)
{
    for (int round = 0; round < 20; round++) {
        struct loop *l = test_loop_create(0);
        atomic_int posted = 0;
        posters_start(l, &posted);
        run_some(l, &posted, 200 * (round + 1));
        CHECK_EQ(0, loop_close(l));
        for (int i = 0; i < THREADS; i++)
            os_thread_join(&posters[i].thread);
        int run, cancelled;
        posters_check(&run, &cancelled);
        CHECK_EQ(0, loop_pending(l, NULL, 0));
        loop_destroy(l);
    }
}

/* 5: the same with a shutdown, which runs what it still can and counts what
 * it reports cancelled. */
static void post_racing_shutdown_is_never_lost(void)
{
    for (int round = 0; round < 20; round++) {
        struct loop *l = test_loop_create(0);
        struct shutdown_report report;
        atomic_int posted = 0;
        posters_start(l, &posted);
        run_some(l, &posted, 200 * (round + 1));
        CHECK_EQ(0, loop_shutdown(l, NULL, &report));
        for (int i = 0; i < THREADS; i++)
            os_thread_join(&posters[i].thread);
        int run, cancelled;
        posters_check(&run, &cancelled);
        CHECK_EQ(report.posts_cancelled, cancelled);
        CHECK_EQ(0, report.left[LOOP_POST]);
        loop_destroy(l);
    }
}

/* 5: with nobody else to wake it, a run that sleeps gets every post. */
static void post_racing_sleep_is_never_lost(void)
{
    struct loop *l = test_loop_create(0);
    atomic_int posted = 0;
    posters_start(l, &posted);
    int passes = 0;
    for (int left = THREADS * POSTS; left > 0; passes++) {
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
        left = THREADS * POSTS;
        for (int i = 0; i < THREADS; i++)
            for (int k = 0; k < POSTS && posters[i].mark[k].run; k++)
                left--;
    }
    for (int i = 0; i < THREADS; i++)
        os_thread_join(&posters[i].thread);
    int run, cancelled;
    posters_check(&run, &cancelled);
    CHECK_EQ(THREADS * POSTS, run);
    CHECK(passes > 0);
    test_loop_end(l);
}

struct token {
    struct post  post;
    struct loop *loop;
    struct gate *done;
    int          left;
};

static void on_token(struct post *p, int status)
{
    struct token *t = LIST_OF(p, struct token, post);
    CHECK_EQ(0, status);
    struct gate *done = t->done;
    if (--t->left > 0)
        CHECK_EQ(0, loop_post(t->loop, p));
    else
        gate_raise(done);
}

/* 5: several threads deliver; a post runs once and is never run by two. */
static void many_threads_share_the_posts(void)
{
    enum { TOKENS = 8, TURNS = 2000 };
    struct loop *l = test_loop_create(0);
    struct gate here, done;
    gate_open(&here);
    gate_open(&done);
    struct roll_call calls[THREADS];
    struct runner r[THREADS];
    struct token tokens[TOKENS];
    runners_start(r, THREADS, l, calls, &here);
    for (int i = 0; i < TOKENS; i++) {
        tokens[i] = (struct token){ .post.run = on_token, .loop = l,
                                    .done = &done, .left = TURNS };
        CHECK_EQ(0, loop_post(l, &tokens[i].post));
    }
    gate_wait(&done, TOKENS);
    CHECK_EQ(0, loop_stop(l));
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(LOOP_STOPPED, runner_join(&r[i]));
    for (int i = 0; i < TOKENS; i++)
        CHECK_EQ(0, tokens[i].left);
    gate_close(&done);
    gate_close(&here);
    test_loop_end(l);
}

static void never(struct timer *t, int status)
{
    (void)t;
    (void)status;
    CHECK(!"reached");
}

/* 8: a refused close changes nothing; a second one may succeed. */
static void close_refuses_while_something_is_left(void)
{
    struct loop *l = test_loop_create(0);
    struct timer timer = { .fire = never };
    struct mark m = { .run = 0 };
    CHECK_EQ(0, timer_start(l, &timer, TEST_FAR));
    post_mark(l, &m, on_mark);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(2, loop_pending(l, NULL, 0));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(1, m.run);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(0, timer_cancel(l, &timer));
    test_loop_end(l);
}

/* 8: a thread that is inside is something left. */
static void close_refuses_while_a_thread_is_inside(void)
{
    struct loop *l = test_loop_create(0);
    struct gate here;
    gate_open(&here);
    struct roll_call call;
    struct runner r;
    runners_start(&r, 1, l, &call, &here);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(0, loop_stop(l));
    CHECK_EQ(LOOP_STOPPED, runner_join(&r));
    gate_close(&here);
    test_loop_end(l);
}

static void on_run_other_loop(struct post *p, int status)
{
    struct mark *m = LIST_OF(p, struct mark, post);
    count_mark(m, status);
    m->result = loop_run(m->loop, LOOP_UNTIL_IDLE);
}

/* Loops know nothing of one another: one runs inside the other's callback,
 * and a stop, a close or a thread of one is none of the other. */
static void two_loops_share_a_process(void)
{
    struct loop *a = test_loop_create(0);
    struct loop *b = test_loop_create(0);
    struct mark inner = { .run = 0 };
    struct mark outer = { .post.run = on_run_other_loop, .loop = b };
    post_mark(b, &inner, on_mark);
    CHECK_EQ(0, loop_post(a, &outer.post));
    CHECK_EQ(LOOP_IDLE, loop_run(a, LOOP_UNTIL_IDLE));
    CHECK_EQ(LOOP_IDLE, outer.result);
    CHECK_EQ(1, inner.run);

    struct gate here_a, here_b;
    gate_open(&here_a);
    gate_open(&here_b);
    struct roll_call calls_a[2], calls_b[2];
    struct runner ra[2], rb[2];
    runners_start(ra, 2, a, calls_a, &here_a);
    runners_start(rb, 2, b, calls_b, &here_b);
    CHECK_EQ(0, loop_stop(a));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(LOOP_STOPPED, runner_join(&ra[i]));
    test_loop_end(a);

    struct token token = { .post.run = on_token, .loop = b,
                           .done = &here_b, .left = 100 };
    CHECK_EQ(0, loop_post(b, &token.post));
    gate_wait(&here_b, 3);
    CHECK_EQ(0, loop_stop(b));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(LOOP_STOPPED, runner_join(&rb[i]));
    gate_close(&here_b);
    gate_close(&here_a);
    test_loop_end(b);
}

/* 8: nothing is left of hundreds of loops. */
static void loops_come_and_go(void)
{
    for (int i = 0; i < 300; i++) {
        struct loop *l = test_loop_create(0);
        struct mark m = { .run = 0 };
        post_mark(l, &m, on_mark);
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        test_loop_end(l);
    }
}

static void on_free_post(struct post *p, int status)
{
    CHECK(status == 0 || status == LOOP_EABORTED);
    os_free(p);
}

/* A post is the caller's from the moment its callback starts. */
static void post_may_be_freed_in_its_callback(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 20; i++) {
        struct post *p = os_alloc(sizeof *p);
        p->run = on_free_post;
        CHECK_EQ(0, loop_post(l, p));
        if (i == 10)
            CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    }
    CHECK_EQ(0, loop_close(l));
    loop_destroy(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(stop_wakes_an_idle_run);
    RUN(stop_ends_every_run_that_is_inside);
    RUN(stop_ends_a_busy_run);
    RUN(stop_in_a_callback_ends_the_run_after_it);
    RUN(stop_in_a_callback_ends_every_mode);
    RUN(stop_before_run_makes_one_pass);
    RUN(stop_is_consumed_once);
    RUN(stop_racing_run_is_never_lost);
    RUN(run_modes_end_as_they_say);
    RUN(once_waits_for_work);
    RUN(running_callback_keeps_a_loop_alive);
    RUN(nested_run_is_refused);
    RUN(closed_loop_refuses_everything);
    RUN(posts_of_one_thread_keep_their_order);
    RUN(post_from_a_callback_waits_for_the_next_pass);
    RUN(close_reports_posts_that_have_not_run);
    RUN(post_racing_close_is_never_lost);
    RUN(post_racing_shutdown_is_never_lost);
    RUN(post_racing_sleep_is_never_lost);
    RUN(many_threads_share_the_posts);
    RUN(close_refuses_while_something_is_left);
    RUN(close_refuses_while_a_thread_is_inside);
    RUN(two_loops_share_a_process);
    RUN(loops_come_and_go);
    RUN(post_may_be_freed_in_its_callback);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(25);
}
