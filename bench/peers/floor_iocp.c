/*
 * floor_iocp.c - the floor that sleeps on a bare completion port of Windows,
 * to which a read that is pending is a socket with an op.
 *
 * source: PostQueuedCompletionStatus, GetQueuedCompletionStatusEx, CancelIoEx
 */
#include <winsock2.h>

#include <windows.h>

#include <stdlib.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "floor.h"

#define BATCH 64
#define WAKES 0                 /* keys of packets */
#define READS 1

struct read {
    OVERLAPPED overlapped;
    SOCKET     socket;
    char       buffer[8];
};

const char *const floor_engine = "iocp";

static HANDLE       port;
static struct read *reads;
static unsigned     read_count;

bool floor_has(enum peer_kind kind)
{
    return kind == PEER_READS;
}

void floor_open(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    LOOP_ASSERT(port);
}

/* Sleep until there are packets; returns how many of them were reads. */
static unsigned dequeue(void)
{
    OVERLAPPED_ENTRY entry[BATCH];
    ULONG count = 0;
    unsigned ended = 0;
    BOOL got = GetQueuedCompletionStatusEx(port, entry, BATCH, &count,
                                           INFINITE, FALSE);
    LOOP_ASSERT(got);
    for (ULONG i = 0; i < count; i++)
        ended += entry[i].lpCompletionKey == READS;
    return ended;
}

void floor_end(void)
{
    unsigned ended = 0;
    for (unsigned i = 0; i < read_count; i++) {
        BOOL asked = CancelIoEx((HANDLE)reads[i].socket,
                                &reads[i].overlapped);
        LOOP_ASSERT(asked);
    }
    while (ended < read_count)
        ended += dequeue();
    for (unsigned i = 0; i < read_count; i++)
        closesocket(reads[i].socket);
    CloseHandle(port);
}

void floor_wait(void)
{
    dequeue();
}

void floor_set(void)
{
    BOOL posted = PostQueuedCompletionStatus(port, 0, WAKES, NULL);
    LOOP_ASSERT(posted);
}

static void start(struct read *r, enum peer_kind kind)
{
    WSABUF to = { .buf = r->buffer, .len = sizeof r->buffer };
    DWORD flags = 0;
    r->socket = (SOCKET)descriptor_open(kind);
    HANDLE same = CreateIoCompletionPort((HANDLE)r->socket, port, READS,
                                         0);
    LOOP_ASSERT(same == port);
    int done = WSARecv(r->socket, &to, 1, NULL, &flags, &r->overlapped, NULL);
    LOOP_ASSERT(done == SOCKET_ERROR);
    LOOP_ASSERT(WSAGetLastError() == WSA_IO_PENDING);
}

void floor_io_open(enum peer_kind kind, unsigned count)
{
    reads = calloc(count, sizeof *reads);
    LOOP_ASSERT(reads);
    read_count = count;
    for (unsigned i = 0; i < count; i++)
        start(&reads[i], kind);
}

void floor_io_close(void)
{
    free(reads);
    read_count = 0;
}
