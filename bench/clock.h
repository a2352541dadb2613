/*
 * clock.h - the clock that latencies are measured with, and what it costs.
 *
 * It is os_now(). Each figure has two readings of it inside, so questions
 * that time short things print the cost of an empty measurement beside them.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

#include "histogram.h"

/* Time nothing, so many times. */
void clock_calibrate(struct histogram *h, unsigned times);

/* Spin until a time; a sleep would give the processor away, and what comes
 * next would be measured on a cold one. */
void clock_spin_until(uint64_t time);

#endif
