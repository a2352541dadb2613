/*
 * floor.h - how the thread that empties the bare queue sleeps and is woken,
 * and what the kernel asks for a read that is pending: one file for each
 * interface of the kernel, floor_NAME.c.
 *
 * threads    floor_set: any; all else: the one that opened it
 */
#ifndef BENCH_PEERS_FLOOR_H
#define BENCH_PEERS_FLOOR_H

#include <stdbool.h>

extern const char *const floor_engine;
extern const bool        floor_has_reads;

void floor_open(void);

/* End what is pending, close each descriptor, and then itself. */
void floor_end(void);

/* Sleep until it is set; setting twice is setting once. */
void floor_wait(void);
void floor_set(void);

/* Have so many reads pending, each of a descriptor of its own. */
void floor_reads_open(unsigned count);
void floor_reads_close(void);

#endif
