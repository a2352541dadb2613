/*
 * fit.h - a straight line through times of growing work.
 *
 * Times span decades, so what is made small is the relative error: the least
 * squares of (base + slope * n - time) / time. How far the line misses the
 * point that it fits worst says whether the work is linear at all.
 *
 * source: weighted least squares, with the square of the time as variance
 */
#ifndef BENCH_FIT_H
#define BENCH_FIT_H

#include <stddef.h>

struct fit {
    double base;        /* at n 0                                        */
    double slope;       /* for one more                                  */
    double miss;        /* of the worst point, relative: 0 is a line     */
};

/*
 * Fit times to a line.
 *
 *   time      above 0
 *   count     of both; with fewer than 2 different n all is NaN
 */
struct fit fit_line(const double *n, const double *time, size_t count);

#endif
