/*
 * peer.h - the world outside the loop: the far ends of its sockets, pipes
 * and wait objects, driven by a scenario without the loop's help.
 *
 * No call blocks; each says what it could do. On a real platform these are
 * plain non-blocking system calls, in the simulator direct changes to the
 * simulated kernel.
 *
 * threads    any
 */
#ifndef FUZZ_PEER_H
#define FUZZ_PEER_H

#include <stdint.h>

#include "../loop/port.h"

/*
 * Make a connected stream: near for the loop, far for the peer.
 *
 *   returns   0, or a negative enum loop_error
 *   owns      near: whoever associates it. far: peer_close
 */
int peer_socket_pair(port_handle *near, port_handle *far);

/* As above, one way: the loop reads (near_reads 1) or writes (0). */
int peer_pipe(port_handle *near, port_handle *far, int near_reads);

/* Connect to a listening socket; returns 0 and *far, or an error. */
int peer_connect(struct port_address to, port_handle *far);

/* Send size bytes; returns how many were taken, or an error. */
int peer_write(port_handle far, uint32_t size);

/* Take up to size bytes; returns how many there were, or an error. */
int peer_read(port_handle far, uint32_t size);

/* Set a wait object that the loop has, or had: setting one that was closed
 * meanwhile does nothing. */
void peer_set(port_handle object);

/* Close the far end: the loop's reads end, its writes break. */
void peer_close(port_handle far);

#endif
