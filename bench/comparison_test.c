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
    struct comparisons all;
    comparisons_open(&all, a, b);
    CHECK_EQ(json_array_size(b), all.count);
    struct comparison c = all.of[0];
    *regression = comparison_is_regression(&c);
    c.a = c.b = NULL;
    comparisons_close(&all);
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
    struct comparisons c;
    json_t *a = file(1e6, 2e6, true), *b = file(1e6, 3e6, true);
    comparisons_open(&c, a, b);
    CHECK_EQ(3, c.count);
    CHECK_EQ(1, c.called[FASTER]);
    CHECK_EQ(1, c.called[SLOWER]);
    for (size_t i = 0; i < c.count; i++)
        CHECK(!comparison_is_regression(&c.of[i]));
    comparisons_close(&c);
    json_decref(a);
    json_decref(b);
}

static void a_new_row_has_nothing_to_be_compared_with(void)
{
    struct comparisons c;
    json_t *a = json_array(), *b = file(1e6, 2e6, true);
    comparisons_open(&c, a, b);
    CHECK_EQ(0, c.count);
    CHECK_EQ(3, c.alone);
    comparisons_close(&c);
    json_decref(a);
    json_decref(b);
}

static void the_size_of_a_difference_is_said(void)
{
    bool regression;
    struct comparison c = compare(file(1e6, 2e6, true),
                                  file(5e5, 2e6, true), &regression);
    CHECK(c.above == 1);
    c = compare(file(1e6, 2e6, true), file(1e6, 2e6, true), &regression);
    CHECK(c.above == 0.5);
    CHECK(c.chance == 1);
}

/* Rows of the loop that differ by their number. */
static json_t *many(unsigned count, unsigned changed, double factor)
{
    json_t *lines = json_array();
    for (unsigned i = 0; i < count; i++) {
        json_t *row = line("lastcall", "burst", "ns",
                           i < changed ? 1000 * factor : 1000, true);
        json_object_set_new(json_object_get(row, "params"), "number",
                            json_integer((json_int_t)i));
        json_array_append_new(lines, row);
    }
    return lines;
}

/* Rounds that are 1 % apart, shifted by 6 %, leave a chance of less than one
 * in a hundred: enough for one row, and nothing for the best of hundreds. */
static void what_is_rare_for_one_row_is_not_for_hundreds(void)
{
    struct comparisons c;
    json_t *a = many(1, 0, 1), *b = many(1, 1, 1.0605);
    json_t *a_all = many(200, 0, 1), *b_all = many(200, 1, 1.0605);
    comparisons_open(&c, a, b);
    CHECK_EQ(1, c.called[SLOWER]);
    CHECK(c.of[0].chance < COMPARISON_CHANCE);
    comparisons_close(&c);
    comparisons_open(&c, a_all, b_all);
    CHECK_EQ(200, c.tested_own);
    CHECK_EQ(0, c.called[SLOWER]);
    CHECK(*c.of[0].why);
    CHECK(c.of[0].chance < COMPARISON_CHANCE);
    CHECK(c.of[0].adjusted >= COMPARISON_CHANCE);
    comparisons_close(&c);
    json_decref(a);
    json_decref(b);
    json_decref(a_all);
    json_decref(b_all);
}

/* Where all change, none of them is taken for chance. */
static void what_many_rows_do_is_no_chance(void)
{
    struct comparisons c;
    json_t *a = many(20, 0, 1), *b = many(20, 20, 1.0605);
    comparisons_open(&c, a, b);
    CHECK_EQ(20, c.called[SLOWER]);
    CHECK(c.expected > 0.99 && c.expected < 1.01);
    comparisons_close(&c);
    json_decref(a);
    json_decref(b);
}

static json_t *with_samples(double value, unsigned count, bool exact)
{
    json_t *lines = json_array(), *samples = json_array();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(samples, json_real(value));
    json_t *row = line("lastcall", "post", "instructions", value, true);
    json_object_set_new(row, "samples", samples);
    if (exact)
        json_object_set_new(row, "exact", json_true());
    json_array_append_new(lines, row);
    return lines;
}

static void two_exact_figures_need_no_rounds(void)
{
    bool regression;
    struct comparison c = compare(with_samples(1000, 2, true),
                                  with_samples(1010, 2, true), &regression);
    CHECK_EQ(SLOWER, c.outcome);
    CHECK(regression);
    c = compare(with_samples(1000, 2, true), with_samples(1001, 2, true),
                &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    c = compare(with_samples(1000, 2, true), with_samples(1010, 2, false),
                &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    c = compare(with_samples(0, 1, true), with_samples(2, 1, true),
                &regression);
    CHECK_EQ(SLOWER, c.outcome);
    c = compare(with_samples(0, 1, true), with_samples(0, 1, true),
                &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
}

static void three_rounds_a_side_are_too_few(void)
{
    bool regression;
    struct comparison c = compare(with_samples(1000, 3, false),
                                  with_samples(2000, 3, false), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(*c.why);
    CHECK(!c.is_tested);
    c = compare(with_samples(1000, 4, false), with_samples(2000, 4, false),
                &regression);
    CHECK_EQ(SLOWER, c.outcome);
}

static void nothing_has_no_ratio(void)
{
    bool regression;
    struct comparison c = compare(with_samples(0, 9, false),
                                  with_samples(5, 9, false), &regression);
    CHECK_EQ(CANNOT_TELL, c.outcome);
    CHECK(*c.why);
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
    RUN(the_size_of_a_difference_is_said);
    RUN(what_is_rare_for_one_row_is_not_for_hundreds);
    RUN(what_many_rows_do_is_no_chance);
    RUN(two_exact_figures_need_no_rounds);
    RUN(three_rounds_a_side_are_too_few);
    RUN(nothing_has_no_ratio);
    return test_result(13);
}
