/*
 * console_watch_test.c - console events as callbacks of a loop.
 *
 * An event is one that this process sends to itself. It is ignored outside
 * the watches, so that one which comes late ends nothing.
 */
#include <stdatomic.h>

#include "console.h"
#include "task.h"
#include "test_loop.h"

/* A watch that notes what it was told, and stops its loop at a count. */
struct listener {
    struct console_watch watch;
    struct loop         *loop;
    uint32_t             stops_at;
    atomic_uint          count;
    uint32_t             calls;
};

static void on_event(struct console_watch *w, uint32_t count)
{
    struct listener *l = LIST_OF(w, struct listener, watch);
    CHECK(count > l->count);
    l->count = count;
    l->calls++;
    if (l->stops_at > 0 && count >= l->stops_at)
        CHECK_EQ(0, loop_stop(l->loop));
}

static void listen(struct loop *l, struct listener *to, uint32_t stops_at)
{
    *to = (struct listener){ .watch = { .event = on_event,
                                        .item.name = "ctrl-c" },
                             .loop = l, .stops_at = stops_at };
    CHECK_EQ(0, console_watch(l, &to->watch));
}

/* The first and the second event are told apart by their count, also when
 * the loop sleeps. */
static void events_are_counted(void)
{
    struct loop *l = test_loop_create(0);
    struct listener to;
    listen(l, &to, 1);
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(1, to.count);
    CHECK_EQ(OS_CONSOLE_INTERRUPT, to.watch.what);
    to.stops_at = 2;
    test_machine_event(OS_CONSOLE_TERMINATE);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(2, to.count);
    CHECK_EQ(2, to.calls);
    CHECK_EQ(OS_CONSOLE_TERMINATE, to.watch.what);
    console_unwatch(&to.watch);
    test_loop_end(l);
}

/* Events that nobody was there to be told of are told together, and the
 * count is never short of one. */
static void no_event_is_missing_from_the_count(void)
{
    enum { EVENTS = 20 };
    struct loop *l = test_loop_create(0);
    struct listener to;
    listen(l, &to, EVENTS);
    for (int i = 0; i < EVENTS; i++)
        test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(EVENTS, to.count);
    CHECK(to.calls <= EVENTS);
    console_unwatch(&to.watch);
    test_loop_end(l);
}

static void run_main(void *loop)
{
    CHECK_EQ(LOOP_STOPPED, loop_run(loop, LOOP_FOREVER));
}

/* An event wakes a loop that another thread sleeps in. */
static void event_wakes_a_sleeping_run(void)
{
    struct loop *l = test_loop_create(0);
    for (int round = 0; round < 30; round++) {
        struct listener to;
        struct os_thread thread;
        listen(l, &to, 1);
        test_thread_start(&thread, run_main, l);
        test_machine_event(OS_CONSOLE_INTERRUPT);
        os_thread_join(&thread);
        CHECK_EQ(1, to.count);
        console_unwatch(&to.watch);
    }
    test_loop_end(l);
}

/* Two loops of one process hear the same event; closing one does not
 * silence the other. */
static void every_loop_hears_every_event(void)
{
    struct loop *a = test_loop_create(0);
    struct loop *b = test_loop_create(0);
    struct listener to_a, to_b;
    listen(a, &to_a, 1);
    listen(b, &to_b, 1);
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(a, LOOP_FOREVER));
    CHECK_EQ(LOOP_STOPPED, loop_run(b, LOOP_FOREVER));
    test_loop_shut_down(a);
    to_b.stops_at = 2;
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(b, LOOP_FOREVER));
    CHECK_EQ(1, to_a.count);
    CHECK_EQ(2, to_b.count);
    console_unwatch(&to_b.watch);
    test_loop_end(b);
}

/* A watch does not keep a loop alive, but is in the way of its close. */
static void watch_does_not_keep_a_loop_alive(void)
{
    struct loop *l = test_loop_create(0);
    struct listener to;
    struct loop_pending left[2];
    listen(l, &to, 0);
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(1, loop_pending(l, left, 2));
    CHECK_EQ(LOOP_CONSOLE, left[0].kind);
    CHECK(left[0].name == to.watch.item.name);
    console_unwatch(&to.watch);
    console_unwatch(&to.watch);
    test_loop_end(l);
}

/* A watch that was ended is not called, though its event had come; the
 * second listener is there to tell when it has. */
static void ended_watch_is_not_called(void)
{
    struct loop *l = test_loop_create(0);
    struct loop *other = test_loop_create(0);
    for (int round = 0; round < 30; round++) {
        struct listener to, witness;
        listen(other, &witness, 1);
        listen(l, &to, 0);
        test_machine_event(OS_CONSOLE_INTERRUPT);
        if (round % 2 == 0)
            CHECK_EQ(LOOP_STOPPED, loop_run(other, LOOP_FOREVER));
        console_unwatch(&to.watch);
        CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
        CHECK_EQ(0, to.calls);
        if (round % 2 == 1)
            CHECK_EQ(LOOP_STOPPED, loop_run(other, LOOP_FOREVER));
        console_unwatch(&witness.watch);
    }
    test_loop_end(other);
    test_loop_end(l);
}

/* A watch can be ended in its own callback. */
static void on_unwatch(struct console_watch *w, uint32_t count)
{
    on_event(w, count);
    console_unwatch(w);
}

static void watch_may_end_itself(void)
{
    struct loop *l = test_loop_create(0);
    struct listener to;
    listen(l, &to, 1);
    to.watch.event = on_unwatch;
    test_machine_event(OS_CONSOLE_INTERRUPT);
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(1, to.calls);
    test_loop_end(l);
}

/* A shutdown ends the watches it finds, ready or not, and afterwards they
 * can be ended again to no effect. */
static void shutdown_ends_every_watch(void)
{
    for (int round = 0; round < 20; round++) {
        struct loop *l = test_loop_create(0);
        struct listener to[3];
        struct shutdown_report report;
        for (int i = 0; i < 3; i++)
            listen(l, &to[i], 0);
        test_machine_event(OS_CONSOLE_INTERRUPT);
        CHECK_EQ(0, loop_shutdown(l, NULL, &report));
        CHECK_EQ(0, report.left[LOOP_CONSOLE]);
        for (int i = 0; i < 3; i++) {
            console_unwatch(&to[i].watch);
            CHECK(to[i].calls <= 1);
        }
        loop_destroy(l);
    }
}

/* An abandoned loop lists its watches, and its end silences them. */
static void abandoned_loop_is_silent_when_destroyed(void)
{
    struct loop *l = test_loop_create(0);
    struct listener to;
    struct shutdown_options abandon = { .strategy = SHUTDOWN_ABANDON };
    struct shutdown_report report;
    listen(l, &to, 0);
    CHECK_EQ(LOOP_EDEADLINE, loop_shutdown(l, &abandon, &report));
    CHECK_EQ(1, report.left[LOOP_CONSOLE]);
    test_machine_event(OS_CONSOLE_INTERRUPT);
    loop_destroy(l);
    CHECK_EQ(0, to.calls);
}

/* A closed loop hears nothing. */
static void closed_loop_takes_no_watch(void)
{
    struct loop *l = test_loop_create(0);
    struct listener to = { .watch.event = on_event };
    CHECK_EQ(0, loop_close(l));
    CHECK_EQ(LOOP_ECLOSED, console_watch(l, &to.watch));
    loop_destroy(l);
}

/* A service as people write it: the first event stops the run, the shutdown
 * asks the task to end, the task wants none of it, and the second event
 * forces it. */
struct service {
    struct listener listener;
    struct task     task;
    bool            forced;
    int             refusals;
};

static enum task_next on_serve(struct task *t, struct task_wake wake)
{
    struct service *s = LIST_OF(t, struct service, task);
    if (wake.cancelled && s->forced)
        return TASK_ENDS;
    if (wake.cancelled && s->refusals++ == 0)
        test_machine_event(OS_CONSOLE_INTERRUPT);
    task_await_timer(t, TEST_FAR);
    return TASK_WAITS;
}

static void on_ask_then_force(struct console_watch *w, uint32_t count)
{
    struct service *s = LIST_OF(w, struct service, listener.watch);
    s->listener.calls++;
    s->forced = count >= 2;
    if (count == 1)
        CHECK_EQ(0, loop_stop(s->listener.loop));
    else
        CHECK_EQ(0, task_cancel(&s->task));
}

static void first_event_asks_and_second_forces(void)
{
    struct loop *l = test_loop_create(0);
    struct service s = { .task.step = on_serve };
    listen(l, &s.listener, 0);
    s.listener.watch.event = on_ask_then_force;
    CHECK_EQ(0, task_spawn(l, &s.task));
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    CHECK_EQ(false, s.forced);
    test_loop_shut_down(l);
    CHECK_EQ(true, s.forced);
    CHECK_EQ(2, s.listener.calls);
    CHECK_EQ(1, s.refusals);
}

/* A callback that another thread is in has returned when the watch has
 * ended: what it uses may go then. */
struct slow_listener {
    struct console_watch watch;
    struct gate          begun, go;
    atomic_bool          returned;
    bool                 returned_first;
    struct gate          unwatched;
};

static void on_slow_event(struct console_watch *w, uint32_t count)
{
    struct slow_listener *l = LIST_OF(w, struct slow_listener, watch);
    (void)count;
    gate_raise(&l->begun);
    gate_wait(&l->go, 1);
    atomic_store(&l->returned, true);
}

static void unwatch_main(void *arg)
{
    struct slow_listener *l = arg;
    gate_wait(&l->begun, 1);
    console_unwatch(&l->watch);
    l->returned_first = atomic_load(&l->returned);
    gate_raise(&l->unwatched);
}

static void release_main(void *arg)
{
    struct slow_listener *l = arg;
    gate_wait(&l->begun, 1);
    for (int i = 0; i < 20; i++)
        os_pause();
    gate_raise(&l->go);
}

static void unwatch_waits_for_a_callback_elsewhere(void)
{
    struct loop *l = test_loop_create(0);
    struct slow_listener to = { .watch.event = on_slow_event };
    struct os_thread unwatcher = { 0 }, releaser = { 0 };
    gate_open(&to.begun);
    gate_open(&to.go);
    gate_open(&to.unwatched);
    CHECK_EQ(0, console_watch(l, &to.watch));
    CHECK_EQ(0, os_thread_start(&unwatcher, "unwatch", unwatch_main, &to));
    CHECK_EQ(0, os_thread_start(&releaser, "release", release_main, &to));
    test_machine_event(OS_CONSOLE_INTERRUPT);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
    gate_wait(&to.unwatched, 1);
    CHECK(to.returned_first);
    os_thread_join(&unwatcher);
    os_thread_join(&releaser);
    gate_close(&to.begun);
    gate_close(&to.go);
    gate_close(&to.unwatched);
    test_loop_end(l);
}

int main(void)
{
    test_machine_outlive_events();
    int descriptors = test_descriptors();
    RUN(events_are_counted);
    RUN(no_event_is_missing_from_the_count);
    RUN(event_wakes_a_sleeping_run);
    RUN(every_loop_hears_every_event);
    RUN(watch_does_not_keep_a_loop_alive);
    RUN(ended_watch_is_not_called);
    RUN(watch_may_end_itself);
    RUN(unwatch_waits_for_a_callback_elsewhere);
    RUN(shutdown_ends_every_watch);
    RUN(abandoned_loop_is_silent_when_destroyed);
    RUN(closed_loop_takes_no_watch);
    RUN(first_event_asks_and_second_forces);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(12);
}
