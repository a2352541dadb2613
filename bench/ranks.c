/*
 * ranks.c - see ranks.h.
 */
#include "ranks.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"

#define EXACT_MAX 20
#define ALL_MAX (2 * EXACT_MAX)
#define SUM_MAX (ALL_MAX * (ALL_MAX + 1))
#define Z_95 1.959964

struct ranked {
    double value;
    bool   of_a;
};

/* Twice the ranks: equal values share their mean, which may be a half. */
struct ranking {
    double a_sum;       /* of those of a                                 */
    double ties;        /* sum of t^3 - t over groups of t equal values  */
    size_t twice[ALL_MAX];  /* of all, for the exact distribution        */
};

static int by_value(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static void rank(struct ranking *out, struct ranked *all, size_t count)
{
    qsort(all, count, sizeof *all, by_value);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && all[end].value == all[i].value)
            end++;
        size_t twice = i + 1 + end;
        double size = (double)(end - i);
        out->ties += size * size * size - size;
        for (; i < end; i++) {
            if (all[i].of_a)
                out->a_sum += (double)twice;
            if (i < ALL_MAX)
                out->twice[i] = twice;
        }
    }
}

/* The exact distribution. */

/* How many of the ways to choose so many ranks have each sum? A rank that is
 * added to the choice is in it or not. Returns the largest sum of all. */
static double ways[EXACT_MAX + 1][SUM_MAX + 1];

static size_t count_ways(const size_t *twice, size_t count, size_t chosen)
{
    size_t most = count * (count + 1);
    memset(ways, 0, sizeof ways);
    ways[0][0] = 1;
    for (size_t i = 0; i < count; i++)
        for (size_t k = chosen; k > 0; k--)
            for (size_t sum = most; sum >= twice[i]; sum--)
                ways[k][sum] += ways[k - 1][sum - twice[i]];
    return most;
}

/* The share of ways whose sum is as far from the middle as this one. */
static double exact(const struct ranking *r, size_t m, size_t n)
{
    double middle = (double)(m * (m + n + 1));
    double far = 0, all = 0;
    size_t most = count_ways(r->twice, m + n, m);
    for (size_t sum = 0; sum <= most; sum++) {
        all += ways[m][sum];
        if (fabs((double)sum - middle) >= fabs(r->a_sum - middle))
            far += ways[m][sum];
    }
    return far / all;
}

static double approximate(const struct ranking *r, double m, double n)
{
    double all = m + n;
    double variance =
        m * n / 12 * (all + 1 - r->ties / (all * (all - 1)));
    if (variance <= 0)
        return 1;
    double off = fabs(r->a_sum - m * (all + 1)) / 2;
    return erfc(fmax(0, off - 0.5) / sqrt(2 * variance));
}

static bool is_exact(size_t a_count, size_t b_count)
{
    return a_count <= EXACT_MAX && b_count <= EXACT_MAX;
}

double ranks_chance(const double *a, size_t a_count, const double *b,
                    size_t b_count)
{
    struct ranked all[2 * STATISTICS_SAMPLES_MAX];
    struct ranking ranking = { .a_sum = 0 };
    LOOP_ASSERT(a_count <= STATISTICS_SAMPLES_MAX);
    LOOP_ASSERT(b_count <= STATISTICS_SAMPLES_MAX);
    if (a_count == 0 || b_count == 0)
        return 1;

    for (size_t i = 0; i < a_count; i++)
        all[i] = (struct ranked){ a[i], true };
    for (size_t i = 0; i < b_count; i++)
        all[a_count + i] = (struct ranked){ b[i], false };
    rank(&ranking, all, a_count + b_count);
    return is_exact(a_count, b_count)
               ? exact(&ranking, a_count, b_count)
               : approximate(&ranking, (double)a_count, (double)b_count);
}

/* Two of all ways to choose the ranks: the highest, or the lowest. */
double ranks_chance_least(size_t a_count, size_t b_count)
{
    double least = 2;
    for (size_t i = 1; i <= a_count; i++)
        least *= (double)i / (double)(b_count + i);
    return fmin(1, least);
}

/* Effect. */

double ranks_above(const double *a, size_t a_count, const double *b,
                   size_t b_count)
{
    double above = 0;
    for (size_t i = 0; i < a_count; i++)
        for (size_t k = 0; k < b_count; k++)
            above += b[k] > a[i] ? 1 : b[k] == a[i] ? 0.5 : 0;
    return above / ((double)a_count * (double)b_count);
}

const char *ranks_size(double above)
{
    double size = fmax(above, 1 - above);
    return size >= 0.71   ? "large"
           : size >= 0.64 ? "medium"
           : size >= 0.56 ? "small" : "negligible";
}

/*
 * Which of the sorted ratios ends the interval, counted from either end?
 * Values that are shifted by less would not have been told apart.
 */
static size_t end_exact(size_t m, size_t n)
{
    struct ranking plain = { .a_sum = 0 };
    double all = 0, below = 0;
    size_t end = 0;
    for (size_t i = 0; i < m + n; i++)
        plain.twice[i] = 2 * (i + 1);
    size_t most = count_ways(plain.twice, m + n, m);
    for (size_t sum = 0; sum <= most; sum++)
        all += ways[m][sum];
    for (size_t sum = m * (m + 1); sum <= most; sum += 2, end++) {
        below += ways[m][sum];
        if (below / all > 0.025)
            break;
    }
    return end;
}

static size_t end_approximate(double m, double n)
{
    double end = m * n / 2 - Z_95 * sqrt(m * n * (m + n + 1) / 12);
    return (size_t)fmax(0, floor(end));
}

static int by_number(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool are_above_0(const double *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(samples[i] > 0))
            return false;
    return count > 0;
}

double ranks_ratio(const double *a, size_t a_count, const double *b,
                   size_t b_count, struct interval *interval)
{
    size_t count = a_count * b_count;
    *interval = (struct interval){ NAN, NAN };
    if (!are_above_0(a, a_count) || !are_above_0(b, b_count))
        return NAN;

    double *ratio = malloc(count * sizeof *ratio);
    LOOP_ASSERT(ratio);
    for (size_t i = 0; i < count; i++)
        ratio[i] = b[i / a_count] / a[i % a_count];
    qsort(ratio, count, sizeof *ratio, by_number);
    size_t end = is_exact(a_count, b_count)
                     ? end_exact(a_count, b_count)
                     : end_approximate((double)a_count, (double)b_count);
    end = end > 0 ? end : 1;
    *interval = (struct interval){ ratio[end - 1], ratio[count - end] };
    /* The geometric mean, so that the other way round is the reciprocal. */
    double middle = sqrt(ratio[(count - 1) / 2] * ratio[count / 2]);
    free(ratio);
    return middle;
}
