/*
 * descriptor.c - see descriptor.h of peers.
 */
#include <sys/socket.h>

#include "../../loop/check.h"
#include "../peers/descriptor.h"

intptr_t descriptor_open(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    LOOP_ASSERT(fd >= 0);
    return fd;
}
