/*
 * A histogram counts in the slots that HdrHistogram counts in. The expected
 * figures are those that its own tests publish for three significant digits.
 */
#include "histogram.h"

#include "../loop/test.h"

#define HOUR_IN_US UINT64_C(3600000000)

static int near(double expected, double actual, double share)
{
    double off = actual > expected ? actual - expected : expected - actual;
    if (off <= expected * share)
        return 1;
    printf("    %g, expected %g\n", actual, expected);
    return 0;
}

static void an_hour_in_microseconds_takes_23552_slots(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    CHECK_EQ(23552, h.slots);
    histogram_close(&h);
}

static void slots_double_in_width_with_each_power_of_two(void)
{
    CHECK_EQ(1, histogram_width_at(1));
    CHECK_EQ(1, histogram_width_at(1025));
    CHECK_EQ(1, histogram_width_at(2047));
    CHECK_EQ(2, histogram_width_at(2048));
    CHECK_EQ(2, histogram_width_at(2500));
    CHECK_EQ(4, histogram_width_at(8191));
    CHECK_EQ(8, histogram_width_at(8192));
    CHECK_EQ(8, histogram_width_at(10000));
}

static void values_alike_share_the_bounds_of_their_slot(void)
{
    CHECK_EQ(10000, histogram_lowest_like(10007));
    CHECK_EQ(10008, histogram_lowest_like(10009));
    CHECK_EQ(8183, histogram_highest_like(8180));
    CHECK_EQ(8191, histogram_highest_like(8191));
    CHECK_EQ(8199, histogram_highest_like(8193));
    CHECK_EQ(9999, histogram_highest_like(9995));
    CHECK_EQ(10007, histogram_highest_like(10007));
    CHECK_EQ(10015, histogram_highest_like(10008));
    CHECK_EQ(4, histogram_middle_like(4));
    CHECK_EQ(5, histogram_middle_like(5));
    CHECK_EQ(4001, histogram_middle_like(4000));
    CHECK_EQ(8002, histogram_middle_like(8000));
    CHECK_EQ(10004, histogram_middle_like(10007));
}

/* 10 000 answers of 1 ms, then one that took 100 s. */
static void a_raw_series_forgets_who_had_to_wait(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    for (int i = 0; i < 10000; i++)
        histogram_record(&h, 1000);
    histogram_record(&h, 100000000);
    CHECK_EQ(10001, h.total);
    CHECK(near((1000.0 * 10000 + 1e8) / 10001, histogram_mean(&h), 0.001));
    CHECK(near(1000, (double)histogram_at(&h, 0.30), 0.001));
    CHECK(near(1000, (double)histogram_at(&h, 0.99), 0.001));
    CHECK(near(1000, (double)histogram_at(&h, 0.9999), 0.001));
    CHECK(near(1e8, (double)histogram_at(&h, 0.99999), 0.001));
    CHECK(near(1e8, (double)histogram_at(&h, 1), 0.001));
    histogram_close(&h);
}

/* The same at a pace of 10 ms: 10 000 further answers were late. */
static void a_corrected_series_counts_who_had_to_wait(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    for (int i = 0; i < 10000; i++)
        histogram_record_corrected(&h, 1000, 10000);
    histogram_record_corrected(&h, 100000000, 10000);
    CHECK_EQ(20000, h.total);
    CHECK(near((1000.0 + 50000000.0) / 2, histogram_mean(&h), 0.001));
    CHECK(near(1000, (double)histogram_at(&h, 0.30), 0.001));
    CHECK(near(1000, (double)histogram_at(&h, 0.50), 0.001));
    CHECK(near(50000000, (double)histogram_at(&h, 0.75), 0.001));
    CHECK(near(80000000, (double)histogram_at(&h, 0.90), 0.001));
    CHECK(near(98000000, (double)histogram_at(&h, 0.99), 0.001));
    CHECK(near(1e8, (double)histogram_at(&h, 0.99999), 0.001));
    histogram_close(&h);
}

/* A slot that prints another slot's value would move a percentile. */
static void each_slot_prints_a_value_that_it_counts(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    unsigned wrong = 0;
    for (size_t i = 0; i < h.slots; i++) {
        uint64_t value = histogram_value(&h, i);
        if (value > h.highest)
            break;
        histogram_record(&h, value);
        wrong += h.count[i] != 1;
    }
    CHECK_EQ(0, wrong);
    CHECK(h.total > 22000);
    histogram_close(&h);
}

static void values_off_by_less_than_one_in_a_thousand(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    for (uint64_t value = 1; value < HOUR_IN_US; value += value / 7 + 1) {
        histogram_clear(&h);
        histogram_record(&h, value);
        uint64_t seen = histogram_at(&h, 1);
        CHECK(seen >= value && seen - value <= value / 1000);
    }
    histogram_close(&h);
}

static void what_is_beyond_the_range_is_counted_and_told(void)
{
    struct histogram h, sum;
    CHECK(histogram_open(&h, HOUR_IN_US));
    CHECK(histogram_open(&sum, HOUR_IN_US));
    histogram_record(&h, HOUR_IN_US + 1);
    histogram_record(&h, UINT64_MAX);
    histogram_record(&h, 0);
    histogram_add(&sum, &h);
    histogram_add(&sum, &h);
    CHECK_EQ(6, sum.total);
    CHECK_EQ(4, sum.beyond);
    CHECK_EQ(0, histogram_at(&sum, 0.2));
    CHECK(near((double)HOUR_IN_US, (double)histogram_at(&sum, 1), 0.001));
    histogram_close(&h);
    histogram_close(&sum);
}

static void an_empty_histogram_has_only_zeros(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, HOUR_IN_US));
    CHECK_EQ(0, histogram_at(&h, 0.5));
    CHECK(histogram_mean(&h) < 1);
    histogram_close(&h);
}

int main(void)
{
    RUN(an_hour_in_microseconds_takes_23552_slots);
    RUN(slots_double_in_width_with_each_power_of_two);
    RUN(values_alike_share_the_bounds_of_their_slot);
    RUN(a_raw_series_forgets_who_had_to_wait);
    RUN(a_corrected_series_counts_who_had_to_wait);
    RUN(each_slot_prints_a_value_that_it_counts);
    RUN(values_off_by_less_than_one_in_a_thousand);
    RUN(what_is_beyond_the_range_is_counted_and_told);
    RUN(an_empty_histogram_has_only_zeros);
    return test_result(9);
}
