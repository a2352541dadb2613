/*
 * stop_latency.c - how long from loop_stop on one thread until loop_run has
 * returned on another?
 *
 *   idle   the thread inside has had nothing to do for 50 us, or for 1 ms
 *   busy   it delivers a post that posts itself again, and never waits
 *
 * Time runs from before the call of loop_stop to after the return of
 * loop_run, on one clock; both ends are part of each figure, and what they
 * cost is the row of the empty harness. The floor is the bare wake: a thread
 * that sleeps on a futex or in epoll_wait and returns when it is set, and for
 * busy one that polls it without sleeping.
 *
 * Most of an idle stop is the machine's wake-up, the same for everybody: the
 * figure to compare is what lies over the floor of the same round.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "../loop/check.h"
#include "../loop/loop.h"
#include "../loop/os.h"
#include "clock.h"
#include "question.h"
#include "result.h"
#include "round.h"
#include "wake.h"

#define MICROSECOND 1000u

struct state {
    const char *name;
    uint64_t    wait;           /* inside before the stop                */
    bool        busy;
    unsigned    stops_quick;    /* in a round                            */
    unsigned    stops_full;
};

static const struct state states[] = {
    { "idle 50 us", 50 * MICROSECOND, false, 500, 1000 },
    { "idle 1 ms", 1000 * MICROSECOND, false, 100, 300 },
    { "busy", 20 * MICROSECOND, true, 1000, 3000 },
};

struct way {
    const char *name;
    void (*inside)(void *unused);   /* the thread that is stopped        */
    void (*stop)(void *unused);     /* the thread that stops it          */
};

struct pair {
    const struct way   *way;
    const struct state *state;
};

static struct {
    struct loop        *loop;
    struct wake         wake;
    struct post         again;
    const struct state *state;
    struct histogram   *latencies;
    unsigned            stops;
    bool                quick;
    atomic_bool         quit;
    _Alignas(64) atomic_uint entered;   /* the number of the run begun   */
    _Alignas(64) atomic_uint returned;  /* the number of the run ended   */
    _Atomic uint64_t         returned_at;
} s;

/* The thread inside. */

static void enter(unsigned number)
{
    atomic_store(&s.entered, number);
}

static void leave(unsigned number)
{
    atomic_store_explicit(&s.returned_at, os_now(), memory_order_relaxed);
    atomic_store_explicit(&s.returned, number, memory_order_release);
}

static void pin_inside(void)
{
    machine_pin(machine_processors() - 1);
}

static void inside_loop(void *unused)
{
    (void)unused;
    pin_inside();
    for (unsigned i = 1; i <= s.stops; i++) {
        enter(i);
        loop_run(s.loop, LOOP_FOREVER);
        leave(i);
    }
}

static void inside_futex(void *unused)
{
    (void)unused;
    pin_inside();
    for (unsigned i = 1; i <= s.stops; i++) {
        enter(i);
        wake_futex_wait(&s.wake);
        leave(i);
    }
}

static void inside_futex_busy(void *unused)
{
    (void)unused;
    pin_inside();
    for (unsigned i = 1; i <= s.stops; i++) {
        enter(i);
        while (!wake_futex_poll(&s.wake))
            ;
        leave(i);
    }
}

static void inside_eventfd(void *unused)
{
    (void)unused;
    pin_inside();
    for (unsigned i = 1; i <= s.stops; i++) {
        enter(i);
        wake_eventfd_wait(&s.wake);
        leave(i);
    }
}

static void inside_eventfd_busy(void *unused)
{
    (void)unused;
    pin_inside();
    for (unsigned i = 1; i <= s.stops; i++) {
        enter(i);
        while (!wake_eventfd_poll(&s.wake))
            ;
        leave(i);
    }
}

/* The thread that stops it. */

static uint64_t wait_until_inside(unsigned number)
{
    while (atomic_load_explicit(&s.entered, memory_order_acquire) < number)
        ;
    clock_spin_until(os_now() + s.state->wait);
    return os_now();
}

static void note(unsigned number, uint64_t before)
{
    while (atomic_load_explicit(&s.returned, memory_order_acquire) < number)
        ;
    uint64_t after =
        atomic_load_explicit(&s.returned_at, memory_order_relaxed);
    histogram_record(s.latencies, after - before);
}

static void stop_loop(void *unused)
{
    (void)unused;
    machine_pin(0);
    for (unsigned i = 1; i <= s.stops; i++) {
        uint64_t before = wait_until_inside(i);
        loop_stop(s.loop);
        note(i, before);
    }
}

static void stop_futex(void *unused)
{
    (void)unused;
    machine_pin(0);
    for (unsigned i = 1; i <= s.stops; i++) {
        uint64_t before = wait_until_inside(i);
        wake_futex_set(&s.wake);
        note(i, before);
    }
}

static void stop_eventfd(void *unused)
{
    (void)unused;
    machine_pin(0);
    for (unsigned i = 1; i <= s.stops; i++) {
        uint64_t before = wait_until_inside(i);
        wake_eventfd_set(&s.wake);
        note(i, before);
    }
}

static const struct way lastcall = { "lastcall", inside_loop, stop_loop };
static const struct way eventfd_idle = { "floor eventfd", inside_eventfd,
                                         stop_eventfd };
static const struct way eventfd_busy = { "floor eventfd",
                                         inside_eventfd_busy, stop_eventfd };
static const struct way futex_idle = { "floor futex", inside_futex,
                                       stop_futex };
static const struct way futex_busy = { "floor futex", inside_futex_busy,
                                       stop_futex };

/* Measurements. */

static void post_again(struct post *p, int status)
{
    (void)status;
    if (!atomic_load_explicit(&s.quit, memory_order_relaxed))
        loop_post(s.loop, p);
}

static void open_loop(void)
{
    int failed = loop_create(&s.loop, NULL);
    LOOP_ASSERT(!failed);
    s.again = (struct post){ .run = post_again };
    if (s.state->busy) {
        failed = loop_post(s.loop, &s.again);
        LOOP_ASSERT(!failed);
    }
}

static void close_loop(void)
{
    int failed = loop_close(s.loop);
    LOOP_ASSERT(!failed);
    loop_destroy(s.loop);
}

static double measure(const struct row *row, struct histogram *h)
{
    const struct pair *pair = row->of;
    struct os_thread inside = { { 0 } }, stopper = { { 0 } };
    s.state = pair->state;
    s.stops = s.quick ? s.state->stops_quick : s.state->stops_full;
    s.latencies = h;
    atomic_store(&s.quit, false);
    atomic_store(&s.entered, 0);
    atomic_store(&s.returned, 0);
    bool opened = wake_open(&s.wake);
    LOOP_ASSERT(opened);
    open_loop();

    /* This thread is not pinned, and sleeps until both are done. */
    int failed = os_thread_start(&inside, "inside", pair->way->inside, NULL);
    LOOP_ASSERT(!failed);
    failed = os_thread_start(&stopper, "stopper", pair->way->stop, NULL);
    LOOP_ASSERT(!failed);
    os_thread_join(&inside);
    os_thread_join(&stopper);

    atomic_store(&s.quit, true);
    close_loop();
    wake_close(&s.wake);
    return (double)histogram_at(h, 0.5);
}

static double measure_clock(const struct row *row, struct histogram *h)
{
    (void)row;
    clock_calibrate(h, 100000);
    return (double)histogram_at(h, 0.5);
}

#define STATES (sizeof states / sizeof states[0])
#define WAYS 3
#define ROWS (STATES * WAYS + 1)

static void fill(struct row *row, struct pair *pair, const struct way *way,
                 const struct state *state)
{
    *pair = (struct pair){ way, state };
    *row = (struct row){
        .subject = way->name, .metric = "stop to return", .unit = "ns",
        .params = json_pack("{s:s}", "loop", state->name),
        .has_histogram = true, .measure = measure, .of = pair,
    };
}

static void fill_state(struct row *rows, struct pair *pairs,
                       const struct state *state)
{
    fill(&rows[0], &pairs[0], &lastcall, state);
    fill(&rows[1], &pairs[1],
         state->busy ? &eventfd_busy : &eventfd_idle, state);
    fill(&rows[2], &pairs[2], state->busy ? &futex_busy : &futex_idle,
         state);
    rows[0].floor[0] = &rows[1];
    rows[0].floor[1] = &rows[2];
}

static int run(const struct question_limits *limits)
{
    static struct row rows[ROWS];
    static struct pair pairs[ROWS];
    const struct round_options options = {
        .rounds = limits->quick ? 7 : 25, .seconds = limits->seconds };

    if (machine_processors() < 2)
        return question_skip(&question_stop_latency, "lastcall",
                             "stop to return", "ns",
                             "it needs two processors");
    s.quick = limits->quick;
    for (unsigned i = 0; i < STATES; i++)
        fill_state(&rows[i * WAYS], &pairs[i * WAYS], &states[i]);
    rows[ROWS - 1] = (struct row){
        .subject = "empty harness", .metric = "two readings of the clock",
        .unit = "ns", .params = json_object(), .has_histogram = true,
        .measure = measure_clock,
    };

    unsigned rounds = round_run(rows, ROWS, &options);
    round_report(question_stop_latency.name, rows, ROWS, rounds);
    round_close(rows, ROWS);
    return 0;
}

const struct question question_stop_latency = {
    .name = "stop_latency",
    .asks = "how long from a stop until the run has returned?",
    .seconds_quick = 11,
    .seconds_full = 90,
    .run = run,
};
