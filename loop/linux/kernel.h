/*
 * kernel.h - what the files of this folder share: the objects that a Windows
 * kernel would keep for a completion port.
 *
 *   port.c          the queue of packets, its waiters and their wakes
 *   association.c   handles of a port, and the ops that are pending on them
 *   attempt.c       one try at an op: the system calls
 *   fd_map.c        associations by descriptor
 *   handle.c        opening sockets, pipes and wait objects
 *
 * Three locks, taken in this order:
 *
 *   registry      which descriptor of the process has which association
 *   association   the pending ops of one descriptor, and the right to use it
 *   port          the queue, the waiters, the table of associations
 */
#ifndef LOOP_LINUX_KERNEL_H
#define LOOP_LINUX_KERNEL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../os.h"
#include "../port.h"

/* The callers' storage is declared as integers and used as these. */
#define MAY_ALIAS __attribute__((may_alias))

/* One packet on the queue: part of an op, or from the port's spare ones. */
struct MAY_ALIAS node {
    struct node  *next;
    struct packet packet;
};

enum op_state {
    OP_IDLE,        /* the caller's                                  */
    OP_PENDING,     /* on the list of its association                */
    OP_QUEUED,      /* its packet is on the queue                    */
};

struct MAY_ALIAS kernel_op {
    struct node         node;
    struct kernel_op   *next;
    struct kernel_op   *prev;
    struct association *association;    /* while pending                  */
    struct port_request request;
    atomic_uint         state;          /* enum op_state                  */
    uint32_t            connecting;     /* CONNECT: asked the kernel once */
};

enum device { DEVICE_SOCKET, DEVICE_STREAM, DEVICE_OBJECT };
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTIONS };

struct op_list {
    struct kernel_op *first;
    struct kernel_op *last;
};

struct association {
    struct port    *port;
    int             fd;
    enum device     device;
    uint32_t        generation;
    uint64_t        key;
    atomic_uint     references;
    struct os_mutex lock;
    bool            closed;         /* fd may name a stranger from now on */
    struct op_list  pending[DIRECTIONS];
};

/* Associations by descriptor; without memory while it is empty. */
struct fd_map {
    struct association **slot;
    size_t               size;
    size_t               count;
};

struct port {
    int             epoll;
    int             wake;           /* an eventfd                         */
    atomic_bool     lacks_pwait2;   /* the kernel is older than the libc  */
    struct os_mutex lock;
    struct node    *first;          /* the queue, oldest first            */
    struct node    *last;
    struct node    *spare;          /* nodes for posts                    */
    struct chunk   *chunks;         /* which own the nodes                */
    unsigned        parked;         /* waiters in, or on the way to, epoll */
    bool            waking;         /* a wake is on its way to one of them */
    unsigned        takes;          /* dequeues since devices were seen   */
    struct fd_map   handles;
    uint32_t        generation;     /* of the latest association          */
};

/* May a packet wake another thread, or is the one that queues it about to
 * look at the queue itself? */
enum urgency { LATER, NOW };

/*
 * Queue a packet, under the port's lock.
 *
 *   returns   true if the caller has to call port_send_wake, once it holds
 *             no lock: the thread that wakes wants one first of all
 */
bool port_queue(struct port *p, struct node *n, enum urgency urgency);
void port_send_wake(struct port *p);

/* The association that an event of epoll means, with a reference; NULL if it
 * is gone. The port is locked. */
struct association *association_of_event(struct port *p, uint64_t data);

/*
 * Try the ops of one direction in their order until one blocks or none is
 * left.
 *
 *   returns   true if the caller has to call port_send_wake
 */
bool association_advance(struct association *a, enum direction direction,
                         enum urgency urgency);
void association_release(struct association *a);

/* Part all handles from a port that closes. */
void association_orphan_all(struct port *p);

/* What came of one try at an op? */
enum progress {
    BLOCKED,        /* the device says later                         */
    MOVED,          /* something happened, try on                    */
    DONE,           /* the packet is complete                        */
};

/* Try an op once, without blocking. The association is locked, not closed. */
enum progress attempt_op(struct association *a, struct kernel_op *op);

/* What an errno means to a caller of port.h. */
int32_t attempt_status(int error);

static inline struct sockaddr_in socket_address(struct port_address address)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(address.number),
        .sin_addr.s_addr = htonl(address.ip),
    };
}

struct association *fd_map_find(const struct fd_map *m, int fd);
int  fd_map_put(struct fd_map *m, int fd, struct association *a);
void fd_map_remove(struct fd_map *m, int fd);

#endif
