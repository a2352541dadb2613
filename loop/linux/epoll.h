/*
 * epoll.h - the engine over epoll and an eventfd.
 *
 * Its functions mean what those of port.h mean that have the same names.
 */
#ifndef LOOP_LINUX_EPOLL_H
#define LOOP_LINUX_EPOLL_H

#include "kernel.h"

struct epoll_port {
    struct port port;
    int         epoll;
    int         wake;           /* an eventfd                         */
    atomic_bool lacks_pwait2;   /* the kernel is older than the libc  */
    atomic_uint parked;         /* waiters in, or on the way to, epoll */
    bool        waking;         /* a wake is on its way to one of them */
    unsigned    takes;          /* dequeues since devices were seen   */
};

int  epoll_port_open(struct port **out);
void epoll_port_close(struct port *p);
int  epoll_port_associate(struct port *p, port_handle h, uint64_t key);
int  epoll_port_start(struct port *p, port_handle h, struct port_op *op,
                      const struct port_request *request);
int  epoll_port_cancel(struct port *p, port_handle h, struct port_op *op);
void epoll_port_cancel_soon(struct port *p, const struct port_started *started,
                            int count);
int  epoll_port_post(struct port *p, uint64_t key);
int  epoll_port_dequeue(struct port *p, struct packet *out, int cap,
                        uint64_t until);

/* Abort what is pending on handles that close, and let go of their
 * descriptors: see association_close. */
part_handles epoll_part;

/* May a packet wake another thread, or is the one that queues it about to
 * look at the queue itself? */
enum urgency { LATER, NOW };

/*
 * Queue a packet, under the port's lock.
 *
 *   returns   true if the caller has to call epoll_send_wake, once it holds
 *             no lock: the thread that wakes wants one first of all
 */
bool epoll_queue(struct epoll_port *p, struct node *n, enum urgency urgency);
void epoll_send_wake(struct epoll_port *p);

/* The association that an event of epoll means, with a reference; NULL if it
 * is gone. The port is locked. */
struct association *epoll_association(struct epoll_port *p, uint64_t data);

/*
 * Try the ops of one direction in their order until one blocks or none is
 * left.
 *
 *   returns   true if the caller has to call epoll_send_wake
 */
bool epoll_advance(struct association *a, enum direction direction,
                   enum urgency urgency);

/* Every engine's port begins with the common part. */
static inline struct epoll_port *epoll_of(struct port *p)
{
    return (struct epoll_port *)p;
}

#endif
