/*
 * child_pending.c - see pending.h.
 */
#include "pending.h"

#include "scatter.h"

static void nothing(void)
{
}

void pending_open(enum peer_kind kind, unsigned count)
{
    switch (kind) {
    case PEER_POSTS:
        peer_posts_open(count, nothing);
        peer_post(0, count);
        break;
    case PEER_TIMERS:
        peer_timers_open(count, nothing);
        for (unsigned i = 0; i < count; i++)
            peer_timer_start(i, scatter_due(i));
        break;
    case PEER_TASKS:
        peer_tasks_open(count);
        break;
    case PEER_READS:
    case PEER_ACCEPTS:
    case PEER_READS_OF_ONE:
    case PEER_ACCEPTS_OF_ONE:
        peer_io_open(kind, count);
        break;
    case PEER_JOBS:
    case PEER_KINDS:
        break;
    }
}

void pending_close(enum peer_kind kind)
{
    switch (kind) {
    case PEER_POSTS:    peer_posts_close(); break;
    case PEER_TIMERS:   peer_timers_close(); break;
    case PEER_TASKS:    peer_tasks_close(); break;
    case PEER_READS:
    case PEER_ACCEPTS:
    case PEER_READS_OF_ONE:
    case PEER_ACCEPTS_OF_ONE:
        peer_io_close();
        break;
    case PEER_JOBS:
    case PEER_KINDS:    break;
    }
}
