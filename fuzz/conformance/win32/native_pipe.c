/*
 * native_pipe.c - N: named pipes without client, anonymous and synchronous
 * ones.
 */
#include "raw.h"

static void connect_fails(struct observation *o, HANDLE server, DWORD error,
                          const char *words)
{
    OVERLAPPED at = { 0 };
    observe(o, !ConnectNamedPipe(server, &at), "a connect succeeds at once");
    observe_eq(o, error, GetLastError(), words);
}

static void client_may_come_first(struct observation *o)
{
    struct raw_scene s;
    raw_open(o, &s);
    connect_fails(o, s.end[0], ERROR_PIPE_CONNECTED,
                  "a client that is there is not told");
    raw_quiet(o, s.port, "a client that is there has a packet");
    CloseHandle(s.end[1]);
    s.end[1] = INVALID_HANDLE_VALUE;
    connect_fails(o, s.end[0], ERROR_NO_DATA,
                  "a client that has left is not told");
    raw_close(&s);
}

static void cancelled_connect_goes_on_listening(struct observation *o)
{
    char name[64];
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    raw_pipe_name(name);
    HANDLE server = raw_server(o, name, PIPE_TYPE_BYTE);
    raw_associate(o, port, server);
    connect_fails(o, server, ERROR_IO_PENDING, "a connect does not pend");
    CancelIoEx(server, NULL);
    observe(o, raw_dequeue(port, RAW_WAIT_MS).error ==
                   ERROR_OPERATION_ABORTED, "a connect is not aborted");
    HANDLE client = raw_client(name, FILE_FLAG_OVERLAPPED);
    observe(o, client != INVALID_HANDLE_VALUE,
            "nobody listens after a cancelled connect");
    observe(o, ConnectNamedPipe(server, &at) ||
                   GetLastError() == ERROR_PIPE_CONNECTED,
            "a client that came in between is not told");
    CloseHandle(client);
    CloseHandle(server);
    CloseHandle(port);
}

static void connect_tells_of_its_client(struct observation *o)
{
    client_may_come_first(o);
    cancelled_connect_goes_on_listening(o);
}

static void read_without_client_fails(struct observation *o)
{
    char name[64], in[4];
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    raw_pipe_name(name);
    HANDLE server = raw_server(o, name, PIPE_TYPE_BYTE);
    raw_associate(o, port, server);
    observe(o, !ReadFile(server, in, sizeof in, NULL, &at),
            "a read without client succeeds");
    observe_eq(o, ERROR_PIPE_LISTENING, GetLastError(),
               "the error is another one");
    raw_quiet(o, port, "failure at once has a packet");
    CloseHandle(server);
    CloseHandle(port);
}

static DWORD read_all(HANDLE h, DWORD size)
{
    static char in[RAW_PIPE_SIZE];
    DWORD got = 0, n = 1;
    OVERLAPPED at = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
    while (got < size && n > 0) {
        n = 0;
        ReadFile(h, in, sizeof in, NULL, &at);
        GetOverlappedResult(h, &at, &n, TRUE);
        got += n;
    }
    CloseHandle(at.hEvent);
    return got;
}

static void write_over_the_quota_pends(struct observation *o)
{
    static char out[64 * RAW_PIPE_SIZE];
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    raw_open(o, &s);
    observe(o, !WriteFile(s.end[0], out, sizeof out, NULL, &at),
            "a write over the quota succeeds at once");
    observe_eq(o, ERROR_IO_PENDING, GetLastError(),
               "the error is another one");
    raw_quiet(o, s.port, "a write over the quota does not wait");
    observe_eq(o, sizeof out, read_all(s.end[1], sizeof out),
               "what was written is not there");
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe_eq(o, sizeof out, packet.size, "the size is another one");
    raw_close(&s);
}

static void pipe_pends_or_fails(struct observation *o)
{
    read_without_client_fails(o);
    write_over_the_quota_pends(o);
}

struct reader {
    HANDLE     file;
    OVERLAPPED at;
    BOOL       done;
    DWORD      size, error;
};

static DWORD WINAPI read_and_wait(void *arg)
{
    struct reader *r = arg;
    char in[4];
    r->done = ReadFile(r->file, in, sizeof in, &r->size, &r->at);
    r->error = r->done ? 0 : GetLastError();
    return 0;
}

/* An OVERLAPPED is taken, and the call waits all the same. */
static void anonymous_pipe_waits(struct observation *o)
{
    struct reader r = { 0 };
    HANDLE writer;
    DWORD size;
    observe(o, CreatePipe(&r.file, &writer, NULL, 0), "set-up: no pipe");
    HANDLE thread = raw_thread(o, read_and_wait, &r);
    observe_eq(o, WAIT_TIMEOUT, WaitForSingleObject(thread, RAW_QUIET_MS),
               "a read of an empty anonymous pipe returns");
    WriteFile(writer, "ab", 2, &size, NULL);
    observe(o, raw_join(thread), "a read outlives its data");
    observe(o, r.done, "a read with data fails");
    observe_eq(o, 2, r.size, "the size is another one");
    CloseHandle(r.file);
    CloseHandle(writer);
}

static DWORD WINAPI close_file(void *file)
{
    return !CloseHandle(file);
}

/* Closed on a thread of its own, since the close may wait for the read; then
 * data ends both. */
static void close_ends_a_blocked_read(struct observation *o)
{
    char name[64];
    struct reader r = { 0 };
    raw_pipe_name(name);
    HANDLE server = raw_server(o, name, PIPE_TYPE_BYTE);
    r.file = raw_client(name, 0);
    HANDLE thread = raw_thread(o, read_and_wait, &r);
    observe_eq(o, WAIT_TIMEOUT, WaitForSingleObject(thread, RAW_QUIET_MS),
               "a read of an empty pipe returns");
    HANDLE closer = raw_thread(o, close_file, r.file);
    bool ends = WaitForSingleObject(thread, 2000) == WAIT_OBJECT_0;
    observe(o, ends, "the close waits for the read");
    if (!ends)
        raw_write(o, server, 1);
    raw_join(closer);
    observe(o, raw_join(thread), "the read never ends");
    CloseHandle(server);
}

const struct native natives_pipe[] = {
    { "N1", connect_tells_of_its_client },
    { "N2", pipe_pends_or_fails },
    { "N3", anonymous_pipe_waits },
    { "N4", close_ends_a_blocked_read },
    { 0 },
};
