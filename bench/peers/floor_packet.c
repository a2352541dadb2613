/*
 * floor_packet.c - the floor of a loop whose posts are completion packets:
 * a bare completion port of Windows that takes each post and each stop as a
 * packet of its own, and one thread that dequeues them in batches.
 *
 * source: PostQueuedCompletionStatus, GetQueuedCompletionStatusEx
 */
#include <windows.h>

#include "../../loop/check.h"
#include "peer_loop.h"

#define BATCH 64

enum key { POST, STOP };

static HANDLE port;
static void (*on_post)(void);

const char *peer_loop_engine(void)
{
    return "iocp";
}

const char *peer_loop_version(void)
{
    return "-";
}

unsigned peer_loop_threads(void)
{
    return 1;
}

bool peer_loop_has(enum peer_kind kind)
{
    (void)kind;
    return false;
}

size_t peer_loop_storage(void)
{
    return 0;
}

size_t peer_storage(enum peer_kind kind)
{
    (void)kind;
    return 0;
}

void peer_loop_open(unsigned threads)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, threads);
    LOOP_ASSERT(port);
}

void peer_loop_end(void)
{
    CloseHandle(port);
}

void peer_loop_ready(void)
{
}

static void send_packet(enum key key)
{
    BOOL sent = PostQueuedCompletionStatus(port, 0, key, NULL);
    LOOP_ASSERT(sent);
}

/* What was dequeued with a stop is run before the return. */
void peer_loop_run(void)
{
    OVERLAPPED_ENTRY entry[BATCH];
    bool stopped = false;
    while (!stopped) {
        ULONG count = 0;
        BOOL got = GetQueuedCompletionStatusEx(port, entry, BATCH, &count,
                                               INFINITE, FALSE);
        LOOP_ASSERT(got);
        for (ULONG i = 0; i < count; i++)
            if (entry[i].lpCompletionKey == STOP)
                stopped = true;
            else
                on_post();
    }
}

void peer_loop_stop(void)
{
    send_packet(STOP);
}

void peer_posts_open(unsigned count, void (*run)(void))
{
    (void)count;
    on_post = run;
}

void peer_posts_close(void)
{
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        send_packet(POST);
}

/* There are no reads and accepts. */

void peer_io_open(enum peer_kind kind, unsigned count)
{
    (void)kind;
    (void)count;
}

void peer_io_close(void)
{
}
