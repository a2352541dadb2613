/*
 * libev.c - ev_run, with ev_async_send to wake it.
 *
 * source: libev's manual, "WATCHER TYPES" and ev_break
 */
#include <ev.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "list.h"
#include "peer_loop.h"
#include "traffic.h"

#define SECOND 1e9

static struct ev_loop *loop;
static ev_async        wake;
static atomic_bool     stop;
static _Thread_local bool inside;
static ev_timer       *timers;
static ev_io          *reads;
static unsigned        timer_count, read_count;
static void          (*on_fired)(void);

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

unsigned peer_loop_threads(void)
{
    return 1;
}

bool peer_loop_has(enum peer_kind kind)
{
    return kind == PEER_TIMERS || kind == PEER_READS ||
           kind == PEER_ACCEPTS;
}

static void on_wake(struct ev_loop *l, ev_async *watcher, int events)
{
    (void)watcher;
    (void)events;
    list_run();
    if (atomic_exchange(&stop, false))
        ev_break(l, EVBREAK_ALL);
}

size_t peer_loop_storage(void)
{
    return sizeof wake;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_TIMERS:  return sizeof(ev_timer);
    case PEER_READS:   return sizeof(ev_io);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
    loop = ev_loop_new(EVBACKEND_EPOLL);
    LOOP_ASSERT(loop);
    ev_async_init(&wake, on_wake);
    ev_async_start(loop, &wake);
}

void peer_loop_run(void)
{
    inside = true;
    ev_run(loop, 0);
    inside = false;
}

void peer_loop_ready(void)
{
}

void peer_loop_stop(void)
{
    if (inside) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    atomic_store(&stop, true);
    ev_async_send(loop, &wake);
}

void list_wake(void)
{
    ev_async_send(loop, &wake);
}

void peer_loop_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        ev_timer_stop(loop, &timers[i]);
    for (unsigned i = 0; i < read_count; i++) {
        ev_io_stop(loop, &reads[i]);
        close(reads[i].fd);
    }
    ev_async_stop(loop, &wake);
    ev_loop_destroy(loop);
}

/* Timers. */

static void on_timer(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l;
    (void)timer;
    (void)events;
    on_fired();
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    on_fired = fired;
    for (unsigned i = 0; i < count; i++)
        ev_timer_init(&timers[i], on_timer, 0, 0);
}

void peer_timers_close(void)
{
    free(timers);
    timer_count = 0;
}

void peer_timer_start(unsigned number, uint64_t after)
{
    ev_timer_set(&timers[number], (double)after / SECOND, 0);
    ev_timer_start(loop, &timers[number]);
}

void peer_timer_cancel(unsigned number)
{
    ev_timer_stop(loop, &timers[number]);
}

/* Reads and accepts: that there is something to read, or accept. */

static void on_read(struct ev_loop *l, ev_io *watcher, int events)
{
    (void)l;
    (void)watcher;
    (void)events;
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    reads = calloc(count, sizeof *reads);
    LOOP_ASSERT(reads);
    read_count = count;
    for (unsigned i = 0; i < count; i++) {
        ev_io_init(&reads[i], on_read, (int)descriptor_open(kind), EV_READ);
        ev_io_start(loop, &reads[i]);
    }
    /* Only now does the kernel hear of them. */
    ev_run(loop, EVRUN_NOWAIT);
}

void peer_io_close(void)
{
    free(reads);
    read_count = 0;
}

/* Traffic. */

static ev_io traffic[TRAFFIC_SLOTS];

static void on_traffic(struct ev_loop *l, ev_io *watcher, int events)
{
    (void)l;
    (void)events;
    traffic_ready((unsigned)(watcher - traffic));
}

void traffic_watch(unsigned slot, int fd, bool writes)
{
    ev_io_init(&traffic[slot], on_traffic, fd, writes ? EV_WRITE : EV_READ);
    ev_io_start(loop, &traffic[slot]);
}

void traffic_unwatch(unsigned slot)
{
    ev_io_stop(loop, &traffic[slot]);
}
