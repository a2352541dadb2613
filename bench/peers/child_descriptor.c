/*
 * child_descriptor.c - see descriptor.h.
 */
#include <sys/socket.h>

#include "../../loop/check.h"
#include "descriptor.h"

int descriptor_open(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    LOOP_ASSERT(fd >= 0);
    return fd;
}
