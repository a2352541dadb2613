/*
 * ring.h - the engine over io_uring.
 *
 *   seam.c        port.h by name: a ring, or else epoll
 *   ring.c        the two queues that are shared with the kernel
 *   ring_port.c   the port: its waiters and their wakes
 *   ring_op.c     ops: given to the kernel, cancelled, settled
 *
 * Its functions mean what those of port.h mean that have the same names.
 *
 * The port's lock guards all that this engine knows: both queues, and the ops
 * of every association, whose own lock it does not use. No system call is made
 * under it, but for one that fetches completions which did not fit.
 *
 * The first op on the list of each direction of a handle is in the kernel or
 * is being tried by a thread, all others wait in user space. So ops of a
 * direction are served in the order in which they were started, which
 * io_uring does not promise of two that are pending at once, and two writes
 * never mix, also when the first one moves in parts. Cancelling any but the
 * first is a matter of user space, and the kernel never has to search a long
 * list of ops of one file.
 */
#ifndef LOOP_IO_URING_RING_H
#define LOOP_IO_URING_RING_H

#include <liburing.h>

#include "../linux/kernel.h"

struct ring_port {
    struct port     port;

    /* Changed under the port's lock: */
    struct io_uring uring;
    unsigned        due;        /* completions to come, but for wakes     */
    struct os_cond  follow;     /* where followers sleep                  */
    unsigned        followers;  /* waiters that sleep there               */
    bool            leading;    /* a waiter is in, or on the way to, the
                                   kernel                                 */
    bool            waking;     /* a wake is on its way to one of them    */
    unsigned        takes;      /* dequeues since kept entries were given */
    struct association *untried;    /* have an op that is to be tried     */
};

int  ring_port_open(struct port **out);
void ring_port_close(struct port *p);
int  ring_port_associate(struct port *p, port_handle h, uint64_t key);
int  ring_port_start(struct port *p, port_handle h, struct port_op *op,
                     const struct port_request *request);
int  ring_port_cancel(struct port *p, port_handle h, struct port_op *op);
void ring_port_cancel_soon(struct port *p, const struct port_started *started,
                           int count);
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
 * Put an entry into the submission queue. The port is locked.
 *
 *   ring_reserve  make room for it. The lock may be released meanwhile, so
 *                 this comes before anything is looked at
 *   ring_entry    the entry, to be filled
 *   ring_put      it is filled: the kernel takes it over with the next call
 *
 * Then either submit; or, if nobody leads, keep it for the next submission to
 * take along. What is kept goes to the kernel when a waiter is about to sleep.
 * It must be nothing that the other side of a device could miss meanwhile.
 */
void ring_reserve(struct ring_port *p);
struct io_uring_sqe *ring_entry(struct ring_port *p);
void ring_put(struct ring_port *p);

/* The kernel has taken over all that was put before the call when it returns.
 * The port is not locked. */
void ring_submit(struct ring_port *p);

/* Are there entries that the kernel has not taken over? The port is locked. */
bool ring_has_kept(const struct ring_port *p);

/* End the wait of who leads, by an empty op. The port is not locked. */
void ring_wake(struct ring_port *p);

/*
 * Take what the kernel has completed, settle it, and list the associations
 * that have an op to be tried next. The port is locked. Whoever pulls may take
 * a wake that was meant for another: it looks at the queue afterwards, or
 * hands on.
 */
void ring_pull(struct ring_port *p);

/* Submit what is kept, and wait until there is something to pull, a signal
 * comes, or a time. The port is not locked. */
void ring_wait(struct ring_port *p, uint64_t until);

/* Submit what is kept, pull, and go on with the ops that it is about. The
 * port is locked on entry and on return, not meanwhile. */
void ring_gather(struct ring_port *p);

enum ring_sleeper { NOBODY, FOLLOWER, LEADER, DOZER };

/* Whom to wake, who then counts as on the way. The port is locked. */
enum ring_sleeper ring_choose_sleeper(struct ring_port *p);

/* Unlock the port, and see to it that somebody looks at what there is to be
 * done. */
void ring_leave(struct ring_port *p);

/*
 * An op has come back from the kernel, which owes it nothing any more: queue
 * its packet, or let it be tried again. The port is locked.
 *
 *   returns   true if an op of this direction is to be tried; false: the
 *             association may be gone
 */
bool ring_settle(struct association *a, struct kernel_op *op,
                 enum direction direction);

/* Try the ops of one direction until the first of them is in the kernel or
 * none is left. The port is locked on entry and on return, not meanwhile. */
void ring_advance(struct association *a, enum direction direction);

/* Cancel what of an association is in the kernel; it takes no more ops. */
void ring_cancel_all(struct association *a);

static inline struct ring_port *ring_of(struct port *p)
{
    return (struct ring_port *)p;
}

#endif
