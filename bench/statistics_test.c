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

static void the_ratio_of_a_thing_to_itself_covers_one(void)
{
    double a[] = { 10, 11, 12, 13, 14, 15, 16 };
    double twice[] = { 20, 22, 24, 26, 28, 30, 32 };
    struct interval same = statistics_bootstrap_ratio(a, 7, a, 7);
    CHECK(same.low < 1);
    CHECK(same.high > 1);
    struct interval two = statistics_bootstrap_ratio(twice, 7, a, 7);
    CHECK(two.low > 1);
    CHECK(two.low < 2);
    CHECK(two.high > 2);
}

/* Table of the exact distribution for five against five: u = 0 has 1 way of
 * 252, u = 2 has 4 at most. */
static void small_samples_have_the_exact_probability(void)
{
    double low[] = { 1, 2, 3, 4, 5 };
    double high[] = { 6, 7, 8, 9, 10 };
    double woven[] = { 4.5, 6, 7, 8, 3.5 };
    CHECK(near(2.0 / 252, statistics_mann_whitney(low, 5, high, 5), 1e-9));
    CHECK(near(2.0 / 252, statistics_mann_whitney(high, 5, low, 5), 1e-9));
    CHECK(near(2.0 * 7 / 252, statistics_mann_whitney(low, 5, woven, 5),
               1e-9));
    CHECK(near(2.0 / 20, statistics_mann_whitney(low, 3, high, 3), 1e-9));
}

/* Hollander and Wolfe, permeability of the chorioamnion: w = 35, one-sided
 * 0.1272, as the manual of R prints it. */
static void a_published_example_comes_out(void)
{
    double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73,
                      1.46 };
    double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
    CHECK(near(2 * 0.1272, statistics_mann_whitney(term, 10, early, 5),
               0.0002));
}

/* Equal values leave the exact table, and identical samples say nothing. */
static void ties_do_not_make_a_difference(void)
{
    double a[] = { 1, 1, 2, 2, 3, 3 };
    double b[] = { 1, 1, 1, 1, 1, 1 };
    CHECK(near(1, statistics_mann_whitney(a, 6, a, 6), 1e-9));
    CHECK(near(1, statistics_mann_whitney(b, 6, b, 6), 1e-9));
    double p = statistics_mann_whitney(a, 6, b, 6);
    CHECK(p > 0.01);
    CHECK(p < 0.1);
}

static void long_samples_are_told_apart_by_the_approximation(void)
{
    double a[40], b[40];
    for (int i = 0; i < 40; i++) {
        a[i] = i;
        b[i] = i + 20.5;
    }
    CHECK(statistics_mann_whitney(a, 40, b, 40) < 1e-6);
    CHECK(near(1, statistics_mann_whitney(a, 0, b, 40), 0));
}

/* The exact table and the approximation must not contradict each other at
 * the size where one takes over. */
static void twenty_and_twenty_one_samples_agree(void)
{
    double a[21], b[21];
    for (int i = 0; i < 21; i++) {
        a[i] = i;
        b[i] = i + 4.5;
    }
    double exact = statistics_mann_whitney(a, 20, b, 20);
    double normal = statistics_mann_whitney(a, 21, b, 21);
    CHECK(near(exact, normal, 0.02));
    CHECK(exact < 0.1);
}

int main(void)
{
    RUN(the_median_is_the_middle_of_unsorted_samples);
    RUN(the_interval_of_a_median_covers_its_middle_ranks);
    RUN(one_outlier_does_not_move_the_interval);
    RUN(equal_samples_have_an_interval_of_no_width);
    RUN(the_ratio_of_a_thing_to_itself_covers_one);
    RUN(small_samples_have_the_exact_probability);
    RUN(a_published_example_comes_out);
    RUN(ties_do_not_make_a_difference);
    RUN(long_samples_are_told_apart_by_the_approximation);
    RUN(twenty_and_twenty_one_samples_agree);
    return test_result(10);
}
