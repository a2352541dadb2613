/*
 * order_test.c - real threads are led through a record, and never held by it.
 *
 * A record is written by hand here. Threads begin together, so that nothing
 * but the record says who comes first; a machine with other things to do may
 * miss a turn, so most of the repetitions are asked for, and not all.
 */
#include "order.h"

#include <string.h>

#include "../../loop/port.h"
#include "../../loop/test_loop.h"
#include "noise.h"
#include "seam.h"
#include "system.h"
#include "threads.h"

#define REPETITIONS 80
#define MOST (REPETITIONS * 3 / 4)
#define STEPS 6
#define LONG_NS UINT64_C(20000000000)
#define KEY_OF(thread) ((thread) + 1u)

static struct {
    struct os_mutex lock;
    struct port    *port;
    unsigned        waits;          /* threads that take part                */
    atomic_uint     here;
    atomic_bool     done, over;
    uint64_t        first;          /* number of the thread, from 1          */
} scene;

static const struct trace_event *given;
static size_t                    given_count;

static void give(const struct trace_event *event, size_t count)
{
    given = event;
    given_count = count;
    order_give(event, count);
}

/* From here on both run. */
static void begin_together(void)
{
    atomic_fetch_add(&scene.here, 1);
    while (atomic_load(&scene.here) < scene.waits)
        system_yield();
}

static void begin(unsigned count, uint64_t seed)
{
    threads_begin();
    seam_begin();
    noise_begin(seed);
    order_begin();
    memset(&scene, 0, sizeof scene);
    CHECK_EQ(0, os_mutex_open(&scene.lock));
    CHECK_EQ(0, port_open(&scene.port));
    scene.waits = count;
}

static void end(void)
{
    noise_end();
    port_close(scene.port);
    os_mutex_close(&scene.lock);
}

static void run_two(void (*a)(void *), void (*b)(void *))
{
    struct os_thread thread[2];
    test_thread_start(&thread[0], a, NULL);
    test_thread_start(&thread[1], b, NULL);
    os_thread_join(&thread[0]);
    os_thread_join(&thread[1]);
}

/* Two locks. */

static void lock_once(void *arg)
{
    (void)arg;
    begin_together();
    os_mutex_lock(&scene.lock);
    if (scene.first == 0)
        scene.first = ground_thread() + 1;
    os_mutex_unlock(&scene.lock);
}

/* Returns how often the second thread was the first to lock. */
static unsigned count_second_first(void)
{
    unsigned second = 0;
    for (uint64_t i = 0; i < REPETITIONS; i++) {
        begin(2, i);
        run_two(lock_once, lock_once);
        second += scene.first == 2;
        end();
    }
    return second;
}

/* The same two threads: what differs is the record alone. Left to themselves
 * they can do no more than one of the two in most of the repetitions. */
static void locks_are_taken_in_the_order_of_the_record(void)
{
    static const struct trace_event second[] = {
        { .thread = 1, .kind = TRACE_LOCK },
        { .thread = 0, .kind = TRACE_LOCK },
    };
    static const struct trace_event first[] = {
        { .thread = 0, .kind = TRACE_LOCK },
        { .thread = 1, .kind = TRACE_LOCK },
    };
    give(second, 2);
    CHECK(count_second_first() >= MOST);
    give(first, 2);
    CHECK(count_second_first() <= REPETITIONS - MOST);
}

/* Many posts. */

static void post_some(void *arg)
{
    (void)arg;
    begin_together();
    for (unsigned i = 0; i < STEPS; i++)
        CHECK_EQ(0, port_post(scene.port, KEY_OF(ground_thread())));
}

static unsigned posts_as_recorded(void)
{
    struct packet packet[2 * STEPS];
    unsigned same = 0;
    int count = 0;
    while (count < 2 * STEPS)
        count += port_dequeue(scene.port, packet + count, 2 * STEPS - count,
                              PORT_FOREVER);
    for (unsigned i = 0; i < 2 * STEPS; i++)
        same += packet[i].key == KEY_OF(given[i].thread);
    return same;
}

static unsigned count_as_recorded(void)
{
    unsigned whole = 0;
    for (uint64_t i = 0; i < REPETITIONS; i++) {
        begin(2, i);
        run_two(post_some, post_some);
        whole += posts_as_recorded() == 2 * STEPS;
        end();
    }
    return whole;
}

/* Each thread posts all it has when nobody says otherwise: a record that
 * takes turns, and one that begins with the second thread, come about only
 * by being followed step for step. */
static void posts_come_in_the_order_of_the_record(void)
{
    static struct trace_event turns[2 * STEPS], odd[2 * STEPS];
    for (unsigned i = 0; i < 2 * STEPS; i++) {
        turns[i] = (struct trace_event){ .kind = TRACE_POST,
                                         .thread = (i + 1) % 2 };
        odd[i] = (struct trace_event){ .kind = TRACE_POST,
                                       .thread = i / 3 % 2 == 0 };
    }
    give(turns, 2 * STEPS);
    CHECK(count_as_recorded() >= MOST);
    give(odd, 2 * STEPS);
    CHECK(count_as_recorded() >= MOST);
}

/* One lock of the three has come, and none was late. */
static void score_counts_what_came_in_its_turn(void)
{
    static const struct trace_event alone[] = {
        { .thread = 0, .kind = TRACE_LOCK },
        { .thread = 0, .kind = TRACE_LOCK },
        { .thread = 0, .kind = TRACE_LOCK },
    };
    struct os_thread thread;
    size_t kept, count;
    give(alone, 3);
    begin(1, 0);
    test_thread_start(&thread, lock_once, NULL);
    os_thread_join(&thread);
    order_score(&kept, &count);
    CHECK_EQ(1, kept);
    CHECK_EQ(3, count);
    end();
}

/* Records that do not fit. */

static void lock_many(void *arg)
{
    (void)arg;
    begin_together();
    for (unsigned i = 0; i < 400; i++) {
        os_mutex_lock(&scene.lock);
        os_mutex_unlock(&scene.lock);
    }
    atomic_store(&scene.done, true);
}

static void do_nothing_until_done(void *arg)
{
    (void)arg;
    begin_together();
    while (!atomic_load(&scene.done))
        system_yield();
}

/* Before each of its locks the first thread is to wait for a post of the
 * second, which lives and never posts: all waits of a run together have an
 * end, after which it goes on freely. */
static void order_that_does_not_fit_delays_and_never_blocks(void)
{
    static struct trace_event wrong[800];
    size_t kept, count;
    for (unsigned i = 0; i < 800; i++)
        wrong[i] = (struct trace_event){ .thread = i % 2 == 0,
            .kind = i % 2 == 0 ? TRACE_POST : TRACE_LOCK };
    give(wrong, 800);
    begin(2, 0);
    uint64_t began = system_now();
    run_two(lock_many, do_nothing_until_done);
    CHECK(system_now() - began < LONG_NS);
    order_score(&kept, &count);
    CHECK_EQ(0, kept);
    CHECK_EQ(800, count);
    end();
}

/* A thread that has ended, or that was never started, owes nothing. */
static void thread_that_is_not_there_is_not_waited_for(void)
{
    static const struct trace_event gone[] = {
        { .thread = 0, .kind = TRACE_POST },
        { .thread = 9, .kind = TRACE_POST },
        { .thread = 1, .kind = TRACE_LOCK },
    };
    struct os_thread thread[2];
    size_t kept, count;
    give(gone, 3);
    begin(0, 0);
    atomic_store(&scene.done, true);
    test_thread_start(&thread[0], do_nothing_until_done, NULL);
    os_thread_join(&thread[0]);
    test_thread_start(&thread[1], lock_once, NULL);
    os_thread_join(&thread[1]);
    order_score(&kept, &count);
    CHECK_EQ(1, kept);
    end();
}

static void lock_twice_and_tell(void *arg)
{
    lock_once(arg);
    lock_once(arg);
    atomic_store(&scene.done, true);
    while (!atomic_load(&scene.over))
        system_yield();
}

static void lock_when_told(void *arg)
{
    do_nothing_until_done(arg);
    lock_once(arg);
    atomic_store(&scene.over, true);
}

/* The cancel between the two locks is left out: it will not come any more,
 * and the other thread has not to wait for it. */
static void event_that_was_left_out_holds_nobody(void)
{
    static const struct trace_event event[] = {
        { .thread = 0, .kind = TRACE_LOCK },
        { .thread = 0, .kind = TRACE_CANCEL },
        { .thread = 0, .kind = TRACE_LOCK },
        { .thread = 1, .kind = TRACE_LOCK },
    };
    size_t kept, count;
    give(event, 4);
    begin(0, 0);
    run_two(lock_twice_and_tell, lock_when_told);
    order_score(&kept, &count);
    CHECK_EQ(3, kept);
    CHECK_EQ(4, count);
    end();
}

static void only_what_real_threads_do_is_followed(void)
{
    static const struct trace_event event[] = {
        { .thread = 0, .kind = TRACE_ATOMIC },
        { .thread = 0, .kind = TRACE_TIME },
        { .thread = 0, .kind = TRACE_COMPLETE },
        { .thread = GROUND_OUTSIDE, .kind = TRACE_LOCK },
    };
    static struct trace_event many[ORDER_EVENTS_MAX + 1];
    size_t kept, count;
    give(event, 4);
    CHECK(!order_is_given());
    for (unsigned i = 0; i <= ORDER_EVENTS_MAX; i++)
        many[i] = (struct trace_event){ .kind = TRACE_LOCK };
    give(many, ORDER_EVENTS_MAX + 1);
    CHECK(order_is_given());
    order_score(&kept, &count);
    CHECK_EQ(ORDER_EVENTS_MAX, count);
    give(NULL, 0);
    CHECK(!order_is_given());
}

/* The next run begins at the first event, whatever the last one has done. */
static void every_run_begins_at_the_first_event(void)
{
    static const struct trace_event event[] = {
        { .thread = 0, .kind = TRACE_LOCK },
    };
    struct os_thread thread;
    size_t kept, count;
    give(event, 1);
    for (unsigned i = 0; i < 3; i++) {
        begin(1, 0);
        test_thread_start(&thread, lock_once, NULL);
        os_thread_join(&thread);
        order_score(&kept, &count);
        CHECK_EQ(1, kept);
        end();
    }
}

int main(void)
{
    RUN(locks_are_taken_in_the_order_of_the_record);
    RUN(posts_come_in_the_order_of_the_record);
    RUN(score_counts_what_came_in_its_turn);
    RUN(order_that_does_not_fit_delays_and_never_blocks);
    RUN(thread_that_is_not_there_is_not_waited_for);
    RUN(event_that_was_left_out_holds_nobody);
    RUN(only_what_real_threads_do_is_followed);
    RUN(every_run_begins_at_the_first_event);
    return test_result(8);
}
