/*
 * descriptor.h - something to wait for that never comes.
 *
 * To read: a datagram socket that nobody knows, which is one descriptor
 * without another end, so that 10,000 of them are within what a process may
 * have. To accept: a listener to which nobody connects.
 */
#ifndef BENCH_PEERS_DESCRIPTOR_H
#define BENCH_PEERS_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "peer_loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * May this process have so many, besides what a loop needs?
 *
 *   differs   win32: memory is the limit
 */
bool descriptor_room(unsigned count);

/* Are all of that kind of one descriptor? Are they accepts? */
bool descriptor_is_one(enum peer_kind kind);
bool descriptor_accepts(enum peer_kind kind);

/* Open one for that kind, not blocking or overlapped; the caller closes it. */
intptr_t descriptor_open(enum peer_kind kind);

#ifdef __cplusplus
}
#endif

#endif
