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

#include "peer_loop.h"

extern const char *const floor_engine;

bool floor_has(enum peer_kind kind);
void floor_open(void);

/* End what is pending, close each descriptor, and then itself. */
void floor_end(void);

/* Sleep until it is set; setting twice is setting once. */
void floor_wait(void);
void floor_set(void);

/* What peer_io_open asks for; in an epoll set one descriptor is one entry,
 * however many wait for it. */
void floor_io_open(enum peer_kind kind, unsigned count);
void floor_io_close(void);

#endif
