/*
 * descriptor.c - see descriptor.h of peers.
 */
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../../loop/check.h"
#include "../peers/descriptor.h"

#define SPARE 64u               /* of a loop, of the program, of libraries */

bool descriptor_room(unsigned count)
{
    struct rlimit limit;
    int failed = getrlimit(RLIMIT_NOFILE, &limit);
    LOOP_ASSERT(!failed);
    limit.rlim_cur = limit.rlim_max;
    failed = setrlimit(RLIMIT_NOFILE, &limit);
    LOOP_ASSERT(!failed);
    return limit.rlim_max >= count + SPARE;
}

intptr_t descriptor_open(enum peer_kind kind)
{
    int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    bool accepts = descriptor_accepts(kind);
    int fd = accepts ? socket(AF_INET, SOCK_STREAM | flags, 0)
                     : socket(AF_UNIX, SOCK_DGRAM | flags, 0);
    LOOP_ASSERT(fd >= 0);
    if (accepts) {
        struct sockaddr_in at = {
            .sin_family = AF_INET,
            .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int failed = bind(fd, (const struct sockaddr *)&at, sizeof at);
        LOOP_ASSERT(!failed);
        failed = listen(fd, SOMAXCONN);
        LOOP_ASSERT(!failed);
    }
    return fd;
}
