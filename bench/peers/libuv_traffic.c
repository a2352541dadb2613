/*
 * libuv_traffic.c - two uv_pipe_t over the ends: uv_read_start, and
 * uv_try_write of what a device surely takes, uv_write of a block.
 *
 * source: libuv's documentation of uv_stream_t and uv_pipe_open
 */
#include "../../loop/check.h"
#include "libuv.h"
#include "peer_loop.h"

static struct {
    enum peer_traffic kind;
    uv_pipe_t    end[2];
    uv_stream_t *first;         /* who writes next                       */
    uv_write_t   write;
    uint64_t     left;          /* bytes to be read                      */
    uint64_t     unsent;        /* to be written, by a pump              */
    unsigned     open;
    char         got[PEER_BLOCK];
    char         sent[PEER_BLOCK];
} t;

static void lend_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)handle;
    (void)size;
    *out = uv_buf_init(t.got, sizeof t.got);
}

static void answer(uv_stream_t *to)
{
    uv_buf_t buffer = uv_buf_init(t.sent, 1);
    int size = uv_try_write(to, &buffer, 1);
    LOOP_ASSERT(size == 1);
}

static void write_block(uv_write_t *write, int status)
{
    uv_buf_t buffer = uv_buf_init(t.sent, sizeof t.sent);
    LOOP_ASSERT(status == 0);
    if (t.unsent == 0)
        return;
    t.unsent -= sizeof t.sent;
    int failed = uv_write(write, (uv_stream_t *)&t.end[1], &buffer, 1,
                          write_block);
    LOOP_ASSERT(!failed);
}

static void on_read(uv_stream_t *from, ssize_t size, const uv_buf_t *unused)
{
    (void)unused;
    if (size == 0)
        return;
    LOOP_ASSERT(size > 0);
    t.left -= (uint64_t)size;
    if (t.kind == PEER_ECHO_PAIR)
        t.first = from;
    if (t.left == 0)
        peer_loop_stop();
    else if (t.kind != PEER_PUMP)
        answer(t.first);
}

bool peer_has_traffic(void)
{
    return true;
}

void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2])
{
    (void)is_pipe;
    t.kind = kind;
    for (int i = 0; i < 2; i++) {
        int failed = uv_pipe_init(&libuv_loop, &t.end[i], 0);
        LOOP_ASSERT(!failed);
        failed = uv_pipe_open(&t.end[i], (uv_file)ends[i]);
        LOOP_ASSERT(!failed);
        t.open++;
        if (i == 0 || kind == PEER_ECHO_PAIR)
            uv_read_start((uv_stream_t *)&t.end[i], lend_buffer, on_read);
    }
    t.first = (uv_stream_t *)&t.end[1];
}

void peer_traffic(unsigned count)
{
    t.left = count;
    if (t.kind == PEER_PUMP) {
        t.left = t.unsent = (uint64_t)count * PEER_BLOCK;
        write_block(&t.write, 0);
    } else {
        answer(t.first);
    }
    peer_loop_run();
}

static void on_close(uv_handle_t *unused)
{
    (void)unused;
    t.open--;
}

void peer_traffic_close(void)
{
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&t.end[i], on_close);
    while (t.open > 0)
        uv_run(&libuv_loop, UV_RUN_NOWAIT);
}
