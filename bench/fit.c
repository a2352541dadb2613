/*
 * fit.c - see fit.h.
 */
#include "fit.h"

#include <math.h>

/* The normal equations of base and slope, each point divided by its time. */
struct fit fit_line(const double *n, const double *time, size_t count)
{
    double bb = 0, bs = 0, ss = 0, b = 0, s = 0;
    for (size_t i = 0; i < count; i++) {
        double one = 1 / time[i], many = n[i] / time[i];
        bb += one * one;
        bs += one * many;
        ss += many * many;
        b += one;
        s += many;
    }
    double determinant = bb * ss - bs * bs;
    if (!(determinant > bb * ss * 1e-12))
        return (struct fit){ NAN, NAN, NAN };
    struct fit fit = { .base = (b * ss - s * bs) / determinant,
                       .slope = (s * bb - b * bs) / determinant };
    for (size_t i = 0; i < count; i++) {
        double miss = fabs((fit.base + fit.slope * n[i]) / time[i] - 1);
        fit.miss = miss > fit.miss ? miss : fit.miss;
    }
    return fit;
}
