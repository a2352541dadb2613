/*
 * ranks.h - two samples, compared by which of their values are larger.
 *
 * Only order counts, so that a tail or a scale changes nothing. Whether chance
 * did it, how large the difference is and how sure one can be of that come
 * from the same pairs, and so do not contradict each other: unless values are
 * equal, the interval leaves 1 out where chance is below 5 %.
 *
 * units      values above 0 where a ratio is asked for
 * threads    one at a time
 * source     Mann, Whitney (1947); Hodges, Lehmann (1963); Vargha, Delaney,
 *            A Critique and Improvement of the CL Common Language Effect Size
 *            Statistics (2000)
 */
#ifndef BENCH_RANKS_H
#define BENCH_RANKS_H

#include <stddef.h>

#include "statistics.h"

/*
 * How likely are ranks at least so far apart if both samples come from one
 * source? Two-sided.
 *
 *   returns   0 to 1; 1 if a side has no samples. Exact for up to 20 a side,
 *             given the values that are equal; else by the normal
 *             approximation with corrections for ties and continuity
 */
double ranks_chance(const double *a, size_t a_count, const double *b,
                    size_t b_count);

/* The least that it can be for so many samples without equal values. */
double ranks_chance_least(size_t a_count, size_t b_count);

/* How likely is a value of b above one of a? A half if they are alike; equal
 * values count for either side. NaN if a side has no samples. Known as A12. */
double ranks_above(const double *a, size_t a_count, const double *b,
                   size_t b_count);

/* How large such a difference is called: negligible, small, medium or large,
 * which begin at 0.56, 0.64 and 0.71, or as far below a half. */
const char *ranks_size(double above);

/*
 * How many times a value of a is one of b? The median of the ratios of all
 * pairs.
 *
 *   interval  of 95 %, where the samples are enough for that: four a side.
 *             With fewer it is from the least ratio to the largest
 *   returns   NaN, with an interval of NaN, if a side has no samples or a
 *             value that is not above 0
 */
double ranks_ratio(const double *a, size_t a_count, const double *b,
                   size_t b_count, struct interval *interval);

#endif
