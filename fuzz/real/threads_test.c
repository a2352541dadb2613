/*
 * threads_test.c - what a thread is told to do is what it does.
 *
 * A thread that waits is believed to need somebody else; one that is believed
 * to run is waited for. Either mistake is a false finding, or none at all.
 */
#include "threads.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/port.h"
#include "../../loop/test_loop.h"
#include "noise.h"
#include "seam.h"
#include "system.h"

#define HOUR UINT64_C(3600000000000)

/* What a thread of a test waits for, in whatever way. */
static struct scene {
    struct os_mutex  lock, other;
    struct os_cond   cond;
    struct port     *port;
    struct os_thread joined;
    uint64_t         until[3];
    atomic_bool      running, done;
    unsigned         self;
} scene;

static void begin(void)
{
    threads_begin();
    seam_begin();
    noise_begin(0);
    noise_end();
    memset(&scene, 0, sizeof scene);
    CHECK_EQ(0, os_mutex_open(&scene.lock));
    CHECK_EQ(0, os_mutex_open(&scene.other));
    CHECK_EQ(0, os_cond_open(&scene.cond));
    CHECK_EQ(0, port_open(&scene.port));
}

static void end(void)
{
    CHECK_EQ(0, threads_alive());
    port_close(scene.port);
    os_cond_close(&scene.cond);
    os_mutex_close(&scene.other);
    os_mutex_close(&scene.lock);
}

static struct ground_thread_info info_of(unsigned thread)
{
    struct ground_thread_info info;
    ground_thread_info(thread, &info);
    return info;
}

static void wait_for_state(unsigned thread, enum ground_state state)
{
    for (int i = 0; i < TEST_LOOKS && info_of(thread).state != state; i++)
        os_pause();
    CHECK_EQ(state, info_of(thread).state);
}

static void start(struct os_thread *t, void (*entry)(void *), void *arg)
{
    *t = (struct os_thread){ 0 };
    CHECK_EQ(0, os_thread_start(t, "test", entry, arg));
}

/* Bodies. */

static void lock_one(void *arg)
{
    os_mutex_lock(arg);
    os_mutex_unlock(arg);
}

static void wait_for_cond(void *arg)
{
    (void)arg;
    os_mutex_lock(&scene.lock);
    while (!atomic_load(&scene.done))
        os_cond_wait(&scene.cond, &scene.lock, OS_FOREVER);
    os_mutex_unlock(&scene.lock);
}

static void end_wait_for_cond(void)
{
    os_mutex_lock(&scene.lock);
    atomic_store(&scene.done, true);
    os_cond_broadcast(&scene.cond);
    os_mutex_unlock(&scene.lock);
}

static void wait_for_packet(void *arg)
{
    struct packet packet;
    uint64_t *until = arg;
    CHECK_EQ(1, port_dequeue(scene.port, &packet, 1, *until));
}

static void join_other(void *arg)
{
    os_thread_join(arg);
}

static void pause_until_done(void *arg)
{
    (void)arg;
    while (!atomic_load(&scene.done))
        os_pause();
}

static void spin_until_done(void *arg)
{
    (void)arg;
    scene.self = ground_thread();
    CHECK(threads_self() == &threads[scene.self]);
    atomic_store(&scene.running, true);
    while (!atomic_load(&scene.done))
        system_yield();
}

/* Tests. */

/* Two that wait for one lock are seen to wait for the same object, and it is
 * taken with the seam's own call, of which nobody is told. */
static void waiting_for_a_lock_names_the_lock(void)
{
    struct os_thread t[3];
    begin();
    seam_mutex_lock(&scene.lock);
    seam_mutex_lock(&scene.other);
    start(&t[0], lock_one, &scene.lock);
    start(&t[1], lock_one, &scene.lock);
    start(&t[2], lock_one, &scene.other);
    for (unsigned i = 0; i < 3; i++) {
        wait_for_state(i, GROUND_BLOCKED_LOCK);
        CHECK(!info_of(i).timed);
        CHECK_EQ(GROUND_OUTSIDE, info_of(i).holder);
    }
    CHECK_EQ(info_of(0).object, info_of(1).object);
    CHECK(info_of(0).object != info_of(2).object);
    seam_mutex_unlock(&scene.other);
    os_thread_join(&t[2]);
    CHECK_EQ(GROUND_ENDED, info_of(2).state);
    CHECK_EQ(2, threads_alive());
    seam_mutex_unlock(&scene.lock);
    os_thread_join(&t[0]);
    os_thread_join(&t[1]);
    end();
}

static void waiting_for_a_condition_is_told(void)
{
    begin();
    struct os_thread t;
    start(&t, wait_for_cond, NULL);
    wait_for_state(0, GROUND_BLOCKED_COND);
    CHECK(!info_of(0).timed);
    CHECK(!strcmp("test", info_of(0).name));
    end_wait_for_cond();
    os_thread_join(&t);
    CHECK_EQ(GROUND_ENDED, info_of(0).state);
    end();
}

static void waiting_for_a_packet_is_told_with_its_time(void)
{
    begin();
    scene.until[0] = os_now() + HOUR;
    scene.until[1] = PORT_FOREVER;
    struct os_thread t[2];
    start(&t[0], wait_for_packet, &scene.until[0]);
    start(&t[1], wait_for_packet, &scene.until[1]);
    wait_for_state(0, GROUND_BLOCKED_DEQUEUE);
    wait_for_state(1, GROUND_BLOCKED_DEQUEUE);
    CHECK(info_of(0).timed);
    CHECK(!info_of(1).timed);
    CHECK_EQ(scene.until[0], atomic_load(&threads[0].until));
    CHECK_EQ(0, port_post(scene.port, 1));
    CHECK_EQ(0, port_post(scene.port, 1));
    os_thread_join(&t[0]);
    os_thread_join(&t[1]);
    CHECK(!info_of(0).timed);
    end();
}

static void waiting_for_a_thread_names_the_thread(void)
{
    struct os_thread t;
    begin();
    start(&scene.joined, wait_for_cond, NULL);
    start(&t, join_other, &scene.joined);
    wait_for_state(1, GROUND_BLOCKED_JOIN);
    CHECK_EQ(0, info_of(1).object);
    CHECK(!info_of(1).timed);
    CHECK(!atomic_load(&threads[0].joined));
    end_wait_for_cond();
    os_thread_join(&t);
    CHECK(atomic_load(&threads[0].joined));
    end();
}

/* A pause ends by itself: whoever looks long enough finds both. */
static void pause_is_told_as_a_timed_wait(void)
{
    begin();
    bool timed = false;
    struct os_thread t;
    start(&t, pause_until_done, NULL);
    for (int i = 0; i < TEST_LOOKS && !timed; i++) {
        struct ground_thread_info info = info_of(0);
        timed = info.state == GROUND_BLOCKED_PAUSE && info.timed;
        system_yield();
    }
    CHECK(timed);
    atomic_store(&scene.done, true);
    os_thread_join(&t);
    end();
}

/* Others may wait as they like: one that runs is enough. */
static void running_thread_is_told_as_running(void)
{
    uint64_t until;
    begin();
    scene.until[0] = PORT_FOREVER;
    struct os_thread waits, runs;
    start(&waits, wait_for_packet, &scene.until[0]);
    start(&runs, spin_until_done, NULL);
    wait_for_state(0, GROUND_BLOCKED_DEQUEUE);
    while (!atomic_load(&scene.running))
        system_yield();
    CHECK_EQ(1, scene.self);
    CHECK_EQ(GROUND_READY, info_of(1).state);
    CHECK(!info_of(1).timed);
    CHECK(!threads_all_wait(&until));
    CHECK_EQ(2, threads_alive());
    atomic_store(&scene.done, true);
    os_thread_join(&runs);
    CHECK(threads_all_wait(&until));
    CHECK_EQ(OS_FOREVER, until);
    CHECK_EQ(0, port_post(scene.port, 1));
    os_thread_join(&waits);
    end();
}

static void earliest_time_is_the_one_to_pass_to(void)
{
    struct os_thread t[3];
    uint64_t until = 0;
    begin();
    scene.until[0] = os_now() + 2 * HOUR;
    scene.until[1] = os_now() + HOUR;
    scene.until[2] = PORT_FOREVER;
    for (unsigned i = 0; i < 3; i++)
        start(&t[i], wait_for_packet, &scene.until[i]);
    for (unsigned i = 0; i < 3; i++)
        wait_for_state(i, GROUND_BLOCKED_DEQUEUE);
    CHECK(threads_all_wait(&until));
    CHECK_EQ(scene.until[1], until);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(0, port_post(scene.port, 1));
    for (unsigned i = 0; i < 3; i++)
        os_thread_join(&t[i]);
    end();
}

/* Still means that the counter stands: no wait begins or ends without it. */
static void every_wait_moves_the_counter(void)
{
    begin();
    uint64_t before = atomic_load(&threads_moves);
    struct os_thread t;
    start(&t, wait_for_cond, NULL);
    wait_for_state(0, GROUND_BLOCKED_COND);
    uint64_t waiting = atomic_load(&threads_moves);
    CHECK(waiting > before);
    end_wait_for_cond();
    os_thread_join(&t);
    CHECK(atomic_load(&threads_moves) > waiting);
    end();
}

static void handle_that_is_used_again_is_its_last_thread(void)
{
    struct os_thread t, never;
    begin();
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(0, os_thread_start(&t, "test", lock_one, &scene.lock));
        CHECK_EQ(i, threads_find(&t));
        os_thread_join(&t);
        CHECK(atomic_load(&threads[i].joined));
    }
    CHECK_EQ(GROUND_OUTSIDE, threads_find(&never));
    CHECK_EQ(3, ground_thread_count());
    end();
}

/* The table is full before the system is asked; what runs is not harmed. */
static void one_thread_too_many_is_refused(void)
{
    struct os_thread t[GROUND_THREADS_MAX], more;
    begin();
    for (unsigned i = 0; i < GROUND_THREADS_MAX; i++)
        CHECK_EQ(0, os_thread_start(&t[i], "test", wait_for_cond, NULL));
    CHECK_EQ(LOOP_ENOMEM,
             os_thread_start(&more, "test", wait_for_cond, NULL));
    CHECK_EQ(GROUND_THREADS_MAX, ground_thread_count());
    CHECK_EQ(GROUND_THREADS_MAX, threads_alive());
    end_wait_for_cond();
    for (unsigned i = 0; i < GROUND_THREADS_MAX; i++)
        os_thread_join(&t[i]);
    end();
    threads_begin();
    CHECK_EQ(0, ground_thread_count());
}

static void main_is_outside(void)
{
    begin();
    CHECK(threads_self() == NULL);
    CHECK_EQ(GROUND_OUTSIDE, ground_thread());
    lock_one(&scene.lock);
    CHECK_EQ(0, ground_thread_count());
    end();
}

int main(void)
{
    RUN(waiting_for_a_lock_names_the_lock);
    RUN(waiting_for_a_condition_is_told);
    RUN(waiting_for_a_packet_is_told_with_its_time);
    RUN(waiting_for_a_thread_names_the_thread);
    RUN(pause_is_told_as_a_timed_wait);
    RUN(running_thread_is_told_as_running);
    RUN(earliest_time_is_the_one_to_pass_to);
    RUN(every_wait_moves_the_counter);
    RUN(handle_that_is_used_again_is_its_last_thread);
    RUN(one_thread_too_many_is_refused);
    RUN(main_is_outside);
    return test_result(11);
}
