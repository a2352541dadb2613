/*
 * A fuzzer's input: whatever the bytes, they are a scenario and a schedule,
 * and what is written is read back.
 */
#include "input.h"

#include <string.h>

#include "../loop/test.h"
#include "runner.h"
#include "sched/sched.h"
#include "scenario_form.h"
#include "subject/subject.h"

static struct scenario scenario, again;
static uint8_t bytes[INPUT_MAX + 64], rewritten[INPUT_MAX + 64];

static void fill(uint8_t *out, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)sched_random(&seed);
}

/* Statements that are in range, in their bodies and in order already. */
static bool is_in_form(const struct scenario *s)
{
    again = *s;
    scenario_repair(&again);
    return scenario_equal(s, &again);
}

static enum verdict run(const struct input *in)
{
    struct run_options options = { .decisions_max = 2000 };
    struct run_result result;
    runner_run(&subject_lastcall, &scenario,
               sched_guided(in->schedule, in->schedule_size), &options,
               &result);
    return result.verdict;
}

static bool lies_inside(const struct input *in, size_t size)
{
    return in->schedule >= bytes && in->schedule_size <= size &&
           in->schedule + in->schedule_size == bytes + size;
}

static void every_prefix_of_an_input_is_an_input(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint8_t schedule[40];
        fill(schedule, sizeof schedule, seed);
        scenario_generate(&scenario, seed);
        size_t size = input_encode(&scenario, schedule, sizeof schedule,
                                   bytes, INPUT_MAX);
        for (size_t prefix = 0; prefix <= size; prefix++) {
            struct input in;
            input_decode(&scenario, &in, bytes, prefix);
            CHECK(lies_inside(&in, prefix));
            CHECK(is_in_form(&scenario));
        }
    }
}

/* What the binary form keeps of a scenario: no names, nothing expected. */
static void bare(struct scenario *s)
{
    static uint8_t form[INPUT_MAX];
    size_t size = scenario_to_bytes(s, form, sizeof form);
    scenario_from_bytes(s, form, size);
}

static void scenario_and_schedule_are_read_back(void)
{
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct input in;
        uint8_t schedule[100];
        size_t length = seed % sizeof schedule;
        fill(schedule, length, seed);
        scenario_generate(&scenario, seed);
        size_t size = input_encode(&scenario, schedule, length, bytes,
                                   INPUT_MAX);
        bare(&scenario);
        again = scenario;
        input_decode(&scenario, &in, bytes, size);
        CHECK(scenario_equal(&scenario, &again));
        CHECK_EQ(length, in.schedule_size);
        CHECK(!memcmp(schedule, in.schedule, length));
    }
}

/* Decoding and encoding once more changes nothing any more. */
static void what_was_read_is_written_the_same(void)
{
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct input in;
        scenario_generate(&scenario, seed);
        size_t first = input_encode(&scenario, (const uint8_t *)"abc", 3,
                                    bytes, INPUT_MAX);
        input_decode(&scenario, &in, bytes, first);
        size_t second = input_encode(&scenario, in.schedule,
                                     in.schedule_size, rewritten, INPUT_MAX);
        CHECK_EQ(first, second);
        CHECK(!memcmp(bytes, rewritten, second));
    }
}

static void the_front_of_a_schedule_goes_when_there_is_no_room(void)
{
    struct input in;
    uint8_t schedule[64];
    for (size_t i = 0; i < sizeof schedule; i++)
        schedule[i] = (uint8_t)i;
    scenario_generate(&scenario, 1);
    size_t whole = input_encode(&scenario, bytes, 0, rewritten,
                                INPUT_MAX);
    size_t size = input_encode(&scenario, schedule, sizeof schedule, bytes,
                               whole + 10);
    CHECK_EQ(whole + 10, size);
    input_decode(&scenario, &in, bytes, size);
    CHECK_EQ(10, in.schedule_size);
    CHECK(!memcmp(schedule + 54, in.schedule, 10));

    /* Not even the record that ends the statements. */
    for (size_t cap = 0; cap <= whole; cap++) {
        memset(bytes, 0xaa, sizeof bytes);
        size = input_encode(&scenario, schedule, sizeof schedule, bytes, cap);
        CHECK(size <= cap);
        CHECK_EQ(0xaa, bytes[cap]);
    }
}

static void any_bytes_are_an_input_that_runs(void)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 9, 100, INPUT_MAX - 1,
                                    INPUT_MAX, INPUT_MAX + 64 };
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct input in;
            size_t used = sizes[i] > INPUT_MAX ? INPUT_MAX : sizes[i];
            fill(bytes, sizes[i], seed);

            /* Half of them without an end: 8 KiB of statements. */
            for (size_t at = 0; seed % 2 && at < sizes[i]; at += 8)
                bytes[at] &= 0x7f;
            input_decode(&scenario, &in, bytes, sizes[i]);
            CHECK(lies_inside(&in, used));
            CHECK(is_in_form(&scenario));
            CHECK_EQ(VERDICT_CLEAN, run(&in));
        }
}

int main(void)
{
    RUN(every_prefix_of_an_input_is_an_input);
    RUN(scenario_and_schedule_are_read_back);
    RUN(what_was_read_is_written_the_same);
    RUN(the_front_of_a_schedule_goes_when_there_is_no_room);
    RUN(any_bytes_are_an_input_that_runs);
    return test_result(5);
}
