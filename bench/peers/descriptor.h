/*
 * descriptor.h - something to read from that never has anything: a datagram
 * socket that nobody knows, which is one descriptor without another end, so
 * that 10,000 of them are within what a process may have.
 */
#ifndef BENCH_PEERS_DESCRIPTOR_H
#define BENCH_PEERS_DESCRIPTOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Open one, not blocking or overlapped; the caller closes it. */
intptr_t descriptor_open(void);

#ifdef __cplusplus
}
#endif

#endif
