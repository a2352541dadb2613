/*
 * Property: no bytes are too strange for the scenario language, and whatever
 * is read is written and read again without loss, in both forms.
 *
 * The input is taken as a text, as a binary file, and as bare statements,
 * one after the other; each of them that makes a scenario must survive.
 *
 *   clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined
 *       fuzz/target_scenario.c fuzz/scenario.c fuzz/scenario_table.c
 *       fuzz/scenario_parse.c fuzz/scenario_print.c fuzz/scenario_binary.c
 *       fuzz/scenario_make.c fuzz/verdict.c fuzz/sched/outcome.c
 *       loop/check.c -o target_scenario
 *   ./target_scenario -max_total_time=60 corpus/scenario
 */
#include <stddef.h>
#include <stdint.h>

#include "../loop/check.h"
#include "scenario_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[SCENARIO_TEXT_MAX];
static uint8_t bytes[SCENARIO_TEXT_MAX];

static void text_comes_back(const struct scenario *s)
{
    static struct scenario back;
    struct scenario_error error;
    size_t size = scenario_write(s, text, sizeof text);

    LOOP_ASSERT(size > 0);
    int result = scenario_parse(&back, "printed", text, size, &error);
    if (result != 0)
        scenario_error_print(stderr, &error);
    LOOP_ASSERT(result == 0);
    LOOP_ASSERT(scenario_equal(s, &back));
}

static void binary_comes_back(const struct scenario *s)
{
    static struct scenario back;
    struct scenario_error error;
    size_t size = scenario_encode(s, bytes, sizeof bytes);

    LOOP_ASSERT(size > 0);
    int result = scenario_decode(&back, bytes, size, &error);
    LOOP_ASSERT(result == 0);
    LOOP_ASSERT(scenario_equal(s, &back));
}

static void statements_come_back(const struct scenario *s)
{
    static struct scenario bare, back;

    size_t size = scenario_to_bytes(s, bytes, sizeof bytes);
    scenario_from_bytes(&bare, bytes, size);
    size = scenario_to_bytes(&bare, bytes, sizeof bytes);
    scenario_from_bytes(&back, bytes, size);
    LOOP_ASSERT(scenario_equal(&bare, &back));
}

static void repair_changes_nothing(const struct scenario *s)
{
    static struct scenario repaired;

    repaired = *s;
    scenario_repair(&repaired);
    LOOP_ASSERT(scenario_equal(s, &repaired));
}

static void survives(const struct scenario *s)
{
    text_comes_back(s);
    binary_comes_back(s);
    statements_come_back(s);
    repair_changes_nothing(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario s;
    struct scenario_error error;

    if (scenario_parse(&s, "input", (const char *)data, size, &error) == 0) {
        survives(&s);
        scenario_mutate(&s, size);
        survives(&s);
    } else {
        LOOP_ASSERT(error.what[0]);
    }
    if (scenario_decode(&s, data, size, &error) == 0)
        survives(&s);
    scenario_from_bytes(&s, data, size);
    survives(&s);
    return 0;
}
