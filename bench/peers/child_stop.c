/*
 * child_stop.c - from a stop to the return of the run.
 */
#include <math.h>
#include <stdatomic.h>

#include "../../loop/os.h"
#include "../gate.h"
#include "../machine.h"
#include "pair.h"
#include "peer_loop.h"

#define BUSY 20                 /* microseconds in a busy loop           */
#define BLOCKED 50              /* until a loop surely blocks            */
#define INSIDE_MAX 8

static struct {
    unsigned         busy;      /* posts that post themselves again      */
    unsigned         inside;    /* threads                               */
    _Atomic uint64_t thread[INSIDE_MAX];    /* of those                  */
    struct gate      left;      /* runs that all have left               */

    /* The threads inside write: */
    _Alignas(64) unsigned posted;   /* of the posts, accepted            */
    unsigned              ran;      /* which of them is next             */
    uint64_t              ended_at;
    atomic_uint           turns;    /* posts that have run               */
    _Alignas(64) atomic_uint entered;   /* runs begun, by all threads    */
    atomic_uint              returned;  /* and ended                     */
} t;

/* A stop ends those that are inside: many loops lose one that comes before,
 * and with several threads one that enters later stays for ever. Whoever has
 * said that it is about to enter is inside when it sleeps, or runs a post. */
static bool all_sleep(void)
{
    for (unsigned i = 0; i < t.inside; i++)
        if (!machine_sleeps(atomic_load(&t.thread[i])))
            return false;
    return true;
}

static void wait_until_inside(unsigned number)
{
    while (atomic_load(&t.entered) < number * t.inside)
        continue;
    unsigned turns = atomic_load(&t.turns);
    while (t.busy > 0 ? atomic_load(&t.turns) == turns : !all_sleep())
        continue;
}

static void run_until_quit(void *unused)
{
    unsigned number = 0;
    (void)unused;
    pair_pin_inside();
    atomic_store(&t.thread[0], os_thread_self());
    t.posted = t.busy;
    peer_post(0, t.busy);
    while (!atomic_load(&pair.quit)) {
        peer_loop_ready();
        atomic_store(&t.entered, ++number);
        peer_loop_run();
        pair_answer(number);
    }
}

/* The last one is told before it is stopped: afterwards the thread inside
 * may be in its next run, where nobody would stop it. */
static void stop_sleeper(void *unused)
{
    unsigned number = 0;
    bool over = false;
    (void)unused;
    pair_pin_outside(0);
    while (!over) {
        wait_until_inside(++number);
        uint64_t before = pair_wait_idle();
        over = pair_is_over(number);
        if (over)
            atomic_store(&pair.quit, true);
        peer_loop_stop();
        pair_note(number, before);
    }
}

/* Not after the last stop, so that the loop can be ended with nothing on
 * it. */
static void post_again(void)
{
    if (atomic_load_explicit(&pair.quit, memory_order_relaxed)) {
        if (--t.posted == 0)
            peer_loop_stop();
        return;
    }
    unsigned mine = t.ran;
    atomic_fetch_add_explicit(&t.turns, 1, memory_order_relaxed);
    t.ran = mine + 1 < t.busy ? mine + 1 : 0;
    peer_post(mine, mine + 1);
}

static double measure_stops(uint64_t length, struct histogram *seen)
{
    pair_begin(length, seen, 1);
    t.inside = 1;
    peer_loop_open(1);
    peer_posts_open(t.busy ? t.busy : 1, post_again);
    pair_run(run_until_quit, stop_sleeper);
    while (t.posted > 0) {
        peer_loop_ready();
        peer_loop_run();
    }
    peer_loop_end();
    peer_posts_close();
    return (double)histogram_at(seen, 0.5);
}

double child_stop(unsigned idle, uint64_t length, struct histogram *seen)
{
    pair.idle = idle * PAIR_MICROSECOND;
    return measure_stops(length, seen);
}

double child_stop_busy(unsigned posts, uint64_t length,
                       struct histogram *seen)
{
    pair.idle = BUSY * PAIR_MICROSECOND;
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
    while (!atomic_load(&pair.quit)) {
        number++;
        atomic_fetch_add(&t.entered, 1);
        peer_loop_run();
        if (atomic_fetch_add(&t.returned, 1) + 1 == number * t.inside) {
            pair_answer(number);
            peer_loop_ready();
            gate_add(&t.left);
        }
        gate_wait(&t.left, number);
    }
}

double child_stop_threads(unsigned inside, uint64_t length,
                          struct histogram *seen)
{
    struct os_thread in[INSIDE_MAX] = { { { 0 } } }, out = { { 0 } };
    if (inside > peer_loop_threads() || inside > INSIDE_MAX)
        return NAN;
    pair_begin(length, seen, machine_processors());
    gate_open(&t.left);
    pair.idle = BLOCKED * PAIR_MICROSECOND;
    t.inside = inside;
    peer_loop_open(inside);
    for (unsigned i = 0; i < inside; i++)
        pair_start(&in[i], "inside", run_with_others, (void *)(uintptr_t)i);
    pair_start(&out, "outside", stop_sleeper, NULL);
    os_thread_join(&out);
    for (unsigned i = 0; i < inside; i++)
        os_thread_join(&in[i]);
    peer_loop_end();
    gate_close(&t.left);
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
    pair_begin(length, seen, 1);
    pair_pin_inside();
    peer_loop_open(1);
    peer_posts_open(1, stop_here);
    for (unsigned number = 1; !pair_is_over(number); number++) {
        peer_loop_ready();
        peer_post(0, 1);
        peer_loop_run();
        pair_answer(number);
        pair_note(number, t.ended_at);
    }
    peer_loop_end();
    peer_posts_close();
    return (double)histogram_at(seen, 0.5);
}
