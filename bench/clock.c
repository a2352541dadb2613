/*
 * clock.c - see clock.h.
 */
#include "clock.h"

#include "../loop/os.h"

void clock_calibrate(struct histogram *h, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t before = os_now();
        histogram_record(h, os_now() - before);
    }
}

void clock_spin_until(uint64_t time)
{
    while (os_now() < time)
        ;
}
