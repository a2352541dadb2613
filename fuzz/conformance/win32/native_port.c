/*
 * native_port.c - P: what of the port the seam does not show.
 */
#include "raw.h"

#define WORKERS 4

static void port_takes_no_port(struct observation *o)
{
    HANDLE port = raw_port(o);
    HANDLE other = CreateIoCompletionPort(INVALID_HANDLE_VALUE, port, 1, 0);
    observe(o, other == NULL, "no file and a port make a port");
    observe_eq(o, ERROR_INVALID_PARAMETER, GetLastError(),
               "the error is another one");
    CloseHandle(port);
}

static void associating_gives_the_port(struct observation *o)
{
    struct raw_scene s;
    raw_open(o, &s);
    observe(o, CreateIoCompletionPort(s.end[1], s.port, 1, 0) == s.port,
            "associating gives another handle");
    raw_close(&s);
}

static HANDLE duplicate(struct observation *o, HANDLE h)
{
    HANDLE copy = NULL, self = GetCurrentProcess();
    observe(o, DuplicateHandle(self, h, self, &copy, 0, FALSE,
                               DUPLICATE_SAME_ACCESS),
            "set-up: no duplicate");
    return copy;
}

static void duplicate_is_associated_too(struct observation *o)
{
    struct raw_scene s;
    raw_open(o, &s);
    HANDLE copy = duplicate(o, s.end[0]);
    observe(o, CreateIoCompletionPort(copy, s.port, 1, 0) == NULL,
            "a duplicate is associated again");
    observe_eq(o, ERROR_INVALID_PARAMETER, GetLastError(),
               "the error is another one");
    CloseHandle(copy);
    raw_close(&s);
}

static void refuse(struct observation *o, HANDLE port, HANDLE file,
                   const char *words)
{
    observe(o, CreateIoCompletionPort(file, port, 1, 0) == NULL, words);
    CloseHandle(file);
}

static void synchronous_handles_are_refused(struct observation *o)
{
    HANDLE port = raw_port(o), reader, writer;
    char name[64];
    raw_pipe_name(name);
    observe(o, CreatePipe(&reader, &writer, NULL, 0), "set-up: no pipe");
    refuse(o, port, reader, "an anonymous pipe is associated");
    observe_eq(o, ERROR_INVALID_PARAMETER, GetLastError(),
               "the error is another one");
    CloseHandle(writer);
    HANDLE server = raw_server(o, name, PIPE_TYPE_BYTE);
    refuse(o, port, raw_client(name, 0), "a synchronous pipe is associated");
    refuse(o, port, raw_event(o, TRUE), "an event is associated");
    CloseHandle(server);
    CloseHandle(port);
}

static void association_may_come_later(struct observation *o)
{
    struct raw_scene s = { .port = raw_port(o) };
    OVERLAPPED at = { 0 };
    char in[4];
    raw_pipe(o, s.end, PIPE_TYPE_BYTE);
    raw_read(o, s.end[0], &at, in, sizeof in);
    raw_associate(o, s.port, s.end[0]);
    raw_write(o, s.end[1], 2);
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe_eq(o, 2, packet.size, "the size is another one");
    raw_close(&s);
}

struct work {
    HANDLE        port;
    volatile LONG running;
    volatile LONG over;
};

/* Works without ever blocking, which would let another one in. */
static DWORD WINAPI take_and_spin(void *arg)
{
    struct work *w = arg;
    if (!raw_dequeue(w->port, RAW_WAIT_MS).good)
        return 1;
    InterlockedIncrement(&w->running);
    while (!w->over)
        YieldProcessor();
    return 0;
}

static void one_worker_runs_at_a_time(struct observation *o)
{
    struct work w = { 0 };
    HANDLE thread[WORKERS];
    w.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    for (int i = 0; i < WORKERS; i++)
        thread[i] = raw_thread(o, take_and_spin, &w);
    settle();
    for (int i = 0; i < WORKERS; i++)
        PostQueuedCompletionStatus(w.port, 0, 1, NULL);
    for (int i = 0; i < 20 && w.running < WORKERS; i++)
        settle();
    LONG most = w.running;
    w.over = 1;
    for (int i = 0; i < WORKERS; i++)
        observe(o, raw_join(thread[i]), "a worker is never served");
    observe(o, most < WORKERS, "every worker runs at once");
    observe_eq(o, 1, most, "a few workers run at once");
    CloseHandle(w.port);
}

static void post_is_not_looked_into(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED *nowhere = (OVERLAPPED *)(ULONG_PTR)0x1234;
    PostQueuedCompletionStatus(port, 12, ~(ULONG_PTR)0, nowhere);
    struct raw_packet packet = raw_dequeue(port, RAW_WAIT_MS);
    observe(o, packet.good && packet.at == nowhere, "the pointer changes");
    observe(o, packet.key == ~(ULONG_PTR)0, "the key changes");
    observe_eq(o, 12, packet.size, "the size changes");
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    packet = raw_dequeue(port, RAW_WAIT_MS);
    observe(o, packet.good && !packet.at, "no pointer is a failure");
    CloseHandle(port);
}

static void timeout_stores_nothing(struct observation *o)
{
    HANDLE port = raw_port(o);
    DWORD size = 7;
    ULONG_PTR key = 8;
    OVERLAPPED at, *out = &at;
    observe(o, !GetQueuedCompletionStatus(port, &size, &key, &out, 1),
            "an empty port succeeds");
    observe_eq(o, WAIT_TIMEOUT, GetLastError(), "the error is another one");
    observe(o, out == NULL, "the pointer is not cleared");
    observe(o, size == 7 && key == 8, "a size or key is stored");
    CloseHandle(port);
}

static void failed_op_is_a_false_with_a_packet(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    CancelIoEx(s.end[0], &at);
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe(o, !packet.good, "the packet of a failed op is a success");
    observe_eq(o, ERROR_OPERATION_ABORTED, packet.error,
               "the error is not the op's");
    raw_close(&s);
}

static void batch_tells_status_in_the_op(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    OVERLAPPED_ENTRY entry[8];
    ULONG count = 0;
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    CancelIoEx(s.end[0], &at);
    observe(o, WaitForSingleObject(s.port, RAW_WAIT_MS) == WAIT_OBJECT_0,
            "no packet comes");
    PostQueuedCompletionStatus(s.port, 0, 1, NULL);
    observe(o, GetQueuedCompletionStatusEx(s.port, entry, 8, &count,
                                           RAW_WAIT_MS, FALSE),
            "a batch with a failed op fails");
    observe_eq(o, 2, count, "a batch leaves packets, or waits for more");
    observe(o, entry[0].lpOverlapped == &at, "the packet names another op");
    observe_eq(o, RAW_CANCELLED, (LONG)at.Internal,
               "the op does not tell its status");
    raw_close(&s);
}

static void empty_batch_counts_one(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED_ENTRY entry[4];
    ULONG count = 9;
    observe(o, !GetQueuedCompletionStatusEx(port, entry, 4, &count, 1, FALSE),
            "a batch of nothing succeeds");
    observe_eq(o, WAIT_TIMEOUT, GetLastError(), "the error is another one");
    observe_eq(o, 1, count, "the count is another one");
    CloseHandle(port);
}

static void CALLBACK count_call(ULONG_PTR count)
{
    ++*(int *)count;
}

static BOOL dequeue_alertably(HANDLE port)
{
    OVERLAPPED_ENTRY entry[1];
    ULONG count;
    return GetQueuedCompletionStatusEx(port, entry, 1, &count, RAW_WAIT_MS,
                                       TRUE);
}

static void packet_comes_before_an_apc(struct observation *o)
{
    HANDLE port = raw_port(o);
    int calls = 0;
    QueueUserAPC(count_call, GetCurrentThread(), (ULONG_PTR)&calls);
    raw_quiet(o, port, "a packet comes from nowhere");
    observe_eq(o, 0, calls, "a plain wait is alertable");
    observe(o, !dequeue_alertably(port), "a batch of nothing succeeds");
    observe_eq(o, WAIT_IO_COMPLETION, GetLastError(),
               "the error is another one");
    observe_eq(o, 1, calls, "the APC did not run");

    QueueUserAPC(count_call, GetCurrentThread(), (ULONG_PTR)&calls);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    observe(o, dequeue_alertably(port), "an APC comes before a packet");
    observe_eq(o, 1, calls, "the APC ran beside a packet");
    SleepEx(0, TRUE);
    observe_eq(o, 2, calls, "the APC is lost");
    CloseHandle(port);
}

static void port_is_signalled_while_it_has_packets(struct observation *o)
{
    HANDLE port = raw_port(o);
    observe_eq(o, WAIT_TIMEOUT, WaitForSingleObject(port, 0),
               "an empty port is signalled");
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    for (int i = 0; i < 2; i++)
        observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(port, 0),
                   "a port with a packet is not signalled");
    observe(o, raw_dequeue(port, 0).good, "waiting has taken the packet");
    CloseHandle(port);
}

struct waiter {
    HANDLE            port;
    DWORD             wait_ms;
    struct raw_packet packet;
};

static DWORD WINAPI wait_once(void *arg)
{
    struct waiter *w = arg;
    w->packet = raw_dequeue(w->port, w->wait_ms);
    return 0;
}

static void closed_port_abandons_its_waiter(struct observation *o)
{
    struct waiter w = { .port = raw_port(o), .wait_ms = 1000 };
    HANDLE thread = raw_thread(o, wait_once, &w);
    settle();
    CloseHandle(w.port);
    observe(o, raw_join(thread), "the wait outlives its time");
    observe(o, w.packet.error != WAIT_TIMEOUT, "nobody is woken");
    observe_eq(o, ERROR_ABANDONED_WAIT_0, w.packet.error,
               "the wait ends otherwise");
}

static void duplicate_keeps_the_port(struct observation *o)
{
    struct waiter w = { .port = raw_port(o), .wait_ms = RAW_WAIT_MS };
    HANDLE copy = duplicate(o, w.port);
    HANDLE thread = raw_thread(o, wait_once, &w);
    settle();
    CloseHandle(w.port);
    PostQueuedCompletionStatus(copy, 0, 1, NULL);
    observe(o, raw_join(thread), "the wait outlives its time");
    observe(o, w.packet.good || w.packet.error != ERROR_INVALID_HANDLE,
            "the wait ends as an invalid handle");
    observe(o, w.packet.good && w.packet.key == 1, "who waits is not served");
    CloseHandle(copy);
}

static void closed_port_is_invalid(struct observation *o)
{
    HANDLE port = raw_port(o);
    CloseHandle(port);
    observe(o, !PostQueuedCompletionStatus(port, 0, 1, NULL),
            "a post to a closed port succeeds");
    observe_eq(o, ERROR_INVALID_HANDLE, GetLastError(),
               "the error is another one");
    observe_eq(o, ERROR_INVALID_HANDLE, raw_dequeue(port, 0).error,
               "the error is another one");
}

const struct native natives_port[] = {
    { "P1", port_takes_no_port },
    { "P2", associating_gives_the_port },
    { "P3", duplicate_is_associated_too },
    { "P4", synchronous_handles_are_refused },
    { "P5", association_may_come_later },
    { "P6", one_worker_runs_at_a_time },
    { "P7", post_is_not_looked_into },
    { "P11", timeout_stores_nothing },
    { "P12", failed_op_is_a_false_with_a_packet },
    { "P13", batch_tells_status_in_the_op },
    { "P14", empty_batch_counts_one },
    { "P16", packet_comes_before_an_apc },
    { "P19", port_is_signalled_while_it_has_packets },
    { "P20", closed_port_abandons_its_waiter },
    { "P21", duplicate_keeps_the_port },
    { "P22", closed_port_is_invalid },
    { 0 },
};
