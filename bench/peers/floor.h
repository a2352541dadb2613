/*
 * floor.h - how the thread that empties the bare queue sleeps and is woken:
 * floor_futex.c or floor_eventfd.c, whichever was linked.
 */
#ifndef BENCH_PEERS_FLOOR_H
#define BENCH_PEERS_FLOOR_H

#include "../wake.h"

extern const char *const floor_engine;

void floor_wait(struct wake *w);
void floor_set(struct wake *w);

#endif
