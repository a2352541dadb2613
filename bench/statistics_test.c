/*
 * The statistics agree with published figures, and say nothing where a few
 * samples allow nothing to be said.
 */
#include "statistics.h"

#include <math.h>

#include "../loop/test.h"

static int near(double expected, double actual, double off)
{
    if (fabs(expected - actual) <= off)
        return 1;
    printf("    %g, expected %g\n", actual, expected);
    return 0;
}

static void the_median_is_the_middle_of_unsorted_samples(void)
{
    double odd[] = { 9, 1, 5 };
    double even[] = { 4, 1, 3, 2 };
    CHECK(near(5, statistics_median(odd, 3), 0));
    CHECK(near(2.5, statistics_median(even, 4), 0));
    CHECK(near(9, statistics_median(odd, 1), 0));
    CHECK(isnan(statistics_median(odd, 0)));
    CHECK(near(9, odd[0], 0));
}

/* The interval of a median ends at order statistics: for 25 samples the
 * binomial gives the 8th and the 18th, and the bootstrap comes near. */
static void the_interval_of_a_median_covers_its_middle_ranks(void)
{
    double samples[25];
    for (int i = 0; i < 25; i++)
        samples[(i * 7) % 25] = i + 1;
    struct interval i = statistics_bootstrap(samples, 25);
    CHECK(near(8, i.low, 1));
    CHECK(near(18, i.high, 1));
}

static void one_outlier_does_not_move_the_interval(void)
{
    double samples[] = { 10, 11, 10, 12, 11, 10, 11, 12, 11, 9000 };
    struct interval i = statistics_bootstrap(samples, 10);
    CHECK(i.low >= 10);
    CHECK(i.high <= 12);
}

static void equal_samples_have_an_interval_of_no_width(void)
{
    double samples[] = { 3, 3, 3 };
    struct interval i = statistics_bootstrap(samples, 3);
    CHECK(near(3, i.low, 0));
    CHECK(near(3, i.high, 0));
    i = statistics_bootstrap(samples, 1);
    CHECK(near(3, i.low, 0));
    CHECK(isnan(statistics_bootstrap(samples, 0).low));
}

/* Newcombe (1998), Two-sided confidence intervals for the single proportion,
 * method 3. */
static void shares_have_the_published_intervals(void)
{
    struct interval i = statistics_share(81, 263);
    CHECK(near(0.2553, i.low, 0.00005));
    CHECK(near(0.3662, i.high, 0.00005));
    i = statistics_share(0, 20);
    CHECK(near(0, i.low, 0));
    CHECK(near(0.1611, i.high, 0.00005));
    i = statistics_share(20, 20);
    CHECK(near(1 - 0.1611, i.low, 0.00005));
    CHECK(near(1, i.high, 0));
    i = statistics_share(0, 0);
    CHECK(i.low <= 0 && i.high >= 1);
}

/* The example of Benjamini and Hochberg (1995): of fifteen tests four are
 * below 5 %, where Bonferroni leaves three. */
static void the_published_example_of_many_tests_comes_out(void)
{
    double chance[] = { 1.0,    0.0001, 0.0004, 0.7590, 0.0095,
                        0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
                        0.3240, 0.4262, 0.0019, 0.5719, 0.6528 };
    unsigned below = 0;
    statistics_adjust(chance, 15);
    for (unsigned i = 0; i < 15; i++)
        below += chance[i] <= 0.05;
    CHECK(near(4, below, 0));
    CHECK(near(0.0001 * 15, chance[1], 1e-9));
    CHECK(near(0.0095 * 15 / 4, chance[4], 1e-9));
    CHECK(near(1, chance[0], 1e-9));
}

/* None is adjusted above a larger one, and one alone stays what it is. */
static void adjusting_keeps_the_order(void)
{
    double chance[] = { 0.04, 0.03, 0.02 };
    double alone[] = { 0.04 };
    statistics_adjust(chance, 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK(near(0.04, chance[i], 1e-9));
    statistics_adjust(alone, 1);
    CHECK(near(0.04, alone[0], 1e-9));
    statistics_adjust(alone, 0);
}

int main(void)
{
    RUN(the_median_is_the_middle_of_unsorted_samples);
    RUN(the_interval_of_a_median_covers_its_middle_ranks);
    RUN(one_outlier_does_not_move_the_interval);
    RUN(equal_samples_have_an_interval_of_no_width);
    RUN(shares_have_the_published_intervals);
    RUN(the_published_example_of_many_tests_comes_out);
    RUN(adjusting_keeps_the_order);
    return test_result(7);
}
