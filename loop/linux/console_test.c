/*
 * console_test.c - console events as signals: who hears them, how often, and
 * what is left of it all afterwards.
 */
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "../os.h"
#include "../test.h"

/* A watcher that counts; the callback gets at it by its first member. */
struct listener {
    struct os_console console;
    atomic_int        interrupts;
    atomic_int        terminates;
};

static struct os_mutex lock;
static struct os_cond  changed;

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

static void listen(struct listener *l)
{
    *l = (struct listener){ .console.event = count_event };
    CHECK_EQ(0, os_console_watch(&l->console));
}

static void wait_for(atomic_int *count, int wanted)
{
    os_mutex_lock(&lock);
    while (*count < wanted)
        os_cond_wait(&changed, &lock, OS_FOREVER);
    os_mutex_unlock(&lock);
    CHECK_EQ(wanted, *count);
}

static atomic_int heard_before;

static void handler_before(int number)
{
    (void)number;
    heard_before++;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };
    CHECK_EQ(0, sigaction(number, &action, NULL));
}

static int has_handler(int number, void (*handler)(int))
{
    struct sigaction now;
    CHECK_EQ(0, sigaction(number, NULL, &now));
    return now.sa_handler == handler;
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* Each watcher hears of each signal, by its kind. */
static void every_watcher_hears_every_signal(void)
{
    struct listener a, b;
    listen(&a);
    listen(&b);
    raise(SIGINT);
    wait_for(&a.interrupts, 1);
    wait_for(&b.interrupts, 1);
    raise(SIGTERM);
    wait_for(&a.terminates, 1);
    wait_for(&b.terminates, 1);
    os_console_ignore(&a.console);
    os_console_ignore(&b.console);
    CHECK_EQ(1, a.interrupts);
    CHECK_EQ(1, b.interrupts);
}

/* One that stops listening takes nothing from the others. */
static void one_watcher_does_not_silence_another(void)
{
    struct listener a, b;
    listen(&a);
    listen(&b);
    os_console_ignore(&a.console);
    raise(SIGINT);
    wait_for(&b.interrupts, 1);
    listen(&a);
    os_console_ignore(&b.console);
    raise(SIGINT);
    wait_for(&a.interrupts, 1);
    CHECK_EQ(1, b.interrupts);
    os_console_ignore(&a.console);
}

/* The second signal forces where the first one asks, so it may not get lost
 * in the first, nor may any of more than the pipe holds. */
static void no_signal_is_swallowed_by_another(void)
{
    enum { SIGNALS = 70000 };
    struct listener a;
    listen(&a);
    for (int i = 0; i < SIGNALS; i++)
        raise(SIGINT);
    wait_for(&a.interrupts, SIGNALS);
    os_console_ignore(&a.console);
}

/* A signal that comes as the last watcher goes reaches either it or whoever
 * handled the signal before. */
static void signal_racing_the_last_ignore_is_heard(void)
{
    enum { ROUNDS = 300 };
    int heard = 0;
    set_handler(SIGINT, handler_before);
    heard_before = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct listener a;
        listen(&a);
        raise(SIGINT);
        os_console_ignore(&a.console);
        heard += a.interrupts;
        while (heard + heard_before < i + 1)
            os_pause();
    }
    CHECK_EQ(ROUNDS, heard + heard_before);
    CHECK(has_handler(SIGINT, handler_before));
    set_handler(SIGINT, SIG_DFL);
}

/* What was installed before comes back with the last watcher; what someone
 * else has installed since then stays. */
static void handlers_are_given_back(void)
{
    struct listener a, b;
    set_handler(SIGINT, handler_before);
    listen(&a);
    listen(&b);
    CHECK(!has_handler(SIGINT, handler_before));
    os_console_ignore(&a.console);
    CHECK(!has_handler(SIGINT, handler_before));
    set_handler(SIGTERM, handler_before);
    os_console_ignore(&b.console);
    CHECK(has_handler(SIGINT, handler_before));
    CHECK(has_handler(SIGTERM, handler_before));
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGTERM, SIG_DFL);
}

/* The call that is running has ended when ignore returns. It writes plain
 * memory of the watcher, so a late write is a race that TSan reports. */
struct slow {
    struct os_console console;
    int               inside;
    long              work;
};

static void work_slowly(struct os_console *c, enum os_console_event what)
{
    (void)what;
    struct slow *s = (struct slow *)c;
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
        CHECK_EQ(0, os_console_watch(&s.console));
        raise(SIGINT);
        os_mutex_lock(&lock);
        while (!s.inside)
            os_cond_wait(&changed, &lock, OS_FOREVER);
        os_mutex_unlock(&lock);
        os_console_ignore(&s.console);
        CHECK_EQ(1000, s.work);
        memset(&s, 0xa5, sizeof s);
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
        listen(&b->other);
    b->watching = !b->watching;
}

static void callback_may_watch_and_ignore_others(void)
{
    struct busy b = { .console.event = toggle_other };
    struct listener last;
    CHECK_EQ(0, os_console_watch(&b.console));
    listen(&last);
    for (int i = 0; i < 100; i++) {
        raise(SIGINT);
        wait_for(&last.interrupts, i + 1);
    }
    os_console_ignore(&last.console);
    os_console_ignore(&b.console);
    if (b.watching)
        os_console_ignore(&b.other.console);
}

struct storm {
    atomic_int over;
    atomic_int heard;
};

static struct storm storm;

static void count_storm(struct os_console *c, enum os_console_event what)
{
    (void)c;
    (void)what;
    storm.heard++;
}

static void watch_in_a_storm(void *arg)
{
    (void)arg;
    for (int i = 0; i < 300; i++) {
        struct os_console c = { .event = count_storm };
        CHECK_EQ(0, os_console_watch(&c));
        os_console_ignore(&c);
    }
    storm.over++;
}

/* Signals at any moment of set-up and tear-down do no harm. */
static void signals_may_come_at_any_moment(void)
{
    enum { WATCHERS = 3 };
    struct os_thread thread[WATCHERS] = { 0 };
    set_handler(SIGINT, handler_before);
    for (int i = 0; i < WATCHERS; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "storm", watch_in_a_storm,
                                    NULL));
    while (storm.over < WATCHERS)
        raise(SIGINT);
    for (int i = 0; i < WATCHERS; i++)
        os_thread_join(&thread[i]);
    CHECK(has_handler(SIGINT, handler_before));
    set_handler(SIGINT, SIG_DFL);
}

int main(void)
{
    int before = open_descriptors();
    CHECK_EQ(0, os_mutex_open(&lock));
    CHECK_EQ(0, os_cond_open(&changed));
    RUN(every_watcher_hears_every_signal);
    RUN(one_watcher_does_not_silence_another);
    RUN(no_signal_is_swallowed_by_another);
    RUN(signal_racing_the_last_ignore_is_heard);
    RUN(handlers_are_given_back);
    RUN(ignore_waits_for_the_call);
    RUN(callback_may_watch_and_ignore_others);
    RUN(signals_may_come_at_any_moment);
    CHECK_EQ(before, open_descriptors());
    os_cond_close(&changed);
    os_mutex_close(&lock);
    return test_result(8);
}
