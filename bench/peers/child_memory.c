/*
 * child_memory.c - the memory of a loop and of what is on it, and how often
 * the loop allocates while it works.
 *
 * Each figure is counted, of a loop that is not the first of its process: what
 * a library sets up once is not the loop's. So none of them varies by more
 * than the heap's rounding.
 */
#include <math.h>
#include <stdbool.h>

#include "../../loop/check.h"
#include "../gate.h"
#include "../heap.h"
#include "../machine.h"
#include "pair.h"
#include "peer_loop.h"
#include "pending.h"

#define OUT 1000u               /* posts that are accepted at once       */
#define WARM_UP 10000u          /* a number of times OUT                 */

static void open_second(void)
{
    peer_loop_open(1);
    pending_open(PEER_TIMERS, 1);
    peer_loop_end();
    pending_close(PEER_TIMERS);
    peer_loop_open(1);
}

/* Bytes. */

static double bytes_since(int64_t before)
{
    return (double)(heap_use().bytes - before);
}

/* With so many timers, 0 or 1. */
double child_memory_loop(unsigned timers, uint64_t unused,
                         struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted() || !peer_loop_has(PEER_TIMERS))
        return NAN;
    peer_loop_open(1);
    pending_open(PEER_TIMERS, timers);
    peer_loop_end();
    pending_close(PEER_TIMERS);
    int64_t before = heap_use().bytes;
    peer_loop_open(1);
    pending_open(PEER_TIMERS, timers);
    double bytes = bytes_since(before) + (double)peer_loop_storage();
    peer_loop_end();
    pending_close(PEER_TIMERS);
    return bytes;
}

static double measure_each(enum peer_kind kind, unsigned count)
{
    if (!heap_is_counted() || !peer_loop_has(kind))
        return NAN;
    open_second();
    int64_t before = heap_use().bytes;
    pending_open(kind, count);
    double bytes = bytes_since(before);
    peer_loop_end();
    pending_close(kind);
    return bytes / count;
}

double child_memory_posts(unsigned count, uint64_t unused,
                          struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_each(PEER_POSTS, count);
}

double child_memory_timers(unsigned count, uint64_t unused,
                           struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_each(PEER_TIMERS, count);
}

double child_memory_tasks(unsigned count, uint64_t unused,
                          struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_each(PEER_TASKS, count);
}

double child_memory_reads(unsigned count, uint64_t unused,
                          struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return measure_each(PEER_READS, count);
}

/* Jobs are pending while the first of them wait in their work; a pool that has
 * worked before has its threads. */
static struct {
    struct gate ready;          /* the bytes have been counted           */
    unsigned    left;
} jobs;

static void wait_until_counted(void)
{
    gate_wait(&jobs.ready, 1);
}

static void end_one(void)
{
    if (--jobs.left == 0)
        peer_loop_stop();
}

static void run_jobs(unsigned count)
{
    jobs.left = count;
    peer_loop_ready();
    peer_loop_run();
}

double child_memory_jobs(unsigned count, uint64_t unused,
                         struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted() || !peer_loop_has(PEER_JOBS))
        return NAN;
    gate_open(&jobs.ready);
    gate_add(&jobs.ready);
    peer_loop_open(1);
    peer_jobs_open(count, wait_until_counted, end_one);
    peer_job_submit(0, count);
    run_jobs(count);
    jobs.ready.number = 0;
    int64_t before = heap_use().bytes;
    peer_job_submit(0, count);
    double bytes = bytes_since(before) / count;
    gate_add(&jobs.ready);
    run_jobs(count);
    peer_jobs_close();
    peer_loop_end();
    gate_close(&jobs.ready);
    return bytes + (double)peer_storage(PEER_JOBS);
}

/* A loop is opened, since only one that was knows its engine. */
double child_storage(unsigned kind, uint64_t unused, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    peer_loop_open(1);
    peer_loop_end();
    return peer_loop_has(kind) ? (double)peer_storage(kind) : NAN;
}

/* Descriptors. */

double child_descriptors(unsigned timers, uint64_t unused,
                         struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!peer_loop_has(PEER_TIMERS))
        return NAN;
    unsigned before = machine_handles();
    peer_loop_open(1);
    pending_open(PEER_TIMERS, timers);
    double count = (double)machine_handles() - before;
    peer_loop_end();
    pending_close(PEER_TIMERS);
    return count;
}

/* Allocations. */

static struct {
    unsigned wanted;            /* after the warm-up                     */
    unsigned done;
    unsigned out;               /* pending                               */
    unsigned next;              /* of those: which comes next            */
    uint64_t calls;             /* first by then, then since             */
} m;

/* One more is done; returns whether more are to come. */
static bool note_one(void)
{
    m.done++;
    if (m.done == WARM_UP)
        m.calls = heap_use().calls;
    if (m.done == WARM_UP + m.wanted)
        m.calls = heap_use().calls - m.calls;
    return m.done < WARM_UP + m.wanted;
}

/* What is accepted still comes, so that the loop ends with nothing on it. */
static void post_again(void)
{
    unsigned mine = m.next;
    m.next = mine + 1 < OUT ? mine + 1 : 0;
    if (note_one())
        peer_post(mine, mine + 1);
    else if (--m.out == 0)
        peer_loop_stop();
}

double child_allocations_posts(unsigned count, uint64_t unused,
                               struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted())
        return NAN;
    m.wanted = count;
    m.out = OUT;
    peer_loop_open(1);
    peer_posts_open(OUT, post_again);
    peer_post(0, OUT);
    peer_loop_run();
    peer_loop_end();
    peer_posts_close();
    return (double)m.calls;
}

/* From another thread: all that may be out, and the same again when they
 * have run. */
static void answer_last(void)
{
    note_one();
    if (m.done % OUT == 0)
        pair_answer(m.done);
}

static void post_from_outside(void *unused)
{
    (void)unused;
    for (unsigned done = 0; done < WARM_UP + m.wanted; done += OUT) {
        peer_post(0, OUT);
        pair_wait(done + OUT);
    }
    peer_loop_stop();
}

double child_allocations_foreign(unsigned count, uint64_t unused,
                                 struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted())
        return NAN;
    LOOP_ASSERT(count % OUT == 0);
    pair_begin(0, NULL, 1);
    m.wanted = count;
    peer_loop_open(1);
    peer_posts_open(OUT, answer_last);
    pair_run(pair_inside, post_from_outside);
    peer_loop_end();
    peer_posts_close();
    return (double)m.calls;
}

static void start_again(void)
{
    if (note_one())
        peer_timer_start(0, 0);
    else
        peer_loop_stop();
}

double child_allocations_timers(unsigned count, uint64_t unused,
                                struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted() || !peer_loop_has(PEER_TIMERS))
        return NAN;
    m.wanted = count;
    peer_loop_open(1);
    peer_timers_open(1, start_again);
    peer_timer_start(0, 0);
    peer_loop_run();
    peer_loop_end();
    peer_timers_close();
    return (double)m.calls;
}

static void nothing(void)
{
}

/* All that may be out, and the same again when they are done: in which order
 * is the pool's. */
static void submit_again(void)
{
    bool more = note_one();
    if (m.done % OUT != 0)
        return;
    if (more)
        peer_job_submit(0, OUT);
    else
        peer_loop_stop();
}

double child_allocations_jobs(unsigned count, uint64_t unused,
                              struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted() || !peer_loop_has(PEER_JOBS))
        return NAN;
    LOOP_ASSERT(count % OUT == 0);
    m.wanted = count;
    peer_loop_open(1);
    peer_jobs_open(OUT, nothing, submit_again);
    peer_job_submit(0, OUT);
    peer_loop_run();
    peer_jobs_close();
    peer_loop_end();
    return (double)m.calls;
}

static double count_work(enum peer_work kind, unsigned count)
{
    if (!heap_is_counted() || !peer_loop_has(PEER_TASKS))
        return NAN;
    peer_loop_open(1);
    peer_work_open(count);
    peer_work(kind, WARM_UP);
    peer_loop_ready();
    uint64_t before = heap_use().calls;
    peer_work(kind, count);
    uint64_t calls = heap_use().calls - before;
    peer_work_close();
    peer_loop_end();
    return (double)calls;
}

double child_allocations_yields(unsigned count, uint64_t unused,
                                struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return count_work(PEER_YIELD, count);
}

double child_allocations_awaits(unsigned count, uint64_t unused,
                                struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return count_work(PEER_AWAIT, count);
}
