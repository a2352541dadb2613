/*
 * libevent.c - event_base_loop, with event_active to wake it.
 *
 * source: event2/event.h, event2/thread.h
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "list.h"
#include "peer_loop.h"
#include "scatter.h"

static struct event_base *base;
static struct event       wake;
static struct event      *timers;
static unsigned           timer_count;

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    return event_get_version();
}

static void on_wake(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    (void)arg;
    list_run();
}

void peer_loop_open(void)
{
    int failed = evthread_use_pthreads();
    LOOP_ASSERT(!failed);
    base = event_base_new();
    LOOP_ASSERT(base);
    failed = event_assign(&wake, base, -1, EV_PERSIST, on_wake, NULL);
    LOOP_ASSERT(!failed);
}

void peer_loop_run(void)
{
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void peer_loop_stop(void)
{
    event_base_loopbreak(base);
}

void peer_loop_close(void)
{
    event_del(&wake);
    event_base_free(base);
}

void list_wake(void)
{
    event_active(&wake, EV_READ, 0);
}

/* Timers. To free the base over them costs several times what it does to
 * take them off first. */

bool peer_can_end(enum peer_kind kind)
{
    return kind == PEER_TIMERS;
}

static void on_timer(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    (void)arg;
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    LOOP_ASSERT(kind == PEER_TIMERS);
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t due = scatter_due(i);
        struct timeval after = {
            .tv_sec = (time_t)(due / SCATTER_SECOND),
            .tv_usec = (suseconds_t)(due % SCATTER_SECOND / 1000) };
        int failed = evtimer_assign(&timers[i], base, on_timer, NULL);
        LOOP_ASSERT(!failed);
        evtimer_add(&timers[i], &after);
    }
}

void peer_pending_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        event_del(&timers[i]);
    peer_loop_close();
}

void peer_pending_close(void)
{
    free(timers);
}
