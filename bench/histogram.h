/*
 * histogram.h - how often each value was seen, to three significant digits.
 *
 * Values are counted in slots that double in width with each power of two
 * above 2048, so that any value of the range is off by less than one part in
 * a thousand and recording is a shift and an addition. The layout is that of
 * HdrHistogram with three significant digits and a lowest value of 1: slots
 * have the same number and the same bounds, so figures can be compared with
 * those of other programs.
 *
 * units      the caller's; here always nanoseconds
 * ownership  histogram_open allocates, histogram_close frees
 * threads    one at a time
 * source     HdrHistogram, hdrhistogram.org: index and bounds of slots
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_HALF 1024u    /* slots that one more power of two takes */

struct histogram {
    uint64_t *count;        /* per slot                                  */
    size_t    slots;
    uint64_t  highest;      /* the largest value that is told apart      */
    uint64_t  total;        /* values recorded                           */
    uint64_t  beyond;       /* of which above highest, counted as highest */
};

/*
 * Make an empty histogram.
 *
 *   highest   2048 or more
 *   returns   false without memory
 */
bool histogram_open(struct histogram *h, uint64_t highest);
void histogram_close(struct histogram *h);

/* Forget all values. */
void histogram_clear(struct histogram *h);

/* Count one value, or the same value so many times. */
void histogram_record(struct histogram *h, uint64_t value);
void histogram_record_many(struct histogram *h, uint64_t value,
                           uint64_t count);

/*
 * Count one value of a series that should have come at a fixed pace, and the
 * values that the wait for it has kept from being measured.
 *
 *   interval  of the pace; 0: count the value only
 *   source    coordinated omission, Gil Tene; recordValueWithExpectedInterval
 */
void histogram_record_corrected(struct histogram *h, uint64_t value,
                                uint64_t interval);

/* Add the values of another one of the same range. */
void histogram_add(struct histogram *h, const struct histogram *other);

/*
 * The value that a share of all values does not exceed: the highest that is
 * counted in the same slot.
 *
 *   share     0 to 1
 *   returns   0 if there are no values
 */
uint64_t histogram_at(const struct histogram *h, double share);

/* The mean, each value taken as the middle of its slot; 0 without values. */
double histogram_mean(const struct histogram *h);

/* Bounds of the slot in which a value is counted, and their distance. */
uint64_t histogram_lowest_like(uint64_t value);
uint64_t histogram_highest_like(uint64_t value);
uint64_t histogram_middle_like(uint64_t value);
uint64_t histogram_width_at(uint64_t value);

/* The slot's highest value, for printing: histogram_value(h, i) was seen
 * h->count[i] times. */
uint64_t histogram_value(const struct histogram *h, size_t slot);

#endif
