/*
 * curve.h - a histogram as the curve of its percentiles.
 *
 * units      the histogram's own; the rank of a point is how many values
 *            there are per value above it, 1/(1-p): 10 is the 90th, 1000 the
 *            99.9th percentile. On a logarithmic axis every nine gets the
 *            same room
 */
#ifndef REPORTS_CURVE_H
#define REPORTS_CURVE_H

#include <jansson.h>

/* Ranks at which a curve is drawn: 24 a decade, up to 10^6. */
#define CURVE_POINTS 145

/* The rank of the i-th point, 1 for i = 0. */
double curve_rank(int i);

/*
 * Compute a curve.
 *
 *   histogram  JSON array of [value, count], in any order
 *   values     CURVE_POINTS slots
 *   returns    how many are filled: the curve ends with the largest value
 *              at the first rank that has fewer than one value above it, or
 *              at the last rank; 0 if there is no value at all
 */
int curve_of(const json_t *histogram, double *values);

/*
 * The least value that at least a share of all values are not above.
 *
 *   share    0..1; 1 is the largest value
 *   returns  the value, or NAN when there is none
 */
double curve_percentile(const json_t *histogram, double share);

#endif
