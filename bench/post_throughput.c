/*
 * post_throughput.c - how many posts a second does the loop take from other
 * threads and run?
 *
 *   burst      threads post a burst as fast as they can, each post in storage
 *              that was there before; timed from the first post to the last
 *              callback. Bursts are repeated, a round's value is their median
 *   ping-pong  one thread posts, spins until the callback has run, and posts
 *              again; "round trip" is the same, with each trip timed
 *
 * The floor is a bare queue whose consumer counts and calls nothing, woken by
 * a futex or by an eventfd in an epoll set, and only if it sleeps. Its nodes
 * take the place of the posts, so that both move the same lines of memory.
 *
 * With a processor for each thread they are pinned, the consumer to the last.
 * With fewer they are not, since two producers that share one would not meet.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../loop/check.h"
#include "../loop/loop.h"
#include "../loop/os.h"
#include "clock.h"
#include "gate.h"
#include "question.h"
#include "queue.h"
#include "result.h"
#include "round.h"
#include "statistics.h"
#include "wake.h"

#define PRODUCERS_MAX 2
#define BURSTS_MAX 256
#define TRIPS_AT_ONCE 200
#define NANOSECONDS 1e9

#define BURST_QUICK 200000u
#define BURST_FULL 1000000u
#define ROUND_QUICK 0.06        /* seconds that a row takes in a round   */
#define ROUND_FULL 0.15

enum { FUTEX, EVENTFD };

struct way {
    const char *name;
    void (*open)(void);
    void (*consume)(void *unused);
    void (*post)(unsigned from, unsigned to);
    void (*stop)(void);
    void (*close)(void);
};

struct pattern {
    const struct way *way;
    unsigned producers;
    bool     ping;
};

union item {
    struct post       post;
    struct queue_node node;
};

/* The measurement that is going on. What the consumer and the producers write
 * is kept on lines of its own. */
static struct {
    const struct way *way;
    struct loop      *loop;
    struct wake       wake;
    union item       *items;
    struct gate       start;
    struct gate       done;
    double            seconds;
    unsigned          size;             /* posts of a burst              */
    unsigned          producers;
    bool              ping;
    bool              pinned;
    atomic_bool       quit;
    uint64_t          began_at[PRODUCERS_MAX];
    uint64_t          trips;
    uint64_t          trips_time;
    struct histogram *trip_times;

    _Alignas(64) struct queue queue;
    _Alignas(64) atomic_bool  asleep;
    _Alignas(64) unsigned     ran;      /* the consumer's                */
    uint64_t                  ended_at;
    _Alignas(64) atomic_uint  answered;
} b;

static void count_one(void)
{
    if (++b.ran < b.size)
        return;
    b.ended_at = os_now();
    b.ran = 0;
    gate_add(&b.done);
}

static void answer(void)
{
    atomic_store_explicit(&b.answered, ++b.ran, memory_order_release);
}

/* lastcall. */

static void run_counting(struct post *p, int status)
{
    (void)p;
    (void)status;
    count_one();
}

static void run_answering(struct post *p, int status)
{
    (void)p;
    (void)status;
    answer();
}

static void open_loop(void)
{
    int failed = loop_create(&b.loop, NULL);
    LOOP_ASSERT(!failed);
    for (unsigned i = 0; i < b.size; i++)
        b.items[i].post = (struct post){
            .run = b.ping ? run_answering : run_counting };
}

static void pin_consumer(void)
{
    if (b.pinned)
        machine_pin(machine_processors() - 1);
}

static void consume_loop(void *unused)
{
    (void)unused;
    pin_consumer();
    int end = loop_run(b.loop, LOOP_FOREVER);
    LOOP_ASSERT(end == LOOP_STOPPED);
}

static void post_loop(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        int failed = loop_post(b.loop, &b.items[i].post);
        LOOP_ASSERT(!failed);
    }
}

static void stop_loop(void)
{
    int failed = loop_stop(b.loop);
    LOOP_ASSERT(!failed);
}

static void close_loop(void)
{
    int failed = loop_close(b.loop);
    LOOP_ASSERT(!failed);
    loop_destroy(b.loop);
}

/* The floors. */

static void open_queue(void)
{
    bool opened = wake_open(&b.wake);
    LOOP_ASSERT(opened);
    atomic_store(&b.queue.newest, NULL);
    atomic_store(&b.asleep, false);
}

static void close_queue(void)
{
    wake_close(&b.wake);
}

static inline void set_wake(int kind)
{
    if (kind == FUTEX)
        wake_futex_set(&b.wake);
    else
        wake_eventfd_set(&b.wake);
}

/* Say that I sleep before the last look, so that whoever pushes after that
 * look sees it. */
static inline void sleep_unless_pushed(int kind)
{
    atomic_store(&b.asleep, true);
    if (!queue_is_empty(&b.queue) || atomic_load(&b.quit)) {
        atomic_store(&b.asleep, false);
        return;
    }
    if (kind == FUTEX)
        wake_futex_wait(&b.wake);
    else
        wake_eventfd_wait(&b.wake);
    atomic_store(&b.asleep, false);
}

static inline void wake_sleeper(int kind)
{
    if (atomic_load(&b.asleep) && atomic_exchange(&b.asleep, false))
        set_wake(kind);
}

static inline void consume_queue(int kind)
{
    pin_consumer();
    while (!atomic_load(&b.quit)) {
        struct queue_node *n = queue_take(&b.queue);
        if (!n)
            sleep_unless_pushed(kind);
        while (n) {
            /* Read before it is counted: then its owner may push it. */
            struct queue_node *next = n->next;
            if (b.ping)
                answer();
            else
                count_one();
            n = next;
        }
    }
}

static inline void post_queue(int kind, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        queue_push(&b.queue, &b.items[i].node);
        wake_sleeper(kind);
    }
}

static void consume_futex(void *unused)
{
    (void)unused;
    consume_queue(FUTEX);
}

static void consume_eventfd(void *unused)
{
    (void)unused;
    consume_queue(EVENTFD);
}

static void post_futex(unsigned from, unsigned to)
{
    post_queue(FUTEX, from, to);
}

static void post_eventfd(unsigned from, unsigned to)
{
    post_queue(EVENTFD, from, to);
}

static void stop_futex(void)
{
    wake_sleeper(FUTEX);
}

static void stop_eventfd(void)
{
    wake_sleeper(EVENTFD);
}

static const struct way lastcall = { "lastcall", open_loop, consume_loop,
                                     post_loop, stop_loop, close_loop };
static const struct way futex = { "floor futex", open_queue, consume_futex,
                                  post_futex, stop_futex, close_queue };
static const struct way eventfd = { "floor eventfd", open_queue,
                                    consume_eventfd, post_eventfd,
                                    stop_eventfd, close_queue };

/* Producers. */

static void pin_producer(unsigned index)
{
    if (b.pinned)
        machine_pin(index);
}

static void produce(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;
    unsigned share = b.size / b.producers;
    pin_producer(index);
    for (unsigned burst = 1;; burst++) {
        gate_wait(&b.start, burst);
        if (atomic_load(&b.quit))
            return;
        b.began_at[index] = os_now();
        b.way->post(index * share, (index + 1) * share);
    }
}

static uint64_t make_trip(unsigned number)
{
    uint64_t before = os_now();
    b.way->post(0, 1);
    while (atomic_load_explicit(&b.answered, memory_order_acquire) < number)
        ;
    return os_now() - before;
}

static void play_ping_pong(void *unused)
{
    (void)unused;
    pin_producer(0);
    uint64_t began = os_now();
    unsigned number = 0;
    do {
        for (unsigned i = 0; i < TRIPS_AT_ONCE; i++) {
            uint64_t took = make_trip(++number);
            if (b.trip_times)
                histogram_record(b.trip_times, took);
        }
        b.trips_time = os_now() - began;
    } while ((double)b.trips_time < b.seconds * NANOSECONDS);
    b.trips = number;
}

/* Measurements. */

static void begin(const struct pattern *p, struct os_thread *consumer)
{
    b.way = p->way;
    b.producers = p->producers;
    b.ping = p->ping;
    b.pinned = machine_processors() > p->producers;
    b.ran = 0;
    atomic_store(&b.answered, 0);
    atomic_store(&b.quit, false);
    gate_open(&b.start);
    gate_open(&b.done);
    b.way->open();
    int failed = os_thread_start(consumer, "consumer", b.way->consume, NULL);
    LOOP_ASSERT(!failed);
}

static void end(struct os_thread *consumer)
{
    b.way->stop();
    os_thread_join(consumer);
    b.way->close();
    gate_close(&b.done);
    gate_close(&b.start);
}

static double rate_of_burst(void)
{
    uint64_t began = b.began_at[0];
    for (unsigned i = 1; i < b.producers; i++)
        if (b.began_at[i] < began)
            began = b.began_at[i];
    uint64_t took = b.ended_at - began;
    return b.size / ((double)(took ? took : 1) / NANOSECONDS);
}

static double measure_burst(const struct row *row, struct histogram *unused)
{
    const struct pattern *pattern = row->of;
    struct os_thread consumer = { { 0 } };
    struct os_thread producer[PRODUCERS_MAX] = { { { 0 } } };
    double rate[BURSTS_MAX];
    unsigned bursts = 0;
    (void)unused;

    begin(pattern, &consumer);
    for (unsigned i = 0; i < b.producers; i++) {
        int failed = os_thread_start(&producer[i], "producer", produce,
                                     (void *)(uintptr_t)i);
        LOOP_ASSERT(!failed);
    }
    uint64_t until = os_now() + (uint64_t)(b.seconds * NANOSECONDS);
    do {
        gate_add(&b.start);
        gate_wait(&b.done, bursts + 1);
        rate[bursts++] = rate_of_burst();
    } while (bursts < BURSTS_MAX && os_now() < until);

    atomic_store(&b.quit, true);
    gate_add(&b.start);
    for (unsigned i = 0; i < b.producers; i++)
        os_thread_join(&producer[i]);
    end(&consumer);
    return statistics_median(rate, bursts);
}

static double measure_ping_pong(const struct row *row, struct histogram *h)
{
    struct os_thread consumer = { { 0 } }, player = { { 0 } };
    b.trip_times = h;
    begin(row->of, &consumer);
    int failed = os_thread_start(&player, "player", play_ping_pong, NULL);
    LOOP_ASSERT(!failed);
    os_thread_join(&player);
    atomic_store(&b.quit, true);
    end(&consumer);
    return h ? (double)histogram_at(h, 0.5)
             : (double)b.trips / ((double)b.trips_time / NANOSECONDS);
}

/* Rows: lastcall, and the floors in the same order. */

#define WAYS 3

struct measurement {
    const char *metric;
    const char *unit;
    const char *pattern;
    unsigned    producers;
    bool        ping;
    bool        has_histogram;
};

static const struct measurement measurements[] = {
    { "burst", "posts/s", "burst", 1, false, false },
    { "burst", "posts/s", "burst", 2, false, false },
    { "ping-pong", "trips/s", "ping-pong", 1, true, false },
    { "round trip", "ns", "ping-pong", 1, true, true },
};

#define MEASUREMENTS (sizeof measurements / sizeof measurements[0])

static void fill(struct row *row, struct pattern *pattern,
                 const struct measurement *m, const struct way *way)
{
    bool pinned = machine_processors() > m->producers;
    *pattern = (struct pattern){ way, m->producers, m->ping };
    *row = (struct row){
        .subject = way->name, .metric = m->metric, .unit = m->unit,
        .params = json_pack("{s:s, s:i, s:b}", "pattern", m->pattern,
                            "threads", (int)m->producers, "pinned",
                            (int)pinned),
        .has_histogram = m->has_histogram,
        .measure = m->ping ? measure_ping_pong : measure_burst,
        .of = pattern,
    };
}

static int run(const struct question_limits *limits)
{
    static const struct way *const ways[WAYS] = { &lastcall, &eventfd,
                                                  &futex };
    static struct row rows[MEASUREMENTS * WAYS];
    static struct pattern patterns[MEASUREMENTS * WAYS];
    const struct round_options options = {
        .rounds = limits->quick ? 7 : 15, .seconds = limits->seconds };

    if (machine_processors() < 2)
        return question_skip(&question_post_throughput, "lastcall", "burst",
                             "posts/s", "it needs two processors");
    b.size = limits->quick ? BURST_QUICK : BURST_FULL;
    b.seconds = limits->quick ? ROUND_QUICK : ROUND_FULL;
    b.items = calloc(b.size, sizeof *b.items);
    LOOP_ASSERT(b.items);
    for (unsigned i = 0; i < MEASUREMENTS * WAYS; i++)
        fill(&rows[i], &patterns[i], &measurements[i / WAYS],
             ways[i % WAYS]);
    for (unsigned i = 0; i < MEASUREMENTS * WAYS; i += WAYS)
        for (unsigned k = 1; k < WAYS; k++)
            rows[i].floor[k - 1] = &rows[i + k];

    unsigned rounds = round_run(rows, MEASUREMENTS * WAYS, &options);
    round_report(question_post_throughput.name, rows, MEASUREMENTS * WAYS,
                 rounds);
    round_close(rows, MEASUREMENTS * WAYS);
    free(b.items);
    return 0;
}

const struct question question_post_throughput = {
    .name = "post_throughput",
    .asks = "how many posts a second does the loop take from other threads?",
    .seconds_quick = 10,
    .seconds_full = 80,
    .run = run,
};
