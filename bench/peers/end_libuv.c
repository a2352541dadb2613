/*
 * end_libuv.c - libuv, whose ways to end stand for three strategies:
 *
 *   stop       uv_stop; the loop is left as it is
 *   graceful   uv_walk and uv_close for each handle, uv_cancel for each job,
 *              uv_run until all have called back, uv_loop_close
 *   hooks      the same after uv_shutdown, which flushes; where there is a
 *              write
 *
 * Its posts are lists that its users make, and it has no tasks. A write that
 * is closed calls back, a timer or a poll only has its handle closed: that
 * counts as told. The threads of its pool are of the process, not of a loop.
 *
 * source: libuv's documentation of uv_stop, uv_walk, uv_close, uv_shutdown,
 *         uv_cancel and uv_loop_close
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "end.h"

#define HOUR 3600000u

struct polled {
    uv_poll_t poll;
    int       descriptor;
};

static uv_loop_t     loop;
static uv_async_t    wake;
static uv_pipe_t     stream;
static uv_write_t    write_request;
static uv_shutdown_t flush;
static void         *room;
static unsigned      pending;
static enum end_work doing;
static atomic_bool   stop;

const char *end_engine(void)
{
    return "epoll";
}

bool end_has(enum end_strategy strategy, enum end_work work)
{
    bool has_work = work == END_TIMERS || work == END_JOBS ||
                    work == END_READS || work == END_WRITE;
    return has_work &&
           (strategy == END_STOP || strategy == END_GRACEFUL ||
            (strategy == END_HOOKS && work == END_WRITE));
}

void end_room_open(enum end_work work, unsigned count)
{
    size_t size = work == END_TIMERS ? sizeof(uv_timer_t)
                  : work == END_JOBS ? sizeof(uv_work_t)
                                     : sizeof(struct polled);
    room = calloc(count, size);
    LOOP_ASSERT(room);
}

void end_room_close(void)
{
    free(room);
    room = NULL;
}

/* Work. */

static void never(uv_timer_t *timer)
{
    (void)timer;
}

static void start_timers(unsigned count)
{
    uv_timer_t *timers = room;
    for (unsigned i = 0; i < count; i++) {
        uv_timer_init(&loop, &timers[i]);
        uv_timer_start(&timers[i], never, HOUR + i, 0);
    }
}

static void work_job(uv_work_t *job)
{
    (void)job;
    end_work_job();
}

static void end_job(uv_work_t *job, int status)
{
    (void)job;
    if (status == 0)
        end_ran();
    else
        end_told();
}

static void start_jobs(unsigned count)
{
    uv_work_t *jobs = room;
    for (unsigned i = 0; i < count; i++) {
        int failed = uv_queue_work(&loop, &jobs[i], work_job, end_job);
        LOOP_ASSERT(!failed);
    }
    end_wait_inside(count < END_WORKERS ? count : END_WORKERS);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void start_reads(unsigned count)
{
    struct polled *polls = room;
    for (unsigned i = 0; i < count; i++) {
        polls[i].descriptor = (int)descriptor_open(PEER_READS);
        int failed = uv_poll_init(&loop, &polls[i].poll,
                                  polls[i].descriptor);
        LOOP_ASSERT(!failed);
        uv_poll_start(&polls[i].poll, UV_READABLE, on_poll);
    }
}

static void end_write(uv_write_t *request, int status)
{
    (void)request;
    if (status == 0)
        end_ran();
    else
        end_told();
}

static void start_write(unsigned count)
{
    uv_buf_t text = uv_buf_init(end_text(count), count * END_KIB);
    uv_pipe_init(&loop, &stream, 0);
    int failed = uv_pipe_open(&stream, end_stream());
    LOOP_ASSERT(!failed);
    failed = uv_write(&write_request, (uv_stream_t *)&stream, &text, 1,
                      end_write);
    LOOP_ASSERT(!failed);
}

/* The loop. */

static void on_wake(uv_async_t *handle)
{
    (void)handle;
    if (atomic_exchange(&stop, false))
        uv_stop(&loop);
    else
        end_inside();
}

static void run_loop(void *unused)
{
    (void)unused;
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* All of it is for one thread at a time: what is pending is made before the
 * run. Jobs have said that they have begun, the loop does so last. */
void end_begin(enum end_strategy strategy, enum end_work work,
               unsigned count)
{
    (void)strategy;
    pending = count;
    doing = work;
    atomic_store(&stop, false);
    int failed = uv_loop_init(&loop);
    LOOP_ASSERT(!failed);
    failed = uv_async_init(&loop, &wake, on_wake);
    LOOP_ASSERT(!failed);
    unsigned begun = 0;
    switch (work) {
    case END_TIMERS: start_timers(count); break;
    case END_READS:  start_reads(count);  break;
    case END_WRITE:  start_write(count);  break;
    case END_JOBS:
        start_jobs(count);
        begun = count < END_WORKERS ? count : END_WORKERS;
        break;
    default:
        break;
    }
    end_thread_start(run_loop);
    uv_async_send(&wake);
    end_wait_inside(begun + 1);
}

static void on_close(uv_handle_t *handle)
{
    if (handle->type == UV_TIMER)
        end_told();
    if (handle->type == UV_POLL) {
        close(((struct polled *)handle)->descriptor);
        end_told();
    }
}

static void close_one(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, on_close);
}

static void cancel_jobs(void)
{
    uv_work_t *jobs = room;
    for (unsigned i = 0; doing == END_JOBS && i < pending; i++)
        uv_cancel((uv_req_t *)&jobs[i]);
}

static void on_flushed(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status;
    uv_stop(&loop);
}

void end_by(enum end_strategy strategy)
{
    atomic_store(&stop, true);
    uv_async_send(&wake);
    end_thread_join();
    if (strategy == END_STOP)
        return;
    if (strategy == END_HOOKS) {
        uv_shutdown(&flush, (uv_stream_t *)&stream, on_flushed);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    cancel_jobs();
    uv_walk(&loop, close_one, NULL);
    while (uv_run(&loop, UV_RUN_DEFAULT))
        continue;
    int failed = uv_loop_close(&loop);
    LOOP_ASSERT(!failed);
}
