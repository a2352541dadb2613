/*
 * ring.h - the engine over io_uring.
 *
 *   seam.c        port.h by name: a ring, or else epoll
 *   ring.c        the two queues that are shared with the kernel
 *   ring_port.c   the port: its waiters and their wakes
 *   ring_op.c     ops: given to the kernel, cancelled, settled
 *
 * Its functions mean what those of port.h mean that have the same names. In
 * addition to the locks of kernel.h there is one around submitting, which is
 * taken after an association's and before the port's.
 *
 * The first op on the list of each direction of a handle is in the kernel,
 * all others wait in user space. So ops of a direction are served in the
 * order in which they were started, which io_uring does not promise of two
 * that are pending at once, and two writes never mix, also when the first
 * one moves in parts. Cancelling any but the first is a matter of user space,
 * and the kernel never has to search a long list of ops of one file.
 */
#ifndef LOOP_IO_URING_RING_H
#define LOOP_IO_URING_RING_H

#include <liburing.h>

#include "../linux/kernel.h"

struct ring_port {
    struct port     port;
    struct io_uring uring;
    struct os_mutex submit;     /* around the submission queue            */
    atomic_bool     kept;       /* entries are kept in it: see ring_keep  */
    atomic_uint     due;        /* completions to come, but for wakes     */

    /* Changed under the port's lock: */
    struct os_cond  follow;     /* where followers sleep                  */
    unsigned        followers;  /* waiters that sleep there               */
    atomic_bool     leading;    /* a waiter is in, or on the way to, the
                                   kernel                                 */
    bool            waking;     /* a wake is on its way to one of them    */
    unsigned        takes;      /* dequeues since kept entries were given */
    struct association *answered;   /* the kernel has spoken              */
};

int  ring_port_open(struct port **out);
void ring_port_close(struct port *p);
int  ring_port_associate(struct port *p, port_handle h, uint64_t key);
int  ring_port_start(struct port *p, port_handle h, struct port_op *op,
                     const struct port_request *request);
int  ring_port_cancel(struct port *p, port_handle h, struct port_op *op);
void ring_port_cancel_soon(struct port *p, struct port_op *op);
int  ring_port_post(struct port *p, uint64_t key);
int  ring_port_dequeue(struct port *p, struct packet *out, int cap,
                       uint64_t until);

/* Cancel or abort what is pending on handles that close; submit all that names
 * them, and close sockets: see association_close. */
part_handles ring_part;
part_handles ring_shut;

/* What the kernel still owes to an op: bits of kernel_op.ring_due. */
enum ring_due {
    DUE_RESULT = 1,     /* the op's own completion                        */
    DUE_CANCEL = 2,     /* the completion of a request to cancel it       */
    CANCEL_MISSED = 4,  /* not owed: the request did not find the op      */
};

#define RING_CANCEL 1u  /* in user_data, beside the address of the op     */
#define RING_WAKE 2u    /* is all of the user_data of a wake              */
#define RING_CLOSE 4u   /* is all of the user_data of a close             */

/*
 * Open or close the queues.
 *
 *   returns   0; or LOOP_EREFUSED if the kernel does not give what is needed
 */
int  ring_open(struct ring_port *p);
void ring_close(struct ring_port *p);

/*
 * Lock the submission queue and take an entry of it, to be filled. Then
 * either submit, and the kernel has taken over this and all kept entries when
 * the call returns; or keep it, for the next submission to take along.
 *
 * What is kept goes to the kernel when a waiter is about to sleep, and at once
 * if one is asleep. It must be nothing that the other side of a device could
 * miss meanwhile.
 */
struct io_uring_sqe *ring_prepare(struct ring_port *p);
void ring_submit(struct ring_port *p);
void ring_keep(struct ring_port *p);

/* Submit what is kept, if anything. */
void ring_submit_kept(struct ring_port *p);

/*
 * Take what the kernel has completed, and list the associations that it is
 * about. The port is locked. Whoever pulls may take a wake that was meant
 * for another: it looks at the queue afterwards, or hands on.
 */
void ring_pull(struct ring_port *p);

/* Wait until there is something to pull, a signal comes, or a time. */
void ring_wait(struct ring_port *p, uint64_t until);

/* Submit what is kept, pull, and go on with the ops that it is about. The
 * port is locked on entry and on return, not meanwhile. */
void ring_gather(struct ring_port *p);

/* See to it that somebody looks at what there is to be done; no lock is
 * held. */
void ring_hand_on(struct ring_port *p);

enum ring_sleeper { NOBODY, FOLLOWER, LEADER, DOZER };

/* Whom to wake, who then counts as on the way. The port is locked. */
enum ring_sleeper ring_choose_sleeper(struct ring_port *p);

/*
 * Settle what the kernel has answered, and try the ops of one direction until
 * the first of them is in the kernel or none is left.
 *
 *   returns   true if a packet was queued
 */
bool ring_advance(struct association *a, enum direction direction);

/* Cancel what of an association is in the kernel; it takes no more ops. */
void ring_cancel_all(struct association *a);

static inline struct ring_port *ring_of(struct port *p)
{
    return (struct ring_port *)p;
}

#endif
