/*
 * seam.c - port.h by name: a ring if the kernel gives one, else epoll.
 *
 * A branch, not a table: what a port is does not change, so it is predicted,
 * and the calls stay direct.
 */
#include "../linux/epoll.h"
#include "engine.h"
#include "ring.h"

bool port_uses_ring(const struct port *p)
{
    return p->engine == ENGINE_RING;
}

/* Whatever the ring was refused for, epoll may still be had; if memory or
 * descriptors have run out, it says so too. */
int port_open(struct port **out)
{
    return ring_port_open(out) == 0 ? 0 : epoll_port_open(out);
}

void port_close(struct port *p)
{
    if (port_uses_ring(p))
        ring_port_close(p);
    else
        epoll_port_close(p);
}

int port_associate(struct port *p, port_handle h, uint64_t key)
{
    return port_uses_ring(p) ? ring_port_associate(p, h, key)
                             : epoll_port_associate(p, h, key);
}

int port_start(struct port *p, port_handle h, struct port_op *op,
               const struct port_request *request)
{
    return port_uses_ring(p) ? ring_port_start(p, h, op, request)
                             : epoll_port_start(p, h, op, request);
}

int port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    return port_uses_ring(p) ? ring_port_cancel(p, h, op)
                             : epoll_port_cancel(p, h, op);
}

void port_cancel_soon(struct port *p, const struct port_started *started,
                      int count)
{
    if (port_uses_ring(p))
        ring_port_cancel_soon(p, started, count);
    else
        epoll_port_cancel_soon(p, started, count);
}

int port_post(struct port *p, uint64_t key)
{
    return port_uses_ring(p) ? ring_port_post(p, key)
                             : epoll_port_post(p, key);
}

int port_dequeue(struct port *p, struct packet *out, int cap, uint64_t until)
{
    return port_uses_ring(p) ? ring_port_dequeue(p, out, cap, until)
                             : epoll_port_dequeue(p, out, cap, until);
}

static void part(struct port *p, struct association *const *closing,
                 int count)
{
    if (port_uses_ring(p))
        ring_part(p, closing, count);
    else
        epoll_part(p, closing, count);
}

static void shut(struct port *p, struct association *const *closing,
                 int count)
{
    if (port_uses_ring(p))
        ring_shut(p, closing, count);
}

void port_handles_close(const port_handle *handles, int count)
{
    association_close(handles, count, part, shut);
}
