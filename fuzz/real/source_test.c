/*
 * source_test.c - a number is all that has to be kept of a scenario.
 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "../../loop/test.h"
#include "../host.h"
#include "../watchdog.h"
#include "../witness.h"

#define SEED 7
#define NUMBERS 200
#define WRITTEN 6

static const char *root, *build;

static const char *const path[WRITTEN] = {
    "accepted-while-cancelled", "cancel-gather-stop", "hooks-run-last-first",
    "job-ends-while-the-loop-sleeps", "run-stop-run-stop",
    "timers-fire-in-order",
};

static struct scenario written[WRITTEN], scenario, other;

static void add_written(void)
{
    struct scenario_error error;
    char file[HOST_PATH];
    for (unsigned i = 0; i < WRITTEN; i++) {
        snprintf(file, sizeof file, "%s/corpus/scenario/%s.scn", root,
                 path[i]);
        CHECK_EQ(0, scenario_load(&written[i], file, &error));
        written[i].exception_count = i;
        CHECK(source_add(&written[i]));
    }
}

/* Of all that a file of it would hold. */
static uint64_t hash_of(const struct scenario *s)
{
    static uint8_t bytes[SCENARIO_TEXT_MAX];
    size_t size = scenario_encode(s, bytes, sizeof bytes);
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    CHECK(size > 0);
    return hash;
}

static uint64_t ask(uint64_t seed, uint64_t number)
{
    source_scenario(&scenario, seed, number, NULL);
    return hash_of(&scenario);
}

/* Nothing to breed from: every scenario is a new one, and none is a
 * person's. */
static void nothing_written_is_nothing_as_written(void)
{
    bool as_written = true;
    for (uint64_t number = 0; number < NUMBERS; number++) {
        source_scenario(&scenario, SEED, number, &as_written);
        CHECK(!as_written);
        CHECK(scenario.count > 0);
    }
}

/* A process that starts at run 1,000 makes what one from 0 would have made:
 * guards against state that one call leaves for the next. */
static void number_names_one_scenario_in_any_order(void)
{
    static uint64_t forward[NUMBERS];
    unsigned same_as_other_seed = 0;
    for (uint64_t n = 0; n < NUMBERS; n++)
        forward[n] = ask(SEED, n);
    for (uint64_t n = NUMBERS; n-- > 0;) {
        same_as_other_seed += ask(SEED + 1, n) == forward[n];
        CHECK_EQ(forward[n], ask(SEED, n));
    }
    CHECK(same_as_other_seed < NUMBERS / 4);
}

/* The program again: what it tells is compared with what is made here. */

static void tell_hashes(void)
{
    char line[32];
    witness_open(NULL, NULL);
    for (uint64_t n = NUMBERS; n-- > 0;) {
        snprintf(line, sizeof line, "%llx",
                 (unsigned long long)ask(SEED, n));
        witness_line(line);
        witness_progress(NUMBERS - n);
    }
    witness_main_returned();
}

static void compare_hash(const char *line, void *arg)
{
    uint64_t *left = arg;
    if (*left > 0)
        CHECK_EQ(ask(SEED, --*left), strtoull(line, NULL, 16));
}

static void number_names_one_scenario_in_every_process(void)
{
    static char program[HOST_PATH];
    host_program(program);
    char *argv[] = { program, (char *)root, (char *)build, "tell", NULL };
    uint64_t left = NUMBERS;
    struct watchdog_options options = { .line = compare_hash, .arg = &left };
    struct watchdog_report report = { 0 };
    CHECK_EQ(0, watchdog_run(argv, &options, &report));
    CHECK_EQ(VERDICT_CLEAN, report.verdict);
    CHECK_EQ(0, left);
    watchdog_report_free(&report);
}

/* All three kinds are drawn, and a written one is what its author wrote but
 * for the schedule, which means nothing on real threads. */
static void written_ones_come_as_written(void)
{
    unsigned plain = 0;
    for (uint64_t n = 0; n < NUMBERS; n++) {
        bool as_written, known = false;
        source_scenario(&scenario, SEED, n, &as_written);
        plain += as_written;
        CHECK_EQ(0, scenario.exception_count);
        for (unsigned i = 0; i < WRITTEN; i++) {
            other = written[i];
            other.exception_count = 0;
            known |= scenario_equal(&scenario, &other);
        }
        CHECK(known || !as_written);
    }
    CHECK(plain > NUMBERS / 10);
    CHECK(plain < NUMBERS / 2);
}

static void print(FILE *out, const void *what)
{
    scenario_print(out, what);
}

/* A finding is saved as text: whatever is bred has to come back from it. */
static void every_scenario_prints_and_parses_back(void)
{
    struct scenario_error error;
    for (uint64_t n = 0; n < 2 * NUMBERS; n++) {
        size_t size;
        source_scenario(&scenario, SEED, n, NULL);
        char *text = host_print(print, &scenario, &size);
        CHECK(text != NULL);
        if (scenario_parse(&other, "printed", text, size, &error) < 0) {
            scenario_error_print(stdout, &error);
            CHECK(false);
        }
        CHECK(scenario_equal(&scenario, &other));
        free(text);
    }
}

/* Neighbours in number or seed are disturbed as differently as any. */
static void every_number_has_a_noise_of_its_own(void)
{
    static uint64_t noise[2 * NUMBERS];
    for (uint64_t n = 0; n < 2 * NUMBERS; n++)
        noise[n] = source_noise(SEED + n % 2, n / 2);
    for (uint64_t n = 0; n < 2 * NUMBERS; n++) {
        CHECK_EQ(noise[n], source_noise(SEED + n % 2, n / 2));
        for (uint64_t m = 0; m < n; m++)
            CHECK(noise[m] != noise[n]);
    }
}

/* What is there to end badly would be a finding for ever. */
static void scenario_with_another_verdict_is_not_taken(void)
{
    other = written[0];
    other.expect = VERDICT_DEADLOCK;
    CHECK(!source_add(&other));
    uint64_t before = ask(SEED, 3);
    CHECK(!source_add(&other));
    CHECK_EQ(before, ask(SEED, 3));
}

static void there_is_room_for_so_many_and_no_more(void)
{
    for (unsigned i = WRITTEN; i < SOURCE_WRITTEN_MAX; i++)
        CHECK(source_add(&written[i % WRITTEN]));
    CHECK(!source_add(&written[0]));
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: source_test ROOT BUILD\n");
        return 2;
    }
    root = argv[1];
    build = argv[2];
    if (argc > 3) {
        add_written();
        tell_hashes();
        return test_result(1);
    }
    RUN(nothing_written_is_nothing_as_written);
    add_written();
    RUN(number_names_one_scenario_in_any_order);
    RUN(number_names_one_scenario_in_every_process);
    RUN(written_ones_come_as_written);
    RUN(every_scenario_prints_and_parses_back);
    RUN(every_number_has_a_noise_of_its_own);
    RUN(scenario_with_another_verdict_is_not_taken);
    RUN(there_is_room_for_so_many_and_no_more);
    return test_result(8);
}
