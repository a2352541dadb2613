/*
 * lastcall.c - our own loop, over the port that it is linked with.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"
#include "../../loop/op.h"
#include "../../loop/os.h"
#include "../../loop/shutdown.h"
#include "../../loop/task.h"
#include "../../loop/timer.h"
#include "../../loop/worker.h"
#include "../engine.h"
#include "descriptor.h"
#include "lastcall.h"
#include "peer_loop.h"

/* A read or an accept, and what it is of. */
struct reader {
    struct handle handle;
    struct op     op;
    char          buffer[8];
};

struct loop *lastcall_loop;

static char            engine[ENGINE_NAME_MAX] = "-";
static struct post    *posts;
static struct timer   *timers;
static struct reader  *readers;
static void          (*on_post)(void);
static void          (*on_timer)(void);

const char *peer_loop_engine(void)
{
    return engine;
}

const char *peer_loop_version(void)
{
    return "-";
}

unsigned peer_loop_threads(void)
{
    return UINT_MAX;
}

bool peer_loop_has(enum peer_kind kind)
{
    return kind < PEER_KINDS;
}

size_t peer_loop_storage(void)
{
    return 0;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_POSTS:     return sizeof(struct post);
    case PEER_TIMERS:  return sizeof(struct timer);
    case PEER_TASKS:   return sizeof(struct task);
    case PEER_READS:    return sizeof(struct reader);
    case PEER_JOBS:     return sizeof(struct job);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
    int failed = loop_create(&lastcall_loop, NULL);
    LOOP_ASSERT(!failed);
    snprintf(engine, sizeof engine, "%s", engine_name(lastcall_loop));
}

void peer_loop_run(void)
{
    int end = loop_run(lastcall_loop, LOOP_FOREVER);
    LOOP_ASSERT(end == LOOP_STOPPED);
}

void peer_loop_ready(void)
{
}

void peer_loop_stop(void)
{
    int failed = loop_stop(lastcall_loop);
    LOOP_ASSERT(!failed);
}

void peer_loop_end(void)
{
    int failed = loop_shutdown(lastcall_loop, NULL, NULL);
    LOOP_ASSERT(!failed);
    loop_destroy(lastcall_loop);
}

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    LOOP_ASSERT(memory);
    return memory;
}

/* Posts. */

static void run_post(struct post *p, int status)
{
    (void)p;
    if (status == 0)
        on_post();
}

void peer_posts_open(unsigned count, void (*run)(void))
{
    on_post = run;
    posts = make(count, sizeof *posts);
    for (unsigned i = 0; i < count; i++)
        posts[i].run = run_post;
}

void peer_posts_close(void)
{
    free(posts);
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        int failed = loop_post(lastcall_loop, &posts[i]);
        LOOP_ASSERT(!failed);
    }
}

/* Timers. */

static void fire_timer(struct timer *timer, int status)
{
    (void)timer;
    if (status == 0)
        on_timer();
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    on_timer = fired;
    timers = make(count, sizeof *timers);
    for (unsigned i = 0; i < count; i++)
        timers[i].fire = fire_timer;
}

void peer_timers_close(void)
{
    free(timers);
}

void peer_timer_start(unsigned number, uint64_t after)
{
    int failed = timer_start(lastcall_loop, &timers[number], os_now() + after);
    LOOP_ASSERT(!failed);
}

void peer_timer_cancel(unsigned number)
{
    int failed = timer_cancel(lastcall_loop, &timers[number]);
    LOOP_ASSERT(!failed);
}

/* Reads and accepts. */

/* A read or an accept. */
static void end_op(struct op *op)
{
    LOOP_ASSERT(op->status == LOOP_EABORTED);
}

static void submit(struct handle *handle, struct reader *r,
                   enum peer_kind kind)
{
    struct port_request request = { .kind = PORT_ACCEPT };
    if (!descriptor_accepts(kind))
        request = (struct port_request){ .kind = PORT_READ,
            .buffer = r->buffer, .size = sizeof r->buffer };
    r->op.done = end_op;
    int failed = op_submit(handle, &r->op, &request);
    LOOP_ASSERT(!failed);
}

static void open_handle(struct handle *handle, enum peer_kind kind)
{
    int failed = handle_open(lastcall_loop, handle,
                             (port_handle)descriptor_open(kind), NULL);
    LOOP_ASSERT(!failed);
}

/* Of many ops of one descriptor, its handle is that of the first. */
void peer_io_open(enum peer_kind kind, unsigned count)
{
    readers = make(count, sizeof *readers);
    for (unsigned i = 0; i < count; i++) {
        struct handle *handle = descriptor_is_one(kind) ? &readers[0].handle
                                                        : &readers[i].handle;
        if (handle == &readers[i].handle)
            open_handle(handle, kind);
        submit(handle, &readers[i], kind);
    }
    /* Only now has a ring's kernel heard of all of them. */
    int end = loop_run(lastcall_loop, LOOP_NOWAIT);
    LOOP_ASSERT(end == LOOP_PASSED);
}

void peer_io_close(void)
{
    free(readers);
}
