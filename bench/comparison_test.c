/*
 * A comparison says slower when the loop is, and nothing when the machine is,
 * or when chance may be.
 */
#include "comparison.h"

#include "../loop/test.h"

#define ROUNDS 9

/* Rounds around a value, 1 % apart. */
static json_t *line(const char *subject, const char *metric,
                    const char *unit, double value, bool clean)
{
    json_t *samples = json_array();
    for (int i = 0; i < ROUNDS; i++)
        json_array_append_new(
            samples, json_real(value * (1 + (i - ROUNDS / 2) * 0.01)));
    return json_pack("{s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:f, s:b, s:o}",
                     "question", "post_throughput", "subject", subject,
                     "platform", "linux", "params", "pattern", "burst",
                     "metric", metric, "unit", unit, "value", value, "clean",
                     (int)clean, "samples", samples);
}

/* One file: the loop, its floor, and the loop as a factor of its floor. */
static json_t *file(double loop, double floor, bool clean)
{
    json_t *factor = line("lastcall", "burst, times the floor", "x",
                          floor / loop, clean);
    json_object_set_new(json_object_get(factor, "params"), "floor",
                        json_string("futex"));
    json_t *lines = json_array();
    json_array_append_new(lines, line("lastcall", "burst", "posts/s", loop,
                                      clean));
    json_array_append_new(lines, line("floor futex", "burst", "posts/s",
                                      floor, clean));
    json_array_append_new(lines, factor);
    return lines;
}

/* Compare the row of the loop in two files, both of which are released. */
static struct comparison compare(json_t *a, json_t *b, bool *regression)
{
    struct comparison c;
    CHECK(comparison_make(&c, json_array_get(b, 0), a, b));
    *regression = comparison_is_regression(&c);
    c.a = c.b = NULL;
    json_decref(a);
    json_decref(b);
    return c;
}

static void the_same_rounds_cannot_be_told_apart(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, true),
                                  file(1e6, 2e6, true), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(!regression);
}

/* A rate that has fallen is a cost that has risen. */
static void a_rate_that_fell_is_slower(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, true),
                                  file(5e5, 2e6, true), &regression);
    CHECK_EQ(SLOWER, c.outcome);
    CHECK(regression);
    CHECK(c.ratio > 1.99 && c.ratio < 2.01);
    CHECK(c.interval.low < 2 && c.interval.high > 2);
    c = compare(file(5e5, 2e6, true), file(1e6, 2e6, true), &regression);
    CHECK_EQ(FASTER, c.outcome);
    CHECK(!regression);
}

static void what_the_floor_did_too_is_the_machine(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, true),
                                  file(5e5, 1e6, true), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(*c.why);
    CHECK(!regression);
}

static void noise_is_not_compared(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, false),
                                  file(5e5, 2e6, true), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(!regression);
}

static void less_than_the_margin_is_no_difference(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, true),
                                  file(0.985e6, 2e6, true), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(!regression);
}

/* A floor that got faster makes the loop look slow beside it. */
static void a_floor_is_no_regression(void)
{
    struct comparison c;
    json_t *a = file(1e6, 2e6, true), *b = file(1e6, 3e6, true);
    for (size_t i = 0; i < 3; i++) {
        CHECK(comparison_make(&c, json_array_get(b, i), a, b));
        CHECK(!comparison_is_regression(&c));
    }
    json_decref(a);
    json_decref(b);
}

static void a_new_row_has_nothing_to_be_compared_with(void)
{
    struct comparison c;
    json_t *a = json_array(), *b = file(1e6, 2e6, true);
    CHECK(!comparison_make(&c, json_array_get(b, 0), a, b));
    json_decref(a);
    json_decref(b);
}

int main(void)
{
    RUN(the_same_rounds_cannot_be_told_apart);
    RUN(a_rate_that_fell_is_slower);
    RUN(what_the_floor_did_too_is_the_machine);
    RUN(noise_is_not_compared);
    RUN(less_than_the_margin_is_no_difference);
    RUN(a_floor_is_no_regression);
    RUN(a_new_row_has_nothing_to_be_compared_with);
    return test_result(7);
}
