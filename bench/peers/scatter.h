/*
 * scatter.h - when pending timers are due: in an hour and later, each at a
 * time of its own, in no order that a heap or a tree is best at.
 */
#ifndef BENCH_PEERS_SCATTER_H
#define BENCH_PEERS_SCATTER_H

#include <stdint.h>

#define SCATTER_SECOND UINT64_C(1000000000)

/* Nanoseconds from now for the timer of that number. */
static inline uint64_t scatter_due(unsigned number)
{
    return 3600 * SCATTER_SECOND +
           number * UINT64_C(2654435761) % 3600 * SCATTER_SECOND +
           number % 997 * UINT64_C(1000000);
}

#endif
