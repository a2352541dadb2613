/*
 * native_close.c - D: the errors with which devices end what is pending.
 */
#include "raw.h"

static void last_handle_closes(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    HANDLE copy, self = GetCurrentProcess();
    char in[4];
    raw_open(o, &s);
    observe(o, DuplicateHandle(self, s.end[0], self, &copy, 0, FALSE,
                               DUPLICATE_SAME_ACCESS),
            "set-up: no duplicate");
    raw_read(o, s.end[0], &at, in, sizeof in);
    CloseHandle(s.end[0]);
    s.end[0] = copy;
    raw_quiet(o, s.port, "the op ends although a duplicate is open");
    raw_write(o, s.end[1], 2);
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe_eq(o, 2, packet.size, "the size is another one");
    raw_close(&s);
}

static void begin_receive(struct observation *o, SOCKET s, OVERLAPPED *at)
{
    static char in[16];
    WSABUF buffer = { sizeof in, in };
    DWORD flags = 0;
    int failed = WSARecv(s, &buffer, 1, NULL, &flags, at, NULL);
    observe(o, failed && WSAGetLastError() == WSA_IO_PENDING,
            "set-up: a receive does not pend");
}

static void closed_socket_aborts(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    SOCKET end[2];
    raw_winsock(o);
    raw_sockets(o, end);
    raw_associate(o, port, (HANDLE)end[0]);
    begin_receive(o, end[0], &at);
    closesocket(end[0]);
    struct raw_packet packet = raw_packet_of(o, port, &at);
    observe(o, packet.error != RAW_HANDLES_CLOSED,
            "the read ends with ERROR_HANDLES_CLOSED");
    observe_eq(o, ERROR_OPERATION_ABORTED, packet.error,
               "the read ends with another error");
    closesocket(end[1]);
    CloseHandle(port);
}

/* More than the network takes with nobody reading. */
static void closed_socket_aborts_its_send(struct observation *o)
{
    static char out[64u << 20], in[1u << 16];
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    SOCKET end[2];
    WSABUF buffer = { sizeof out, out };
    raw_winsock(o);
    raw_sockets(o, end);
    raw_associate(o, port, (HANDLE)end[0]);
    observe(o, WSASend(end[0], &buffer, 1, NULL, 0, &at, NULL) != 0 &&
                   WSAGetLastError() == WSA_IO_PENDING,
            "set-up: a send does not pend");
    closesocket(end[0]);
    struct raw_packet packet = raw_dequeue(port, 10 * RAW_QUIET_MS);
    if (!packet.at) {
        while (recv(end[1], in, sizeof in, 0) > 0)
            continue;
        packet = raw_packet_of(o, port, &at);
        observe(o, false, "the write goes on until the peer has read");
    }
    observe_eq(o, ERROR_OPERATION_ABORTED, packet.error,
               "the send ends with another error");
    closesocket(end[1]);
    CloseHandle(port);
}

static void closed_accept_socket_ends_the_accept(struct observation *o)
{
    static char addresses[2 * (sizeof(struct sockaddr_in) + 16)];
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    struct sockaddr_in name;
    DWORD size;
    raw_winsock(o);
    SOCKET listener = raw_listener(o, &name), accepted = raw_socket(o);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)raw_extension(
        o, listener, (GUID)WSAID_ACCEPTEX);
    raw_associate(o, port, (HANDLE)listener);
    observe(o, !accept_ex(listener, accepted, addresses, 0,
                          sizeof addresses / 2, sizeof addresses / 2, &size,
                          &at),
            "set-up: an accept does not pend");
    closesocket(accepted);
    struct raw_packet packet = raw_packet_of(o, port, &at);
    observe(o, packet.error == ERROR_OPERATION_ABORTED ||
                   packet.error == ERROR_CONNECTION_ABORTED,
            "the accept ends with another error");
    closesocket(listener);
    CloseHandle(port);
}

static void closed_pipe_breaks(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    CloseHandle(s.end[0]);
    s.end[0] = INVALID_HANDLE_VALUE;
    struct raw_packet packet = raw_packet_of(o, s.port, &at);
    observe_eq(o, ERROR_BROKEN_PIPE, packet.error,
               "the read ends with another error");
    raw_close(&s);
}

/* A pipe that waits for its client, on a port. */
static HANDLE await_client(struct observation *o, HANDLE port, OVERLAPPED *at)
{
    char name[64];
    raw_pipe_name(name);
    HANDLE server = raw_server(o, name, PIPE_TYPE_BYTE);
    raw_associate(o, port, server);
    observe(o, !ConnectNamedPipe(server, at) &&
                   GetLastError() == ERROR_IO_PENDING,
            "set-up: a connect does not pend");
    return server;
}

static void closed_pipe_breaks_its_connect(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    CloseHandle(await_client(o, port, &at));
    struct raw_packet packet = raw_packet_of(o, port, &at);
    observe(o, packet.error != RAW_HANDLES_CLOSED,
            "the connect ends with ERROR_HANDLES_CLOSED");
    observe_eq(o, ERROR_BROKEN_PIPE, packet.error,
               "the connect ends with another error");
    CloseHandle(port);
}

static void connected_pipe_is_disconnected(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    char in[4];
    DWORD size = 0;
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    WriteFile(s.end[0], "unread", 6, &size, &(OVERLAPPED){ 0 });
    observe(o, DisconnectNamedPipe(s.end[0]), "a pipe is not disconnected");
    struct raw_packet packet = { 0 };
    while (packet.at != &at && !o->words) {
        packet = raw_dequeue(s.port, RAW_WAIT_MS);
        observe(o, packet.at != NULL, "no packet comes");
    }
    observe_eq(o, ERROR_PIPE_NOT_CONNECTED, packet.error,
               "the read ends with another error");
    OVERLAPPED later = { .hEvent = raw_event(o, TRUE) };
    observe(o, !ReadFile(s.end[1], in, sizeof in, NULL, &later) &&
                   GetLastError() == ERROR_PIPE_NOT_CONNECTED,
            "what was not read can be read");
    CloseHandle(later.hEvent);
    raw_close(&s);
}

static void listening_pipe_is_disconnected(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    HANDLE server = await_client(o, port, &at);
    observe(o, DisconnectNamedPipe(server),
            "a pipe that listens is not disconnected");
    if (!o->words) {
        struct raw_packet packet = raw_packet_of(o, port, &at);
        observe_eq(o, ERROR_PIPE_NOT_CONNECTED, packet.error,
                   "the connect ends with another error");
    }
    CloseHandle(server);
    CloseHandle(port);
}

static void disconnecting_ends_all(struct observation *o)
{
    connected_pipe_is_disconnected(o);
    listening_pipe_is_disconnected(o);
}

/* Without the port's own close, which cancels first. */
static void pending_receive_turns_close_to_reset(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    SOCKET end[2];
    char in[4];
    raw_winsock(o);
    raw_sockets(o, end);
    raw_associate(o, port, (HANDLE)end[0]);
    begin_receive(o, end[0], &at);
    closesocket(end[0]);
    int got = recv(end[1], in, sizeof in, 0);
    observe(o, got != 0, "a bare close is an orderly end");
    if (got < 0)
        observe_eq(o, WSAECONNRESET, WSAGetLastError(),
                   "the peer sees another error");
    raw_packet_of(o, port, &at);
    closesocket(end[1]);
    CloseHandle(port);
}

static void event_tells_when_the_port_is_gone(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { .hEvent = raw_event(o, TRUE) };
    DWORD moved = 0;
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    CloseHandle(s.port);
    raw_write(o, s.end[1], 2);
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(at.hEvent, RAW_WAIT_MS),
               "the event is not set");
    observe(o, GetOverlappedResult(s.end[0], &at, &moved, FALSE),
            "the result cannot be had");
    observe_eq(o, 2, moved, "the size is another one");
    s.port = raw_port(o);
    raw_close(&s);
    CloseHandle(at.hEvent);
}

const struct native natives_close[] = {
    { "D1", last_handle_closes },
    { "D4", closed_socket_aborts },
    { "D5", closed_socket_aborts_its_send },
    { "D7", closed_accept_socket_ends_the_accept },
    { "D8", closed_pipe_breaks },
    { "D9", closed_pipe_breaks_its_connect },
    { "D12", disconnecting_ends_all },
    { "D13", event_tells_when_the_port_is_gone },
    { "D14", pending_receive_turns_close_to_reset },
    { 0 },
};
