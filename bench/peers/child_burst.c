/*
 * child_burst.c - threads that post bursts as fast as they can.
 */
#include <stdatomic.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../gate.h"
#include "../machine.h"
#include "../statistics.h"
#include "pair.h"
#include "peer_loop.h"

#define PRODUCERS_MAX 4
#define BURSTS_MAX 1024
#define NANOSECONDS 1e9

/* What the thread inside writes is on lines of its own. */
static struct {
    unsigned    producers;
    unsigned    share;          /* posts of a producer                   */
    unsigned    ran_all;        /* of all                                */
    struct gate start;
    struct gate done;
    double      rate[BURSTS_MAX];
    unsigned    rates;
    uint64_t    began_at[PRODUCERS_MAX];

    _Alignas(64) unsigned left; /* to run of this burst                  */
    uint64_t              ended_at;
} t;

static void count_one(void)
{
    if (--t.left > 0)
        return;
    t.ended_at = os_now();
    t.left = t.ran_all;
    gate_add(&t.done);
}

static void produce(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;
    pair_pin_outside(index);
    for (unsigned burst = 1;; burst++) {
        gate_wait(&t.start, burst);
        if (atomic_load(&pair.quit))
            return;
        t.began_at[index] = os_now();
        peer_post(index * t.share, (index + 1) * t.share);
    }
}

static double rate_of_burst(void)
{
    uint64_t began = t.began_at[0];
    for (unsigned i = 1; i < t.producers; i++)
        if (t.began_at[i] < began)
            began = t.began_at[i];
    uint64_t took = t.ended_at - began;
    return t.ran_all / ((double)(took ? took : 1) / NANOSECONDS);
}

/* The first burst warms up; one more at least counts. */
static void start_bursts(void *unused)
{
    (void)unused;
    unsigned bursts = 0;
    do {
        gate_add(&t.start);
        gate_wait(&t.done, ++bursts);
        if (bursts > 1)
            t.rate[t.rates++] = rate_of_burst();
        else
            pair.until = os_now() + pair.length;
    } while (bursts < 2 ||
             (bursts < BURSTS_MAX && os_now() < pair.until));
    atomic_store(&pair.quit, true);
    gate_add(&t.start);
}

static void run_bursts(void *unused)
{
    struct os_thread producer[PRODUCERS_MAX] = { { { 0 } } };
    (void)unused;
    for (unsigned i = 0; i < t.producers; i++)
        pair_start(&producer[i], "producer", produce, (void *)(uintptr_t)i);
    start_bursts(NULL);
    for (unsigned i = 0; i < t.producers; i++)
        os_thread_join(&producer[i]);
    peer_loop_stop();
}

double child_burst(unsigned threads, uint64_t length, struct histogram *seen)
{
    LOOP_ASSERT(threads >= 1);
    LOOP_ASSERT(threads <= PRODUCERS_MAX);
    pair_begin(length, seen, threads);
    gate_open(&t.start);
    gate_open(&t.done);
    t.producers = threads;
    t.share = machine_part(CHILD_POSTS) / threads;
    t.ran_all = t.share * threads;
    t.left = t.ran_all;
    peer_loop_open(1);
    peer_posts_open(t.ran_all, count_one);
    pair_run(pair_inside, run_bursts);
    peer_loop_end();
    peer_posts_close();
    gate_close(&t.done);
    gate_close(&t.start);
    return statistics_median(t.rate, t.rates);
}
