/*
 * statistics.h - what a few rounds of measurement allow one to say.
 *
 * Nothing here assumes a distribution: latencies have tails, and a machine
 * that is shared has two speeds. A figure is the median of its rounds with a
 * bootstrap interval; two results differ if the ranks of their rounds do.
 * All of it gives the same answer each time for the same samples.
 *
 * threads    any
 * source     Efron, Tibshirani: An Introduction to the Bootstrap (1993);
 *            Mann, Whitney (1947)
 */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stddef.h>

#define STATISTICS_SAMPLES_MAX 1024

struct interval {
    double low;
    double high;
};

/* The middle value, or the mean of the two; NaN if count is 0. */
double statistics_median(const double *samples, size_t count);

/*
 * The 95 % interval of the median: percentiles of the medians of samples
 * drawn with replacement. With one sample it is that sample.
 */
struct interval statistics_bootstrap(const double *samples, size_t count);

/*
 * The 95 % interval of the ratio median(over) / median(under), each side
 * drawn on its own.
 */
struct interval statistics_bootstrap_ratio(const double *over,
                                           size_t over_count,
                                           const double *under,
                                           size_t under_count);

/*
 * How likely are ranks at least so far apart if both samples come from one
 * source? Two-sided.
 *
 *   returns   0 to 1; 1 if a side has no samples. Exact for up to 20 a side
 *             without equal values, else by the normal approximation with
 *             corrections for ties and continuity
 */
double statistics_mann_whitney(const double *a, size_t a_count,
                               const double *b, size_t b_count);

#endif
