/*
 * none_traffic.c - what stands in for a loop and has no devices.
 */
#include "peer_loop.h"

bool peer_has_traffic(void)
{
    return false;
}

void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2])
{
    (void)kind;
    (void)is_pipe;
    (void)ends;
}

void peer_traffic(unsigned count)
{
    (void)count;
}

void peer_traffic_close(void)
{
}
