/*
 * noise_test.c - what a seed does to a run's threads.
 *
 * The system is played here: its clock goes on by a microsecond a look, and
 * what noise asks of it is written down, so that two runs can be compared and
 * nothing waits.
 */
#include "noise.h"

#include <stdlib.h>
#include <string.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "seam.h"
#include "system.h"
#include "threads.h"

#define SEEDS 200
#define THREADS 6
#define POINTS 600
#define PROCESSORS 4
#define MICROSECOND 1000u

/* What the threads of a run, one after the other, have asked for. */
static struct record {
    uint64_t hash;          /* of what the run's own threads asked for       */
    unsigned yields, naps, spins, pins, slowed;
    uint64_t nap_max, nap_min;
    unsigned naps_of[THREADS];
    unsigned stranger_naps, stranger_others;
    uint64_t stranger_max;
    int      processor;
    unsigned step_max;
    char     name[16];
} record;

static uint64_t now;

/* Returns false for a thread that is not of the run. */
static bool note(unsigned what, uint64_t value)
{
    uint64_t who = ground_thread();
    if (who >= THREADS) {
        record.stranger_others++;
        return false;
    }
    record.hash = (record.hash ^ what ^ who << 8 ^ value << 16) *
                  0x9e3779b97f4a7c15u;
    record.hash ^= record.hash >> 29;
    return true;
}

uint64_t system_now(void)
{
    record.spins += note(1, 0);
    return now += MICROSECOND;
}

void system_yield(void)
{
    record.yields += note(2, 0);
}

static void note_stranger_nap(uint64_t ns)
{
    record.stranger_naps++;
    record.stranger_max = ns > record.stranger_max ? ns
                                                   : record.stranger_max;
}

void system_nap(uint64_t ns)
{
    if (ground_thread() >= THREADS) {
        note_stranger_nap(ns);
        return;
    }
    record.naps_of[ground_thread()]++;
    record.naps += note(3, ns);
    record.nap_max = ns > record.nap_max ? ns : record.nap_max;
    record.nap_min = ns < record.nap_min ? ns : record.nap_min;
}

void system_pin(int processor)
{
    CHECK(record.pins == 0 || record.processor == processor);
    record.pins++;
    record.processor = processor;
    note(4, (uint64_t)processor);
}

unsigned system_processors(void)
{
    return PROCESSORS;
}

void system_slow(unsigned step)
{
    record.slowed++;
    record.step_max = step > record.step_max ? step : record.step_max;
    note(5, step);
}

/* Not asked by noise, but of the same header. */

bool system_all_asleep(void)
{
    return true;
}

bool system_knows_sleepers(void)
{
    return false;
}

void system_console_begin(void)
{
}

bool system_console(int what)
{
    (void)what;
    return false;
}

unsigned system_handles(void)
{
    return 0;
}

unsigned system_threads(void)
{
    return 0;
}

_Noreturn void system_end(int status)
{
    exit(status);
}

/* One run: threads of so many places each, never two at a time. Who joins
 * them comes past no place of noise. */

static void pass_points(void *arg)
{
    for (unsigned i = 0; i < POINTS; i++)
        noise_point();
    if (arg) {
        noise_end();
        record = (struct record){ 0 };
        for (unsigned i = 0; i < POINTS; i++)
            noise_point();
    }
}

static void run(uint64_t seed, unsigned count, bool ends_noise)
{
    struct os_thread thread[THREADS];
    threads_begin();
    record = (struct record){ .nap_min = UINT64_MAX };
    noise_begin(seed);
    strcpy(record.name, noise_name());
    for (unsigned i = 0; i < count; i++) {
        thread[i] = (struct os_thread){ 0 };
        CHECK_EQ(0, os_thread_start(&thread[i], "test", pass_points,
                                    ends_noise ? &record : NULL));
        seam_thread_join(&thread[i]);
    }
}

static void one_seed_is_one_disturbance(void)
{
    unsigned different = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, THREADS, false);
        struct record first = record;
        run(seed + 1, THREADS, false);
        different += record.hash != first.hash;
        run(seed, THREADS, false);
        CHECK_EQ(first.hash, record.hash);
        CHECK(!strcmp(first.name, record.name));
    }
    CHECK(different > SEEDS / 2);
}

static unsigned threads_that_napped(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < THREADS; i++)
        count += record.naps_of[i] > 0;
    return count;
}

/* Each manner does what it is called after, and nothing else. */
static void check_manner(const char *name)
{
    bool naps = !strcmp(name, "naps"), victim = !strcmp(name, "victim");
    bool points = !strcmp(name, "points"), spins = !strcmp(name, "spins");
    CHECK_EQ(!strcmp(name, "yields"), record.yields > 0);
    CHECK_EQ(spins, record.spins > 0);
    CHECK(naps || victim || points || record.naps == 0);
    if (naps) {
        CHECK_EQ(THREADS, threads_that_napped());
        CHECK(record.nap_max < 1000 * MICROSECOND);
    } else if (victim) {
        CHECK_EQ(1, threads_that_napped());
        CHECK(record.nap_max < 500 * MICROSECOND);
    } else if (points) {
        CHECK(record.naps <= 3);
        CHECK(record.nap_max <= 20000 * MICROSECOND);
        CHECK(record.naps == 0 || record.nap_min >= 10 * MICROSECOND);
    }
}

/* Guards against a manner that never comes, or one that does nothing in every
 * run: what a place that is held back does is seen in most of its runs. */
static void each_manner_is_drawn_and_does_as_it_is_called(void)
{
    static const char *const name[NOISE_MANNERS] = {
        "none", "yields", "spins", "naps", "victim", "points",
    };
    unsigned seen[NOISE_MANNERS] = { 0 }, held = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, THREADS, false);
        unsigned known = 0;
        for (unsigned i = 0; i < NOISE_MANNERS; i++)
            if (!strcmp(name[i], record.name)) {
                seen[i]++;
                known++;
                held += i == NOISE_POINTS && record.naps > 0;
            }
        CHECK_EQ(1, known);
        check_manner(record.name);
    }
    for (unsigned i = 0; i < NOISE_MANNERS; i++)
        CHECK(seen[i] >= SEEDS / 20);
    CHECK(2 * held > seen[NOISE_POINTS]);
}

/* Processors and weights are drawn beside the manner: in some runs, for all
 * of their threads. */
static void threads_share_a_processor_in_some_runs(void)
{
    unsigned pinned = 0, weighed = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, THREADS, false);
        CHECK(record.pins == 0 || record.pins == THREADS);
        CHECK(record.slowed == 0 || record.slowed == THREADS);
        CHECK(record.processor >= 0 && record.processor < PROCESSORS);
        CHECK(record.step_max < 20);
        pinned += record.pins > 0;
        weighed += record.slowed > 0;
    }
    CHECK(pinned > SEEDS / 10 && pinned < SEEDS / 2);
    CHECK(weighed > SEEDS / 10 && weighed < SEEDS / 2);
}

/* A run that is to end is left to end. */
static void after_the_end_nothing_is_done(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, 1, true);
        CHECK_EQ(0, record.yields + record.naps + record.spins);
        CHECK(!strcmp("none", noise_name()));
    }
}

/* A thread of the platform is held now and then where the run's own are held
 * for long, and never pinned, slowed or kept busy. */
static void stranger_is_held_in_the_runs_that_hold(void)
{
    unsigned held = 0, expected = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, 0, false);
        bool holds = !strcmp(record.name, "naps") ||
                     !strcmp(record.name, "victim") ||
                     !strcmp(record.name, "points");
        for (unsigned i = 0; i < POINTS; i++)
            noise_point();
        CHECK(holds || record.stranger_naps == 0);
        CHECK(record.stranger_max < 2000 * MICROSECOND);
        CHECK_EQ(0, record.stranger_others);
        expected += holds;
        held += record.stranger_naps > 0;
        noise_end();
        record.stranger_naps = 0;
        noise_point();
        CHECK_EQ(0, record.stranger_naps);
    }
    CHECK(held > 0);
    CHECK_EQ(expected, held);
}

int main(void)
{
    RUN(one_seed_is_one_disturbance);
    RUN(each_manner_is_drawn_and_does_as_it_is_called);
    RUN(threads_share_a_processor_in_some_runs);
    RUN(after_the_end_nothing_is_done);
    RUN(stranger_is_held_in_the_runs_that_hold);
    return test_result(5);
}
