/*
 * os_test.c - the rules of os.h, checked on whatever platform is linked.
 */
#include <stdint.h>
#include <string.h>

#include "loop.h"
#include "os.h"
#include "test.h"

enum { THREADS = 4, ROUNDS = 2000 };

/* What the threads of one test share; each test opens and closes it. */
struct shared {
    struct os_mutex  lock;
    struct os_cond   changed;
    struct os_thread thread[THREADS];
    long             count;
    int              here;
    int              turn;
    uint64_t         self[THREADS];
    uint64_t         latest;
};

static struct shared shared;

static void shared_open(void)
{
    memset(&shared, 0, sizeof shared);
    CHECK_EQ(0, os_mutex_open(&shared.lock));
    CHECK_EQ(0, os_cond_open(&shared.changed));
}

static void shared_close(void)
{
    os_cond_close(&shared.changed);
    os_mutex_close(&shared.lock);
}

static void start_all(void (*entry)(void *))
{
    static int number[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        CHECK_EQ(0, os_thread_start(&shared.thread[i], "test", entry,
                                    &number[i]));
    }
}

static void join_all(void)
{
    for (int i = 0; i < THREADS; i++)
        os_thread_join(&shared.thread[i]);
}

/* Memory comes zeroed, also where it was used before, and aligned. */
static void memory_is_zeroed_and_aligned(void)
{
    for (size_t size = 1; size < 3000; size = size * 2 + 1) {
        unsigned char *memory = os_alloc(size);
        CHECK(memory != NULL);
        CHECK_EQ(0, (uintptr_t)memory % _Alignof(max_align_t));
        for (size_t i = 0; i < size; i++)
            CHECK_EQ(0, memory[i]);
        memset(memory, 0xa5, size);
        os_free(memory);
    }
    os_free(NULL);
}

static void watch_clock(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        os_mutex_lock(&shared.lock);
        uint64_t now = os_now();
        CHECK(now >= shared.latest);
        shared.latest = now;
        os_mutex_unlock(&shared.lock);
    }
}

/* The clock goes forward, whichever thread reads it. */
static void clock_never_goes_back(void)
{
    shared_open();
    start_all(watch_clock);
    join_all();
    shared_close();
}

static void count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        os_mutex_lock(&shared.lock);
        shared.count++;
        os_mutex_unlock(&shared.lock);
    }
}

/* Who holds a mutex is alone, and sees what the one before him did. */
static void mutex_excludes(void)
{
    shared_open();
    start_all(count_up);
    join_all();
    CHECK_EQ(THREADS * ROUNDS, shared.count);
    shared_close();
}

static void set_by_argument(void *arg)
{
    *(int *)arg = 42;
}

/* A thread gets its argument, and who joins it sees what it wrote. */
static void join_sees_what_the_thread_did(void)
{
    for (int i = 0; i < 50; i++) {
        struct os_thread thread = { 0 };
        int value = 0;
        CHECK_EQ(0, os_thread_start(&thread, NULL, set_by_argument,
                                    &value));
        os_thread_join(&thread);
        CHECK_EQ(42, value);
    }
}

static void tell_self_and_wait_for_all(void *arg)
{
    int number = *(int *)arg;
    os_mutex_lock(&shared.lock);
    shared.self[number] = os_thread_self();
    CHECK(shared.self[number] == os_thread_self());
    if (++shared.here == THREADS)
        os_cond_broadcast(&shared.changed);
    while (shared.here < THREADS)
        CHECK_EQ(1, os_cond_wait(&shared.changed, &shared.lock,
                                 OS_FOREVER));
    os_mutex_unlock(&shared.lock);
}

/* Threads that live at the same time have different numbers; and one
 * broadcast wakes all who wait. */
static void living_threads_have_their_own_numbers(void)
{
    shared_open();
    start_all(tell_self_and_wait_for_all);
    join_all();
    for (int i = 0; i < THREADS; i++) {
        CHECK(shared.self[i] >= 1);
        CHECK(shared.self[i] != os_thread_self());
        for (int j = 0; j < i; j++)
            CHECK(shared.self[i] != shared.self[j]);
    }
    shared_close();
}

static void take_turns(void *arg)
{
    int mine = *(int *)arg % 2;
    os_mutex_lock(&shared.lock);
    for (int i = 0; i < ROUNDS; i++) {
        while (shared.turn != mine)
            os_cond_wait(&shared.changed, &shared.lock, OS_FOREVER);
        shared.turn = !mine;
        shared.count++;
        os_cond_signal(&shared.changed);
    }
    os_mutex_unlock(&shared.lock);
}

/* A signal under the lock is never lost: two threads wake each other in
 * turn, and each wake has only one chance. */
static void signal_wakes_the_one_who_waits(void)
{
    shared_open();
    int number[2] = { 0, 1 };
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, os_thread_start(&shared.thread[i], "turns", take_turns,
                                    &number[i]));
    for (int i = 0; i < 2; i++)
        os_thread_join(&shared.thread[i]);
    CHECK_EQ(2 * ROUNDS, shared.count);
    shared_close();
}

/* A wait with a time ends, not before it, and holds the mutex again. */
static void timed_wait_ends_at_its_time(void)
{
    shared_open();
    os_mutex_lock(&shared.lock);
    uint64_t until = os_now() + 3000000;
    while (os_cond_wait(&shared.changed, &shared.lock, until))
        continue;
    CHECK(os_now() >= until);
    CHECK_EQ(0, os_cond_wait(&shared.changed, &shared.lock, until));
    os_mutex_unlock(&shared.lock);
    shared_close();
}

static void ignore_event(struct os_console *c, enum os_console_event what)
{
    (void)c;
    (void)what;
}

static void watch_and_ignore(void *arg)
{
    (void)arg;
    struct os_console console[2] = { { .event = ignore_event },
                                     { .event = ignore_event } };
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(0, os_console_watch(&console[0]));
        CHECK_EQ(0, os_console_watch(&console[1]));
        os_console_ignore(&console[i % 2]);
        os_console_ignore(&console[1 - i % 2]);
    }
}

/* Watchers come and go on many threads; the first and the last of them set
 * the machinery up and take it down, again and again. */
static void watchers_come_and_go_anywhere(void)
{
    shared_open();
    start_all(watch_and_ignore);
    join_all();
    shared_close();
}

/* A pause ends. */
static void pause_ends(void)
{
    uint64_t before = os_now();
    os_pause();
    CHECK(os_now() >= before);
}

int main(void)
{
    RUN(memory_is_zeroed_and_aligned);
    RUN(clock_never_goes_back);
    RUN(mutex_excludes);
    RUN(join_sees_what_the_thread_did);
    RUN(living_threads_have_their_own_numbers);
    RUN(signal_wakes_the_one_who_waits);
    RUN(timed_wait_ends_at_its_time);
    RUN(watchers_come_and_go_anywhere);
    RUN(pause_ends);
    return test_result(9);
}
