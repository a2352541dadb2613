/*
 * peer.c - the far ends of a loop's handles, as plain system calls on
 * descriptors that no port knows.
 */
#include "../peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"

#define PIECE_SIZE 4096u

static int status_of(int error)
{
    switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
        return LOOP_EBROKEN;
    case ECONNREFUSED:
    case EADDRNOTAVAIL:
        return LOOP_EREFUSED;
    case EBADF:
    case EINVAL:
        return LOOP_EINVAL;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return LOOP_ENOMEM;
    default:
        return LOOP_EFAILED;
    }
}

int peer_socket_pair(port_handle *near, port_handle *far)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   ends))
        return status_of(errno);
    *near = (port_handle)ends[0];
    *far = (port_handle)ends[1];
    return 0;
}

int peer_pipe(port_handle *near, port_handle *far, int near_reads)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
        return status_of(errno);
    *near = (port_handle)ends[near_reads ? 0 : 1];
    *far = (port_handle)ends[near_reads ? 1 : 0];
    return 0;
}

/* On the loopback a handshake is over, for good or bad, by the time connect
 * returns. One that should still be under way will get to the listener. */
static int connect_outcome(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof error;
    if (poll(&ready, 1, 0) <= 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
        return status_of(errno);
    return error ? status_of(error) : 0;
}

int peer_connect(struct port_address to, port_handle *far)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(to.number),
        .sin_addr.s_addr = htonl(to.ip),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return status_of(errno);

    int status = 0;
    if (connect(fd, (struct sockaddr *)&name, sizeof name))
        status = errno == EINPROGRESS ? connect_outcome(fd)
                                      : status_of(errno);
    if (status) {
        close(fd);
        return status;
    }
    *far = (port_handle)fd;
    return 0;
}

/* A far end may be a pipe, which has no flag against SIGPIPE: it is blocked
 * around the write and, since it comes to this thread, taken away. */
static ssize_t write_quietly(int fd, const void *bytes, size_t size)
{
    sigset_t broken, before;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    ssize_t written = write(fd, bytes, size);
    int error = errno;
    if (written < 0 && error == EPIPE)
        sigtimedwait(&broken, NULL, &(struct timespec){ 0 });
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What was moved before a failure counts; the failure comes again. */
static int moved_or_failed(uint32_t moved, int error)
{
    if (moved > 0 || error == EAGAIN || error == EWOULDBLOCK)
        return (int)moved;
    return status_of(error);
}

int peer_write(port_handle far, uint32_t size)
{
    static const char bytes[PIECE_SIZE];
    uint32_t moved = 0;
    while (moved < size) {
        ssize_t n = write_quietly((int)far, bytes,
                                  smaller(size - moved, PIECE_SIZE));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return moved_or_failed(moved, errno);
        moved += (uint32_t)n;
    }
    return (int)moved;
}

int peer_read(port_handle far, uint32_t size)
{
    char bytes[PIECE_SIZE];
    uint32_t moved = 0;
    while (moved < size) {
        ssize_t n = read((int)far, bytes,
                         smaller(size - moved, PIECE_SIZE));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return moved_or_failed(moved, errno);
        if (n == 0)
            break;
        moved += (uint32_t)n;
    }
    return (int)moved;
}

void peer_set(port_handle object)
{
    uint64_t one = 1;

    /* A descriptor that was closed meanwhile gives an error: nothing to do. */
    if (write((int)object, &one, sizeof one) < 0)
        return;
}

void peer_close(port_handle far)
{
    int result = close((int)far);
    LOOP_ASSERT(result == 0 || errno != EBADF);
}
