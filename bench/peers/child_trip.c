/*
 * child_trip.c - one post at a time: there and back, to a loop that sleeps, at
 * a fixed rate.
 */
#include <stdatomic.h>

#include "../../loop/os.h"
#include "../clock.h"
#include "../statistics.h"
#include "pair.h"
#include "peer_loop.h"

#define SLICES_MAX 1024
#define TRIPS 256u              /* between two looks at the clock        */
#define RATE_POSTS 4096u        /* that may be under way                 */
#define RATE_WARM_UP 1000u
#define NANOSECONDS 1e9

static struct {
    double   rate[SLICES_MAX];
    unsigned rates;
    uint64_t began_at;
    uint64_t sent_at[RATE_POSTS];
    bool     from_sent;         /* and not from the plan                 */
    unsigned posted;

    _Alignas(64) unsigned ran;  /* the thread inside writes              */
} t;

/* Answers. */

static void answer(void)
{
    atomic_store_explicit(&pair.answered, ++t.ran, memory_order_release);
}

static void answer_with_time(void)
{
    pair_answer(++t.ran);
}

/* Ping-pong. */

static uint64_t make_trips(unsigned first)
{
    uint64_t began = os_now();
    for (unsigned i = 0; i < TRIPS; i++) {
        uint64_t before = pair.seen ? os_now() : 0;
        peer_post(0, 1);
        pair_wait(first + i);
        if (pair.seen && first > 1)
            histogram_record(pair.seen, os_now() - before);
    }
    return os_now() - began;
}

/* The first slice warms up. */
static void play(void *unused)
{
    unsigned slices = 0;
    (void)unused;
    pair_pin_outside(0);
    do {
        uint64_t took = make_trips(1 + slices * TRIPS);
        if (slices++ == 0)
            pair.until = os_now() + pair.length;
        else if (t.rates < SLICES_MAX)
            t.rate[t.rates++] = TRIPS / ((double)took / NANOSECONDS);
    } while (slices < 2 || os_now() < pair.until);
    peer_loop_stop();
}

static void play_game(uint64_t length, struct histogram *seen)
{
    pair_begin(length, seen, 1);
    peer_loop_open(1);
    peer_posts_open(1, answer);
    pair_run(pair_inside, play);
    peer_loop_end();
    peer_posts_close();
}

double child_ping(unsigned unused, uint64_t length, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    play_game(length, NULL);
    return statistics_median(t.rate, t.rates);
}

double child_trip(unsigned unused, uint64_t length, struct histogram *seen)
{
    (void)unused;
    play_game(length, seen);
    return (double)histogram_at(seen, 0.5);
}

/* A post that wakes. */

static void post_to_sleeper(void *unused)
{
    unsigned number = 0;
    (void)unused;
    pair_pin_outside(0);
    do {
        uint64_t before = pair_wait_idle();
        peer_post(0, 1);
        pair_note(++number, before);
    } while (!pair_is_over(number));
    peer_loop_stop();
}

double child_wake(unsigned idle, uint64_t length, struct histogram *seen)
{
    pair_begin(length, seen, 1);
    pair.idle = idle * PAIR_MICROSECOND;
    peer_loop_open(1);
    peer_posts_open(1, answer_with_time);
    pair_run(pair_inside, post_to_sleeper);
    peer_loop_end();
    peer_posts_close();
    return (double)histogram_at(seen, 0.5);
}

/* Posts at a fixed rate. One thread posts, so they run in their order, and
 * the number of a callback is that of its post. */

static uint64_t planned_at(unsigned number)
{
    return t.began_at + number * pair.idle;
}

static void answer_planned(void)
{
    unsigned number = t.ran;
    uint64_t from = t.from_sent ? t.sent_at[number % RATE_POSTS]
                           : planned_at(number);
    if (number >= RATE_WARM_UP)
        histogram_record(pair.seen, os_now() - from);
    answer();
}

/* A post is late if the loop is so far behind that its storage is not free;
 * by the plan that is the loop's delay, too. */
static void post_at_rate(void *unused)
{
    (void)unused;
    pair_pin_outside(0);
    t.began_at = os_now();
    pair.until = planned_at(RATE_WARM_UP) + pair.length;
    for (unsigned i = 0; planned_at(i) < pair.until; i++) {
        unsigned slot = i % RATE_POSTS;
        clock_spin_until(planned_at(i));
        if (i >= RATE_POSTS)
            pair_wait(i + 1 - RATE_POSTS);
        t.sent_at[slot] = os_now();
        peer_post(slot, slot + 1);
        t.posted = i + 1;
    }
    pair_wait(t.posted);
    peer_loop_stop();
}

static double measure_rate(unsigned interval, uint64_t length,
                           struct histogram *seen)
{
    pair_begin(length, seen, 1);
    pair.idle = interval;
    peer_loop_open(1);
    peer_posts_open(RATE_POSTS, answer_planned);
    pair_run(pair_inside, post_at_rate);
    peer_loop_end();
    peer_posts_close();
    return (double)histogram_at(seen, 0.5);
}

double child_rate(unsigned interval, uint64_t length, struct histogram *seen)
{
    return measure_rate(interval, length, seen);
}

double child_rate_sent(unsigned interval, uint64_t length,
                       struct histogram *seen)
{
    t.from_sent = true;
    return measure_rate(interval, length, seen);
}
