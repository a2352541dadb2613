/*
 * port_child.h - what a program that measures a port can measure.
 *
 * One program for each port of this machine, made from the same files and
 * linked with the loop over that port, since the two are never in one
 * program. Each start measures one thing for a given time, so that its
 * parent can take the ports in turn.
 *
 *   port_child.c           the program
 *   port_child_thread.c    what another thread does to the loop
 *   port_child_ops.c       ops on devices
 *
 * units      nanoseconds of os_now()
 */
#ifndef BENCH_PORT_CHILD_H
#define BENCH_PORT_CHILD_H

#include "../loop/loop.h"
#include "histogram.h"

#define PORT_CHILD_POSTS 50000u             /* of a burst                */
#define PORT_CHILD_IDLE UINT64_C(50000)     /* until a loop surely blocks */

/*
 * Measure for a time. What comes first warms up and does not count.
 *
 *   l         open, with nothing on it; left the same way
 *   seen      empty; filled by what measures latencies
 *   returns   the median: of rates per second, or of latencies
 */
typedef double port_child_measure(struct loop *l, uint64_t length,
                                  struct histogram *seen);

/* One thread posts bursts, each callback counts. Posts a second. */
port_child_measure port_child_burst;

/* From before a post, on one thread, to its callback on the thread that is
 * blocked in the loop. */
port_child_measure port_child_wake;

/* From before a stop, on one thread, to after the return of the run that was
 * blocked on another. */
port_child_measure port_child_stop;

/* A byte goes back and forth between two ends on the loop. Ops a second: a
 * read and a write at either end. */
port_child_measure port_child_socket;

/* A byte goes from one end to the other. Ops a second: a read, a write. */
port_child_measure port_child_pipe;

#endif
