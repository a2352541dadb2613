/*
 * kernel.h - what the files of this folder share: a completion port of
 * Windows, and the little that port.h asks for and Windows does not keep.
 *
 *   port.c          the port: posts, packets, and what a packet says
 *   association.c   handles of a port: who they are, starting and cancelling
 *   attempt.c       one try at an op: the system calls, and their errors
 *   accept.c        the sockets that are ready for connections to come
 *   wait.c          waits on objects, which no port knows of by itself
 *   handle_map.c    associations by handle
 *   handle.c        opening sockets, pipes and wait objects
 *
 * Three locks, taken in this order; a packet that is posted or dequeued
 * takes none of them, unless it is that of an accept or a connect:
 *
 *   registry      which handle of the process has which association
 *   association   shared: its handle is named in a system call, so nobody
 *                 may close it. Alone: its waits, and its end
 *   port          the sockets that wait for connections
 */
#ifndef LOOP_WIN32_KERNEL_H
#define LOOP_WIN32_KERNEL_H

#include <winsock2.h>

#include <mswsock.h>
#include <windows.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../os.h"
#include "../port.h"

/* The callers' storage is declared as integers and used as these. A compiler
 * that does not take types for a promise needs no word for it. */
#if defined(__GNUC__)
#define MAY_ALIAS __attribute__((may_alias))
#else
#define MAY_ALIAS
#endif

enum op_state {
    OP_IDLE,        /* the caller's                                  */
    OP_STARTING,    /* the call that starts it has not come back     */
    OP_PENDING,     /* the kernel's, or on the list of its object    */
    OP_QUEUED,      /* its packet was posted by this folder          */
};

struct MAY_ALIAS kernel_op {
    OVERLAPPED        overlapped;   /* first: its address comes back      */
    struct kernel_op *next;         /* WAIT: on the list of the object    */
    struct kernel_op *prev;
    struct accept    *accept;       /* ACCEPT: its socket                 */
    HANDLE            handle;
    uint64_t          generation;   /* of the handle's association        */
    uint32_t          kind;         /* enum port_kind                     */
    int32_t           status;       /* if the packet was posted           */
    uint32_t          posted;
    atomic_uint       state;        /* enum op_state                      */
};

_Static_assert(sizeof(struct kernel_op) <= sizeof(struct port_op), "fits");
_Static_assert(offsetof(struct kernel_op, overlapped) == 0, "comes back");
_Static_assert(sizeof(ULONG_PTR) == sizeof(uint64_t), "a key fits");

enum device { DEVICE_NONE, DEVICE_SOCKET, DEVICE_STREAM, DEVICE_OBJECT };

struct op_list {
    struct kernel_op *first;
    struct kernel_op *last;
};

struct association {
    struct association *next;       /* in its bucket of the map           */
    struct association *orphan;     /* the next one, while a port closes  */
    struct port        *port;       /* NULL after it has closed           */
    HANDLE              completion; /* of the port, while it is open      */
    HANDLE              handle;
    enum device         device;
    uint64_t            key;
    uint64_t            generation; /* no other has the same, ever        */
    atomic_uint         references;
    SRWLOCK             lock;
    bool                closed;     /* handle may name a stranger from now */
    struct op_list      waiting;    /* OBJECT: its pending ops            */
    HANDLE              wait;       /* OBJECT: is watched, or NULL        */
    bool                fired;      /* OBJECT: the last watch has ended   */
};

/* Associations by handle; without memory while it is empty. */
struct handle_map {
    struct association **bucket;
    size_t               size;      /* a power of 2, or 0                 */
    size_t               count;
};

struct port {
    HANDLE         completion;
    SRWLOCK        lock;
    struct accept *accepts;         /* whose packets were not dequeued    */
};

struct association *handle_map_find(const struct handle_map *m, HANDLE h);
int  handle_map_put(struct handle_map *m, struct association *a);
struct association *handle_map_remove(struct handle_map *m, HANDLE h);

/* The association of a handle with this port, with a reference, or NULL. */
struct association *association_find(struct port *p, HANDLE h);
void association_release(struct association *a);

/*
 * As above, for an op that has a packet, and its handle cannot be closed
 * before association_leave.
 *
 *   returns   NULL if the handle is not the one that the op was started on
 */
struct association *association_enter(struct port *p,
                                      const struct kernel_op *op);
void association_leave(struct association *a);

/* Part all handles from a port that closes. */
void association_orphan_all(struct port *p);

/*
 * Set a wait object if it is associated and was not closed.
 *
 *   returns   false if the handle is none, or no wait object
 *   threads   any, also while others close it
 */
bool association_set_object(port_handle h);

/* Begin to start an op; its handle's association is locked. */
void association_prepare(struct association *a, struct kernel_op *op,
                         enum port_kind kind);

/*
 * Try to start an op on a socket or a pipe. The association is locked,
 * not closed.
 *
 *   returns   0: the kernel queues a packet. Or why it never will
 */
DWORD attempt_op(struct association *a, struct kernel_op *op,
                 const struct port_request *request);

/* What an error of Windows or of Winsock means to a caller of port.h, and
 * what it means for one op: there the end of a stream is none. */
int32_t attempt_status(DWORD error);
int32_t attempt_op_status(const struct kernel_op *op, DWORD error);

/* Give an accept the socket of the connection to come; 0 or LOOP_ENOMEM. */
int  accept_open(struct port *p, struct kernel_op *op);
void accept_close(struct port *p, struct kernel_op *op);

/* Where the kernel is to put the connection of an accept. */
SOCKET accept_socket(const struct kernel_op *op);

/* Where it puts both addresses, and how large each of them may be. */
void *accept_addresses(const struct kernel_op *op);
#define ACCEPT_ADDRESS_SIZE (sizeof(struct sockaddr_in) + 16)

/* Complete the packet of an accept: the connection, or why there is none. */
void accept_finish(struct port *p, struct kernel_op *op,
                   struct packet *packet);

/* Close what a port that closes has ready for connections. */
void accept_close_all(struct port *p);

/* port_start and port_cancel of a wait object. */
int wait_start(struct association *a, struct kernel_op *op);
int wait_cancel(struct association *a, struct kernel_op *op);

/* Whom does a wait tell that is ended from outside? */
enum wait_end { WAIT_END_ABORTS, WAIT_END_IS_SILENT };

/*
 * End the waits on an object; none can begin any more. Two steps, because
 * the second one waits for a callback that may need the association.
 *
 *   returns   what wait_unwatch takes, NULL if it was not watched
 */
HANDLE wait_end_all(struct association *a, enum wait_end end);
void   wait_unwatch(struct association *a, HANDLE wait);

/* What kind of thing is a handle? */
enum device handle_device(port_handle h);

/* Make Winsock ready, once in the process; 0 or LOOP_ENOMEM. */
int handle_start_sockets(void);
int handle_open_socket(SOCKET *out);

static inline struct sockaddr_in socket_address(struct port_address address)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(address.number),
        .sin_addr.s_addr = htonl(address.ip),
    };
}

#endif
