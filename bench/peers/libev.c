/*
 * libev.c - ev_run, with ev_async_send to wake it.
 *
 * source: libev's manual, "WATCHER TYPES" and ev_break
 */
#include <ev.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "list.h"
#include "peer_loop.h"
#include "scatter.h"

static struct ev_loop *loop;
static ev_async        wake;
static atomic_bool     stop;
static ev_timer       *timers;
static unsigned        timer_count;

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%d.%d", ev_version_major(),
             ev_version_minor());
    return text;
}

static void on_wake(struct ev_loop *l, ev_async *watcher, int events)
{
    (void)watcher;
    (void)events;
    list_run();
    if (atomic_exchange(&stop, false))
        ev_break(l, EVBREAK_ALL);
}

void peer_loop_open(void)
{
    loop = ev_loop_new(EVBACKEND_EPOLL);
    LOOP_ASSERT(loop);
    ev_async_init(&wake, on_wake);
    ev_async_start(loop, &wake);
}

void peer_loop_run(void)
{
    ev_run(loop, 0);
}

void peer_loop_stop(void)
{
    atomic_store(&stop, true);
    ev_async_send(loop, &wake);
}

void peer_loop_close(void)
{
    ev_async_stop(loop, &wake);
    ev_loop_destroy(loop);
}

void list_wake(void)
{
    ev_async_send(loop, &wake);
}

/* Timers. */

bool peer_can_end(enum peer_kind kind)
{
    return kind == PEER_TIMERS;
}

static void on_timer(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l;
    (void)timer;
    (void)events;
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    LOOP_ASSERT(kind == PEER_TIMERS);
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    for (unsigned i = 0; i < count; i++) {
        ev_timer_init(&timers[i], on_timer, (double)scatter_due(i) / 1e9, 0);
        ev_timer_start(loop, &timers[i]);
    }
}

void peer_pending_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        ev_timer_stop(loop, &timers[i]);
    peer_loop_close();
}

void peer_pending_close(void)
{
    free(timers);
}
