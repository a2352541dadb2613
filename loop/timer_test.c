/*
 * timer_test.c - one-shot timers: order, cancelling, waking and ending.
 */
#include <stdatomic.h>

#include "test_loop.h"
#include "timer.h"

static int order;

/* A timer that notes what it was told. */
struct alarm {
    struct timer  timer;
    struct loop  *loop;
    struct timer *to_cancel;
    atomic_int    fired;
    atomic_int    aborted;
    int           order;
    int           cancel_result;
    int           again;
    uint64_t      at;
};

static void on_alarm(struct timer *t, int status)
{
    struct alarm *a = LIST_OF(t, struct alarm, timer);
    CHECK(status == 0 || status == LOOP_EABORTED);
    a->at = os_now();
    a->order = ++order;
    if (status == 0)
        a->fired++;
    else
        a->aborted++;
    if (a->to_cancel)
        a->cancel_result = timer_cancel(a->loop, a->to_cancel);
    if (a->again > 0) {
        a->again--;
        CHECK_EQ(0, timer_start(a->loop, t, t->node.due));
    }
}

static void arm(struct loop *l, struct alarm *a, uint64_t due)
{
    a->timer.fire = on_alarm;
    a->loop = l;
    CHECK_EQ(0, timer_start(l, &a->timer, due));
}

/* Not before its time, and a run until idle waits for it. */
static void timer_fires_once_and_not_early(void)
{
    struct loop *l = test_loop_create(0);
    struct alarm a = { .order = 0 };
    for (uint64_t delay = 0; delay < 3000000; delay += 500000) {
        uint64_t due = os_now() + delay;
        a.fired = 0;
        arm(l, &a, due);
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        CHECK_EQ(1, a.fired);
        CHECK(a.at >= due);
        CHECK_EQ(LOOP_ENOTFOUND, timer_cancel(l, &a.timer));
    }
    test_loop_end(l);
}

/* The earlier time first, and of equal times the one armed first. */
static void timers_fire_in_order_of_time_then_arming(void)
{
    struct loop *l = test_loop_create(0);
    const int due[] = { 5, 3, 5, 1, 3, 5, 2, 1 };
    const int expected[] = { 6, 4, 7, 1, 5, 8, 3, 2 };
    struct alarm a[8] = { { .order = 0 } };
    order = 0;
    for (int i = 0; i < 8; i++)
        arm(l, &a[i], (uint64_t)due[i]);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(expected[i], a[i].order);
        CHECK_EQ(1, a[i].fired);
    }
    test_loop_end(l);
}

/* 7: a time that has passed already waits for the next pass all the same. */
static void timer_armed_in_a_callback_waits_for_the_next_pass(void)
{
    struct loop *l = test_loop_create(0);
    struct alarm a = { .again = 3 };
    arm(l, &a, 1);
    for (int pass = 1; pass <= 4; pass++) {
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
        CHECK_EQ(pass, a.fired);
    }
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(4, a.fired);
    test_loop_end(l);
}

/* A cancelled timer is the caller's at once and is never heard of again. */
static void cancelled_timer_does_not_fire(void)
{
    struct loop *l = test_loop_create(0);
    struct alarm a = { .order = 0 };
    CHECK_EQ(LOOP_ENOTFOUND, timer_cancel(l, &a.timer));
    arm(l, &a, 1);
    CHECK_EQ(0, timer_cancel(l, &a.timer));
    CHECK_EQ(LOOP_ENOTFOUND, timer_cancel(l, &a.timer));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(0, a.fired + a.aborted);
    arm(l, &a, 1);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(1, a.fired);
    test_loop_end(l);
}

/* A timer that is due in the same pass can still be cancelled by the one
 * before it; one that has fired cannot. */
static void due_timer_is_cancelled_by_the_one_before(void)
{
    struct loop *l = test_loop_create(0);
    struct alarm first = { .order = 0 }, second = { .order = 0 };
    struct alarm third = { .order = 0 };
    first.to_cancel = &second.timer;
    third.to_cancel = &first.timer;
    arm(l, &first, 1);
    arm(l, &second, 2);
    arm(l, &third, 3);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(0, first.cancel_result);
    CHECK_EQ(0, second.fired + second.aborted);
    CHECK_EQ(LOOP_ENOTFOUND, third.cancel_result);
    CHECK_EQ(1, first.fired);
    CHECK_EQ(1, third.fired);
    test_loop_end(l);
}

/* The model: what is armed, with its time, in a plain array. */
enum { MANY = 3000, STEPS = 40 };

struct model {
    bool     armed;
    uint64_t due;
    uint64_t order;     /* of arming */
};

static struct alarm many[MANY];
static struct model model[MANY];

/* The armed one that is next after (due, order) among those that have
 * passed, or -1; the model looks at each. */
static int model_pop(uint64_t far)
{
    int best = -1;
    for (int i = 0; i < MANY; i++) {
        if (!model[i].armed || model[i].due >= far)
            continue;
        if (best < 0 || model[i].due < model[best].due ||
            (model[i].due == model[best].due &&
             model[i].order < model[best].order))
            best = i;
    }
    if (best >= 0)
        model[best].armed = false;
    return best;
}

static void change_one(struct loop *l, uint64_t *random, uint64_t far,
                       uint64_t *arming)
{
    uint32_t i = test_next(random, MANY);
    if (model[i].armed) {
        CHECK_EQ(0, timer_cancel(l, &many[i].timer));
        model[i].armed = false;
        return;
    }
    uint64_t due = 1 + test_next(random, 500);
    if (test_next(random, 2))
        due += far;
    model[i] = (struct model){ true, due, (*arming)++ };
    arm(l, &many[i], due);
}

/* Thousands armed and cancelled in every order; what has passed fires, in
 * the order that a simple list gives, and the rest stays armed. */
static void heap_agrees_with_a_simple_model(void)
{
    struct loop *l = test_loop_create(0);
    uint64_t random = 1, far = TEST_FAR, arming = 0;
    int fired = 0;
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < 700; i++)
            change_one(l, &random, far, &arming);
        order = 0;
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
        int here = 0;
        for (int i = model_pop(far); i >= 0; i = model_pop(far))
            CHECK_EQ(++here, many[i].order);
        CHECK_EQ(here, order);
        fired += here;
        int armed = 0;
        for (int i = 0; i < MANY; i++)
            armed += model[i].armed;
        CHECK_EQ(armed, loop_pending(l, NULL, 0));
    }
    CHECK(fired > STEPS * 50);
    for (int i = 0; i < MANY; i++)
        if (model[i].armed)
            CHECK_EQ(0, timer_cancel(l, &many[i].timer));
    test_loop_end(l);
}

struct armer {
    struct os_thread thread;
    struct loop     *loop;
    struct alarm    *alarm;
};

static void armer_main(void *arg)
{
    struct armer *a = arg;
    arm(a->loop, a->alarm, os_now());
}

/* An earlier timer, armed by another thread, ends a sleep that was meant to
 * be longer. */
static void earlier_timer_wakes_a_sleeper(void)
{
    struct loop *l = test_loop_create(0);
    struct alarm far = { .order = 0 };
    arm(l, &far, TEST_FAR);
    for (int round = 0; round < 100; round++) {
        struct alarm near = { .loop = l };
        struct armer armer = { .loop = l, .alarm = &near };
        test_thread_start(&armer.thread, armer_main, &armer);
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
        os_thread_join(&armer.thread);
        CHECK_EQ(1, near.fired);
    }
    CHECK_EQ(0, timer_cancel(l, &far.timer));
    CHECK_EQ(0, far.fired);
    test_loop_end(l);
}

static void canceller_main(void *arg)
{
    struct armer *a = arg;
    CHECK_EQ(0, timer_cancel(a->loop, &a->alarm->timer));
}

/* A run until idle that sleeps for a timer ends when another thread cancels
 * it: nothing else will wake that run. */
static void cancel_of_the_last_timer_ends_an_idle_run(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < 100; round++) {
        struct alarm far = { .order = 0 };
        struct armer armer = { .loop = l, .alarm = &far };
        arm(l, &far, TEST_FAR);
        test_thread_start(&armer.thread, canceller_main, &armer);
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        os_thread_join(&armer.thread);
        CHECK_EQ(0, far.fired);
    }
    test_loop_end(l);
}

struct racer {
    struct os_thread thread;
    struct loop     *loop;
    int              count;
    struct alarm     alarm[500];
    int              result[500];
};

static void racer_main(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < r->count; i++)
        r->result[i] = timer_cancel(r->loop, &r->alarm[i].timer);
}

/* A cancel that races with the time: either it fires or it was cancelled,
 * never both and never neither. */
static void cancel_racing_the_time_is_one_or_the_other(void)
{
    static struct racer r;
    for (int round = 0; round < 20; round++) {
        struct loop *l = test_loop_create(0);
        r = (struct racer){ .loop = l, .count = 500 };
        uint64_t now = os_now();
        for (int i = 0; i < r.count; i++)
            arm(l, &r.alarm[i], now + (uint64_t)i * 1000);
        test_thread_start(&r.thread, racer_main, &r);
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        os_thread_join(&r.thread);
        for (int i = 0; i < r.count; i++) {
            CHECK(r.result[i] == 0 || r.result[i] == LOOP_ENOTFOUND);
            CHECK_EQ(r.result[i] < 0, r.alarm[i].fired);
            CHECK_EQ(0, r.alarm[i].aborted);
        }
        test_loop_end(l);
    }
}

static void on_shared_alarm(struct timer *t, int status)
{
    CHECK_EQ(0, status);
    LIST_OF(t, struct alarm, timer)->fired++;
}

static void idle_main(void *loop)
{
    CHECK_EQ(LOOP_IDLE, loop_run(loop, LOOP_UNTIL_IDLE));
}

/* Several threads wait for the timers of one loop; each fires once. */
static void many_threads_fire_each_timer_once(void)
{
    static struct alarm a[200];
    struct loop *l = test_loop_create(0);
    struct os_thread threads[4];
    uint64_t now = os_now();
    for (int i = 0; i < 200; i++) {
        a[i] = (struct alarm){ .order = 0 };
        a[i].timer.fire = on_shared_alarm;
        CHECK_EQ(0, timer_start(l, &a[i].timer,
                                now + (uint64_t)(i % 20) * 200000));
    }
    for (int i = 0; i < 4; i++)
        test_thread_start(&threads[i], idle_main, l);
    for (int i = 0; i < 4; i++)
        os_thread_join(&threads[i]);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(1, a[i].fired);
    test_loop_end(l);
}

/* 8: a shutdown tells each armed timer, once, that its time will not come;
 * and one that was told cannot be cancelled. */
static void shutdown_aborts_every_timer_once(void)
{
    struct loop *l = test_loop_create(0);
    uint64_t far = TEST_FAR, random = 7;
    for (int i = 0; i < MANY; i++) {
        many[i] = (struct alarm){ .order = 0 };
        arm(l, &many[i], far + test_next(&random, 1000));
    }
    many[0].to_cancel = &many[1].timer;
    test_loop_shut_down(l);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(1, many[i].aborted);
        CHECK_EQ(0, many[i].fired);
    }
    CHECK_EQ(LOOP_ENOTFOUND, many[0].cancel_result);
}

static void on_free_timer(struct timer *t, int status)
{
    CHECK(status == 0 || status == LOOP_EABORTED);
    os_free(t);
}

/* A timer is the caller's from the moment its callback starts, also when it
 * was aborted. */
static void timer_may_be_freed_in_its_callback(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 20; i++) {
        struct timer *t = os_alloc(sizeof *t);
        t->fire = on_free_timer;
        CHECK_EQ(0, timer_start(l, t, i % 2 ? 1 : TEST_FAR));
    }
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(10, loop_pending(l, NULL, 0));
    test_loop_shut_down(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(timer_fires_once_and_not_early);
    RUN(timers_fire_in_order_of_time_then_arming);
    RUN(timer_armed_in_a_callback_waits_for_the_next_pass);
    RUN(cancelled_timer_does_not_fire);
    RUN(due_timer_is_cancelled_by_the_one_before);
    RUN(heap_agrees_with_a_simple_model);
    RUN(earlier_timer_wakes_a_sleeper);
    RUN(cancel_of_the_last_timer_ends_an_idle_run);
    RUN(cancel_racing_the_time_is_one_or_the_other);
    RUN(many_threads_fire_each_timer_once);
    RUN(shutdown_aborts_every_timer_once);
    RUN(timer_may_be_freed_in_its_callback);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(12);
}
