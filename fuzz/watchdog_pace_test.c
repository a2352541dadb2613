/*
 * watchdog_pace_test.c - slow is told from stuck by numbers alone.
 */
#include "watchdog_pace.h"

#include "../loop/test.h"

#define MS UINT64_C(1000000)
#define TICK (50 * MS)

static const struct child_look asleep = { .threads = 3 };

static void add(struct pace *p, unsigned times, const struct child_look *look)
{
    for (unsigned i = 0; i < times; i++)
        pace_add(p, TICK, TICK, look);
}

/* Nothing runs: the limit holds to the tick, and it is a deadlock. */
static void sleeping_threads_are_stuck_at_the_limit(void)
{
    struct pace p = { 0 };
    add(&p, 19, &asleep);
    CHECK(!pace_is_over(&p, 1000 * MS, 10));
    add(&p, 1, &asleep);
    CHECK(pace_is_over(&p, 1000 * MS, 10));
    CHECK(!pace_runs(&p));
}

/* A process that gets nothing of a busy machine has ten times as long, and
 * was never asleep. */
static void starved_process_has_longer_but_not_for_ever(void)
{
    struct child_look starved = { .threads = 1, .starved_ns = TICK,
                                  .ready_ns = TICK };
    struct pace p = { 0 };
    add(&p, 199, &starved);
    CHECK(!pace_is_over(&p, 1000 * MS, 10));
    CHECK(pace_is_over(&p, 1000 * MS, 1));
    add(&p, 1, &starved);
    CHECK(pace_is_over(&p, 1000 * MS, 10));
    CHECK(pace_runs(&p));
    CHECK_EQ(200 * TICK, p.starved_ns);
}

/* A process that gets a fifth of a processor is judged after five times as
 * long: by what it was given. */
static void share_of_a_processor_counts_as_that_share(void)
{
    struct child_look fifth = { .threads = 1, .starved_ns = 40 * MS,
                                .cpu_ns = 10 * MS };
    struct pace p = { 0 };
    add(&p, 99, &fifth);
    CHECK(!pace_is_over(&p, 1000 * MS, 10));
    add(&p, 1, &fifth);
    CHECK(pace_is_over(&p, 1000 * MS, 10));
    CHECK(pace_runs(&p));
}

/* A watchdog that slept through a minute has not watched for a minute. */
static void late_watchdog_blames_nobody(void)
{
    struct pace p = { 0 };
    pace_add(&p, 60000 * MS, TICK, &asleep);
    CHECK_EQ(2 * TICK, p.fair_ns);
    CHECK(!pace_is_over(&p, 10000 * MS, 10));
    CHECK(!pace_runs(&p));
}

/* Where nobody says whether a thread is ready, a busy machine gives a
 * sleeping process more time, and not another verdict. */
static void busy_machine_makes_no_livelock(void)
{
    struct child_look perhaps = { .threads = 1, .starved_ns = TICK };
    struct pace p = { 0 };
    add(&p, 200, &perhaps);
    CHECK(pace_is_over(&p, 1000 * MS, 10));
    CHECK(!pace_runs(&p));
}

/* Polling with pauses uses little time, but comes and goes. */
static void polling_is_no_sleep(void)
{
    struct child_look polls = { .threads = 1, .cpu_ns = MS / 4, .turns = 40 };
    struct child_look heartbeat = { .threads = 1, .cpu_ns = MS / 4,
                                    .turns = 1 };
    struct pace p = { 0 };
    add(&p, 20, &polls);
    CHECK(pace_runs(&p));
    p = (struct pace){ 0 };
    add(&p, 20, &heartbeat);
    CHECK(!pace_runs(&p));
}

/* A pace of no time at all is neither over nor running. */
static void new_pace_says_nothing(void)
{
    struct pace p = { 0 };
    CHECK(!pace_is_over(&p, 1, 10));
    CHECK(!pace_runs(&p));
}

int main(void)
{
    RUN(sleeping_threads_are_stuck_at_the_limit);
    RUN(starved_process_has_longer_but_not_for_ever);
    RUN(share_of_a_processor_counts_as_that_share);
    RUN(late_watchdog_blames_nobody);
    RUN(busy_machine_makes_no_livelock);
    RUN(polling_is_no_sleep);
    RUN(new_pace_says_nothing);
    return test_result(7);
}
