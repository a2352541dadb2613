/*
 * lastcall_ops.h - ops between two ends that are both on our loop.
 *
 * units      nanoseconds of os_now()
 * threads    the loop's
 */
#ifndef BENCH_PEERS_LASTCALL_OPS_H
#define BENCH_PEERS_LASTCALL_OPS_H

#include <stdint.h>

#include "../../loop/loop.h"

/*
 * Move one byte through a device again and again.
 *
 *   l         open, with nothing on it; left the same way
 *   returns   ops a second
 */
typedef double child_ops(struct loop *l, uint64_t length);

/* Back and forth across a socket pair: a read and a write at either end. */
child_ops lastcall_ops_socket;

/* From one end of a pipe to the other: a read, a write. */
child_ops lastcall_ops_pipe;

#endif
