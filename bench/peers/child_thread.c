/*
 * child_thread.c - what threads outside of a loop do to it.
 *
 * The thread inside is on the last processor and the first one outside on the
 * first. Whoever measures is outside, decides when the time is over, and
 * stops the loop. With fewer processors than threads nobody is pinned, since
 * two producers that share one would not meet.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../clock.h"
#include "../gate.h"
#include "../histogram.h"
#include "../machine.h"
#include "../statistics.h"
#include "peer_loop.h"

#define PRODUCERS_MAX 4
#define BURSTS_MAX 1024
#define SLICES_MAX 1024
#define TRIPS 256u              /* between two looks at the clock        */
#define WARM_UP 32              /* wakes and stops that do not count     */
#define BUSY 20                 /* microseconds in a busy loop           */
#define BLOCKED 50              /* until a loop surely blocks            */
#define INSIDE_MAX 8
#define RATE_POSTS 4096u        /* that may be under way                 */
#define RATE_WARM_UP 1000u
#define MICROSECOND UINT64_C(1000)
#define NANOSECONDS 1e9

/* What the thread inside writes is kept on lines of its own. */
static struct {
    struct histogram *seen;
    uint64_t          length;
    uint64_t          until;        /* from the end of the warm-up       */
    uint64_t          idle;         /* before a post or stop             */
    bool              pinned;
    unsigned          busy;         /* posts that post themselves again  */
    unsigned          posted;       /* of which are accepted             */
    unsigned          inside;       /* threads                           */
    _Atomic uint64_t  thread[INSIDE_MAX];   /* of those, if several      */
    unsigned          producers;
    unsigned          share;        /* posts of a producer               */
    struct gate       start;
    struct gate       done;
    double            rate[BURSTS_MAX];
    unsigned          rates;
    uint64_t          began_at[PRODUCERS_MAX];
    uint64_t          sent_at[RATE_POSTS];
    bool              from_sent;    /* and not from the plan             */
    atomic_bool       quit;

    _Alignas(64) unsigned ran;      /* posts of this burst               */
    unsigned              ran_all;
    uint64_t              ended_at;
    _Alignas(64) atomic_uint entered;   /* runs begun, by all threads     */
    atomic_uint              returned;  /* and ended, of several inside   */
    _Alignas(64) atomic_uint answered;  /* the number of the post, or run */
    _Atomic uint64_t         answered_at;
} t;

static void pin_inside(void)
{
    if (t.pinned)
        machine_pin(machine_processors() - 1);
}

static void pin_outside(unsigned index)
{
    if (t.pinned)
        machine_pin(index);
}

static void start(struct os_thread *thread, const char *name,
                  void (*entry)(void *), void *argument)
{
    int failed = os_thread_start(thread, name, entry, argument);
    LOOP_ASSERT(!failed);
}

static void begin(uint64_t length, struct histogram *seen,
                  unsigned outside)
{
    t.seen = seen;
    t.length = length;
    t.pinned = machine_processors() > outside;
    gate_open(&t.start);
    gate_open(&t.done);
}

static void end(void)
{
    gate_close(&t.done);
    gate_close(&t.start);
}

static void run_once(void *unused)
{
    (void)unused;
    pin_inside();
    peer_loop_run();
}

/*
 * Run the loop on a thread of its own, and meanwhile what measures it on
 * another. This thread is not pinned, and sleeps until both are done.
 */
static void run_both(void (*inside)(void *), void (*outside)(void *))
{
    struct os_thread in = { { 0 } }, out = { { 0 } };
    start(&in, "inside", inside, NULL);
    start(&out, "outside", outside, NULL);
    os_thread_join(&out);
    os_thread_join(&in);
}

/* Bursts. */

static void count_one(void)
{
    if (++t.ran < t.ran_all)
        return;
    t.ended_at = os_now();
    t.ran = 0;
    gate_add(&t.done);
}

static void produce(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;
    pin_outside(index);
    for (unsigned burst = 1;; burst++) {
        gate_wait(&t.start, burst);
        if (atomic_load(&t.quit))
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
            t.until = os_now() + t.length;
    } while (bursts < 2 ||
             (bursts < BURSTS_MAX && os_now() < t.until));
    atomic_store(&t.quit, true);
    gate_add(&t.start);
}

static void run_bursts(void *unused)
{
    struct os_thread producer[PRODUCERS_MAX] = { { { 0 } } };
    (void)unused;
    for (unsigned i = 0; i < t.producers; i++)
        start(&producer[i], "producer", produce, (void *)(uintptr_t)i);
    start_bursts(NULL);
    for (unsigned i = 0; i < t.producers; i++)
        os_thread_join(&producer[i]);
    peer_loop_stop();
}

double child_burst(unsigned threads, uint64_t length, struct histogram *seen)
{
    LOOP_ASSERT(threads >= 1);
    LOOP_ASSERT(threads <= PRODUCERS_MAX);
    begin(length, seen, threads);
    t.producers = threads;
    t.share = CHILD_POSTS / threads;
    t.ran_all = t.share * threads;
    peer_loop_open(1);
    peer_posts_open(t.ran_all, count_one);
    run_both(run_once, run_bursts);
    peer_loop_end();
    peer_posts_close();
    end();
    return statistics_median(t.rate, t.rates);
}

/* Answers. */

static void answer_at(unsigned number)
{
    atomic_store_explicit(&t.answered_at, os_now(), memory_order_relaxed);
    atomic_store_explicit(&t.answered, number, memory_order_release);
}

static void answer(void)
{
    atomic_store_explicit(&t.answered, ++t.ran, memory_order_release);
}

static void answer_with_time(void)
{
    answer_at(++t.ran);
}

static void wait_for(unsigned number)
{
    while (atomic_load_explicit(&t.answered, memory_order_acquire) < number)
        continue;
}

/* Ping-pong. */

static uint64_t make_trips(unsigned first)
{
    uint64_t began = os_now();
    for (unsigned i = 0; i < TRIPS; i++) {
        uint64_t before = t.seen ? os_now() : 0;
        peer_post(0, 1);
        wait_for(first + i);
        if (t.seen && first > 1)
            histogram_record(t.seen, os_now() - before);
    }
    return os_now() - began;
}

/* The first slice warms up. */
static void play(void *unused)
{
    unsigned slices = 0;
    (void)unused;
    pin_outside(0);
    do {
        uint64_t took = make_trips(1 + slices * TRIPS);
        if (slices++ == 0)
            t.until = os_now() + t.length;
        else if (t.rates < SLICES_MAX)
            t.rate[t.rates++] = TRIPS / ((double)took / NANOSECONDS);
    } while (slices < 2 || os_now() < t.until);
    peer_loop_stop();
}

static void play_game(uint64_t length, struct histogram *seen)
{
    begin(length, seen, 1);
    peer_loop_open(1);
    peer_posts_open(1, answer);
    run_both(run_once, play);
    peer_loop_end();
    peer_posts_close();
    end();
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

/* Latencies: each number is one post or stop. */

static void note(unsigned number, uint64_t before)
{
    wait_for(number);
    uint64_t at = atomic_load_explicit(&t.answered_at, memory_order_relaxed);
    if (number > WARM_UP)
        histogram_record(t.seen, at - before);
    else if (number == WARM_UP)
        t.until = os_now() + t.length;
}

/* Spin until the thread inside has had nothing to do for so long. */
static uint64_t wait_until_idle(void)
{
    if (t.idle)
        clock_spin_until(os_now() + t.idle);
    return os_now();
}

/* With several threads a stop ends those that are inside, and one that comes
 * later stays for ever: so each must sleep, before that time and after. */
static bool all_sleep(void)
{
    for (unsigned i = 0; t.inside > 1 && i < t.inside; i++)
        if (!machine_sleeps(atomic_load(&t.thread[i])))
            return false;
    return true;
}

static bool is_over(unsigned number)
{
    return number > WARM_UP && os_now() >= t.until;
}

static void post_to_sleeper(void *unused)
{
    unsigned number = 0;
    (void)unused;
    pin_outside(0);
    do {
        uint64_t before = wait_until_idle();
        peer_post(0, 1);
        note(++number, before);
    } while (!is_over(number));
    peer_loop_stop();
}

double child_wake(unsigned idle, uint64_t length, struct histogram *seen)
{
    begin(length, seen, 1);
    t.idle = idle * MICROSECOND;
    peer_loop_open(1);
    peer_posts_open(1, answer_with_time);
    run_both(run_once, post_to_sleeper);
    peer_loop_end();
    peer_posts_close();
    end();
    return (double)histogram_at(seen, 0.5);
}

/* Posts at a fixed rate. One thread posts, so they run in their order, and
 * the number of a callback is that of its post. */

static uint64_t planned_at(unsigned number)
{
    return t.began_at[0] + number * t.idle;
}

static void answer_planned(void)
{
    unsigned number = t.ran;
    uint64_t from = t.from_sent ? t.sent_at[number % RATE_POSTS]
                           : planned_at(number);
    if (number >= RATE_WARM_UP)
        histogram_record(t.seen, os_now() - from);
    answer();
}

/* A post is late if the loop is so far behind that its storage is not free;
 * by the plan that is the loop's delay, too. */
static void post_at_rate(void *unused)
{
    (void)unused;
    pin_outside(0);
    t.began_at[0] = os_now();
    t.until = planned_at(RATE_WARM_UP) + t.length;
    for (unsigned i = 0; planned_at(i) < t.until; i++) {
        unsigned slot = i % RATE_POSTS;
        clock_spin_until(planned_at(i));
        if (i >= RATE_POSTS)
            wait_for(i + 1 - RATE_POSTS);
        t.sent_at[slot] = os_now();
        peer_post(slot, slot + 1);
        t.posted = i + 1;
    }
    wait_for(t.posted);
    peer_loop_stop();
}

static double measure_rate(unsigned interval, uint64_t length,
                           struct histogram *seen)
{
    begin(length, seen, 1);
    t.idle = interval;
    peer_loop_open(1);
    peer_posts_open(RATE_POSTS, answer_planned);
    run_both(run_once, post_at_rate);
    peer_loop_end();
    peer_posts_close();
    end();
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

/* Stops. */

static void run_until_quit(void *unused)
{
    unsigned number = 0;
    (void)unused;
    pin_inside();
    t.posted = t.busy;
    peer_post(0, t.busy);
    while (!atomic_load(&t.quit)) {
        peer_loop_ready();
        atomic_store(&t.entered, ++number);
        peer_loop_run();
        answer_at(number);
    }
}

/* The last one is told before it is stopped: afterwards the thread inside
 * may be in its next run, where nobody would stop it. */
static void stop_sleeper(void *unused)
{
    unsigned number = 0;
    bool over = false;
    (void)unused;
    pin_outside(0);
    while (!over) {
        number++;
        while (atomic_load(&t.entered) < number * t.inside)
            continue;
        over = is_over(number);
        if (over)
            atomic_store(&t.quit, true);
        uint64_t before;
        do {
            while (!all_sleep())
                continue;
            before = wait_until_idle();
        } while (!all_sleep());
        before = t.inside > 1 ? os_now() : before;
        peer_loop_stop();
        note(number, before);
    }
}

/* Not after the last stop, so that the loop can be ended with nothing on
 * it. */
static void post_again(void)
{
    if (atomic_load_explicit(&t.quit, memory_order_relaxed)) {
        if (--t.posted == 0)
            peer_loop_stop();
        return;
    }
    unsigned mine = t.ran;
    t.ran = mine + 1 < t.busy ? mine + 1 : 0;
    peer_post(mine, mine + 1);
}

static double measure_stops(uint64_t length, struct histogram *seen)
{
    begin(length, seen, 1);
    t.inside = 1;
    peer_loop_open(1);
    peer_posts_open(t.busy ? t.busy : 1, post_again);
    run_both(run_until_quit, stop_sleeper);
    while (t.posted > 0) {
        peer_loop_ready();
        peer_loop_run();
    }
    peer_loop_end();
    peer_posts_close();
    end();
    return (double)histogram_at(seen, 0.5);
}

double child_stop(unsigned idle, uint64_t length, struct histogram *seen)
{
    t.idle = idle * MICROSECOND;
    return measure_stops(length, seen);
}

double child_stop_busy(unsigned posts, uint64_t length,
                       struct histogram *seen)
{
    t.idle = BUSY * MICROSECOND;
    t.busy = posts;
    return measure_stops(length, seen);
}

/* The last of those inside says that all have returned, and nobody goes in
 * again before. Who waits for that sleeps, since there may be more threads
 * than processors. */
static void run_with_others(void *index)
{
    unsigned number = 0;
    atomic_store(&t.thread[(uintptr_t)index], os_thread_self());
    while (!atomic_load(&t.quit)) {
        number++;
        atomic_fetch_add(&t.entered, 1);
        peer_loop_run();
        if (atomic_fetch_add(&t.returned, 1) + 1 == number * t.inside) {
            answer_at(number);
            peer_loop_ready();
            gate_add(&t.start);
        }
        gate_wait(&t.start, number);
    }
}

double child_stop_threads(unsigned inside, uint64_t length,
                          struct histogram *seen)
{
    struct os_thread in[INSIDE_MAX] = { { { 0 } } }, out = { { 0 } };
    if (inside > peer_loop_threads() || inside > INSIDE_MAX)
        return NAN;
    begin(length, seen, machine_processors());
    t.idle = BLOCKED * MICROSECOND;
    t.inside = inside;
    peer_loop_open(inside);
    for (unsigned i = 0; i < inside; i++)
        start(&in[i], "inside", run_with_others, (void *)(uintptr_t)i);
    start(&out, "outside", stop_sleeper, NULL);
    os_thread_join(&out);
    for (unsigned i = 0; i < inside; i++)
        os_thread_join(&in[i]);
    peer_loop_end();
    end();
    return (double)histogram_at(seen, 0.5);
}

static void stop_here(void)
{
    t.ended_at = os_now();
    peer_loop_stop();
}

double child_stop_inside(unsigned unused, uint64_t length,
                         struct histogram *seen)
{
    (void)unused;
    begin(length, seen, 1);
    pin_inside();
    peer_loop_open(1);
    peer_posts_open(1, stop_here);
    for (unsigned number = 1; !is_over(number); number++) {
        peer_loop_ready();
        peer_post(0, 1);
        peer_loop_run();
        answer_at(number);
        note(number, t.ended_at);
    }
    peer_loop_end();
    peer_posts_close();
    end();
    return (double)histogram_at(seen, 0.5);
}
