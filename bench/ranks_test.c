/*
 * Ranks agree with published figures, and say nothing where a few samples
 * allow nothing to be said.
 */
#include "ranks.h"

#include <math.h>
#include <string.h>

#include "../loop/test.h"

static int near(double expected, double actual, double off)
{
    if (fabs(expected - actual) <= off)
        return 1;
    printf("    %g, expected %g\n", actual, expected);
    return 0;
}

/* Table of the exact distribution for five against five: u = 0 has 1 way of
 * 252, u = 2 has 4 at most. */
static void small_samples_have_the_exact_probability(void)
{
    double low[] = { 1, 2, 3, 4, 5 };
    double high[] = { 6, 7, 8, 9, 10 };
    double woven[] = { 4.5, 6, 7, 8, 3.5 };
    CHECK(near(2.0 / 252, ranks_chance(low, 5, high, 5), 1e-9));
    CHECK(near(2.0 / 252, ranks_chance(high, 5, low, 5), 1e-9));
    CHECK(near(2.0 * 7 / 252, ranks_chance(low, 5, woven, 5),
               1e-9));
    CHECK(near(2.0 / 20, ranks_chance(low, 3, high, 3), 1e-9));
}

/* Hollander and Wolfe, permeability of the chorioamnion: w = 35, one-sided
 * 0.1272, as the manual of R prints it. */
static void a_published_example_comes_out(void)
{
    double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73,
                      1.46 };
    double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
    CHECK(near(2 * 0.1272, ranks_chance(term, 10, early, 5),
               0.0002));
}

/* Given which values are equal, each way to deal them out is as likely. */
static void ties_have_the_exact_probability(void)
{
    double low[] = { 1, 1, 1 }, high[] = { 2, 2, 2 };
    double a[] = { 1, 1, 2, 2, 3, 3 };
    double b[] = { 1, 1, 1, 1, 1, 1 };
    CHECK(near(2.0 / 20, ranks_chance(low, 3, high, 3), 1e-9));
    CHECK(near(1, ranks_chance(a, 6, a, 6), 1e-9));
    CHECK(near(1, ranks_chance(b, 6, b, 6), 1e-9));
    /* The four above 1 are in a in C(8, 2) ways, in b in as many. */
    CHECK(near(2.0 * 28 / 924, ranks_chance(a, 6, b, 6), 1e-9));
}

static void long_samples_are_told_apart_by_the_approximation(void)
{
    double a[40], b[40];
    for (int i = 0; i < 40; i++) {
        a[i] = i;
        b[i] = i + 20.5;
    }
    CHECK(ranks_chance(a, 40, b, 40) < 1e-6);
    CHECK(near(1, ranks_chance(a, 0, b, 40), 0));
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
    double exact = ranks_chance(a, 20, b, 20);
    double normal = ranks_chance(a, 21, b, 21);
    CHECK(near(exact, normal, 0.02));
    CHECK(exact < 0.1);
}

static void the_least_chance_is_that_of_samples_apart(void)
{
    CHECK(near(2.0 / 252, ranks_chance_least(5, 5), 1e-9));
    CHECK(near(2.0 / 20, ranks_chance_least(3, 3), 1e-9));
    CHECK(near(2.0 / 15, ranks_chance_least(4, 2), 1e-9));
    CHECK(near(1, ranks_chance_least(1, 1), 1e-9));
    CHECK(near(1, ranks_chance_least(0, 9), 1e-9));
}

static void the_share_above_counts_ties_half(void)
{
    double a[] = { 1, 2, 3 }, b[] = { 2, 3, 4 }, c[] = { 9, 9 };
    CHECK(near(0.5, ranks_above(a, 3, a, 3), 1e-9));
    CHECK(near(7.0 / 9, ranks_above(a, 3, b, 3), 1e-9));
    CHECK(near(2.0 / 9, ranks_above(b, 3, a, 3), 1e-9));
    CHECK(near(1, ranks_above(a, 3, c, 2), 1e-9));
    CHECK(isnan(ranks_above(a, 0, c, 2)));
}

static void a_difference_is_called_by_how_large_it_is(void)
{
    CHECK(!strcmp("negligible", ranks_size(0.5)));
    CHECK(!strcmp("negligible", ranks_size(0.55)));
    CHECK(!strcmp("small", ranks_size(0.6)));
    CHECK(!strcmp("medium", ranks_size(0.35)));
    CHECK(!strcmp("large", ranks_size(0.72)));
    CHECK(!strcmp("large", ranks_size(0)));
}

/* The same example: a shift of 0.305, from -0.15 to 0.76. What is a shift of
 * logarithms is a ratio of values. */
static void the_published_shift_comes_out(void)
{
    double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73,
                      1.46 };
    double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
    struct interval i;
    for (int k = 0; k < 10; k++)
        term[k] = exp(term[k]);
    for (int k = 0; k < 5; k++)
        early[k] = exp(early[k]);
    CHECK(near(0.305, log(ranks_ratio(early, 5, term, 10, &i)), 1e-6));
    CHECK(near(-0.15, log(i.low), 1e-6));
    CHECK(near(0.76, log(i.high), 1e-6));
    CHECK(near(-0.305, log(ranks_ratio(term, 10, early, 5, &i)), 1e-6));
    CHECK(near(-0.76, log(i.low), 1e-6));
}

static void nothing_and_less_has_no_ratio(void)
{
    double a[] = { 1, 2 }, zero[] = { 0, 1 };
    struct interval i;
    CHECK(isnan(ranks_ratio(a, 2, zero, 2, &i)));
    CHECK(isnan(i.low) && isnan(i.high));
    CHECK(isnan(ranks_ratio(zero, 2, a, 2, &i)));
    CHECK(isnan(ranks_ratio(a, 0, a, 2, &i)));
    CHECK(near(1, ranks_ratio(a, 2, a, 2, &i), 1e-9));
    CHECK(near(0.5, i.low, 1e-9));
    CHECK(near(2, i.high, 1e-9));
}

/* Test and interval are two sides of one thing, on either side of the size
 * where the approximation takes over. */
static void the_interval_leaves_1_out_where_chance_is_small(void)
{
    static const unsigned counts[] = { 4, 9, 20, 21, 40 };
    double a[40], b[40];
    for (unsigned c = 0; c < 5; c++)
        for (unsigned shift = 0; shift < 40; shift++) {
            struct interval i;
            for (unsigned k = 0; k < counts[c]; k++) {
                a[k] = 1000 + k;
                b[k] = 1000.5 + k + shift;
            }
            double chance = ranks_chance(a, counts[c], b, counts[c]);
            ranks_ratio(a, counts[c], b, counts[c], &i);
            if (chance < 0.045 || chance > 0.055)
                CHECK_EQ(chance < 0.05, i.low > 1);
        }
}

int main(void)
{
    RUN(small_samples_have_the_exact_probability);
    RUN(a_published_example_comes_out);
    RUN(ties_have_the_exact_probability);
    RUN(long_samples_are_told_apart_by_the_approximation);
    RUN(twenty_and_twenty_one_samples_agree);
    RUN(the_least_chance_is_that_of_samples_apart);
    RUN(the_share_above_counts_ties_half);
    RUN(a_difference_is_called_by_how_large_it_is);
    RUN(the_published_shift_comes_out);
    RUN(nothing_and_less_has_no_ratio);
    RUN(the_interval_leaves_1_out_where_chance_is_small);
    return test_result(11);
}
