/*
 * handle.c - sockets, pipes and wait objects, non-blocking from their birth
 * and never inherited by a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

static int open_socket(port_handle *out)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return LOOP_ENOMEM;
    *out = (port_handle)fd;
    return 0;
}

int port_socket(port_handle *out)
{
    return open_socket(out);
}

/* The address may be in use by connections that are long over; they do not
 * stand in the way of a new listener. */
static int listen_at(int fd, struct port_address *at)
{
    struct sockaddr_in name = socket_address(*at);
    socklen_t size = sizeof name;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&name, sizeof name) ||
        listen(fd, SOMAXCONN) ||
        getsockname(fd, (struct sockaddr *)&name, &size))
        return attempt_status(errno) == LOOP_ENOMEM ? LOOP_ENOMEM
                                               : LOOP_EREFUSED;
    at->number = ntohs(name.sin_port);
    return 0;
}

int port_listen(port_handle *out, struct port_address *at)
{
    port_handle h;
    int status = open_socket(&h);
    if (status)
        return status;
    status = listen_at((int)h, at);
    if (status) {
        close((int)h);
        return status;
    }
    *out = h;
    return 0;
}

int port_pipe(port_handle *reader, port_handle *writer)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
        return LOOP_ENOMEM;
    *reader = (port_handle)ends[0];
    *writer = (port_handle)ends[1];
    return 0;
}

int port_object(port_handle *out)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return LOOP_ENOMEM;
    *out = (port_handle)fd;
    return 0;
}

void port_object_set(port_handle h)
{
    LOOP_ASSERT(h <= INT_MAX);
    uint64_t one = 1;
    ssize_t written = write((int)h, &one, sizeof one);
    /* A counter that is full is set already. */
    LOOP_ASSERT(written == sizeof one || errno == EAGAIN);
}
