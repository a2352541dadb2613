/*
 * pending.h - so many of a kind, pending on a loop that has that kind.
 */
#ifndef BENCH_PEERS_PENDING_H
#define BENCH_PEERS_PENDING_H

#include "peer_loop.h"

/* Make their storage and make them pending, but for jobs, which end by
 * themselves; free the storage, after the end
 * of the loop. */
void pending_open(enum peer_kind kind, unsigned count);
void pending_close(enum peer_kind kind);

#endif
