/*
 * none_timers.c - a peer that has no timers.
 */
#include "peer_loop.h"

void peer_timers_open(unsigned count, void (*fired)(void))
{
    (void)count;
    (void)fired;
}

void peer_timers_close(void)
{
}

void peer_timer_start(unsigned number, uint64_t after)
{
    (void)number;
    (void)after;
}

void peer_timer_cancel(unsigned number)
{
    (void)number;
}
