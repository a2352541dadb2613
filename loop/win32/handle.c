/*
 * handle.c - sockets, pipes and wait objects, ready for overlapped ops from
 * their birth and never inherited by a child.
 */
#include <stdio.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define PIPE_SIZE 65536
#define PIPE_NAME_SIZE 64
#define PIPE_TRIES 16

static BOOL CALLBACK start_sockets(PINIT_ONCE once, void *unused,
                                   void **context)
{
    WSADATA about;
    (void)once;
    (void)unused;
    (void)context;
    return WSAStartup(MAKEWORD(2, 2), &about) == 0;
}

/* Never undone: nobody knows when the last socket of the process goes, and
 * its end does it. */
int handle_start_sockets(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    return InitOnceExecuteOnce(&once, start_sockets, NULL, NULL)
               ? 0
               : LOOP_ENOMEM;
}

static bool is_socket(port_handle h)
{
    int type;
    int size = sizeof type;
    return handle_start_sockets() == 0 &&
           getsockopt((SOCKET)h, SOL_SOCKET, SO_TYPE, (char *)&type,
                      &size) == 0;
}

/* To this call a socket is a pipe, and what is no file is unknown. */
enum device handle_device(port_handle h)
{
    DWORD flags;
    if (h == 0 || h == PORT_NO_HANDLE)
        return DEVICE_NONE;
    switch (GetFileType((HANDLE)h)) {
    case FILE_TYPE_PIPE:
        return is_socket(h) ? DEVICE_SOCKET : DEVICE_STREAM;
    case FILE_TYPE_UNKNOWN:
        return GetHandleInformation((HANDLE)h, &flags) ? DEVICE_OBJECT
                                                       : DEVICE_NONE;
    default:
        return DEVICE_NONE;
    }
}

int handle_open_socket(SOCKET *out)
{
    if (handle_start_sockets())
        return LOOP_ENOMEM;
    SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s == INVALID_SOCKET)
        return LOOP_ENOMEM;
    *out = s;
    return 0;
}

int port_socket(port_handle *out)
{
    SOCKET s;
    int status = handle_open_socket(&s);
    if (status == 0)
        *out = (port_handle)s;
    return status;
}

/* Exclusive: otherwise another socket could take the address over. Old
 * connections do not stand in the way of a new listener here. */
static int listen_at(SOCKET s, struct port_address *at)
{
    struct sockaddr_in name = socket_address(*at);
    int size = sizeof name;
    BOOL on = TRUE;
    if (setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (char *)&on,
                   sizeof on) ||
        bind(s, (struct sockaddr *)&name, sizeof name) ||
        listen(s, SOMAXCONN) ||
        getsockname(s, (struct sockaddr *)&name, &size))
        return attempt_status((DWORD)WSAGetLastError()) == LOOP_ENOMEM
                   ? LOOP_ENOMEM
                   : LOOP_EREFUSED;
    at->number = ntohs(name.sin_port);
    return 0;
}

int port_listen(port_handle *out, struct port_address *at)
{
    SOCKET s;
    int status = handle_open_socket(&s);
    if (status)
        return status;
    status = listen_at(s, at);
    if (status) {
        closesocket(s);
        return status;
    }
    *out = (port_handle)s;
    return 0;
}

/* A name that no other pipe of this machine should have. */
static void name_pipe(char *name, size_t size)
{
    static atomic_ullong count;
    snprintf(name, size, "\\\\.\\pipe\\lastcall-%lu-%llu",
             (unsigned long)GetCurrentProcessId(),
             (unsigned long long)atomic_fetch_add(&count, 1));
}

/* The end that reads is made first, and is the only one of its name: whoever
 * else has the name, or is quicker to connect, makes one of the calls fail. */
static bool try_pipe(HANDLE *reader, HANDLE *writer)
{
    char name[PIPE_NAME_SIZE];
    name_pipe(name, sizeof name);
    *reader = CreateNamedPipeA(
        name,
        PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED |
            FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
            PIPE_REJECT_REMOTE_CLIENTS,
        1, PIPE_SIZE, PIPE_SIZE, 0, NULL);
    if (*reader == INVALID_HANDLE_VALUE)
        return false;
    *writer = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                          FILE_FLAG_OVERLAPPED, NULL);
    if (*writer != INVALID_HANDLE_VALUE)
        return true;
    CloseHandle(*reader);
    return false;
}

int port_pipe(port_handle *reader, port_handle *writer)
{
    HANDLE ends[2];
    for (int i = 0; i < PIPE_TRIES; i++)
        if (try_pipe(&ends[0], &ends[1])) {
            *reader = (port_handle)ends[0];
            *writer = (port_handle)ends[1];
            return 0;
        }
    return LOOP_ENOMEM;
}

/* It stays set until an op takes the signal: see wait.c. */
int port_object(port_handle *out)
{
    HANDLE h = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!h)
        return LOOP_ENOMEM;
    *out = (port_handle)h;
    return 0;
}

void port_object_set(port_handle h)
{
    BOOL set = SetEvent((HANDLE)h);
    LOOP_ASSERT(set);
}
