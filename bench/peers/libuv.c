/*
 * libuv.c - uv_run, with uv_async_send to wake it.
 *
 * source: libuv's documentation of uv_async_t, uv_stop, uv_close and
 *         uv_loop_close
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "../../loop/check.h"
#include "list.h"
#include "peer_loop.h"
#include "scatter.h"

static uv_loop_t    loop;
static uv_async_t   wake;
static atomic_bool  stop;
static uv_timer_t  *timers;
static unsigned     timer_count;

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    return uv_version_string();
}

/* uv_stop is for the thread of the loop only. */
static void on_wake(uv_async_t *handle)
{
    (void)handle;
    list_run();
    if (atomic_exchange(&stop, false))
        uv_stop(&loop);
}

void peer_loop_open(void)
{
    int failed = uv_loop_init(&loop);
    LOOP_ASSERT(!failed);
    failed = uv_async_init(&loop, &wake, on_wake);
    LOOP_ASSERT(!failed);
}

void peer_loop_run(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
}

void peer_loop_stop(void)
{
    atomic_store(&stop, true);
    uv_async_send(&wake);
}

void peer_loop_close(void)
{
    uv_close((uv_handle_t *)&wake, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&loop);
    LOOP_ASSERT(!failed);
}

void list_wake(void)
{
    uv_async_send(&wake);
}

/* Timers. */

bool peer_can_end(enum peer_kind kind)
{
    return kind == PEER_TIMERS;
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    LOOP_ASSERT(kind == PEER_TIMERS);
    timers = calloc(count, sizeof *timers);
    LOOP_ASSERT(timers);
    timer_count = count;
    for (unsigned i = 0; i < count; i++) {
        uv_timer_init(&loop, &timers[i]);
        uv_timer_start(&timers[i], on_timer, scatter_due(i) / 1000000, 0);
    }
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
}

void peer_pending_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        uv_close((uv_handle_t *)&timers[i], on_close);
    peer_loop_close();
}

void peer_pending_close(void)
{
    free(timers);
}
