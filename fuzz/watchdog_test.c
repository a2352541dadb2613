/*
 * watchdog_test.c - programs that hang in each way are told apart, programs
 * that only seem to are left alone, and nothing of either stays.
 *
 * usage: watchdog_test FOLDER, where the programs of fuzz/hangs are
 *
 * What hangs is given a second without progress, what is healthy many times
 * what it needs.
 */
#include "watchdog.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/os.h"
#include "../loop/test.h"
#include "child.h"

#define PATH 1024
#define WATCHDOGS  5
#define GONE_LOOKS 10000        /* of a pause each                          */

static const char *folder;

/* Run a program of fuzz/hangs. */
static void run(const char *program, const struct watchdog_options *options,
                struct watchdog_report *report)
{
    char path[PATH];
    char *argv[] = { path, NULL };
    snprintf(path, sizeof path, "%s/hang-%s", folder, program);
    CHECK_EQ(0, watchdog_run(argv, options, report));
}

/* Killing is over when the call returns, but a grandchild belongs to the
 * system from then on, which takes its time. */
static bool is_gone(uint64_t id)
{
    for (int i = 0; i < GONE_LOOKS && child_exists(id); i++)
        os_pause();
    return !child_exists(id);
}

static void check_gone(const struct watchdog_report *r)
{
    CHECK(r->id > 0);
    CHECK(is_gone(r->id));
    CHECK(!child_is_left());
}

static bool has(const char *text, const char *word)
{
    return text != NULL && strstr(text, word) != NULL;
}

/* What a watchdog says of each program. */
struct expectation {
    const char       *program;
    enum watchdog_end end;
    enum verdict      verdict;
    const char       *dump;     /* is in the dump; NULL: there is none      */
    const char       *function; /* one that a thread stands in; NULL: no
                                   stacks were taken                        */
    uint32_t          stall_ms;
    uint32_t          total_ms;
};

static const struct expectation table[] = {
    { "lost-wake", WATCHDOG_HUNG, VERDICT_DEADLOCK, "timer pending far away",
      "port_dequeue", 1000, 0 },
    { "repost", WATCHDOG_HUNG, VERDICT_LIVELOCK, "timer pending far away",
      "loop_run", 1000, 0 },
    { "join-under-lock", WATCHDOG_HUNG, VERDICT_DEADLOCK, "did not end",
      "os_thread_join", 1000, 0 },
    { "lock-order", WATCHDOG_HUNG, VERDICT_DEADLOCK, NULL, "os_mutex_lock",
      1000, 0 },
    { "close-waits", WATCHDOG_HUNG, VERDICT_DEADLOCK, "read of nothing",
      "port_dequeue", 1000, 0 },
    { "worker-stays", WATCHDOG_HUNG, VERDICT_DEADLOCK, "endless job",
      "loop_shutdown", 1000, 0 },
    { "after-announced", WATCHDOG_HUNG, VERDICT_DEADLOCK, NULL,
      "os_cond_wait", 1000, 0 },
    { "in-handler", WATCHDOG_HUNG, VERDICT_DEADLOCK, NULL, "main", 1000, 0 },
    { "spin", WATCHDOG_HUNG, VERDICT_LIVELOCK, NULL, "main", 1000, 0 },
    { "endless", WATCHDOG_OUT_OF_TIME, VERDICT_LIVELOCK, NULL, "main", 0,
      1000 },
    { "parked-thread", WATCHDOG_LINGERED, VERDICT_LINGERING_PROCESS,
      "far away", "port_dequeue", 0, 0 },
    { "exit-handler", WATCHDOG_LINGERED, VERDICT_LINGERING_PROCESS, NULL,
      "os_mutex_lock", 0, 0 },
    { "fails", WATCHDOG_CRASHED, VERDICT_ABORT, NULL, NULL, 0, 0 },
    { "wild", WATCHDOG_CRASHED, VERDICT_ABORT, NULL, NULL, 0, 0 },
    { "told", WATCHDOG_CRASHED, VERDICT_LOST_COMPLETION, NULL, NULL, 0, 0 },
    { "slow", WATCHDOG_EXITED, VERDICT_CLEAN, NULL, NULL, 2000, 0 },
    { "announced", WATCHDOG_EXITED, VERDICT_CLEAN, NULL, NULL, 1000, 0 },
    { "unwatched", WATCHDOG_EXITED, VERDICT_CLEAN, NULL, NULL, 1000, 0 },
    { "leaves-main", WATCHDOG_EXITED, VERDICT_CLEAN, NULL, NULL, 0, 0 },
};
#define EXPECTATIONS (sizeof table / sizeof *table)

static void drop_line(const char *line, void *arg)
{
    (void)line;
    (void)arg;
}

static void print_report(const char *program, const struct watchdog_report *r)
{
    printf("  %s: %s, verdict %d, %s; where: %s\n%s%s", program,
           watchdog_end_name(r->end), (int)r->verdict, r->what, r->where,
           r->dump != NULL ? r->dump : "",
           r->stacks != NULL ? r->stacks : "");
}

/* Where stacks cannot be had at all the report says so instead. */
static void check_stacks(const struct expectation *e,
                         const struct watchdog_report *r)
{
    if (e->function == NULL) {
        CHECK(r->stacks == NULL);
        return;
    }
    CHECK(r->stacks != NULL);
    if (has(r->stacks, "no stacks")) {
        test_skip(e->program, r->stacks);
        return;
    }
    CHECK(has(r->stacks, e->function));
    CHECK(*r->where != '\0');
    CHECK(!has(r->stacks, "answer"));       /* the witness's own thread     */
}

static void watch_program(const struct expectation *e,
                          struct watchdog_report *r)
{
    struct watchdog_options options = { .stall_ms = e->stall_ms,
                                        .total_ms = e->total_ms,
                                        .linger_ms = 1000,
                                        .dump_ms = 5000,
                                        .output = drop_line };
    if (!strcmp(e->program, "join-under-lock"))
        options.dump_ms = 200;
    if (e->end == WATCHDOG_EXITED)
        options.linger_ms = 20000;
    run(e->program, &options, r);
}

static void check_report(const struct expectation *e,
                         const struct watchdog_report *r)
{
    int failures = test_failures;
    if (e->end == WATCHDOG_EXITED && has(r->stacks, "BackgroundThread")) {
        test_skip(e->program, "a sanitizer's thread keeps the process");
        return;
    }
    CHECK_EQ(e->end, r->end);
    CHECK_EQ(e->verdict, r->verdict);
    CHECK_EQ(e->dump != NULL, r->dump != NULL);
    CHECK(e->dump == NULL || has(r->dump, e->dump));
    check_stacks(e, r);
    check_gone(r);
    if (test_failures != failures)
        print_report(e->program, r);
}

static struct watchdog_report reports[EXPECTATIONS];
static atomic_size_t          next_program;

static void watch_programs(void *unused)
{
    (void)unused;
    for (size_t i = atomic_fetch_add(&next_program, 1); i < EXPECTATIONS;
         i = atomic_fetch_add(&next_program, 1))
        watch_program(&table[i], &reports[i]);
}

/* The classes of hangs, crashes and of health are not taken for one another.
 * Most of the programs sleep most of the time, so several run at once. */
static void each_way_to_end_has_its_verdict(void)
{
    struct os_thread watchdogs[WATCHDOGS];
    for (int i = 0; i < WATCHDOGS; i++)
        CHECK_EQ(0, os_thread_start(&watchdogs[i], "watchdog",
                                    watch_programs, NULL));
    for (int i = 0; i < WATCHDOGS; i++)
        os_thread_join(&watchdogs[i]);
    for (size_t i = 0; i < EXPECTATIONS; i++) {
        check_report(&table[i], &reports[i]);
        watchdog_report_free(&reports[i]);
    }
}

/* A dump that needs a lock which a stuck thread has gives what it has
 * printed until then. */
static void dump_that_hangs_gives_its_beginning(void)
{
    struct watchdog_options options = { .stall_ms = 500, .dump_ms = 200,
                                        .output = drop_line };
    struct watchdog_report r;
    run("join-under-lock", &options, &r);
    CHECK(has(r.dump, "the state is under a lock\n"));
    CHECK(!has(r.dump, "never printed"));
    watchdog_report_free(&r);
}

/* The first finding that was told is the verdict, with its words. */
static void finding_that_was_told_wins(void)
{
    struct watchdog_options options = { .output = drop_line };
    struct watchdog_report r;
    run("told", &options, &r);
    CHECK_EQ(VERDICT_LOST_COMPLETION, r.verdict);
    CHECK(!strcmp(r.where, "op 1 of loop"));
    watchdog_report_free(&r);
}

/* A busy machine. */

#define HOGS     4              /* on each processor                        */
#define HOGS_MAX 64

static atomic_bool rest;

static void hog(void *unused)
{
    (void)unused;
    while (!atomic_load(&rest))
        continue;
}

/* A process that gets a small part of a processor is not taken for stuck. */
static void starved_program_is_given_time(void)
{
    struct watchdog_options options = { .stall_ms = 2000, .linger_ms = 60000,
                                        .output = drop_line };
    struct watchdog_report r;
    struct os_thread hogs[HOGS_MAX];
    unsigned count = child_processors() * HOGS;
    if (count > HOGS_MAX)
        count = HOGS_MAX;
    atomic_store(&rest, false);
    for (unsigned i = 0; i < count; i++)
        CHECK_EQ(0, os_thread_start(&hogs[i], "hog", hog, NULL));
    run("starved", &options, &r);
    atomic_store(&rest, true);
    for (unsigned i = 0; i < count; i++)
        os_thread_join(&hogs[i]);
    CHECK_EQ(WATCHDOG_EXITED, r.end);
    CHECK_EQ(VERDICT_CLEAN, r.verdict);
    if (r.stalled_ms < options.stall_ms)
        test_skip("starved_program_is_given_time", "it was not seen in time");
    if (r.end != WATCHDOG_EXITED)
        print_report("starved", &r);
    watchdog_report_free(&r);
}

/* What a program has started goes with it. */

static void hear_number(const char *line, void *arg)
{
    *(uint64_t *)arg = strtoull(line, NULL, 10);
}

static void nothing_that_was_started_stays(void)
{
    uint64_t grandchild = 0;
    struct watchdog_options options = { .stall_ms = 3000,
                                        .output = hear_number,
                                        .arg = &grandchild };
    struct watchdog_report r;
    run("family", &options, &r);
    CHECK_EQ(WATCHDOG_HUNG, r.end);
    CHECK(grandchild > 0);
    CHECK(grandchild != r.id);
    CHECK(is_gone(grandchild));
    check_gone(&r);
    watchdog_report_free(&r);
}

/* Interrupts. */

static void hear_anything(const char *line, void *arg)
{
    (void)line;
    *(bool *)arg = true;
}

static bool was_heard(void *arg)
{
    return *(bool *)arg;
}

/* An interrupt ends the program at once, and is no finding. */
static void interrupt_ends_the_program(void)
{
    bool heard = false;
    struct watchdog_options options = { .stall_ms = 600000,
                                        .interrupted = was_heard,
                                        .line = hear_anything,
                                        .arg = &heard };
    struct watchdog_report r;
    run("spin", &options, &r);
    CHECK_EQ(WATCHDOG_INTERRUPTED, r.end);
    CHECK_EQ(VERDICT_CLEAN, r.verdict);
    check_gone(&r);
    watchdog_report_free(&r);
}

/* What cannot be started is said in a sentence, and leaves nothing. */
static void program_that_is_not_there_is_an_error(void)
{
    char path[] = "no/such/program";
    char *argv[] = { path, NULL };
    struct watchdog_report r;
    CHECK_EQ(-1, watchdog_run(argv, NULL, &r));
    CHECK(has(r.what, "no/such/program"));
    CHECK(!child_is_left());
    watchdog_report_free(&r);
}

/* Several at once, each on its thread. */

struct side {
    const char            *program;
    struct watchdog_report report;
};

static void run_side(void *arg)
{
    struct side *s = arg;
    struct watchdog_options options = { .stall_ms = 1000,
                                        .output = drop_line };
    run(s->program, &options, &s->report);
}

static void watchdogs_do_not_mix(void)
{
    struct side sides[] = { { .program = "lock-order" },
                            { .program = "spin" },
                            { .program = "told" } };
    struct os_thread thread[3];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "watchdog", run_side,
                                    &sides[i]));
    for (int i = 0; i < 3; i++)
        os_thread_join(&thread[i]);
    CHECK_EQ(VERDICT_DEADLOCK, sides[0].report.verdict);
    CHECK_EQ(VERDICT_LIVELOCK, sides[1].report.verdict);
    CHECK_EQ(VERDICT_LOST_COMPLETION, sides[2].report.verdict);
    for (int i = 0; i < 3; i++) {
        check_gone(&sides[i].report);
        watchdog_report_free(&sides[i].report);
    }
}

/* The watchdog of many runs keeps nothing of each: the first run may load
 * what stays. */
static void no_handle_is_left_behind(void)
{
    struct watchdog_options options = { .stall_ms = 300,
                                        .output = drop_line };
    struct watchdog_report r;
    unsigned before = 0;
    for (int i = 0; i < 4; i++) {
        run(i % 2 == 0 ? "lock-order" : "told", &options, &r);
        watchdog_report_free(&r);
        program_that_is_not_there_is_an_error();
        if (i == 1)
            before = child_count_handles();
    }
    CHECK_EQ(before, child_count_handles());
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: watchdog_test FOLDER\n");
        return 2;
    }
    folder = argv[1];
    RUN(each_way_to_end_has_its_verdict);
    RUN(dump_that_hangs_gives_its_beginning);
    RUN(finding_that_was_told_wins);
    RUN(starved_program_is_given_time);
    RUN(nothing_that_was_started_stays);
    RUN(interrupt_ends_the_program);
    RUN(program_that_is_not_there_is_an_error);
    RUN(watchdogs_do_not_mix);
    RUN(no_handle_is_left_behind);
    return test_result(9);
}
