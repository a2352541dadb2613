/*
 * kernel.h - what the files of this folder share: the objects that a Windows
 * kernel would keep for a completion port, whatever engine drives them.
 *
 *   seam.c          port.h by name: which engine is called
 *   epoll.c         the engine over epoll: its waiters and their wakes
 *   epoll_op.c      the engine over epoll: its ops
 *   queue.c         packets that wait to be dequeued
 *   doze.c          the sleep of a waiter that no device can wake
 *   association.c   handles of a port, and the ops that are pending on them
 *   attempt.c       one try at an op: the system calls
 *   fd_map.c        associations by descriptor
 *   handle.c        opening sockets, pipes and wait objects
 *
 * The engine over io_uring is in loop/io_uring and has a seam of its own.
 *
 * Three locks, taken in this order:
 *
 *   registry      which descriptor of the process has which association
 *   association   the pending ops of one descriptor, and the right to use it
 *                 (over io_uring: see ring.h)
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
#include <time.h>

#include "../foresee.h"
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
    bool                connecting;     /* CONNECT: asked the kernel once */
    uint8_t             ring_phase;     /* these four belong to the       */
    bool                ring_cancelled; /* engine over io_uring           */
    uint8_t             ring_due;
    int32_t             ring_result;
};

/* Who reads it without a lock reads it first. */
static inline void set_state(struct kernel_op *op, enum op_state state)
{
    atomic_store_explicit(&op->state, state, memory_order_release);
}

enum device { DEVICE_SOCKET, DEVICE_STREAM, DEVICE_FILE, DEVICE_OBJECT };
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTIONS };

struct op_list {
    struct kernel_op *first;
    struct kernel_op *last;
};

struct association {
    struct port    *port;
    uint64_t        key;
    int             fd;
    uint32_t        generation;
    atomic_uint     references;
    uint8_t         device;         /* enum device                        */
    bool            closed;         /* fd may name a stranger from now on */
    bool            gone;           /* its engine has closed fd           */
    uint8_t         ring_untried;   /* directions that the engine over    */
    struct association *ring_next;  /* io_uring is to try; the next that
                                       has one                            */
    struct os_mutex lock;
    struct op_list  pending[DIRECTIONS];
};

/* Associations by descriptor; without memory while it is empty. */
struct fd_map {
    struct association **slot;
    size_t               size;
    size_t               count;
};

/* Packets to be dequeued, and the nodes for those that are posted. */
struct packet_queue {
    struct node  *first;            /* oldest first                       */
    struct node  *last;
    struct node  *spare;            /* nodes for posts                    */
    struct chunk *chunks;           /* which own the nodes                */
};

enum engine { ENGINE_EPOLL, ENGINE_RING };

/* The part of a port that every engine has; an engine's own begins with it. */
struct port {
    enum engine         engine;
    struct os_mutex     lock;
    struct packet_queue queue;
    atomic_uint         calls;      /* to the waiter that dozes           */
    bool                dozing;     /* one does                           */
    struct fd_map       handles;
    uint32_t            generation; /* of the latest association          */
    atomic_uint         closers;    /* threads that are closing handles   */
};

/*
 * The queue; the port is locked, except in open and close.
 *
 *   queue_post    0, or LOOP_ENOMEM with nothing queued
 *   queue_take    how many packets were stored, cap at most
 */
int  queue_open(struct packet_queue *q);
void queue_close(struct packet_queue *q);
void queue_append(struct packet_queue *q, struct node *n);
int  queue_post(struct packet_queue *q, uint64_t key);
int  queue_take(struct packet_queue *q, struct packet *out, int cap);

/*
 * Sleep without a device. A thread is woken from a word of memory in less time
 * than from a device or a ring, but hears nothing of those; one waiter at a
 * time may sleep so, the first of all, since the last is to be released first.
 *
 *   doze       until a call, a time, or for no reason. The port is locked on
 *              entry and on return, not meanwhile, when dozing is set
 *   doze_call  end it, if there is such a waiter; the port is not locked
 */
void doze(struct port *p, uint64_t until);
void doze_call(struct port *p);

/* From now until a time of os_now(), or nothing. */
struct timespec time_left(uint64_t until);

/*
 * Bind a handle to a port, as port_associate does.
 *
 *   watch     what the engine does about the device, or NULL: returns 0 or
 *             an errno. Handle and port know each other when it is called
 */
int association_open(struct port *p, port_handle h, uint64_t key,
                     int (*watch)(struct association *a));

/*
 * What an engine does about handles that close, all of one port, which does
 * not know them any more.
 */
typedef void part_handles(struct port *p, struct association *const *closing,
                          int count);

/*
 * Close handles, as port_handles_close does.
 *
 *   part      cancels or aborts the ops that are pending, and sets closed, if
 *             anybody else may see it. The registry is locked
 *   shut      or NULL: closes those descriptors that the engine had better
 *             close, and sets gone. The registry is not locked any more
 */
void association_close(const port_handle *handles, int count,
                       part_handles *part, part_handles *shut);

/*
 * Part all handles from a port that closes.
 *
 *   part      what the engine does about each one, or NULL
 */
void association_orphan_all(struct port *p,
                            void (*part)(struct association *a));

/* The association of a handle, or NULL: with a reference; or as long as the
 * port is locked. */
struct association *association_find(struct port *p, port_handle h);
struct association *association_known(const struct port *p, port_handle h);
void association_retain(struct association *a);
void association_release(struct association *a);

enum direction association_direction(enum port_kind kind);

/* Where has a new op been put? */
enum admission {
    REFUSED,        /* nowhere                                            */
    FIRST,          /* alone on its list: the caller is to try it         */
    BEHIND,         /* behind one that was tried, or is being tried by a
                       thread that goes on with its followers             */
};

/* Put an op on the list of its handle, which may be NULL, and direction; who
 * guards the lists has them locked. */
enum admission association_admit(struct association *a, struct kernel_op *op,
                                 const struct port_request *request);

/* Take an op whose packet is complete off its list; the caller queues the
 * packet before it unlocks the association, so that packets of one handle
 * are queued in the order in which its ops ended. */
void association_end_op(struct association *a, struct kernel_op *op,
                        enum direction direction);

/* The association of an op, or NULL if it is not pending; without a reference,
 * for who knows that the handle is not closed meanwhile. */
struct association *association_of(struct kernel_op *op);

/* Is the op pending on this association? The association is locked. */
bool association_has(const struct association *a, struct kernel_op *op);

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

/* Is this an error that accept tells of a connection, not of the listener? */
bool attempt_lost_connection(int error);

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
