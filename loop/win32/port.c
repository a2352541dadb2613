/*
 * port.c - the completion port of Windows: posts, packets, and what a packet
 * says.
 *
 * source: CreateIoCompletionPort, GetQueuedCompletionStatusEx,
 * PostQueuedCompletionStatus
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define MILLISECOND 1000000u
#define ENTRIES_MAX 64
#define YIELDS_MAX 100
#define WAIT_MAX (INFINITE - 1)

/* How many threads the kernel lets run at once: as many as want to. With
 * fewer, a callback that waits actively for another thread's callback could
 * keep that one from ever getting its packet. */
#define THREADS_RUNNING MAXLONG

int port_open(struct port **out)
{
    struct port *p = os_alloc(sizeof *p);
    if (!p)
        return LOOP_ENOMEM;
    p->completion = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0,
                                           THREADS_RUNNING);
    if (!p->completion) {
        os_free(p);
        return LOOP_ENOMEM;
    }
    InitializeSRWLock(&p->lock);
    *out = p;
    return 0;
}

/*
 *   returns   how many entries were taken, 0 if the time has passed. The
 *             kernel's own count says nothing when it has none
 */
static int take(struct port *p, OVERLAPPED_ENTRY *entries, int cap,
                DWORD wait)
{
    ULONG count = 0;
    ULONG size = cap < ENTRIES_MAX ? (ULONG)cap : ENTRIES_MAX;
    if (GetQueuedCompletionStatusEx(p->completion, entries, size, &count,
                                    wait, FALSE))
        return (int)count;
    DWORD error = GetLastError();
    LOOP_ASSERT(error == WAIT_TIMEOUT);
    return 0;
}

static struct kernel_op *op_of(const OVERLAPPED_ENTRY *entry)
{
    return (struct kernel_op *)(void *)entry->lpOverlapped;
}

/* Nobody will see these packets. Those of accepts own a connection; the
 * rest, and the memory of all ops, is not touched: whoever owned it may have
 * given up on it. What no packet has come for stays the kernel's. */
static void drop_packets(struct port *p)
{
    OVERLAPPED_ENTRY entries[ENTRIES_MAX];
    int count;
    while ((count = take(p, entries, ENTRIES_MAX, 0)) > 0)
        for (int i = 0; i < count; i++) {
            struct kernel_op *op = op_of(&entries[i]);
            if (op && op->kind == PORT_ACCEPT)
                accept_close(p, op);
        }
}

/* Waits end before the port does, because their callbacks post to it. */
void port_close(struct port *p)
{
    association_orphan_all(p);
    drop_packets(p);
    accept_close_all(p);
    BOOL closed = CloseHandle(p->completion);
    LOOP_ASSERT(closed);
    os_free(p);
}

int port_post(struct port *p, uint64_t key)
{
    BOOL posted = PostQueuedCompletionStatus(p->completion, 0, key, NULL);
    return posted ? 0 : LOOP_ENOMEM;
}

/* Wine loses the result of an op whose thread is ending at that moment, and
 * the op looks pending for ever. If it was aborted, its packet knows. */
static void recover_result(struct kernel_op *op,
                           const OVERLAPPED_ENTRY *entry)
{
    if (op->overlapped.Internal == STATUS_PENDING &&
        (LONG)entry->Internal < 0)
        op->overlapped.Internal = entry->Internal;
}

/* A result is in the caller's memory once the packet was dequeued, and then
 * GetOverlappedResult only turns one number into another: it neither waits
 * nor looks at the handle, which may be closed by now. */
static int32_t result_of(struct kernel_op *op, const OVERLAPPED_ENTRY *entry)
{
    DWORD size;
    if (op->posted)
        return op->status;
    if (op->overlapped.Internal == 0)
        return 0;
    recover_result(op, entry);
    if (GetOverlappedResult(op->handle, &op->overlapped, &size, FALSE))
        return 0;
    return attempt_op_status(op, GetLastError());
}

/* Without this the connection can send and receive, but not shut down or
 * say whom it is connected to. */
static void finish_connect(struct port *p, struct kernel_op *op,
                           struct packet *packet)
{
    struct association *a = association_enter(p, op);
    if (!a)
        return;
    if (setsockopt((SOCKET)a->handle, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT,
                   NULL, 0))
        packet->status = LOOP_EBROKEN;
    association_leave(a);
}

/* Another thread may be inside the call that starts the op. It is about to
 * come back: by itself, or after a pause that lets it run if its priority is
 * lower. */
static void wait_for_start(struct kernel_op *op)
{
    for (int i = 0; atomic_load(&op->state) == OP_STARTING; i++)
        if (i < YIELDS_MAX)
            SwitchToThread();
        else
            os_pause();
    LOOP_ASSERT(atomic_load(&op->state) != OP_IDLE);
}

/* The op goes back to its owner last. */
static void read_op(struct port *p, const OVERLAPPED_ENTRY *entry,
                    struct packet *packet)
{
    struct kernel_op *op = op_of(entry);
    wait_for_start(op);
    packet->op = (struct port_op *)(void *)op;
    packet->status = result_of(op, entry);
    if (op->kind == PORT_ACCEPT)
        accept_finish(p, op, packet);
    else if (op->kind == PORT_CONNECT && packet->status == 0)
        finish_connect(p, op, packet);
    atomic_store(&op->state, OP_IDLE);
}

static void read_entry(struct port *p, const OVERLAPPED_ENTRY *entry,
                       struct packet *packet)
{
    *packet = (struct packet){
        .key = entry->lpCompletionKey,
        .size = entry->dwNumberOfBytesTransferred,
        .handle = PORT_NO_HANDLE,
    };
    if (entry->lpOverlapped)
        read_op(p, entry, packet);
}

/* Rounded up, so that nobody comes back early and spins. */
static DWORD time_left(uint64_t until)
{
    if (until == PORT_FOREVER)
        return INFINITE;
    uint64_t now = until ? os_now() : 0;
    if (until <= now)
        return 0;
    uint64_t left = (until - now - 1) / MILLISECOND + 1;
    return left < WAIT_MAX ? (DWORD)left : WAIT_MAX;
}

int port_dequeue(struct port *p, struct packet *out, int cap,
                 uint64_t until)
{
    LOOP_ASSERT(cap > 0);
    OVERLAPPED_ENTRY entries[ENTRIES_MAX];
    DWORD wait;
    int count;

    /* A time that is further away than the kernel can count takes more than
     * one wait. */
    do {
        wait = time_left(until);
        count = take(p, entries, cap, wait);
    } while (count == 0 && wait == WAIT_MAX);
    for (int i = 0; i < count; i++)
        read_entry(p, &entries[i], &out[i]);
    return count;
}
