/*
 * libuv.c - uv_run, with uv_async_send to wake it.
 *
 * source: libuv's documentation of uv_async_t, uv_stop, uv_close and
 *         uv_loop_close
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "libuv.h"
#include "list.h"
#include "peer_loop.h"

#define MILLISECOND 1000000u

uv_loop_t libuv_loop;

static uv_async_t  wake;
static atomic_bool stop;
static _Thread_local bool inside;
static uv_timer_t *timers;
static uv_poll_t  *polls;
static int        *descriptors;
static unsigned    timer_count, poll_count;
static void      (*on_fired)(void);

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    return uv_version_string();
}

unsigned peer_loop_threads(void)
{
    return 1;
}

bool peer_loop_has(enum peer_kind kind)
{
    return kind == PEER_TIMERS || kind == PEER_READS ||
           kind == PEER_ACCEPTS || kind == PEER_JOBS;
}

/* uv_stop is for the thread of the loop only. */
static void on_wake(uv_async_t *handle)
{
    (void)handle;
    list_run();
    if (atomic_exchange(&stop, false))
        uv_stop(&libuv_loop);
}

size_t peer_loop_storage(void)
{
    return sizeof libuv_loop + sizeof wake;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_TIMERS:  return sizeof(uv_timer_t);
    case PEER_READS:   return sizeof(uv_poll_t) + sizeof(int);
    case PEER_JOBS:     return sizeof(uv_work_t);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
    int failed = uv_loop_init(&libuv_loop);
    LOOP_ASSERT(!failed);
    failed = uv_async_init(&libuv_loop, &wake, on_wake);
    LOOP_ASSERT(!failed);
}

void peer_loop_run(void)
{
    inside = true;
    uv_run(&libuv_loop, UV_RUN_DEFAULT);
    inside = false;
}

void peer_loop_ready(void)
{
}

void peer_loop_stop(void)
{
    if (inside) {
        uv_stop(&libuv_loop);
        return;
    }
    atomic_store(&stop, true);
    uv_async_send(&wake);
}

void list_wake(void)
{
    uv_async_send(&wake);
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
}

/* A stop may have been kept, and the first run then returns at once. */
void peer_loop_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        uv_close((uv_handle_t *)&timers[i], on_close);
    for (unsigned i = 0; i < poll_count; i++)
        uv_close((uv_handle_t *)&polls[i], on_close);
    uv_close((uv_handle_t *)&wake, NULL);
    while (uv_run(&libuv_loop, UV_RUN_DEFAULT))
        continue;
    int failed = uv_loop_close(&libuv_loop);
    LOOP_ASSERT(!failed);
    for (unsigned i = 0; i < poll_count; i++)
        close(descriptors[i]);
}

/* Timers. */

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    on_fired();
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    on_fired = fired;
    for (unsigned i = 0; i < count; i++)
        uv_timer_init(&libuv_loop, &timers[i]);
}

void peer_timers_close(void)
{
    free(timers);
    timer_count = 0;
}

void peer_timer_start(unsigned number, uint64_t after)
{
    uv_timer_start(&timers[number], on_timer, after / MILLISECOND, 0);
}

void peer_timer_cancel(unsigned number)
{
    uv_timer_stop(&timers[number]);
}

/* Reads and accepts: that there is something to read, or accept. */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    polls = calloc(count, sizeof *polls);
    descriptors = calloc(count, sizeof *descriptors);
    LOOP_ASSERT(polls);
    LOOP_ASSERT(descriptors);
    poll_count = count;
    for (unsigned i = 0; i < count; i++) {
        descriptors[i] = (int)descriptor_open(kind);
        int failed = uv_poll_init(&libuv_loop, &polls[i], descriptors[i]);
        LOOP_ASSERT(!failed);
        uv_poll_start(&polls[i], UV_READABLE, on_poll);
    }
    /* Only now does the kernel hear of them. */
    uv_run(&libuv_loop, UV_RUN_NOWAIT);
}

void peer_io_close(void)
{
    free(polls);
    free(descriptors);
    poll_count = 0;
}
