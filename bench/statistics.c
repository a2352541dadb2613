/*
 * statistics.c - see statistics.h.
 */
#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"

#define RESAMPLES 2000
#define EXACT_MAX 20
#define SEED UINT64_C(0x9e3779b97f4a7c15)

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double middle(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double statistics_median(const double *samples, size_t count)
{
    double sorted[STATISTICS_SAMPLES_MAX];
    LOOP_ASSERT(count <= STATISTICS_SAMPLES_MAX);
    if (count == 0)
        return NAN;
    memcpy(sorted, samples, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return middle(sorted, count);
}

/* The bootstrap. */

/* source: splitmix64, Steele, Lea, Flood (2014) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += SEED;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double median_drawn(const double *samples, size_t count,
                           uint64_t *state)
{
    double drawn[STATISTICS_SAMPLES_MAX];
    for (size_t i = 0; i < count; i++)
        drawn[i] = samples[next_random(state) % count];
    return statistics_median(drawn, count);
}

static struct interval middle_95(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return (struct interval){ values[count / 40],
                              values[count - 1 - count / 40] };
}

struct interval statistics_bootstrap(const double *samples, size_t count)
{
    double medians[RESAMPLES];
    uint64_t state = SEED;
    if (count == 0)
        return (struct interval){ NAN, NAN };
    for (size_t i = 0; i < RESAMPLES; i++)
        medians[i] = median_drawn(samples, count, &state);
    return middle_95(medians, RESAMPLES);
}

struct interval statistics_bootstrap_ratio(const double *over,
                                           size_t over_count,
                                           const double *under,
                                           size_t under_count)
{
    double ratios[RESAMPLES];
    uint64_t state = SEED;
    if (over_count == 0 || under_count == 0)
        return (struct interval){ NAN, NAN };
    for (size_t i = 0; i < RESAMPLES; i++) {
        double top = median_drawn(over, over_count, &state);
        ratios[i] = top / median_drawn(under, under_count, &state);
    }
    return middle_95(ratios, RESAMPLES);
}

/* Ranks. */

struct ranked {
    double value;
    bool   of_a;
};

static int by_ranked_value(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

struct ranking {
    double a_sum;       /* of the ranks of a                             */
    double ties;        /* sum of t^3 - t over groups of t equal values  */
};

/* Equal values share the mean of their ranks. */
static struct ranking rank(struct ranked *all, size_t count)
{
    struct ranking result = { 0 };
    qsort(all, count, sizeof *all, by_ranked_value);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && all[end].value == all[i].value)
            end++;
        double shared = ((double)i + 1 + (double)end) / 2;
        double size = (double)(end - i);
        result.ties += size * size * size - size;
        for (; i < end; i++)
            if (all[i].of_a)
                result.a_sum += shared;
    }
    return result;
}

/*
 * How many of the ways to choose the ranks of a give each u, for m values of
 * a and n of b? They follow from those with the largest value taken away: it
 * was of a, and then u counts n less, or it was of b.
 */
static double ways[EXACT_MAX + 1][EXACT_MAX + 1][EXACT_MAX * EXACT_MAX + 1];

static void count_ways(size_t m_max, size_t n_max)
{
    memset(ways, 0, sizeof ways);
    for (size_t m = 0; m <= m_max; m++)
        for (size_t n = 0; n <= n_max; n++)
            for (size_t u = 0; u <= m * n; u++) {
                if (m == 0 || n == 0) {
                    ways[m][n][u] = 1;
                    continue;
                }
                ways[m][n][u] = ways[m][n - 1][u];
                if (u >= n)
                    ways[m][n][u] += ways[m - 1][n][u - n];
            }
}

static double exact(size_t m, size_t n, double u)
{
    double below = 0, all = 0;
    count_ways(m, n);
    for (size_t i = 0; i <= m * n; i++) {
        all += ways[m][n][i];
        if ((double)i <= u + 0.25)
            below += ways[m][n][i];
    }
    return fmin(1, 2 * below / all);
}

static double approximate(double m, double n, double u, double ties)
{
    double all = m + n;
    double variance =
        m * n / 12 * (all + 1 - ties / (all * (all - 1)));
    if (variance <= 0)
        return 1;
    double z = fmax(0, m * n / 2 - u - 0.5) / sqrt(variance);
    return erfc(z / sqrt(2));
}

double statistics_mann_whitney(const double *a, size_t a_count,
                               const double *b, size_t b_count)
{
    struct ranked all[2 * STATISTICS_SAMPLES_MAX];
    LOOP_ASSERT(a_count <= STATISTICS_SAMPLES_MAX);
    LOOP_ASSERT(b_count <= STATISTICS_SAMPLES_MAX);
    if (a_count == 0 || b_count == 0)
        return 1;

    for (size_t i = 0; i < a_count; i++)
        all[i] = (struct ranked){ a[i], true };
    for (size_t i = 0; i < b_count; i++)
        all[a_count + i] = (struct ranked){ b[i], false };
    struct ranking ranking = rank(all, a_count + b_count);

    double m = (double)a_count, n = (double)b_count;
    double u = ranking.a_sum - m * (m + 1) / 2;
    u = fmin(u, m * n - u);
    if (ranking.ties == 0 && a_count <= EXACT_MAX && b_count <= EXACT_MAX)
        return exact(a_count, b_count, u);
    return approximate(m, n, u, ranking.ties);
}
