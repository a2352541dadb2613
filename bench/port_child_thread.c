/*
 * port_child_thread.c - what a thread outside of the loop does to it.
 *
 * The thread inside is on the last processor and the one outside on the
 * first, as in the questions about the loop alone. The outer one decides when
 * the time is over, and stops the loop.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "../loop/check.h"
#include "../loop/os.h"
#include "clock.h"
#include "gate.h"
#include "machine.h"
#include "port_child.h"
#include "statistics.h"

#define BURSTS_MAX 1024
#define WARM_UP 32              /* wakes and stops that do not count     */
#define NANOSECONDS 1e9

/* What the thread inside writes is kept on lines of its own. */
static struct {
    struct loop      *loop;
    struct histogram *seen;
    struct post      *posts;
    uint64_t          length;
    uint64_t          until;        /* from the end of the warm-up       */
    struct gate       done;
    double            rate[BURSTS_MAX];
    unsigned          bursts;
    atomic_bool       quit;

    _Alignas(64) unsigned ran;      /* posts of this burst               */
    uint64_t              ended_at;
    _Alignas(64) atomic_uint entered;   /* the number of the run begun   */
    _Alignas(64) atomic_uint answered;  /* of the post, or of the run ended */
    _Atomic uint64_t         answered_at;
} t;

static void pin_inside(void)
{
    machine_pin(machine_processors() - 1);
}

static void pin_outside(void)
{
    machine_pin(0);
}

static void run_loop(void *unused)
{
    (void)unused;
    pin_inside();
    int end = loop_run(t.loop, LOOP_FOREVER);
    LOOP_ASSERT(end == LOOP_STOPPED);
}

static void stop_loop(void)
{
    int failed = loop_stop(t.loop);
    LOOP_ASSERT(!failed);
}

/* This thread is not pinned, and sleeps until both are done. */
static void run_both(void (*inside)(void *), void (*outside)(void *))
{
    struct os_thread in = { { 0 } }, out = { { 0 } };
    int failed = os_thread_start(&in, "inside", inside, NULL);
    LOOP_ASSERT(!failed);
    failed = os_thread_start(&out, "outside", outside, NULL);
    LOOP_ASSERT(!failed);
    os_thread_join(&out);
    os_thread_join(&in);
}

static void begin(struct loop *l, uint64_t length, struct histogram *seen)
{
    t.loop = l;
    t.seen = seen;
    t.length = length;
}

/* Bursts. */

static void count_one(struct post *p, int status)
{
    (void)p;
    (void)status;
    if (++t.ran < PORT_CHILD_POSTS)
        return;
    t.ended_at = os_now();
    t.ran = 0;
    gate_add(&t.done);
}

static void post_burst(unsigned number)
{
    uint64_t began = os_now();
    for (unsigned i = 0; i < PORT_CHILD_POSTS; i++) {
        int failed = loop_post(t.loop, &t.posts[i]);
        LOOP_ASSERT(!failed);
    }
    gate_wait(&t.done, number);
    uint64_t took = t.ended_at - began;
    t.rate[number - 1] = PORT_CHILD_POSTS / ((double)took / NANOSECONDS);
}

/* The first burst warms up; one more at least counts. */
static void post_bursts(void *unused)
{
    (void)unused;
    pin_outside();
    post_burst(++t.bursts);
    t.until = os_now() + t.length;
    do
        post_burst(++t.bursts);
    while (t.bursts < BURSTS_MAX && os_now() < t.until);
    stop_loop();
}

double port_child_burst(struct loop *l, uint64_t length,
                        struct histogram *unused)
{
    begin(l, length, unused);
    t.posts = calloc(PORT_CHILD_POSTS, sizeof *t.posts);
    LOOP_ASSERT(t.posts);
    for (unsigned i = 0; i < PORT_CHILD_POSTS; i++)
        t.posts[i].run = count_one;
    gate_open(&t.done);
    run_both(run_loop, post_bursts);
    gate_close(&t.done);
    free(t.posts);
    return statistics_median(t.rate + 1, t.bursts - 1);
}

/* Latencies. */

static void answer(unsigned number)
{
    atomic_store_explicit(&t.answered_at, os_now(), memory_order_relaxed);
    atomic_store_explicit(&t.answered, number, memory_order_release);
}

static void note(unsigned number, uint64_t before)
{
    while (atomic_load_explicit(&t.answered, memory_order_acquire) < number)
        ;
    uint64_t at = atomic_load_explicit(&t.answered_at, memory_order_relaxed);
    if (number > WARM_UP)
        histogram_record(t.seen, at - before);
    else if (number == WARM_UP)
        t.until = os_now() + t.length;
}

/* Spin until the thread inside has had nothing to do for so long that it
 * sleeps in the kernel. */
static uint64_t wait_until_blocked(void)
{
    clock_spin_until(os_now() + PORT_CHILD_IDLE);
    return os_now();
}

static bool is_over(unsigned number)
{
    return number > WARM_UP && os_now() >= t.until;
}

static void answer_post(struct post *p, int status)
{
    (void)p;
    (void)status;
    answer(++t.ran);
}

static void post_to_sleeper(void *unused)
{
    struct post post = { .run = answer_post };
    unsigned number = 0;
    (void)unused;
    pin_outside();
    do {
        uint64_t before = wait_until_blocked();
        int failed = loop_post(t.loop, &post);
        LOOP_ASSERT(!failed);
        note(++number, before);
    } while (!is_over(number));
    stop_loop();
}

double port_child_wake(struct loop *l, uint64_t length,
                       struct histogram *seen)
{
    begin(l, length, seen);
    run_both(run_loop, post_to_sleeper);
    return (double)histogram_at(seen, 0.5);
}

static void run_until_quit(void *unused)
{
    unsigned number = 0;
    (void)unused;
    pin_inside();
    while (!atomic_load(&t.quit)) {
        atomic_store(&t.entered, ++number);
        loop_run(t.loop, LOOP_FOREVER);
        answer(number);
    }
}

/* The last one is told before it is stopped: afterwards the thread inside
 * may be in its next run, where nobody would stop it. */
static void stop_sleeper(void *unused)
{
    unsigned number = 0;
    bool over = false;
    (void)unused;
    pin_outside();
    while (!over) {
        number++;
        while (atomic_load(&t.entered) < number)
            ;
        over = is_over(number);
        if (over)
            atomic_store(&t.quit, true);
        uint64_t before = wait_until_blocked();
        stop_loop();
        note(number, before);
    }
}

double port_child_stop(struct loop *l, uint64_t length,
                       struct histogram *seen)
{
    begin(l, length, seen);
    run_both(run_until_quit, stop_sleeper);
    return (double)histogram_at(seen, 0.5);
}
