/*
 * traffic.h - the reads and writes of loops that tell when a descriptor is
 * ready, which are those of the caller: plain read(2) and write(2).
 *
 * This is the best form in which these loops move bytes: a read only when
 * there is something, a write at once if the device takes it.
 *
 * threads    the loop's
 */
#ifndef BENCH_PEERS_TRAFFIC_H
#define BENCH_PEERS_TRAFFIC_H

#include <stdbool.h>

#define TRAFFIC_SLOTS 3

/* The loop's: have traffic_ready called whenever a descriptor can be read, or
 * written; no more. A slot watches one at a time. */
void traffic_watch(unsigned slot, int fd, bool writes);
void traffic_unwatch(unsigned slot);

void traffic_ready(unsigned slot);

#endif
