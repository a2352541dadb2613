/*
 * engine.h - which kernel interface a port was given.
 *
 * port_open takes an io_uring if the kernel has one to give, and epoll if it
 * refuses: because it is too old (before 5.18), because a sandbox or an
 * administrator forbids io_uring, or for want of memory that may be locked.
 * Ports of both kinds live in one process, and a handle may be associated
 * with either.
 */
#ifndef LOOP_IO_URING_ENGINE_H
#define LOOP_IO_URING_ENGINE_H

#include <stdbool.h>

#include "../port.h"

/* Is this port driven by an io_uring? */
bool port_uses_ring(const struct port *p);

#endif
