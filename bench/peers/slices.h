/*
 * slices.h - a rate, as the median of a dozen slices of a measurement, which
 * one slice that was disturbed does not move.
 *
 * units      nanoseconds of os_now()
 */
#ifndef BENCH_PEERS_SLICES_H
#define BENCH_PEERS_SLICES_H

#include <stdint.h>

/*
 * Do something again and again until the time is over, so many in a slice as
 * the warm-up shows to be right.
 *
 *   act       is to do it so often
 *   warm_up   so often first, which does not count
 *   returns   how often it was done in a second
 */
double slices_measure(void (*act)(unsigned count), unsigned warm_up,
                      uint64_t length);

#endif
