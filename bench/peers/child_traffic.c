/*
 * child_traffic.c - how much goes through a device whose ends are both on the
 * loop: one byte at a time, of which each is a read and a write, or in blocks.
 */
#include <math.h>

#include "../../fuzz/peer.h"
#include "../../loop/check.h"
#include "../heap.h"
#include "../machine.h"
#include "peer_loop.h"
#include "slices.h"

#define WARM_UP_BYTES 1024u
#define WARM_UP_BLOCKS 64u
#define OPS 2                   /* for each byte                         */

static void open_traffic(enum peer_traffic kind, bool is_pipe)
{
    port_handle from, to;
    int failed = is_pipe ? port_pipe(&from, &to)
                         : peer_socket_pair(&from, &to);
    LOOP_ASSERT(!failed);
    const intptr_t ends[2] = { (intptr_t)from, (intptr_t)to };
    peer_loop_open(1);
    peer_traffic_open(kind, is_pipe, ends);
}

static void close_traffic(void)
{
    peer_traffic_close();
    peer_loop_end();
}

static void move(unsigned count)
{
    peer_loop_ready();
    peer_traffic(count);
}

static double measure(enum peer_traffic kind, bool is_pipe, unsigned warm_up,
                      uint64_t length)
{
    if (!peer_has_traffic())
        return NAN;
    machine_pin(machine_processors() - 1);
    open_traffic(kind, is_pipe);
    double rate = slices_measure(move, warm_up, length);
    close_traffic();
    return rate;
}

double child_socket(unsigned unused, uint64_t length, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return OPS * measure(PEER_ECHO_PAIR, false, WARM_UP_BYTES, length);
}

double child_pipe(unsigned unused, uint64_t length, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return OPS * measure(PEER_ECHO_PIPE, true, WARM_UP_BYTES, length);
}

double child_pump_socket(unsigned unused, uint64_t length,
                         struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return PEER_BLOCK * measure(PEER_PUMP, false, WARM_UP_BLOCKS, length);
}

double child_pump_pipe(unsigned unused, uint64_t length,
                       struct histogram *seen)
{
    (void)unused;
    (void)seen;
    return PEER_BLOCK * measure(PEER_PUMP, true, WARM_UP_BLOCKS, length);
}

/* Of so many ops, of which half are reads. */
double child_allocations_ops(unsigned count, uint64_t unused,
                             struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!heap_is_counted() || !peer_has_traffic())
        return NAN;
    open_traffic(PEER_ECHO_PAIR, false);
    move(WARM_UP_BYTES);
    uint64_t before = heap_use().calls;
    move(count / OPS);
    uint64_t calls = heap_use().calls - before;
    close_traffic();
    return (double)calls;
}
