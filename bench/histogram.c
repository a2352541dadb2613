/*
 * histogram.c - see histogram.h.
 */
#include "histogram.h"

#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"

/* 2 * 10^3 values are told apart by 11 bits. Below 2^11 each value has its
 * own slot; each further power of two is the upper half of another 2^11. */
#define UNIT_BITS 11
#define HALF ((uint64_t)HISTOGRAM_HALF)
_Static_assert(HISTOGRAM_HALF == 1u << (UNIT_BITS - 1), "half of them");
#define UNIT_MASK ((UINT64_C(1) << UNIT_BITS) - 1)

/* By how many bits is the slot of this value wider than 1? */
static unsigned shift_of(uint64_t value)
{
    unsigned shift = 0;
    while (value >> shift > UNIT_MASK)
        shift++;
    return shift;
}

static size_t slot_of(uint64_t value)
{
    unsigned shift = shift_of(value);
    return (size_t)(shift * HALF + (value >> shift));
}

uint64_t histogram_width_at(uint64_t value)
{
    return UINT64_C(1) << shift_of(value);
}

uint64_t histogram_lowest_like(uint64_t value)
{
    unsigned shift = shift_of(value);
    return value >> shift << shift;
}

uint64_t histogram_highest_like(uint64_t value)
{
    return histogram_lowest_like(value) + histogram_width_at(value) - 1;
}

uint64_t histogram_middle_like(uint64_t value)
{
    return histogram_lowest_like(value) + histogram_width_at(value) / 2;
}

uint64_t histogram_value(const struct histogram *h, size_t slot)
{
    LOOP_ASSERT(slot < h->slots);
    unsigned shift = slot / HALF < 2 ? 0 : (unsigned)(slot / HALF - 1);
    uint64_t value = (uint64_t)slot - shift * HALF;
    return histogram_highest_like(value << shift);
}

bool histogram_open(struct histogram *h, uint64_t highest)
{
    LOOP_ASSERT(highest > UNIT_MASK);
    *h = (struct histogram){ .highest = highest };

    /* Whole halves, so that the last slot does not depend on where within
     * its power of two the highest value lies. */
    h->slots = (size_t)((shift_of(highest) + 2) * HALF);
    h->count = calloc(h->slots, sizeof *h->count);
    return h->count != NULL;
}

void histogram_close(struct histogram *h)
{
    free(h->count);
    *h = (struct histogram){ 0 };
}

void histogram_clear(struct histogram *h)
{
    memset(h->count, 0, h->slots * sizeof *h->count);
    h->total = 0;
    h->beyond = 0;
}

void histogram_record_many(struct histogram *h, uint64_t value,
                           uint64_t count)
{
    if (value > h->highest) {
        value = h->highest;
        h->beyond += count;
    }
    h->count[slot_of(value)] += count;
    h->total += count;
}

void histogram_record(struct histogram *h, uint64_t value)
{
    histogram_record_many(h, value, 1);
}

void histogram_record_corrected(struct histogram *h, uint64_t value,
                                uint64_t interval)
{
    histogram_record(h, value);
    if (interval == 0)
        return;
    while (value >= 2 * interval) {
        value -= interval;
        histogram_record(h, value);
    }
}

void histogram_add(struct histogram *h, const struct histogram *other)
{
    LOOP_ASSERT(h->slots == other->slots);
    for (size_t i = 0; i < h->slots; i++)
        h->count[i] += other->count[i];
    h->total += other->total;
    h->beyond += other->beyond;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
    LOOP_ASSERT(share >= 0);
    LOOP_ASSERT(share <= 1);
    uint64_t wanted = (uint64_t)(share * (double)h->total + 0.5);
    if (wanted == 0)
        wanted = 1;
    uint64_t seen = 0;
    for (size_t i = 0; i < h->slots; i++) {
        seen += h->count[i];
        if (seen >= wanted)
            return histogram_value(h, i);
    }
    return 0;
}

double histogram_mean(const struct histogram *h)
{
    double sum = 0;
    for (size_t i = 0; i < h->slots; i++)
        sum += (double)h->count[i] *
               (double)histogram_middle_like(histogram_value(h, i));
    return h->total > 0 ? sum / (double)h->total : 0;
}
