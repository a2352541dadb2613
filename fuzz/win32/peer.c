/*
 * peer.c - the far ends of a loop's handles, as plain non-blocking calls on
 * handles that no port knows.
 *
 * A pair of sockets is a connection through the loopback. A far end of a pipe
 * is the end that names it, in the mode in which a pipe never waits.
 */
#include "../peer.h"

#include "../../loop/win32/kernel.h"

#include <mstcpip.h>
#include <stdio.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"

#define PIECE_SIZE 4096u
#define PIPE_SIZE 65536
#define PIPE_NAME_SIZE 64
#define CONNECT_WAIT_US 20000

static int socket_error(void)
{
    return attempt_status((DWORD)WSAGetLastError());
}

static bool set_non_blocking(SOCKET s)
{
    u_long on = 1;
    return ioctlsocket(s, FIONBIO, &on) == 0;
}

/* Small writes go out at once: nothing waits for an answer to them. */
static bool prepare_end(SOCKET s)
{
    BOOL on = TRUE;
    return set_non_blocking(s) &&
           setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (char *)&on,
                      sizeof on) == 0;
}

static bool same_address(const struct sockaddr_in *a,
                         const struct sockaddr_in *b)
{
    return a->sin_port == b->sin_port &&
           a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* Any program of this machine may connect to the listener: its connections
 * are sent away. */
static SOCKET accept_from(SOCKET listener, const struct sockaddr_in *from)
{
    for (;;) {
        struct sockaddr_in name;
        int size = sizeof name;
        SOCKET s = accept(listener, (struct sockaddr *)&name, &size);
        if (s == INVALID_SOCKET || same_address(&name, from))
            return s;
        closesocket(s);
    }
}

/* The connection is in the backlog, and so over for the one who connects,
 * before anybody accepts it: neither call has to wait. */
static int join_through(SOCKET listener, SOCKET near_end, SOCKET *far_end)
{
    struct sockaddr_in name = socket_address(
        (struct port_address){ .ip = PORT_LOOPBACK });
    int size = sizeof name;
    if (bind(listener, (struct sockaddr *)&name, sizeof name) ||
        listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&name, &size) ||
        connect(near_end, (struct sockaddr *)&name, sizeof name) ||
        getsockname(near_end, (struct sockaddr *)&name, &size))
        return socket_error();
    *far_end = accept_from(listener, &name);
    if (*far_end == INVALID_SOCKET)
        return socket_error();
    if (prepare_end(near_end) && prepare_end(*far_end))
        return 0;
    int status = socket_error();
    closesocket(*far_end);
    return status;
}

int peer_socket_pair(port_handle *near_end, port_handle *far_end)
{
    SOCKET listener, ends[2];
    int status = handle_open_socket(&listener);
    if (status)
        return status;
    status = handle_open_socket(&ends[0]);
    if (status)
        goto out_close_listener;
    status = join_through(listener, ends[0], &ends[1]);
    if (status) {
        closesocket(ends[0]);
        goto out_close_listener;
    }
    *near_end = (port_handle)ends[0];
    *far_end = (port_handle)ends[1];

out_close_listener:
    closesocket(listener);
    return status;
}

static void name_pipe(char *name, size_t size)
{
    static atomic_ullong count;
    snprintf(name, size, "\\\\.\\pipe\\lastcall-peer-%lu-%llu",
             (unsigned long)GetCurrentProcessId(),
             (unsigned long long)atomic_fetch_add(&count, 1));
}

int peer_pipe(port_handle *near_end, port_handle *far_end, int near_reads)
{
    char name[PIPE_NAME_SIZE];
    name_pipe(name, sizeof name);
    HANDLE far_handle = CreateNamedPipeA(
        name,
        (near_reads ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) |
            FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_NOWAIT |
            PIPE_REJECT_REMOTE_CLIENTS,
        1, PIPE_SIZE, PIPE_SIZE, 0, NULL);
    if (far_handle == INVALID_HANDLE_VALUE)
        return LOOP_ENOMEM;
    HANDLE near_handle = CreateFileA(
        name, near_reads ? GENERIC_READ : GENERIC_WRITE, 0, NULL,
        OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (near_handle == INVALID_HANDLE_VALUE) {
        CloseHandle(far_handle);
        return LOOP_ENOMEM;
    }
    *near_end = (port_handle)near_handle;
    *far_end = (port_handle)far_handle;
    return 0;
}

/* A refusal is to be told at once, not after the tries that a host on a
 * network deserves. A system that cannot do so takes its time. */
static void refuse_at_once(SOCKET s)
{
    TCP_INITIAL_RTO_PARAMETERS once = {
        .Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT,
        .MaxSynRetransmissions =
            TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS,
    };
    DWORD size;
    WSAIoctl(s, SIO_TCP_INITIAL_RTO, &once, sizeof once, NULL, 0, &size,
             NULL, NULL);
}

/* The other thread of the kernel that does the handshake needs microseconds
 * on the loopback. One that should still be under way, as when the backlog
 * is full, will get to the listener. */
static int connect_outcome(SOCKET s)
{
    struct timeval wait = { .tv_usec = CONNECT_WAIT_US };
    fd_set done, broken;
    int error = 0;
    int size = sizeof error;
    FD_ZERO(&done);
    FD_SET(s, &done);
    broken = done;
    if (select(0, NULL, &done, &broken, &wait) <= 0)
        return 0;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &size))
        return socket_error();
    return error ? attempt_status((DWORD)error) : 0;
}

static int connect_to(SOCKET s, struct port_address to)
{
    struct sockaddr_in name = socket_address(to);
    refuse_at_once(s);
    if (!prepare_end(s))
        return socket_error();
    if (connect(s, (struct sockaddr *)&name, sizeof name) == 0)
        return 0;
    return WSAGetLastError() == WSAEWOULDBLOCK ? connect_outcome(s)
                                               : socket_error();
}

int peer_connect(struct port_address to, port_handle *far_end)
{
    SOCKET s;
    int status = handle_open_socket(&s);
    if (status)
        return status;
    status = connect_to(s, to);
    if (status) {
        closesocket(s);
        return status;
    }
    *far_end = (port_handle)s;
    return 0;
}

/* What was moved before a failure counts; the failure comes again. */
static int moved_or_failed(uint32_t moved, DWORD error)
{
    if (moved > 0 || error == WSAEWOULDBLOCK)
        return (int)moved;
    return attempt_status(error);
}

/* One piece: how many bytes, 0 if there is no room now, below 0 and *error. */
static int write_piece(port_handle far_end, enum device device, uint32_t size,
                       DWORD *error)
{
    static const char bytes[PIECE_SIZE];
    DWORD written = 0;
    int result;
    if (size > PIECE_SIZE)
        size = PIECE_SIZE;
    if (device == DEVICE_SOCKET) {
        result = send((SOCKET)far_end, bytes, (int)size, 0);
        *error = (DWORD)WSAGetLastError();
        return result;
    }
    result = WriteFile((HANDLE)far_end, bytes, size, &written, NULL)
                 ? (int)written
                 : -1;
    *error = GetLastError();
    return result;
}

int peer_write(port_handle far_end, uint32_t size)
{
    enum device device = handle_device(far_end);
    uint32_t moved = 0;
    while (moved < size) {
        DWORD error;
        int n = write_piece(far_end, device, size - moved, &error);
        if (n < 0)
            return moved_or_failed(moved, error);
        if (n == 0)
            break;
        moved += (uint32_t)n;
    }
    return (int)moved;
}

/* A pipe has a word for nothing there now, and one for nothing ever again,
 * which is no failure of a stream. */
static int read_from_pipe(port_handle far_end, char *bytes, uint32_t size,
                          DWORD *error)
{
    DWORD got = 0;
    if (ReadFile((HANDLE)far_end, bytes, size, &got, NULL))
        return (int)got;
    *error = GetLastError();
    return *error == ERROR_NO_DATA || *error == ERROR_BROKEN_PIPE ? 0 : -1;
}

static int read_piece(port_handle far_end, enum device device, uint32_t size,
                      DWORD *error)
{
    char bytes[PIECE_SIZE];
    if (size > PIECE_SIZE)
        size = PIECE_SIZE;
    if (device == DEVICE_STREAM)
        return read_from_pipe(far_end, bytes, size, error);
    int result = recv((SOCKET)far_end, bytes, (int)size, 0);
    *error = (DWORD)WSAGetLastError();
    return result;
}

int peer_read(port_handle far_end, uint32_t size)
{
    enum device device = handle_device(far_end);
    uint32_t moved = 0;
    while (moved < size) {
        DWORD error = 0;
        int n = read_piece(far_end, device, size - moved, &error);
        if (n < 0)
            return moved_or_failed(moved, error);
        if (n == 0)
            break;
        moved += (uint32_t)n;
    }
    return (int)moved;
}

/* Asked of the port, which knows its handles and keeps them open meanwhile:
 * the number of one that was closed may be a socket's by now. If it is that
 * of a wait object again, that one is set. */
void peer_set(port_handle object)
{
    association_set_object(object);
}

void peer_close(port_handle far_end)
{
    bool closed = handle_device(far_end) == DEVICE_SOCKET
                      ? closesocket((SOCKET)far_end) == 0
                      : CloseHandle((HANDLE)far_end);
    LOOP_ASSERT(closed);
}
