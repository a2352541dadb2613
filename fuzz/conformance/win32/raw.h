/*
 * raw.h - what the native parts of this folder share: Win32's own ports,
 * pipes and sockets, and their lists.
 *
 * What goes wrong while something is set up is observed like anything else,
 * with words that no platform announces.
 */
#ifndef FUZZ_CONFORMANCE_RAW_H
#define FUZZ_CONFORMANCE_RAW_H

#include <winsock2.h>

#include <mswsock.h>
#include <windows.h>

#include "../native.h"

#define RAW_KEY 77u
#define RAW_WAIT_MS 5000    /* what should come has come                     */
#define RAW_QUIET_MS 50     /* what should not come has not                  */
#define RAW_PIPE_SIZE 4096

#define RAW_PENDING 0x103
#define RAW_CANCELLED ((LONG)0xC0000120)
#define RAW_HANDLES_CLOSED 676      /* ERROR_HANDLES_CLOSED of newer headers */

/* What GetQueuedCompletionStatus says. */
struct raw_packet {
    BOOL        good;
    DWORD       error;      /* of the op, or of the wait if at is NULL       */
    DWORD       size;
    ULONG_PTR   key;
    OVERLAPPED *at;
};

HANDLE raw_port(struct observation *o);
void   raw_associate(struct observation *o, HANDLE port, HANDLE file);

struct raw_packet raw_dequeue(HANDLE port, DWORD wait_ms);

/* Observe that the packet of an op comes, under RAW_KEY. */
struct raw_packet raw_packet_of(struct observation *o, HANDLE port,
                                const OVERLAPPED *at);

void raw_quiet(struct observation *o, HANDLE port, const char *words);

/* A connected duplex pipe, both ends overlapped: [0] serves, [1] is the
 * client's. */
void raw_pipe(struct observation *o, HANDLE end[2], DWORD type);

/* The name of a pipe that is not there yet. */
void raw_pipe_name(char name[64]);

/* The serving end alone, and a client of it. */
HANDLE raw_server(struct observation *o, const char *name, DWORD type);
HANDLE raw_client(const char *name, DWORD flags);

/* Two pipe ends, a port, and the serving end associated. */
struct raw_scene {
    HANDLE port;
    HANDLE end[2];
};

void raw_open(struct observation *o, struct raw_scene *s);
void raw_close(struct raw_scene *s);

/* Start a read that pends; write from the other end. */
void raw_read(struct observation *o, HANDLE h, OVERLAPPED *at, void *in,
              DWORD size);
void raw_write(struct observation *o, HANDLE h, DWORD size);

/* A TCP connection over the loopback, and a listener for more. */
void   raw_winsock(struct observation *o);
void   raw_sockets(struct observation *o, SOCKET end[2]);
SOCKET raw_listener(struct observation *o, struct sockaddr_in *at);
SOCKET raw_socket(struct observation *o);

/* A function of mswsock that has to be asked for, such as AcceptEx. */
void *raw_extension(struct observation *o, SOCKET s, GUID id);

/* An event that is not set, by hand if it is to be reset by hand. */
HANDLE raw_event(struct observation *o, BOOL by_hand);

HANDLE raw_thread(struct observation *o, LPTHREAD_START_ROUTINE entry,
                  void *arg);

/* Wait for its end; false if that does not come. */
bool raw_join(HANDLE thread);

extern const struct native natives_port[], natives_op[], natives_cancel[],
    natives_close[], natives_socket[], natives_pipe[], natives_time[],
    natives_end[];

#endif
