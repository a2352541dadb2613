/*
 * kernel.h - the simulated kernel: handles, the files behind them, and the
 * ops that are pending on those.
 *
 * A file is one end of a stream or pipe, a listener or a wait object; only
 * counts of bytes matter. Each has a queue of ops that take something in
 * (read, accept, wait) and one of ops that put something out (write,
 * connect); the first of a queue can complete when the file's state allows.
 * Such ops, and those that a cancel or a close has doomed, are ready: they
 * wait for the device's turn, which is a decision like that of a thread.
 *
 * The rules are those of Win32 completion ports; where devices differ in
 * what they may do, machine_outcome decides.
 *
 * units      sizes are bytes
 */
#ifndef FUZZ_SIM_KERNEL_H
#define FUZZ_SIM_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../../loop/port.h"
#include "sim.h"

#define KERNEL_NONE UINT16_MAX
#define KERNEL_WINDOW 65536u    /* bytes a stream holds for its reader       */
#define KERNEL_BACKLOG 64u

enum file_kind {
    FILE_SOCKET,            /* not connected                                 */
    FILE_STREAM,
    FILE_PIPE_READER,
    FILE_PIPE_WRITER,
    FILE_LISTENER,
    FILE_OBJECT,
};

enum file_life {
    FILE_FREE,
    FILE_QUEUED,            /* a connection nobody has accepted yet          */
    FILE_OPEN,              /* has a handle                                  */
    FILE_CLOSED,            /* has none any more, ops may still hold it      */
};

enum { FILE_INPUT, FILE_OUTPUT, FILE_QUEUES };

struct op_list {
    uint16_t first, last;
};

struct file {
    struct op_list queue[FILE_QUEUES];
    uint32_t       in_size;     /* bytes that have come and were not read    */
    uint16_t       peer;        /* the other end's file, or KERNEL_NONE      */
    uint16_t       op_count;    /* pending, ready or deaf                    */
    uint16_t       doomed;      /* of those: do not hold the file            */
    uint16_t       address;     /* listener                                  */
    uint16_t       backlog;     /* listener: first connection                */
    uint16_t       next;        /* in that backlog                           */
    uint8_t        kind, life;
    bool           ended;       /* the peer has closed: read the rest        */
    bool           reset;       /* the peer has gone, and not in order       */
    bool           told;        /* of that, by a read or write that broke;
                                   socket: of a connect that was refused     */
    bool           set;         /* object                                    */
    bool           linked;      /* socket: has a connection, and does not
                                   know of it yet                            */
    bool           refused;     /* socket: has none, and does not know yet   */
    bool           cut;         /* stream: was closed over a pending read    */
    bool           gone;        /* the peer knows that this end is closed    */
};

enum op_state {
    OP_FREE,
    OP_PENDING,
    OP_DEAF,                /* pending, and will never complete              */
    OP_QUEUED,              /* its packet waits in a port                    */
    OP_LOST,                /* completed to a port that was closed           */
};

/* The kernel's own record of one op; never in the subject's memory. */
struct kernel_op {
    struct port_op     *at;
    void               *buffer;
    uint64_t            key;
    port_handle         accepted;
    uint32_t            size, moved;
    uint32_t            serial;     /* in order of start                     */
    int32_t             status;
    struct port_address address;
    uint16_t            file, port;
    uint16_t            prev, next;             /* in the file's queue       */
    uint16_t            ready_prev, ready_next;
    uint16_t            bucket_next;
    uint8_t             kind, state;
    bool                ready;
    bool                doomed;     /* will complete with status             */
    bool                unfit;      /* will fail with status at its turn     */
    bool                released;   /* does not hold its file any more       */
    bool                behind;     /* had another before it when it started */
    bool                orphaned;   /* accept: the listener was closed after
                                       it completed                          */
};

struct handle_entry {
    uint64_t key;
    uint32_t generation;
    uint16_t file;
    uint16_t port;          /* KERNEL_NONE: not associated                   */
    uint16_t number;        /* in order of creation                          */
    bool     open;
    bool     far;           /* the peer's, not the loop's                    */
};

/* What TRACE_PEER says, in its upper 8 bits; below, how many bytes. */
enum peer_deed { PEER_WROTE = 1, PEER_READ, PEER_CLOSED, PEER_CONNECTED };

/* How a handle is used, for what is found if it cannot be. */
enum handle_use { HANDLE_USE, HANDLE_CLOSE, HANDLE_QUIET };

/*
 * Find a handle.
 *
 *   returns   its entry; NULL after a finding if it was closed, and possibly
 *             given out again since
 */
struct handle_entry *kernel_handle(port_handle h, enum handle_use use);

/* Open a handle for a file; PORT_NO_HANDLE if there are too many. */
port_handle kernel_handle_open(uint16_t file, bool far);

/* Close a handle; what happens to ops depends on profile and device. */
void kernel_handle_close(struct handle_entry *handle);

/* Make a file; KERNEL_NONE if there are too many. */
uint16_t kernel_file(enum file_kind kind);

struct file *kernel_at(uint16_t file);

/* Make the two ends of a stream or pipe known to each other. */
void kernel_join(uint16_t a, uint16_t b);

/* The listener at an address, or KERNEL_NONE. */
uint16_t kernel_listener(uint16_t address);

/* Queue a new connection to a listener; returns its far end's file, or
 * KERNEL_NONE if the listener is full. */
uint16_t kernel_connect(uint16_t listener);

/* A file's state has changed: see which of its ops can complete now. */
void kernel_changed(uint16_t file);

/* The op that is pending or queued at an address, or NULL. */
struct kernel_op *kernel_find(const struct port_op *at);

/*
 * Begin an op.
 *
 *   failure   0 if its kind fits the file; else what it fails with, at once
 *             or when its turn comes
 *   returns   NULL if there are too many
 */
struct kernel_op *kernel_start(const struct handle_entry *handle,
                               struct port_op *at,
                               const struct port_request *request,
                               int failure);

/* Count an op that did not start, and return its number. */
uint32_t kernel_refuse(void);

/* Complete a ready op, or let it make progress. */
void kernel_complete(struct kernel_op *op);

/* Ask that a pending op end. */
void kernel_cancel(struct kernel_op *op);

/* The packet of an op was dequeued: fill in what it says, and give the
 * memory back. */
void kernel_dequeued(uint16_t op, struct packet *out);

/* The port that an op's packet was queued in has been closed. */
void kernel_lost(uint16_t op);

/* port.c: queue the packet of a completed op; false if the port is closed. */
bool port_queue_op(uint16_t port, uint16_t op, uint64_t key);

#endif
