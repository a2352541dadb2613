/*
 * native_op.c - O: the status block, and calls that may post nothing.
 */
#include "raw.h"

static void started_op_is_pending(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    observe_eq(o, RAW_PENDING, (long long)at.Internal,
               "the op does not say pending");
    raw_write(o, s.end[1], 1);
    raw_packet_of(o, s.port, &at);
    raw_close(&s);
}

static void ended_op_tells_status_and_size(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    raw_write(o, s.end[1], 3);
    raw_packet_of(o, s.port, &at);
    observe_eq(o, 0, (long long)at.Internal, "the status is another one");
    observe_eq(o, 3, (long long)at.InternalHigh, "the size is another one");
    raw_close(&s);
}

/* That the port is signalled tells that the packet is there. */
static void status_comes_with_the_packet(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    raw_write(o, s.end[1], 3);
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(s.port, RAW_WAIT_MS),
               "no packet comes");
    observe(o, at.Internal == RAW_PENDING,
            "the status is there at completion");
    raw_packet_of(o, s.port, &at);
    observe_eq(o, 0, (long long)at.Internal, "the status is another one");
    raw_close(&s);
}

/* A write that fits may pend all the same; then it has a packet. */
static void write_without_packet(struct observation *o,
                                 const struct raw_scene *s)
{
    OVERLAPPED at = { 0 };
    if (WriteFile(s->end[0], "x", 1, NULL, &at))
        raw_quiet(o, s->port, "success at once has a packet");
    else
        raw_packet_of(o, s->port, &at);
}

static void success_at_once_may_skip_its_packet(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    observe(o, SetFileCompletionNotificationModes(
                   s.end[0], FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
            "the mode is refused");
    write_without_packet(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    raw_write(o, s.end[1], 1);
    raw_packet_of(o, s.port, &at);
    SetFileCompletionNotificationModes(s.end[0], 0);
    write_without_packet(o, &s);
    raw_close(&s);
}

static void failure_at_once_has_no_packet(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    char in[4];
    WSABUF buffer = { sizeof in, in };
    DWORD flags = 0;
    raw_winsock(o);
    SOCKET s = raw_socket(o);
    raw_associate(o, port, (HANDLE)s);
    observe(o, WSARecv(s, &buffer, 1, NULL, &flags, &at, NULL) != 0,
            "an unconnected socket receives");
    observe_eq(o, WSAENOTCONN, WSAGetLastError(),
               "the error is another one");
    raw_quiet(o, port, "failure at once has a packet");
    closesocket(s);
    CloseHandle(port);
}

static void read_half_a_message(struct observation *o, UCHAR modes,
                                const char *words)
{
    struct raw_scene s = { .port = raw_port(o) };
    OVERLAPPED at = { 0 };
    char in[4];
    raw_pipe(o, s.end, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE);
    raw_associate(o, s.port, s.end[0]);
    if (modes)
        SetFileCompletionNotificationModes(s.end[0], modes);
    raw_write(o, s.end[1], 10);
    observe(o, !ReadFile(s.end[0], in, sizeof in, NULL, &at),
            "half a message is a success");
    struct raw_packet packet = raw_dequeue(s.port, RAW_QUIET_MS * 10);
    observe(o, packet.at == &at, words);
    if (packet.at)
        observe_eq(o, ERROR_MORE_DATA, packet.error,
                   "the packet has another error");
    raw_close(&s);
}

static void warning_has_a_packet(struct observation *o)
{
    read_half_a_message(o, 0, "a warning has no packet");
    read_half_a_message(o, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
                        "a warning has no packet where success has none");
}

/* The low bit asks for no packet, and is not part of the handle. */
static void read_with_event(struct observation *o, ULONG_PTR bit)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    HANDLE event = raw_event(o, TRUE);
    DWORD moved = 0;
    char in[4];
    at.hEvent = (HANDLE)((ULONG_PTR)event | bit);
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    raw_write(o, s.end[1], 2);
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(event, RAW_WAIT_MS),
               "the event is not set");
    if (bit)
        raw_quiet(o, s.port, "the low bit of the event is ignored");
    else
        raw_packet_of(o, s.port, &at);
    observe(o, GetOverlappedResult(s.end[0], &at, &moved, FALSE),
            "the result cannot be had");
    observe_eq(o, 2, moved, "the size is another one");
    raw_close(&s);
    CloseHandle(event);
}

static void event_may_replace_the_packet(struct observation *o)
{
    read_with_event(o, 1);
    read_with_event(o, 0);
}

static void result_takes_no_packet(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    DWORD moved = 0;
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    observe(o, !GetOverlappedResult(s.end[0], &at, &moved, FALSE),
            "a pending op has a result");
    observe_eq(o, ERROR_IO_INCOMPLETE, GetLastError(),
               "the error is another one");
    raw_write(o, s.end[1], 2);
    WaitForSingleObject(s.port, RAW_WAIT_MS);
    GetOverlappedResult(s.end[0], &at, &moved, FALSE);
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe_eq(o, 2, packet.size, "the size is another one");
    raw_close(&s);
}

static void CALLBACK ignore_end(DWORD error, DWORD size, OVERLAPPED *at)
{
    (void)error;
    (void)size;
    (void)at;
}

static void apc_is_refused(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    observe(o, !ReadFileEx(s.end[0], in, sizeof in, &at, ignore_end),
            "a read with an APC starts");
    observe_eq(o, ERROR_INVALID_PARAMETER, GetLastError(),
               "the error is another one");
    raw_close(&s);
}

static HANDLE temporary_file(struct observation *o)
{
    char folder[MAX_PATH], name[MAX_PATH];
    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "lst", 0, name);
    HANDLE file = CreateFileA(
        name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
        FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    observe(o, file != INVALID_HANDLE_VALUE, "set-up: no file");
    return file;
}

/* Whatever the call says, a packet comes unless the call has failed. */
static void transfer(struct observation *o, HANDLE port, BOOL done,
                     const OVERLAPPED *at, DWORD error)
{
    DWORD said = done ? 0 : GetLastError();
    if (said == 0 || said == ERROR_IO_PENDING) {
        struct raw_packet packet = raw_packet_of(o, port, at);
        observe_eq(o, error, packet.error, "the packet has another error");
    } else {
        observe_eq(o, error, said, "the error is another one");
        raw_quiet(o, port, "failure at once has a packet");
    }
}

static void file_pends_or_fails(struct observation *o)
{
    HANDLE port = raw_port(o), file = temporary_file(o);
    OVERLAPPED at = { 0 };
    char bytes[8] = "12345";
    raw_associate(o, port, file);
    transfer(o, port, WriteFile(file, bytes, 5, NULL, &at), &at, 0);
    transfer(o, port, ReadFile(file, bytes, 5, NULL, &at), &at, 0);
    at.Offset = 100;
    transfer(o, port, ReadFile(file, bytes, 5, NULL, &at), &at,
             ERROR_HANDLE_EOF);
    CloseHandle(file);
    CloseHandle(port);
}

const struct native natives_op[] = {
    { "O1", started_op_is_pending },
    { "O2", ended_op_tells_status_and_size },
    { "O3", status_comes_with_the_packet },
    { "O5", success_at_once_may_skip_its_packet },
    { "O6", failure_at_once_has_no_packet },
    { "O7", warning_has_a_packet },
    { "O8", event_may_replace_the_packet },
    { "O9", result_takes_no_packet },
    { "O10", apc_is_refused },
    { "O12", file_pends_or_fails },
    { 0 },
};
