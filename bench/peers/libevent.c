/*
 * libevent.c - event_base_loop, with event_active to wake it.
 *
 * To free the base over timers or reads costs several times what it does to
 * take them off first, so they are taken off.
 *
 * source: event2/event.h, event2/thread.h
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "list.h"
#include "peer_loop.h"
#include "traffic.h"

#define SECOND 1000000000u
#define MICROSECOND 1000u

static struct event_base *base;
static struct event       wake;
static struct event      *timers, *reads;
static unsigned           timer_count, read_count;
static void             (*on_fired)(void);

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    return event_get_version();
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

static void on_wake(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    (void)arg;
    list_run();
}

size_t peer_loop_storage(void)
{
    return sizeof wake;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_TIMERS:  return sizeof(struct event);
    case PEER_READS:   return sizeof(struct event);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
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

void peer_loop_ready(void)
{
}

void peer_loop_stop(void)
{
    event_base_loopbreak(base);
}

void list_wake(void)
{
    event_active(&wake, EV_READ, 0);
}

void peer_loop_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        event_del(&timers[i]);
    for (unsigned i = 0; i < read_count; i++) {
        event_del(&reads[i]);
        close(event_get_fd(&reads[i]));
    }
    event_del(&wake);
    event_base_free(base);
}

/* Timers. */

static void on_timer(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    (void)arg;
    on_fired();
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    on_fired = fired;
    for (unsigned i = 0; i < count; i++) {
        int failed = evtimer_assign(&timers[i], base, on_timer, NULL);
        LOOP_ASSERT(!failed);
    }
}

void peer_timers_close(void)
{
    free(timers);
    timer_count = 0;
}

void peer_timer_start(unsigned number, uint64_t after)
{
    struct timeval time = {
        .tv_sec = (time_t)(after / SECOND),
        .tv_usec = (suseconds_t)(after % SECOND / MICROSECOND) };
    evtimer_add(&timers[number], &time);
}

void peer_timer_cancel(unsigned number)
{
    event_del(&timers[number]);
}

/* Reads and accepts: that there is something to read, or accept. */

static void on_read(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    (void)arg;
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    reads = calloc(count, sizeof *reads);
    LOOP_ASSERT(reads);
    read_count = count;
    for (unsigned i = 0; i < count; i++) {
        int failed = event_assign(&reads[i], base, (int)descriptor_open(kind),
                                  EV_READ | EV_PERSIST, on_read, NULL);
        LOOP_ASSERT(!failed);
        event_add(&reads[i], NULL);
    }
}

void peer_io_close(void)
{
    free(reads);
    read_count = 0;
}

/* Traffic. */

static struct event traffic[TRAFFIC_SLOTS];

static void on_traffic(evutil_socket_t unused, short events, void *arg)
{
    (void)unused;
    (void)events;
    traffic_ready((unsigned)((struct event *)arg - traffic));
}

void traffic_watch(unsigned slot, int fd, bool writes)
{
    short events = EV_PERSIST | (writes ? EV_WRITE : EV_READ);
    int failed = event_assign(&traffic[slot], base, fd, events, on_traffic,
                              &traffic[slot]);
    LOOP_ASSERT(!failed);
    event_add(&traffic[slot], NULL);
}

void traffic_unwatch(unsigned slot)
{
    event_del(&traffic[slot]);
}
