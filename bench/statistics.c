/*
 * statistics.c - see statistics.h.
 */
#include "statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"

#define RESAMPLES 2000
#define Z_95 1.959964
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

/* Shares. */

struct interval statistics_share(size_t hits, size_t trials)
{
    if (trials == 0)
        return (struct interval){ 0, 1 };
    double n = (double)trials, share = (double)hits / n;
    double square = Z_95 * Z_95;
    double middle = (share + square / (2 * n)) / (1 + square / n);
    double half = Z_95 / (1 + square / n) *
                  sqrt(share * (1 - share) / n + square / (4 * n * n));
    return (struct interval){ hits == 0 ? 0 : middle - half,
                              hits == trials ? 1 : middle + half };
}

/* Many tests. */

struct place {
    double chance;
    size_t index;
};

static int by_chance(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;
    return (a->chance > b->chance) - (a->chance < b->chance);
}

/* From the largest down: none may be adjusted above one that is larger. */
void statistics_adjust(double *chance, size_t count)
{
    struct place *places = malloc((count + 1) * sizeof *places);
    double least = 1;
    LOOP_ASSERT(places);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){ chance[i], i };
    qsort(places, count, sizeof *places, by_chance);
    for (size_t rank = count; rank > 0; rank--) {
        const struct place *place = &places[rank - 1];
        least = fmin(least, place->chance * (double)count / (double)rank);
        chance[place->index] = least;
    }
    free(places);
}
