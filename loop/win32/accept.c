/*
 * accept.c - the sockets that are ready for connections to come.
 *
 * AcceptEx wants the socket of the connection beforehand, and memory for two
 * addresses that nobody reads. Both are on a list of the port until the
 * packet of the accept was dequeued, so that a port that closes can give the
 * sockets back whose packets nobody will see.
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

struct accept {
    struct accept *next;
    struct accept *prev;
    SOCKET         socket;
    unsigned char  addresses[2 * ACCEPT_ADDRESS_SIZE];
};

int accept_open(struct port *p, struct kernel_op *op)
{
    struct accept *c = os_alloc(sizeof *c);
    if (!c)
        return LOOP_ENOMEM;
    if (handle_open_socket(&c->socket)) {
        os_free(c);
        return LOOP_ENOMEM;
    }
    AcquireSRWLockExclusive(&p->lock);
    c->next = p->accepts;
    if (c->next)
        c->next->prev = c;
    p->accepts = c;
    ReleaseSRWLockExclusive(&p->lock);
    op->accept = c;
    return 0;
}

SOCKET accept_socket(const struct kernel_op *op)
{
    return op->accept->socket;
}

void *accept_addresses(const struct kernel_op *op)
{
    return op->accept->addresses;
}

/* Take the socket of an accept out of the port; it is the caller's. */
static SOCKET take_socket(struct port *p, struct kernel_op *op)
{
    struct accept *c = op->accept;
    SOCKET s = c->socket;
    AcquireSRWLockExclusive(&p->lock);
    if (c->prev)
        c->prev->next = c->next;
    else
        p->accepts = c->next;
    if (c->next)
        c->next->prev = c->prev;
    ReleaseSRWLockExclusive(&p->lock);
    os_free(c);
    op->accept = NULL;
    return s;
}

void accept_close(struct port *p, struct kernel_op *op)
{
    if (op->accept)
        closesocket(take_socket(p, op));
}

/* Until the connection was told whose it is, it cannot shut down or say whom
 * it is connected to. That fails if the client has gone meanwhile. */
static int32_t adopt(struct port *p, struct kernel_op *op)
{
    struct association *a = association_enter(p, op);
    if (!a)
        return LOOP_EABORTED;
    SOCKET listener = (SOCKET)a->handle;
    int failed = setsockopt(op->accept->socket, SOL_SOCKET,
                            SO_UPDATE_ACCEPT_CONTEXT, (char *)&listener,
                            sizeof listener);
    association_leave(a);
    return failed ? LOOP_EBROKEN : 0;
}

void accept_finish(struct port *p, struct kernel_op *op,
                   struct packet *packet)
{
    if (packet->status == 0)
        packet->status = adopt(p, op);
    if (packet->status == 0)
        packet->handle = (port_handle)take_socket(p, op);
    else
        accept_close(p, op);
}

/* The kernel may still write to the memory of those that are pending, so
 * that is not freed. */
void accept_close_all(struct port *p)
{
    for (struct accept *c = p->accepts; c; c = c->next)
        closesocket(c->socket);
    p->accepts = NULL;
}
