/*
 * Rounds measure every row once, in turn, and keep what counts.
 */
#include "round.h"

#include <math.h>
#include <string.h>

#include "../loop/os.h"
#include "../loop/test.h"
#include "question.h"
#include "result.h"
#include "statistics.h"

#define ROWS 3
#define LONG_NS 20000000

/* Nobody listens here to what a round says. */
void question_say(const char *format, ...)
{
    (void)format;
}

static unsigned calls[ROWS];
static unsigned first_of_round[ROUNDS_MAX + 1];
static unsigned all_calls;

static double measure(const struct row *row, struct histogram *h)
{
    unsigned index = *(const unsigned *)row->of;
    if (all_calls % ROWS == 0)
        first_of_round[all_calls / ROWS] = index;
    all_calls++;
    calls[index]++;
    if (h)
        histogram_record(h, calls[index]);
    return calls[index];
}

static const unsigned indices[ROWS] = { 0, 1, 2 };

static void run(struct row rows[ROWS], double seconds)
{
    struct round_options options = { .rounds = ROUNDS_MAX + 1,
                                     .seconds = seconds };
    for (unsigned i = 0; i < ROWS; i++) {
        rows[i] = (struct row){ .subject = "lastcall", .metric = "calls",
                                .unit = "ns", .params = json_object(),
                                .has_histogram = i == 0, .measure = measure,
                                .of = &indices[i] };
        calls[i] = 0;
    }
    all_calls = 0;
    round_run(rows, ROWS, &options);
}

static void every_row_is_measured_once_a_round(void)
{
    static struct row rows[ROWS];
    run(rows, 60);
    for (unsigned i = 0; i < ROWS; i++) {
        CHECK_EQ(ROUNDS_MAX, rows[i].rounds);
        CHECK_EQ(ROUNDS_MAX + 1, calls[i]);
    }
    round_close(rows, ROWS);
}

/* What is counted is the same whatever others do, so that a single round is
 * no sign of noise. */
static void an_exact_row_is_clean_after_one_round(void)
{
    struct row row = { .subject = "lastcall", .metric = "calls",
                       .unit = "calls", .params = json_object(),
                       .is_exact = true, .measure = measure,
                       .of = &indices[0] };
    struct round_options options = { .rounds = 1, .seconds = 60 };
    all_calls = 0;
    round_run(&row, 1, &options);
    CHECK_EQ(1, row.rounds);
    json_t *line = round_compare("test", "to itself", &row, &row,
                                 ROUND_VALUE);
    CHECK(json_is_true(json_object_get(line, "clean")));
    CHECK_EQ(1, result_number(line, "value", 0));
    json_decref(line);
    round_close(&row, 1);
}

static void the_warm_up_does_not_count(void)
{
    static struct row rows[ROWS];
    run(rows, 60);
    CHECK(rows[0].value[0] > 1.5);
    CHECK_EQ(ROUNDS_MAX, rows[0].all.total);
    CHECK_EQ(0, rows[0].all.count[1]);
    CHECK_EQ(1, rows[0].all.count[2]);
    CHECK_EQ(rows[0].clean_count, rows[0].quiet.total);
    round_close(rows, ROWS);
}

static void the_order_of_rows_rotates(void)
{
    static struct row rows[ROWS];
    run(rows, 60);
    CHECK_EQ(0, first_of_round[1]);
    CHECK_EQ(1, first_of_round[2]);
    CHECK_EQ(2, first_of_round[3]);
    CHECK_EQ(0, first_of_round[4]);
    round_close(rows, ROWS);
}

/* A row of a group of its own. */
static void set_group(struct row *row, unsigned group, const unsigned *index,
                      double (*of)(const struct row *, struct histogram *))
{
    *row = (struct row){ .subject = "lastcall", .metric = "calls",
                         .unit = "calls", .params = json_object(),
                         .is_exact = true, .measure = of, .group = group,
                         .of = index };
}

static double measure_long(const struct row *row, struct histogram *h)
{
    uint64_t until = os_now() + LONG_NS;
    while (os_now() < until)
        continue;
    return measure(row, h);
}

static unsigned long_calls_at_its_end;

static double measure_short(const struct row *row, struct histogram *h)
{
    long_calls_at_its_end = calls[0];
    return measure(row, h);
}

/* What takes little time does not wait for what takes much. */
static void groups_share_the_time(void)
{
    struct row rows[2];
    struct round_options options = { .rounds = 20, .seconds = 60 };
    calls[0] = calls[1] = 0;
    set_group(&rows[0], 0, &indices[0], measure_long);
    set_group(&rows[1], 1, &indices[1], measure_short);
    round_run(rows, 2, &options);
    CHECK_EQ(20, rows[0].rounds);
    CHECK_EQ(20, rows[1].rounds);
    CHECK(long_calls_at_its_end < 20);
    round_close(rows, 2);
}

static unsigned long_calls_of_the_larger_share;

static double measure_smaller_share(const struct row *row,
                                    struct histogram *h)
{
    long_calls_of_the_larger_share = calls[1];
    return measure_long(row, h);
}

/* It has more of the time from the beginning, not only in the end. */
static void larger_share_has_more_rounds(void)
{
    struct row rows[2];
    struct round_options options = { .rounds = 5, .seconds = 60,
                                     .is_warm = true };
    calls[0] = calls[1] = 0;
    set_group(&rows[0], 0, &indices[0], measure_smaller_share);
    set_group(&rows[1], 1, &indices[1], measure_long);
    rows[1].share = 3;
    round_run(rows, 2, &options);
    CHECK_EQ(5, rows[0].rounds);
    CHECK_EQ(15, rows[1].rounds);
    CHECK(long_calls_of_the_larger_share > 8);
    round_close(rows, 2);
}

/* A row that takes much longer sits out some rounds. */
static void slow_row_sits_out(void)
{
    struct row rows[ROWS];
    struct round_options options = { .rounds = 20, .seconds = 60 };
    calls[0] = calls[1] = calls[2] = 0;
    for (unsigned i = 0; i < ROWS; i++)
        set_group(&rows[i], 0, &indices[i], i ? measure : measure_long);
    round_run(rows, ROWS, &options);
    CHECK(calls[0] < 20);
    CHECK_EQ(21, calls[1]);
    CHECK_EQ(20, rows[0].rounds);
    json_t *line = round_line("test", &rows[0]);
    CHECK_EQ(rows[0].clean_count, result_number(line, "rounds", 0));
    json_decref(line);
    round_close(rows, ROWS);
}

/* One that is asked seldom does so though it takes no longer; where nothing
 * takes long, it does not. */
static void row_that_is_asked_seldom_sits_out(void)
{
    struct row rows[ROWS];
    struct round_options options = { .rounds = 20, .seconds = 60 };
    calls[0] = calls[1] = calls[2] = 0;
    for (unsigned i = 0; i < ROWS; i++)
        set_group(&rows[i], i == 2, &indices[i],
                  i == 2 ? measure : measure_long);
    rows[0].is_seldom = rows[2].is_seldom = true;
    round_run(rows, ROWS, &options);
    CHECK(calls[0] >= ROUNDS_CLEAN_MIN);
    CHECK(calls[0] < 15);
    CHECK_EQ(21, calls[1]);
    CHECK_EQ(21, calls[2]);
    round_close(rows, ROWS);
}

static double record_to(const struct row *row, struct histogram *h)
{
    unsigned last = *(const unsigned *)row->of;
    for (unsigned i = 1; i <= last; i++)
        histogram_record(h, i);
    return 1;
}

/* Of fewer values than a hundred, none is one in a hundred. */
static void round_of_many_values_has_a_tail(void)
{
    static const unsigned values[2] = { 99, 200 };
    static struct row rows[2];
    struct round_options options = { .rounds = 2, .seconds = 60 };
    for (unsigned i = 0; i < 2; i++) {
        set_group(&rows[i], i, &values[i], record_to);
        rows[i].has_histogram = rows[i].has_tail = true;
    }
    round_run(rows, 2, &options);
    CHECK(isnan(rows[0].tail[0]));
    CHECK_EQ(198, rows[1].tail[1]);
    json_t *line = round_compare("test", "cost", &rows[1], &rows[1],
                                 ROUND_TAIL);
    CHECK_EQ(1, result_number(line, "value", 0));
    CHECK(strcmp(result_word(json_object_get(line, "params"), "of", ""),
                 "calls" ROUND_TAIL_METRIC) == 0);
    json_decref(line);
    round_close(rows, 2);
}

/* One that is warm is measured no more often than is told. */
static void group_with_enough_is_not_measured_again(void)
{
    struct row rows[2];
    struct round_options options = { .rounds = 2, .seconds = 60,
                                     .is_warm = true };
    calls[0] = calls[1] = 0;
    set_group(&rows[0], 0, &indices[0], measure);
    set_group(&rows[1], 1, &indices[1], measure);
    round_run(rows, 2, &options);
    CHECK_EQ(2, calls[0]);
    CHECK_EQ(2, calls[1]);
    round_close(rows, 2);
}

static void without_time_there_is_one_round(void)
{
    static struct row rows[ROWS];
    run(rows, 0);
    CHECK_EQ(1, rows[0].rounds);
    CHECK_EQ(2, calls[0]);
    round_close(rows, ROWS);
}

/* Of a time twice the value is twice the cost, of a rate it is half. Only
 * values of one round are divided by each other, or a machine that changes
 * its speed between rounds would show in what is compared. */
static double compare_rows(const char *unit)
{
    static struct row rows[ROWS];
    run(rows, 60);
    double twice[STATISTICS_SAMPLES_MAX];
    rows[0].unit = unit;
    for (unsigned i = 0; i < rows[0].rounds; i++)
        rows[0].value[i] = 2 * rows[1].value[i];
    json_t *line = round_compare("rounds", "cost", &rows[0], &rows[1],
                                 ROUND_VALUE);
    size_t count = result_samples(line, twice);
    double value = result_number(line, "value", 0);
    CHECK(count >= ROUNDS_CLEAN_MIN);
    for (size_t i = 0; i < count; i++)
        CHECK(twice[i] == value);
    CHECK(strcmp(result_word(json_object_get(line, "params"), "of", ""),
                 "calls") == 0);
    json_decref(line);
    round_close(rows, ROWS);
    return value;
}

static void rows_are_compared_by_cost_within_a_round(void)
{
    CHECK(compare_rows("ns") == 2);
    CHECK(compare_rows("calls/s") == 0.5);
}

/* What this process used itself is no noise; what others used is, and so is
 * what the host of a virtual machine took. */
static void only_others_make_a_round_dirty(void)
{
    struct load before = { .at = 10, .busy = 100, .stolen = 1, .own = 50 };
    struct load own = { .at = 11, .busy = 102, .stolen = 1, .own = 52 };
    struct load others = { .at = 11, .busy = 102.1, .stolen = 1,
                           .own = 52 };
    struct load stolen = { .at = 11, .busy = 102, .stolen = 1.05,
                           .own = 52 };
    CHECK(round_is_clean(&before, &own));
    CHECK(!round_is_clean(&before, &others));
    CHECK(!round_is_clean(&before, &stolen));
}

/* The kernel counts in ticks: one of them may belong to either side. */
static void one_tick_is_in_doubt(void)
{
    struct load before = { .at = 10, .busy = 100, .own = 50 };
    struct load after = { .at = 10.05, .busy = 100.06, .own = 50.05 };
    CHECK(round_is_clean(&before, &after));
}

int main(void)
{
    RUN(every_row_is_measured_once_a_round);
    RUN(an_exact_row_is_clean_after_one_round);
    RUN(the_warm_up_does_not_count);
    RUN(the_order_of_rows_rotates);
    RUN(without_time_there_is_one_round);
    RUN(groups_share_the_time);
    RUN(larger_share_has_more_rounds);
    RUN(slow_row_sits_out);
    RUN(row_that_is_asked_seldom_sits_out);
    RUN(round_of_many_values_has_a_tail);
    RUN(group_with_enough_is_not_measured_again);
    RUN(rows_are_compared_by_cost_within_a_round);
    RUN(only_others_make_a_round_dirty);
    RUN(one_tick_is_in_doubt);
    return test_result(13);
}
