/*
 * attempt.c - one try at an op: the system calls, none of which blocks, and
 * what their errors mean.
 *
 * A call that succeeds at once queues a packet like one that is pending; one
 * that fails queues none. A warning is no failure: it has a packet as well.
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

/* ERROR_HANDLES_CLOSED, which not every winerror.h has: what a handle's
 * pending ops say on Wine after it was closed. */
#define CLOSED_UNDER_OP 676

int32_t attempt_status(DWORD error)
{
    switch (error) {
    case ERROR_OPERATION_ABORTED:
    case CLOSED_UNDER_OP:
        return LOOP_EABORTED;
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
    case ERROR_PIPE_NOT_CONNECTED:
    case ERROR_NETNAME_DELETED:
    case ERROR_CONNECTION_ABORTED:
    case ERROR_GRACEFUL_DISCONNECT:
    case ERROR_VC_DISCONNECTED:
    case ERROR_SEM_TIMEOUT:
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAESHUTDOWN:
    case WSAETIMEDOUT:
    case WSAEDISCON:
        return LOOP_EBROKEN;
    case ERROR_CONNECTION_REFUSED:
    case ERROR_ADDRESS_ALREADY_ASSOCIATED:
    case WSAECONNREFUSED:
    case WSAEADDRINUSE:
    case WSAEADDRNOTAVAIL:
    case WSAEACCES:
        return LOOP_EREFUSED;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_NOT_ENOUGH_QUOTA:
    case ERROR_WORKING_SET_QUOTA:
    case ERROR_PAGEFILE_QUOTA:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_TOO_MANY_OPEN_FILES:
    case WSAENOBUFS:
    case WSAEMFILE:
    case WSAEPROCLIM:
        return LOOP_ENOMEM;
    case ERROR_INVALID_FUNCTION:
    case ERROR_INVALID_HANDLE:
    case ERROR_INVALID_PARAMETER:
    case ERROR_ACCESS_DENIED:
    case ERROR_NOT_SUPPORTED:
    case ERROR_NOACCESS:
    case ERROR_BAD_PIPE:
    case ERROR_PIPE_LISTENING:
    case ERROR_CONNECTION_ACTIVE:
    case ERROR_NOT_CONNECTED:
    case WSAEINVAL:
    case WSAEBADF:
    case WSAEFAULT:
    case WSAENOTSOCK:
    case WSAENOTCONN:
    case WSAEISCONN:
    case WSAEALREADY:
    case WSAEDESTADDRREQ:
    case WSAEAFNOSUPPORT:
    case WSAEPROTOTYPE:
    case WSAEOPNOTSUPP:
        return LOOP_EINVAL;
    default:
        return LOOP_EFAILED;
    }
}

/* A reader learns of the end of a pipe by an error. And more data than there
 * was room for is what a stream is made of. */
int32_t attempt_op_status(const struct kernel_op *op, DWORD error)
{
    bool end = error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF;
    if (error == ERROR_MORE_DATA)
        return 0;
    return op->kind == PORT_READ && end ? 0 : attempt_status(error);
}

static DWORD without_warning(DWORD error)
{
    return error == ERROR_IO_PENDING || error == ERROR_MORE_DATA ? 0 : error;
}

/* What a call has said that returned `done`, as soon as it has. */
static DWORD file_outcome(BOOL done)
{
    return done ? 0 : without_warning(GetLastError());
}

static DWORD socket_outcome(bool done)
{
    return done ? 0 : without_warning((DWORD)WSAGetLastError());
}

static DWORD try_read(struct association *a, struct kernel_op *op,
                      const struct port_request *request)
{
    WSABUF buffer = { .len = request->size, .buf = request->buffer };
    DWORD flags = 0;
    if (a->device == DEVICE_STREAM)
        return file_outcome(ReadFile(a->handle, request->buffer,
                                     request->size, NULL,
                                     &op->overlapped));
    return socket_outcome(WSARecv((SOCKET)a->handle, &buffer, 1, NULL,
                                  &flags, &op->overlapped, NULL) == 0);
}

static DWORD try_write(struct association *a, struct kernel_op *op,
                       const struct port_request *request)
{
    WSABUF buffer = { .len = request->size, .buf = request->buffer };
    if (a->device == DEVICE_STREAM)
        return file_outcome(WriteFile(a->handle, request->buffer,
                                      request->size, NULL,
                                      &op->overlapped));
    return socket_outcome(WSASend((SOCKET)a->handle, &buffer, 1, NULL, 0,
                                  &op->overlapped, NULL) == 0);
}

/* Some functions are not exported: each socket's provider has its own. */
static bool find_function(SOCKET s, GUID id, void *function, DWORD size)
{
    DWORD found;
    return WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id,
                    function, size, &found, NULL, NULL) == 0;
}

/* With no room for data: a client that connects and says nothing would keep
 * the op from its end. */
static DWORD try_accept(struct association *a, struct kernel_op *op)
{
    LPFN_ACCEPTEX accept_ex;
    DWORD size;
    if (!find_function((SOCKET)a->handle, (GUID)WSAID_ACCEPTEX, &accept_ex,
                       sizeof accept_ex))
        return (DWORD)WSAGetLastError();
    BOOL done = accept_ex((SOCKET)a->handle, accept_socket(op),
                          accept_addresses(op), 0, ACCEPT_ADDRESS_SIZE,
                          ACCEPT_ADDRESS_SIZE, &size, &op->overlapped);
    return socket_outcome(done);
}

/* ConnectEx takes only a socket that has an address of its own. One that has
 * it already, from the caller or from an earlier try, keeps it. */
static DWORD try_connect(struct association *a, struct kernel_op *op,
                         const struct port_request *request)
{
    struct sockaddr_in any = socket_address((struct port_address){ 0 });
    struct sockaddr_in to = socket_address(request->address);
    LPFN_CONNECTEX connect_ex;
    SOCKET s = (SOCKET)a->handle;
    if (bind(s, (struct sockaddr *)&any, sizeof any) &&
        WSAGetLastError() != WSAEINVAL)
        return (DWORD)WSAGetLastError();
    if (!find_function(s, (GUID)WSAID_CONNECTEX, &connect_ex,
                       sizeof connect_ex))
        return (DWORD)WSAGetLastError();
    BOOL done = connect_ex(s, (struct sockaddr *)&to, sizeof to, NULL, 0,
                           NULL, &op->overlapped);
    return socket_outcome(done);
}

DWORD attempt_op(struct association *a, struct kernel_op *op,
                 const struct port_request *request)
{
    switch (request->kind) {
    case PORT_READ:
        return try_read(a, op, request);
    case PORT_WRITE:
        return try_write(a, op, request);
    case PORT_ACCEPT:
        return try_accept(a, op);
    case PORT_CONNECT:
        return try_connect(a, op, request);
    case PORT_WAIT:
        break;      /* no device can */
    }
    LOOP_ASSERT(!"a kind of op");
    return ERROR_INVALID_FUNCTION;
}
