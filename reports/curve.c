/*
 * curve.c - see curve.h.
 */
#include "curve.h"

#include <math.h>
#include <stdlib.h>

#define POINTS_A_DECADE 24

struct bar {
    double value;
    double count;
};

static int by_value(const void *left, const void *right)
{
    const struct bar *a = left;
    const struct bar *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

double curve_rank(int i)
{
    return pow(10, (double)i / POINTS_A_DECADE);
}

static size_t read_bars(const json_t *histogram, struct bar *bars,
                        double *total)
{
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(histogram); i++) {
        const json_t *pair = json_array_get(histogram, i);
        double value = json_number_value(json_array_get(pair, 0));
        double count = json_number_value(json_array_get(pair, 1));
        if (!(count > 0))
            continue;
        bars[used++] = (struct bar){ value, count };
        *total += count;
    }
    qsort(bars, used, sizeof *bars, by_value);
    return used;
}

/* Rounding makes the 50th percentile of two equal halves the upper one, if
 * the wanted count is not a hair less. */
static double wanted_count(double total, double share)
{
    return total * share * (1 - 1e-12);
}

static int draw(const struct bar *bars, size_t count, double total,
                double *values)
{
    size_t bar = 0;
    double below = bars[0].count;

    for (int i = 0; i < CURVE_POINTS; i++) {
        double wanted = wanted_count(total, 1 - 1 / curve_rank(i));
        while (below < wanted && bar + 1 < count)
            below += bars[++bar].count;
        values[i] = bars[bar].value;
        if (curve_rank(i) >= total) {
            values[i] = bars[count - 1].value;
            return i + 1;
        }
    }
    return CURVE_POINTS;
}

/* The caller frees; NULL when there is no value. */
static struct bar *bars_of(const json_t *histogram, size_t *count,
                           double *total)
{
    size_t size = json_array_size(histogram);
    struct bar *bars = size ? malloc(size * sizeof *bars) : NULL;
    if (!bars)
        return NULL;
    *total = 0;
    *count = read_bars(histogram, bars, total);
    if (*count == 0) {
        free(bars);
        return NULL;
    }
    return bars;
}

int curve_of(const json_t *histogram, double *values)
{
    size_t count;
    double total;
    struct bar *bars = bars_of(histogram, &count, &total);
    if (!bars)
        return 0;
    int points = draw(bars, count, total, values);
    free(bars);
    return points;
}

double curve_percentile(const json_t *histogram, double share)
{
    size_t count, bar = 0;
    double total;
    struct bar *bars = bars_of(histogram, &count, &total);
    if (!bars)
        return NAN;

    double below = bars[0].count;
    while (below < wanted_count(total, share) && bar + 1 < count)
        below += bars[++bar].count;
    double value = bars[bar].value;
    free(bars);
    return value;
}
