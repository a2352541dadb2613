/*
 * descriptor.c - see descriptor.h of peers.
 *
 * A socket must have an address before it may read; any port will do.
 */
#include "../peers/descriptor.h"

#include <winsock2.h>

#include <windows.h>

#include "../../loop/check.h"

/* Never undone: the end of the process does it. */
static void start_sockets(void)
{
    static LONG started;
    WSADATA about;
    if (InterlockedExchange(&started, 1))
        return;
    int failed = WSAStartup(MAKEWORD(2, 2), &about);
    LOOP_ASSERT(!failed);
}

bool descriptor_room(unsigned count)
{
    (void)count;
    return true;
}

intptr_t descriptor_open(enum peer_kind kind)
{
    struct sockaddr_in name = { .sin_family = AF_INET };
    bool accepts = descriptor_accepts(kind);
    start_sockets();
    SOCKET s = WSASocketW(AF_INET, accepts ? SOCK_STREAM : SOCK_DGRAM,
                          accepts ? IPPROTO_TCP : IPPROTO_UDP, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    LOOP_ASSERT(s != INVALID_SOCKET);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failed = bind(s, (struct sockaddr *)&name, sizeof name);
    LOOP_ASSERT(!failed);
    failed = accepts && listen(s, SOMAXCONN);
    LOOP_ASSERT(!failed);
    return (intptr_t)s;
}
