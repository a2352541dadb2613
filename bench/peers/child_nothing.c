/*
 * child_nothing.c - two readings of the clock with nothing in between, the
 * way a latency is measured.
 */
#include "../../loop/os.h"
#include "../clock.h"
#include "../histogram.h"
#include "pair.h"
#include "peer_loop.h"

#define TIMES 64

double child_nothing(unsigned unused, uint64_t length, struct histogram *seen)
{
    uint64_t until = os_now() + length;
    (void)unused;
    pair_begin(length, seen, 1);
    pair_pin_inside();
    do
        clock_calibrate(seen, TIMES);
    while (os_now() < until);
    return (double)histogram_at(seen, 0.5);
}
