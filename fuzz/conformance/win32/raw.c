/*
 * raw.c - ports, pipes and sockets without the seam.
 */
#include "raw.h"

#include <stdio.h>

HANDLE raw_port(struct observation *o)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    observe(o, port != NULL, "set-up: no port");
    return port;
}

void raw_associate(struct observation *o, HANDLE port, HANDLE file)
{
    observe(o, CreateIoCompletionPort(file, port, RAW_KEY, 0) == port,
            "set-up: a handle is not associated");
}

struct raw_packet raw_dequeue(HANDLE port, DWORD wait_ms)
{
    struct raw_packet packet = { 0 };
    packet.good = GetQueuedCompletionStatus(port, &packet.size, &packet.key,
                                            &packet.at, wait_ms);
    packet.error = packet.good ? 0 : GetLastError();
    return packet;
}

struct raw_packet raw_packet_of(struct observation *o, HANDLE port,
                                const OVERLAPPED *at)
{
    struct raw_packet packet = raw_dequeue(port, RAW_WAIT_MS);
    observe(o, packet.at != NULL, "no packet comes");
    observe(o, packet.at == at, "the packet names another op");
    observe_eq(o, RAW_KEY, (long long)packet.key,
               "the packet has another key");
    return packet;
}

void raw_quiet(struct observation *o, HANDLE port, const char *words)
{
    struct raw_packet packet = raw_dequeue(port, RAW_QUIET_MS);
    observe(o, !packet.good && !packet.at, words);
}

void raw_pipe_name(char name[64])
{
    static LONG count;
    snprintf(name, 64, "\\\\.\\pipe\\lastcall-conformance-%lu-%ld",
             GetCurrentProcessId(), InterlockedIncrement(&count));
}

HANDLE raw_server(struct observation *o, const char *name, DWORD type)
{
    HANDLE h = CreateNamedPipeA(
        name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, type, 1,
        RAW_PIPE_SIZE, RAW_PIPE_SIZE, 0, NULL);
    observe(o, h != INVALID_HANDLE_VALUE, "set-up: no pipe");
    return h;
}

HANDLE raw_client(const char *name, DWORD flags)
{
    return CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                       OPEN_EXISTING, flags, NULL);
}

void raw_pipe(struct observation *o, HANDLE end[2], DWORD type)
{
    char name[64];
    raw_pipe_name(name);
    end[0] = raw_server(o, name, type);
    end[1] = raw_client(name, FILE_FLAG_OVERLAPPED);
    observe(o, end[1] != INVALID_HANDLE_VALUE, "set-up: no client");
}

void raw_open(struct observation *o, struct raw_scene *s)
{
    raw_pipe(o, s->end, PIPE_TYPE_BYTE);
    s->port = raw_port(o);
    raw_associate(o, s->port, s->end[0]);
}

void raw_close(struct raw_scene *s)
{
    for (int i = 0; i < 2; i++)
        if (s->end[i] != INVALID_HANDLE_VALUE)
            CloseHandle(s->end[i]);
    CloseHandle(s->port);
}

void raw_read(struct observation *o, HANDLE h, OVERLAPPED *at, void *in,
              DWORD size)
{
    BOOL done = ReadFile(h, in, size, NULL, at);
    observe(o, !done && GetLastError() == ERROR_IO_PENDING,
            "a read of an empty pipe does not pend");
}

void raw_write(struct observation *o, HANDLE h, DWORD size)
{
    static const char out[RAW_PIPE_SIZE];
    OVERLAPPED at = { .hEvent = raw_event(o, TRUE) };
    DWORD moved = 0;
    WriteFile(h, out, size, NULL, &at);
    GetOverlappedResult(h, &at, &moved, TRUE);
    observe_eq(o, size, moved, "set-up: the peer cannot write");
    CloseHandle(at.hEvent);
}

void raw_winsock(struct observation *o)
{
    WSADATA about;
    observe_eq(o, 0, WSAStartup(MAKEWORD(2, 2), &about),
               "set-up: no sockets");
}

SOCKET raw_socket(struct observation *o)
{
    SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                          WSA_FLAG_OVERLAPPED);
    observe(o, s != INVALID_SOCKET, "set-up: no socket");
    return s;
}

SOCKET raw_listener(struct observation *o, struct sockaddr_in *at)
{
    SOCKET s = raw_socket(o);
    int size = sizeof *at;
    *at = (struct sockaddr_in){ .sin_family = AF_INET };
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    observe(o, bind(s, (struct sockaddr *)at, sizeof *at) == 0 &&
                   listen(s, SOMAXCONN) == 0 &&
                   getsockname(s, (struct sockaddr *)at, &size) == 0,
            "set-up: no listener");
    return s;
}

void raw_sockets(struct observation *o, SOCKET end[2])
{
    struct sockaddr_in at;
    SOCKET listener = raw_listener(o, &at);
    end[1] = raw_socket(o);
    observe(o, connect(end[1], (struct sockaddr *)&at, sizeof at) == 0,
            "set-up: no connection");
    end[0] = accept(listener, NULL, NULL);
    observe(o, end[0] != INVALID_SOCKET, "set-up: no connection");
    closesocket(listener);
}

void *raw_extension(struct observation *o, SOCKET s, GUID id)
{
    void *found = NULL;
    DWORD size;
    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, &found,
             sizeof found, &size, NULL, NULL);
    observe(o, found != NULL, "set-up: no such extension");
    return found;
}

HANDLE raw_event(struct observation *o, BOOL by_hand)
{
    HANDLE event = CreateEventW(NULL, by_hand, FALSE, NULL);
    observe(o, event != NULL, "set-up: no event");
    return event;
}

HANDLE raw_thread(struct observation *o, LPTHREAD_START_ROUTINE entry,
                  void *arg)
{
    HANDLE thread = CreateThread(NULL, 0, entry, arg, 0, NULL);
    observe(o, thread != NULL, "set-up: no thread");
    return thread;
}

bool raw_join(HANDLE thread)
{
    bool ended = WaitForSingleObject(thread, RAW_WAIT_MS) == WAIT_OBJECT_0;
    CloseHandle(thread);
    return ended;
}
