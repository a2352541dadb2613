/*
 * statistics.h - what a few rounds of measurement allow one to say.
 *
 * Nothing here assumes a distribution: latencies have tails, and a machine
 * that is shared has two speeds. A figure is the median of its rounds with a
 * bootstrap interval; two of them are compared by ranks.h. All of it gives the
 * same answer each time for the same samples.
 *
 * threads    any
 * source     Efron, Tibshirani: An Introduction to the Bootstrap (1993)
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
 * The 95 % interval of a share of which so many trials are known.
 *
 *   returns   0 to 1 without trials
 *   source    Wilson, Probable Inference (1927)
 */
struct interval statistics_share(size_t hits, size_t trials);

/*
 * Adjust how likely chance is for how many are looked at: of those that are
 * then below 5 %, one in twenty is expected to be chance, and if none is
 * anything else, there are such ones in one case of twenty.
 *
 *   chance    of each; in no order
 *   source    Benjamini, Hochberg, Controlling the False Discovery Rate (1995)
 */
void statistics_adjust(double *chance, size_t count);

#endif
