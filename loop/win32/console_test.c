/*
 * console_test.c - console events as calls of the handler: who hears them,
 * when the handler comes back, and what it then says.
 *
 * The tests call the handler as the system does, on threads of their own,
 * since a process that has no console cannot raise an event; where there is
 * one, the system is asked as well.
 */
#include "console.h"

#include <string.h>

#include "../os.h"
#include "../test.h"

static struct os_mutex lock;
static struct os_cond  changed;

/* A watcher that counts; the callback gets at it by its first member. */
struct listener {
    struct os_console console;
    int               interrupts;
    int               terminates;
};

static void count_event(struct os_console *c, enum os_console_event what)
{
    struct listener *l = (struct listener *)c;
    os_mutex_lock(&lock);
    if (what == OS_CONSOLE_INTERRUPT)
        l->interrupts++;
    else
        l->terminates++;
    os_cond_broadcast(&changed);
    os_mutex_unlock(&lock);
}

static void listen_to(struct listener *l)
{
    *l = (struct listener){ .console.event = count_event };
    CHECK_EQ(0, os_console_watch(&l->console));
}

static void wait_for(const int *count, int wanted)
{
    os_mutex_lock(&lock);
    while (*count < wanted)
        os_cond_wait(&changed, &lock, OS_FOREVER);
    CHECK_EQ(wanted, *count);
    os_mutex_unlock(&lock);
}

/* The system's thread for one event. */
struct control {
    struct os_thread thread;
    DWORD            type;
    int              returned;
    BOOL             heard;
};

static void control_main(void *arg)
{
    struct control *c = arg;
    BOOL heard = console_control(c->type);
    os_mutex_lock(&lock);
    c->heard = heard;
    c->returned = 1;
    os_mutex_unlock(&lock);
}

static void control_begin(struct control *c, DWORD type)
{
    *c = (struct control){ .type = type };
    CHECK_EQ(0, os_thread_start(&c->thread, "control", control_main, c));
}

static int control_returned(struct control *c)
{
    os_mutex_lock(&lock);
    int returned = c->returned;
    os_mutex_unlock(&lock);
    return returned;
}

/* Each watcher hears of each event, by its kind, before the handler comes
 * back. */
static void every_watcher_hears_every_interrupt(void)
{
    struct listener a, b;
    listen_to(&a);
    listen_to(&b);
    CHECK(console_control(CTRL_C_EVENT));
    CHECK_EQ(1, a.interrupts);
    CHECK_EQ(1, b.interrupts);
    CHECK(console_control(CTRL_BREAK_EVENT));
    CHECK_EQ(2, a.interrupts);
    os_console_ignore(&a.console);
    CHECK(console_control(CTRL_C_EVENT));
    CHECK_EQ(2, a.interrupts);
    CHECK_EQ(3, b.interrupts);
    CHECK_EQ(0, a.terminates + b.terminates);
    os_console_ignore(&b.console);
}

/* With nobody to hear it, an event is for the next handler, as if this one
 * were not there; no matter whether somebody has watched before. */
static void unheard_event_is_passed_on(void)
{
    struct listener a;
    CHECK(!console_control(CTRL_C_EVENT));
    CHECK(!console_control(CTRL_CLOSE_EVENT));
    listen_to(&a);
    os_console_ignore(&a.console);
    CHECK(!console_control(CTRL_C_EVENT));
    CHECK(!console_control(CTRL_SHUTDOWN_EVENT));
    CHECK_EQ(0, a.interrupts + a.terminates);
}

/* The system ends the process when the handler of such an event comes back,
 * so that has to wait for whoever watches. */
static void end_of_process_waits_for_watchers(void)
{
    const DWORD types[] = { CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT,
                            CTRL_SHUTDOWN_EVENT };
    for (int i = 0; i < 3; i++) {
        struct listener a, b;
        struct control control;
        listen_to(&a);
        listen_to(&b);
        control_begin(&control, types[i]);
        wait_for(&a.terminates, 1);
        wait_for(&b.terminates, 1);
        os_console_ignore(&a.console);
        CHECK(!control_returned(&control));
        os_console_ignore(&b.console);
        os_thread_join(&control.thread);
        CHECK(control.heard);
        CHECK_EQ(0, a.interrupts + b.interrupts);
    }
}

/* The second event forces where the first one asks: it is heard while the
 * first is waited for. */
static void interrupt_is_heard_during_the_end(void)
{
    struct listener a;
    struct control control;
    listen_to(&a);
    control_begin(&control, CTRL_CLOSE_EVENT);
    wait_for(&a.terminates, 1);
    CHECK(console_control(CTRL_C_EVENT));
    CHECK_EQ(1, a.interrupts);
    CHECK(!control_returned(&control));
    os_console_ignore(&a.console);
    os_thread_join(&control.thread);
}

/* Events that come at once on many threads are told one after the other, and
 * none is lost. */
enum { CONTROLS = 8, EVENTS_EACH = 50, TURNS_LEFT = 20 };

struct alone {
    struct os_console console;
    int               inside;
    int               together;
    int               events;
};

static void count_alone(struct os_console *c, enum os_console_event what)
{
    struct alone *a = (struct alone *)c;
    (void)what;
    os_mutex_lock(&lock);
    a->together += a->inside++;
    os_mutex_unlock(&lock);
    for (int i = 0; i < TURNS_LEFT; i++)
        SwitchToThread();
    os_mutex_lock(&lock);
    a->inside--;
    a->events++;
    os_mutex_unlock(&lock);
}

static void interrupt_many_times(void *arg)
{
    (void)arg;
    for (int i = 0; i < EVENTS_EACH; i++)
        CHECK(console_control(CTRL_C_EVENT));
}

static void events_are_told_one_by_one(void)
{
    struct alone a = { .console.event = count_alone };
    struct os_thread thread[CONTROLS] = { 0 };
    CHECK_EQ(0, os_console_watch(&a.console));
    for (int i = 0; i < CONTROLS; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "control",
                                    interrupt_many_times, NULL));
    for (int i = 0; i < CONTROLS; i++)
        os_thread_join(&thread[i]);
    CHECK_EQ(CONTROLS * EVENTS_EACH, a.events);
    CHECK_EQ(0, a.together);
    os_console_ignore(&a.console);
}

/* The call that is running has ended when ignore returns. */
struct slow {
    struct os_console console;
    int               inside;
    long              work;
};

static void work_slowly(struct os_console *c, enum os_console_event what)
{
    struct slow *s = (struct slow *)c;
    (void)what;
    os_mutex_lock(&lock);
    s->inside = 1;
    os_cond_broadcast(&changed);
    os_mutex_unlock(&lock);
    for (int i = 0; i < 1000; i++)
        s->work++;
}

static void ignore_waits_for_the_call(void)
{
    for (int i = 0; i < 100; i++) {
        struct slow s = { .console.event = work_slowly };
        struct control control;
        CHECK_EQ(0, os_console_watch(&s.console));
        control_begin(&control, i % 2 ? CTRL_C_EVENT : CTRL_CLOSE_EVENT);
        wait_for(&s.inside, 1);
        os_console_ignore(&s.console);
        CHECK_EQ(1000, s.work);
        memset(&s, 0xa5, sizeof s);
        os_thread_join(&control.thread);
        CHECK(control.heard);
    }
}

/* A callback may begin and end the watches of others. */
struct busy {
    struct os_console console;
    struct listener   other;
    int               watching;
};

static void toggle_other(struct os_console *c, enum os_console_event what)
{
    struct busy *b = (struct busy *)c;
    (void)what;
    if (b->watching)
        os_console_ignore(&b->other.console);
    else
        listen_to(&b->other);
    b->watching = !b->watching;
}

static void callback_may_watch_and_ignore_others(void)
{
    struct busy b = { .console.event = toggle_other };
    struct listener last;
    CHECK_EQ(0, os_console_watch(&b.console));
    listen_to(&last);
    for (int i = 0; i < 100; i++) {
        CHECK(console_control(CTRL_C_EVENT));
        CHECK_EQ(i + 1, last.interrupts);
    }
    os_console_ignore(&last.console);
    os_console_ignore(&b.console);
    CHECK_EQ(0, b.watching);
}

/* Where the process has a console, the way of a real Ctrl-C. It goes to all
 * processes of that console, so only to one of the test's own. */
static void system_calls_the_handler(void)
{
    struct listener a;
    FreeConsole();
    if (!AllocConsole()) {
        test_skip("system_calls_the_handler", "no console can be had");
        return;
    }
    listen_to(&a);
    if (GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        wait_for(&a.interrupts, 1);
    else
        test_skip("system_calls_the_handler", "no event can be raised");
    os_console_ignore(&a.console);
    FreeConsole();
}

int main(void)
{
    CHECK_EQ(0, os_mutex_open(&lock));
    CHECK_EQ(0, os_cond_open(&changed));
    RUN(every_watcher_hears_every_interrupt);
    RUN(unheard_event_is_passed_on);
    RUN(end_of_process_waits_for_watchers);
    RUN(interrupt_is_heard_during_the_end);
    RUN(events_are_told_one_by_one);
    RUN(ignore_waits_for_the_call);
    RUN(callback_may_watch_and_ignore_others);
    RUN(system_calls_the_handler);
    os_cond_close(&changed);
    os_mutex_close(&lock);
    return test_result(8);
}
