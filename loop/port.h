/*
 * port.h - the completion port: all that the loop asks of a kernel's I/O.
 *
 * A port is a queue of completion packets. Any thread may post to it, any
 * thread may wait on it, and one packet goes to exactly one waiter. An op
 * that was started on an associated handle ends in exactly one packet, come
 * what may: a result, a failure, or an abort after a cancel. Three folders
 * implement this header and nothing else in the tree can tell which one was
 * linked: loop/linux (epoll and an eventfd under a packet queue), loop/win32
 * (the real thing), fuzz/sim (a simulated kernel).
 *
 * Whoever writes a caller may rely on no more than this text says. In
 * particular not on: which waiter wakes, the order of aborted packets, a
 * cancel that takes effect, waiters that wake when the port closes, or an
 * op that completes because its handle was closed.
 *
 * units      times are uint64_t nanoseconds of os_now(), sizes are bytes
 * ownership  packets are copied in and out. A port_op and the buffer of its
 *            request belong to the kernel from port_start until the packet
 *            that names it has been dequeued
 * threads    every function from any thread, except port_close: once, when
 *            no other thread is inside or will enter
 * errors     0 or more is success, below 0 a negative enum loop_error; a
 *            broken precondition aborts in every build
 * source     Win32 I/O completion ports, Microsoft's documentation of the
 *            functions named below
 */
#ifndef LOOP_PORT_H
#define LOOP_PORT_H

#include <stddef.h>
#include <stdint.h>

#define PORT_FOREVER UINT64_MAX

/* A socket, a pipe end or a wait object of the platform. */
typedef uintptr_t port_handle;
#define PORT_NO_HANDLE UINTPTR_MAX

struct port;

/*
 * The kernel's part of an op, embedded in the caller's. Zero before the
 * first start; after its packet was dequeued it can be started again.
 */
struct port_op {
    uint64_t platform[14];
};

enum port_kind {
    PORT_READ = 1,      /* up to size bytes; 0 bytes is the end of stream  */
    PORT_WRITE = 2,     /* all size bytes, or fewer with an error          */
    PORT_ACCEPT = 3,    /* packet.handle is the new connection             */
    PORT_CONNECT = 4,   /* to request.address                              */
    PORT_WAIT = 5,      /* until the wait object is set; takes the signal  */
};

/* An IPv4 address; number 0 lets the platform choose. Host byte order. */
struct port_address {
    uint32_t ip;
    uint16_t number;
};

#define PORT_LOOPBACK 0x7f000001u

struct port_request {
    enum port_kind      kind;
    void               *buffer;     /* READ, WRITE: size bytes, else NULL  */
    uint32_t            size;       /* READ, WRITE: 1 or more, else 0      */
    struct port_address address;    /* CONNECT                             */
};

struct packet {
    uint64_t        key;    /* of the association, or of the post          */
    struct port_op *op;     /* NULL for a packet that was posted           */
    int32_t         status; /* 0, or why the op failed: enum loop_error    */
    uint32_t        size;   /* bytes moved, also when the status is not 0  */
    port_handle     handle; /* ACCEPT with status 0: the caller's to close;
                               else PORT_NO_HANDLE                         */
};

/*
 * Open a port with no packets and nothing associated.
 *
 *   returns   0 and *out, or LOOP_ENOMEM
 *   source    CreateIoCompletionPort
 */
int port_open(struct port **out);

/*
 * Close the port and free it. Queued packets are dropped unseen; ops that
 * are still pending complete to nobody, and their memory stays the kernel's.
 *
 *   threads   once, with nobody inside. Closing does not wake a waiter
 *   differs   real Windows abandons waiters (ERROR_ABANDONED_WAIT_0), Wine 8
 *             leaves them waiting: nothing may lean on either
 */
void port_close(struct port *p);

/*
 * Bind a handle to this port for the rest of the handle's life.
 *
 *   key       delivered with every packet of the handle
 *   returns   0; LOOP_EINVAL if the handle already has a port; LOOP_ENOMEM
 *   source    CreateIoCompletionPort with an existing port
 */
int port_associate(struct port *p, port_handle h, uint64_t key);

/*
 * Start an op on an associated handle. It may complete, and its packet may
 * be dequeued by another thread, before this returns: after success the
 * caller touches neither op nor buffer.
 *
 *   op        in no packet that is still to come
 *   request   copied; its buffer is lent until the packet is dequeued
 *   returns   0: exactly one packet will come, also if the op is done
 *             already. Below 0: no packet will ever come
 *   source    ReadFile, WSARecv, WSASend, AcceptEx, ConnectEx without
 *             FILE_SKIP_COMPLETION_PORT_ON_SUCCESS
 */
int port_start(struct port *p, port_handle h, struct port_op *op,
               const struct port_request *request);

/*
 * Ask that one started op end. It is a request: the packet still comes,
 * once, and says LOOP_EABORTED or whatever truly happened.
 *
 *   returns   0: the request was marked; LOOP_ENOTFOUND: the op has
 *             completed, and its packet is queued or was dequeued.
 *             Neither says what the packet will say
 *   threads   op must not have been dequeued and reused meanwhile
 *   differs   on Windows a write to a pipe that was aborted may say that it
 *             moved 0 bytes although the reader gets some of them
 *   source    CancelIoEx with an OVERLAPPED
 */
int port_cancel(struct port *p, port_handle h, struct port_op *op);

/* An op, and the handle on which it was started. */
struct port_started {
    port_handle     handle;
    struct port_op *op;
};

/*
 * As port_cancel, for so many ops whose packets are waited for next: the
 * requests may reach the device with the next port_dequeue only.
 *
 *   threads   as port_cancel; nor is one of the handles closed meanwhile
 */
void port_cancel_soon(struct port *p, const struct port_started *started,
                      int count);

/*
 * Queue a packet that belongs to no op.
 *
 *   key       delivered as it is
 *   returns   0; LOOP_ENOMEM: nothing was queued, try again later
 *   source    PostQueuedCompletionStatus, which may fail for want of memory
 */
int port_post(struct port *p, uint64_t key);

/*
 * Dequeue up to cap packets, waiting for the first until a time.
 *
 *   out       cap slots; those at and past the result are left untouched
 *   cap       1 or more
 *   until     absolute; 0 polls, PORT_FOREVER waits without limit
 *   returns   1..cap, oldest packet first; 0 when the time has passed, or a
 *             little before it: the caller looks at its clock
 *   threads   any number may wait; which one wakes is not specified
 *   differs   Windows and Linux wake the waiter that came last, Wine 8 the
 *             first
 *   source    GetQueuedCompletionStatusEx
 */
int port_dequeue(struct port *p, struct packet *out, int cap,
                 uint64_t until);

/*
 * Open a stream socket that can be connected.
 *
 *   returns   0 and *out, which the caller closes; or LOOP_ENOMEM
 */
int port_socket(port_handle *out);

/*
 * Open a stream socket that listens.
 *
 *   at        address to bind; on success number is the one in use
 *   returns   0 and *out, which the caller closes; LOOP_EREFUSED if the
 *             address cannot be had; or LOOP_ENOMEM
 */
int port_listen(port_handle *out, struct port_address *at);

/*
 * Open a one-way pipe; both ends can be associated.
 *
 *   returns   0 and both ends, which the caller closes; or LOOP_ENOMEM
 *   source    pipe(2); on Windows a named pipe, since anonymous pipes have
 *             no overlapped mode
 */
int port_pipe(port_handle *reader, port_handle *writer);

/*
 * Open a wait object, not set. One that is set ends one PORT_WAIT op and is
 * not set any more.
 *
 *   returns   0 and *out, which the caller closes; or LOOP_ENOMEM
 *   source    an auto-reset event; on Linux an eventfd
 */
int port_object(port_handle *out);

/* Set a wait object; setting twice is setting once. */
void port_object_set(port_handle h);

/*
 * Close so many handles, each exactly once. Their numbers may be given out
 * again at once, so nothing may name them afterwards. Pending ops should have
 * been cancelled and dequeued: whether closing completes them depends on the
 * device.
 *
 *   source    CloseHandle, closesocket
 */
void port_handles_close(const port_handle *handles, int count);

static inline void port_handle_close(port_handle h)
{
    port_handles_close(&h, 1);
}

#endif
