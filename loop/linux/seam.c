/*
 * seam.c - port.h by name, where epoll is the only engine.
 */
#include "epoll.h"

int port_open(struct port **out)
{
    return epoll_port_open(out);
}

void port_close(struct port *p)
{
    epoll_port_close(p);
}

int port_associate(struct port *p, port_handle h, uint64_t key)
{
    return epoll_port_associate(p, h, key);
}

int port_start(struct port *p, port_handle h, struct port_op *op,
               const struct port_request *request)
{
    return epoll_port_start(p, h, op, request);
}

int port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    return epoll_port_cancel(p, h, op);
}

void port_cancel_soon(struct port *p, const struct port_started *started,
                      int count)
{
    epoll_port_cancel_soon(p, started, count);
}

int port_post(struct port *p, uint64_t key)
{
    return epoll_port_post(p, key);
}

int port_dequeue(struct port *p, struct packet *out, int cap, uint64_t until)
{
    return epoll_port_dequeue(p, out, cap, until);
}

void port_handles_close(const port_handle *handles, int count)
{
    association_close(handles, count, epoll_part, NULL);
}
