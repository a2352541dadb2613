/*
 * native_socket.c - S: the extensions of Winsock, resets and shutdowns.
 */
#include "raw.h"

#define ADDRESS_SIZE (sizeof(struct sockaddr_in) + 16)
#define ROUNDS 100

struct receive {
    OVERLAPPED at;
    DWORD      flags;
    char       in[16];
};

/* Returns 0, or the error that the call says. */
static int receive(SOCKET s, struct receive *r, ULONG size)
{
    WSABUF buffer = { size, r->in };
    *r = (struct receive){ .flags = 0 };
    return WSARecv(s, &buffer, 1, NULL, &r->flags, &r->at, NULL) == 0
               ? 0
               : WSAGetLastError();
}

static void begin_receive(struct observation *o, SOCKET s, struct receive *r,
                          ULONG size)
{
    observe_eq(o, WSA_IO_PENDING, receive(s, r, size),
               "a receive does not pend");
}

struct wire {
    HANDLE port;
    SOCKET end[2];
};

static void wire_open(struct observation *o, struct wire *w)
{
    raw_winsock(o);
    w->port = raw_port(o);
    raw_sockets(o, w->end);
    raw_associate(o, w->port, (HANDLE)w->end[0]);
}

static void wire_close(struct wire *w)
{
    for (int i = 0; i < 2; i++)
        if (w->end[i] != INVALID_SOCKET)
            closesocket(w->end[i]);
    CloseHandle(w->port);
}

struct accept {
    HANDLE     port;
    SOCKET     listener, accepted, client;
    OVERLAPPED at;
    char       out[16 + 2 * ADDRESS_SIZE];
};

/* An AcceptEx that is to receive so many bytes, and a client for it. */
static void accept_open(struct observation *o, struct accept *a, DWORD size)
{
    struct sockaddr_in name;
    DWORD moved;
    raw_winsock(o);
    *a = (struct accept){ .port = raw_port(o) };
    a->listener = raw_listener(o, &name);
    a->accepted = raw_socket(o);
    a->client = raw_socket(o);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)raw_extension(
        o, a->listener, (GUID)WSAID_ACCEPTEX);
    raw_associate(o, a->port, (HANDLE)a->listener);
    observe(o, !accept_ex(a->listener, a->accepted, a->out, size,
                          ADDRESS_SIZE, ADDRESS_SIZE, &moved, &a->at),
            "an accept does not pend");
    observe(o, connect(a->client, (struct sockaddr *)&name,
                       sizeof name) == 0, "set-up: no connection");
}

static void accept_close(struct accept *a)
{
    closesocket(a->client);
    closesocket(a->accepted);
    closesocket(a->listener);
    CloseHandle(a->port);
}

static void accept_waits_for_data(struct observation *o)
{
    static struct accept a;
    accept_open(o, &a, 16);
    raw_quiet(o, a.port, "a silent client is accepted");
    observe_eq(o, 3, send(a.client, "abc", 3, 0), "set-up: nothing is sent");
    struct raw_packet packet = raw_packet_of(o, a.port, &a.at);
    observe_eq(o, 3, packet.size, "the accept brings other data");
    accept_close(&a);
}

static void accepted_socket_is_limited(struct observation *o)
{
    static struct accept a;
    struct sockaddr_in name;
    int size = sizeof name;
    accept_open(o, &a, 0);
    raw_packet_of(o, a.port, &a.at);
    observe(o, getpeername(a.accepted, (struct sockaddr *)&name, &size) != 0,
            "an accepted socket is not limited");
    observe_eq(o, 0, setsockopt(a.accepted, SOL_SOCKET,
                                SO_UPDATE_ACCEPT_CONTEXT,
                                (const char *)&a.listener,
                                sizeof a.listener),
               "the context is not updated");
    observe_eq(o, 0, getpeername(a.accepted, (struct sockaddr *)&name, &size),
               "an updated socket is limited");
    accept_close(&a);
}

/* Nobody listens at an address where somebody did. */
static void unbound_socket_does_not_pend(struct observation *o)
{
    HANDLE port = raw_port(o);
    OVERLAPPED at = { 0 };
    struct sockaddr_in name, any = { .sin_family = AF_INET };
    raw_winsock(o);
    closesocket(raw_listener(o, &name));
    SOCKET s = raw_socket(o);
    LPFN_CONNECTEX connect_ex = (LPFN_CONNECTEX)raw_extension(
        o, s, (GUID)WSAID_CONNECTEX);
    raw_associate(o, port, (HANDLE)s);
    observe(o, !connect_ex(s, (struct sockaddr *)&name, sizeof name, NULL, 0,
                           NULL, &at), "an unbound socket connects");
    observe_eq(o, WSAEINVAL, WSAGetLastError(), "the error is another one");
    raw_quiet(o, port, "failure at once has a packet");
    bind(s, (struct sockaddr *)&any, sizeof any);
    observe(o, !connect_ex(s, (struct sockaddr *)&name, sizeof name, NULL, 0,
                           NULL, &at), "a connection to nobody succeeds");
    struct raw_packet packet = raw_packet_of(o, port, &at);
    observe_eq(o, ERROR_CONNECTION_REFUSED, packet.error,
               "the packet has another error");
    closesocket(s);
    CloseHandle(port);
}

static void disconnect_has_a_packet(struct observation *o)
{
    struct wire w;
    OVERLAPPED at = { 0 };
    wire_open(o, &w);
    SetFileCompletionNotificationModes((HANDLE)w.end[0],
                                       FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    LPFN_DISCONNECTEX disconnect = (LPFN_DISCONNECTEX)raw_extension(
        o, w.end[0], (GUID)WSAID_DISCONNECTEX);
    disconnect(w.end[0], &at, 0, 0);
    struct raw_packet packet = raw_dequeue(w.port, RAW_QUIET_MS * 10);
    observe(o, packet.at == &at, "a disconnect has no packet");
    wire_close(&w);
}

static void empty_receive_waits_for_data(struct observation *o)
{
    struct wire w;
    static struct receive r;
    wire_open(o, &w);
    begin_receive(o, w.end[0], &r, 0);
    raw_quiet(o, w.port, "an empty receive does not wait");
    send(w.end[1], "ab", 2, 0);
    struct raw_packet packet = raw_packet_of(o, w.port, &r.at);
    observe_eq(o, 0, packet.size, "an empty receive has bytes");
    receive(w.end[0], &r, sizeof r.in);
    packet = raw_packet_of(o, w.port, &r.at);
    observe_eq(o, 2, packet.size, "an empty receive takes data");
    wire_close(&w);
}

static void reset(SOCKET s)
{
    struct linger at_once = { 1, 0 };
    setsockopt(s, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
               sizeof at_once);
    closesocket(s);
}

static void reset_fails_what_is_started_later(struct observation *o)
{
    struct wire w;
    static struct receive r;
    char out = 0;
    WSABUF buffer = { 1, &out };
    OVERLAPPED at = { 0 };
    wire_open(o, &w);
    begin_receive(o, w.end[0], &r, sizeof r.in);
    reset(w.end[1]);
    w.end[1] = INVALID_SOCKET;
    struct raw_packet packet = raw_packet_of(o, w.port, &r.at);
    observe_eq(o, ERROR_NETNAME_DELETED, packet.error,
               "a reset ends a receive otherwise");
    observe(o, WSASend(w.end[0], &buffer, 1, NULL, 0, &at, NULL) != 0,
            "a send after a reset starts");
    observe_eq(o, WSAECONNRESET, WSAGetLastError(),
               "the error is another one");
    raw_quiet(o, w.port, "failure at once has a packet");
    int error = receive(w.end[0], &r, sizeof r.in);
    observe(o, error != 0 && error != WSA_IO_PENDING,
            "a read after a reset succeeds");
    wire_close(&w);
}

static void shutdown_ends_nothing(struct observation *o)
{
    struct wire w;
    static struct receive r, later;
    wire_open(o, &w);
    begin_receive(o, w.end[0], &r, sizeof r.in);
    observe_eq(o, 0, shutdown(w.end[0], SD_RECEIVE), "a shutdown fails");
    raw_quiet(o, w.port, "a shutdown ends a pending receive, or posts");
    send(w.end[1], "ab", 2, 0);
    struct raw_packet packet = raw_packet_of(o, w.port, &r.at);
    observe_eq(o, 2, packet.size, "a pending receive gets no data");
    observe_eq(o, WSAESHUTDOWN, receive(w.end[0], &later, sizeof later.in),
               "a receive after a shutdown starts");
    observe_eq(o, 0, WSASendDisconnect(w.end[0], NULL),
               "a disconnect of sending fails");
    raw_quiet(o, w.port, "a disconnect of sending posts");
    wire_close(&w);
}

/* How many bytes come before the end; -1 if it is not an orderly one. */
static int read_to_the_end(SOCKET s)
{
    char in[64];
    int got = 0, n;
    while ((n = recv(s, in, sizeof in, 0)) > 0)
        got += n;
    return n == 0 ? got : -1;
}

static void graceful_close_loses_nothing(struct observation *o)
{
    struct wire w;
    char out[64] = { 0 };
    wire_open(o, &w);
    for (int i = 0; i < ROUNDS; i++)
        observe_eq(o, sizeof out, send(w.end[0], out, sizeof out, 0),
                   "set-up: nothing is sent");
    observe_eq(o, 0, shutdown(w.end[0], SD_SEND), "a shutdown fails");
    observe_eq(o, ROUNDS * (int)sizeof out, read_to_the_end(w.end[1]),
               "the peer does not get all");
    closesocket(w.end[1]);
    w.end[1] = INVALID_SOCKET;
    observe_eq(o, 0, read_to_the_end(w.end[0]), "there is no orderly end");
    wire_close(&w);
}

const struct native natives_socket[] = {
    { "S1", accept_waits_for_data },
    { "S2", accepted_socket_is_limited },
    { "S3", unbound_socket_does_not_pend },
    { "S4", disconnect_has_a_packet },
    { "S5", empty_receive_waits_for_data },
    { "S6", reset_fails_what_is_started_later },
    { "S7", shutdown_ends_nothing },
    { "S8", graceful_close_loses_nothing },
    { 0 },
};
