/*
 * child_slices.c - see slices.h.
 */
#include "slices.h"

#include "../../loop/os.h"
#include "../statistics.h"

#define SLICES 12
#define SLICES_MAX 256
#define NANOSECONDS 1e9

static double rate_of(void (*act)(unsigned count), unsigned count)
{
    uint64_t before = os_now();
    act(count);
    uint64_t took = os_now() - before;
    return count / ((double)(took ? took : 1) / NANOSECONDS);
}

double slices_measure(void (*act)(unsigned count), unsigned warm_up,
                      uint64_t length)
{
    static double rate[SLICES_MAX];
    unsigned slices = 0;
    double each = rate_of(act, warm_up) / NANOSECONDS;
    unsigned count = (unsigned)(each * (double)length / SLICES) + 1;
    uint64_t until = os_now() + length;
    do
        rate[slices++] = rate_of(act, count);
    while (slices < SLICES_MAX && os_now() < until);
    return statistics_median(rate, slices);
}
