/*
 * attempt.c - one try at an op: the system calls, none of which blocks.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define WRITE_SIZE_MAX (256u * 1024)

int32_t attempt_status(int error)
{
    switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
        return LOOP_EBROKEN;
    case ECONNREFUSED:
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case EACCES:
        return LOOP_EREFUSED;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
        return LOOP_ENOMEM;
    case EINVAL:
    case EBADF:
    case EFAULT:
    case EPERM:
    case ENOTSOCK:
    case ENOTCONN:
    case EISCONN:
    case EALREADY:
    case EDESTADDRREQ:
    case EAFNOSUPPORT:
    case EPROTOTYPE:
    case EOPNOTSUPP:
        return LOOP_EINVAL;
    default:
        return LOOP_EFAILED;
    }
}

static enum progress failed(struct kernel_op *op, int error)
{
    if (error == EAGAIN || error == EWOULDBLOCK)
        return BLOCKED;
    if (error == EINTR)
        return MOVED;
    op->node.packet.status = attempt_status(error);
    return DONE;
}

static enum progress try_read(struct association *a, struct kernel_op *op)
{
    ssize_t size = read(a->fd, op->request.buffer, op->request.size);
    if (size < 0)
        return failed(op, errno);
    op->node.packet.size = (uint32_t)size;
    return DONE;
}

/* A pipe has no flag against SIGPIPE, and its disposition belongs to the
 * program, not to the loop. So it is blocked around the write and taken
 * away, which is possible because the kernel sends it to this thread. */
static ssize_t write_stream(int fd, const void *buffer, size_t size)
{
    sigset_t broken, before;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    ssize_t written = write(fd, buffer, size);
    int error = errno;
    if (written < 0 && error == EPIPE)
        sigtimedwait(&broken, NULL, &(struct timespec){ 0 });
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

/* In pieces, with the lock released between two of them, so that a cancel
 * does not wait for a long write. */
static enum progress try_write(struct association *a, struct kernel_op *op)
{
    uint32_t begin = op->node.packet.size;
    uint32_t size = op->request.size - begin;
    const char *from = (const char *)op->request.buffer + begin;
    if (size > WRITE_SIZE_MAX)
        size = WRITE_SIZE_MAX;

    ssize_t written = a->device == DEVICE_SOCKET
                          ? send(a->fd, from, size, MSG_NOSIGNAL)
                          : write_stream(a->fd, from, size);
    if (written < 0)
        return failed(op, errno);
    op->node.packet.size = begin + (uint32_t)written;
    return op->node.packet.size == op->request.size ? DONE : MOVED;
}

/* accept tells errors that the network had for a connection while it waited
 * in the backlog. They are not the listener's: the op goes on to the next. */
bool attempt_lost_connection(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
        return true;
    default:
        return false;
    }
}

static enum progress try_accept(struct association *a, struct kernel_op *op)
{
    int fd = accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && attempt_lost_connection(errno))
        return MOVED;
    if (fd < 0)
        return failed(op, errno);
    op->node.packet.handle = (port_handle)fd;
    return DONE;
}

/* Asking connect again is how to learn the outcome: it says `already` until
 * there is one, then tells it once. SO_ERROR would say that all is well while
 * nothing has happened yet, and after a read has taken the error away. */
static enum progress try_connect(struct association *a, struct kernel_op *op)
{
    struct sockaddr_in to = socket_address(op->request.address);
    if (connect(a->fd, (struct sockaddr *)&to, sizeof to) == 0)
        return DONE;
    bool again = op->connecting;
    op->connecting = true;
    if (errno == EINPROGRESS || (again && errno == EALREADY))
        return BLOCKED;
    if (again && errno == EISCONN)
        return DONE;
    /* For a Unix socket this means a full backlog, and no edge will tell. */
    if (errno == EAGAIN)
        errno = ECONNREFUSED;
    return failed(op, errno);
}

/* Reading takes the whole count: that is what resets the object, and what
 * makes two settings one. */
static enum progress try_wait(struct association *a, struct kernel_op *op)
{
    uint64_t count;
    if (read(a->fd, &count, sizeof count) < 0)
        return failed(op, errno);
    return DONE;
}

enum progress attempt_op(struct association *a, struct kernel_op *op)
{
    switch (op->request.kind) {
    case PORT_READ:
        return try_read(a, op);
    case PORT_WRITE:
        return try_write(a, op);
    case PORT_ACCEPT:
        return try_accept(a, op);
    case PORT_CONNECT:
        return try_connect(a, op);
    case PORT_WAIT:
        return try_wait(a, op);
    }
    LOOP_ASSERT(!"a kind of op");
    return DONE;
}
