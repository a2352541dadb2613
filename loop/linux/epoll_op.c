/*
 * epoll_op.c - ops over epoll.
 *
 * An op is tried when it is started and whenever epoll reports its device,
 * until it is done or cancelled.
 *
 * Descriptors are registered with epoll once, edge-triggered, for both
 * directions. That needs no call per op, and no readiness is lost: an op that
 * waits was tried after it was put on its list, or stands behind one that
 * was; what makes the device ready after that failed try is a new edge, and
 * whoever receives it takes the association's lock after the op was listed.
 * An edge that finds no op is forgotten, since the next op is tried first;
 * the price is that data which nobody reads yet wakes a waiter when it comes.
 *
 * source: epoll(7)
 */
#include <errno.h>
#include <sys/epoll.h>

#include "../check.h"
#include "../loop.h"
#include "epoll.h"

_Static_assert(sizeof(struct kernel_op) <= sizeof(struct port_op), "fits");

static uint64_t event_data(const struct association *a)
{
    return (uint64_t)a->generation << 32 | (uint32_t)a->fd;
}

static int watch(struct association *a)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.u64 = event_data(a),
    };
    int epoll = epoll_of(a->port)->epoll;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, a->fd, &event) ? errno : 0;
}

/* Who dozes would not hear of the device. */
int epoll_port_associate(struct port *p, port_handle h, uint64_t key)
{
    int status = association_open(p, h, key, watch);
    os_mutex_lock(&p->lock);
    bool dozing = p->dozing;
    os_mutex_unlock(&p->lock);
    if (dozing)
        doze_call(p);
    return status;
}

/* Only what is listed with the same generation is meant: between the wait
 * and this look the handle may have been closed and its number given to
 * another. */
struct association *epoll_association(struct epoll_port *p, uint64_t data)
{
    struct association *a =
        fd_map_find(&p->port.handles, (int)(uint32_t)data);
    if (!a || event_data(a) != data)
        return NULL;
    association_retain(a);
    return a;
}

/* The association is locked. */
static bool complete(struct association *a, struct kernel_op *op,
                     enum direction direction, enum urgency urgency)
{
    association_end_op(a, op, direction);
    return epoll_queue(epoll_of(a->port), &op->node, urgency);
}

/* The lock is taken anew for each try, so that a cancel need not wait for
 * all of them. The first op may have been cancelled, completed by another
 * thread or started again meanwhile; each of these leaves a list whose first
 * op may be tried. */
bool epoll_advance(struct association *a, enum direction direction,
                   enum urgency urgency)
{
    bool wake = false;
    bool more;
    do {
        os_mutex_lock(&a->lock);
        struct kernel_op *op = a->pending[direction].first;
        enum progress progress = op ? attempt_op(a, op) : BLOCKED;
        if (progress == DONE)
            wake |= complete(a, op, direction, urgency);
        more = progress != BLOCKED && a->pending[direction].first;
        os_mutex_unlock(&a->lock);
    } while (more);
    return wake;
}

static enum admission admit(struct association *a, struct port_op *op,
                            const struct port_request *request)
{
    if (a)
        os_mutex_lock(&a->lock);
    enum admission admission =
        association_admit(a, (struct kernel_op *)op, request);
    if (a)
        os_mutex_unlock(&a->lock);
    return admission;
}

int epoll_port_start(struct port *p, port_handle h, struct port_op *op,
                     const struct port_request *request)
{
    /* The op may end, and its memory and the request with it, as soon as it
     * is admitted. */
    struct association *a = association_find(p, h);
    enum direction direction = association_direction(request->kind);
    enum admission admission = admit(a, op, request);
    if (admission == FIRST && epoll_advance(a, direction, NOW))
        epoll_send_wake(epoll_of(p));
    if (a)
        association_release(a);
    return admission == REFUSED ? LOOP_EINVAL : 0;
}

/* Returns true if the op was pending. */
static bool cancel(struct association *a, struct kernel_op *op)
{
    bool wake = false;
    os_mutex_lock(&a->lock);
    bool pending = association_has(a, op);
    if (pending) {
        op->node.packet.status = LOOP_EABORTED;
        wake = complete(a, op, association_direction(op->request.kind), NOW);
    }
    os_mutex_unlock(&a->lock);
    if (wake)
        epoll_send_wake(epoll_of(a->port));
    return pending;
}

int epoll_port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    struct association *a = association_find(p, h);
    if (!a)
        return LOOP_ENOTFOUND;
    bool pending = cancel(a, (struct kernel_op *)op);
    association_release(a);
    return pending ? 0 : LOOP_ENOTFOUND;
}

void epoll_port_cancel_soon(struct port *p, const struct port_started *started,
                            int count)
{
    (void)p;
    for (int i = 0; i < count; i++) {
        struct kernel_op *op = (struct kernel_op *)started[i].op;
        struct association *a = association_of(op);
        if (a)
            (void)cancel(a, op);
    }
}

/* epoll would forget the descriptor by itself only if no duplicate of it is
 * left anywhere, such as in a child process. */
static void forget(struct association *a)
{
    int epoll = epoll_of(a->port)->epoll;
    int failed = epoll_ctl(epoll, EPOLL_CTL_DEL, a->fd, NULL);
    LOOP_ASSERT(!failed);
}

static void detach(struct association *a)
{
    struct epoll_port *p = epoll_of(a->port);
    bool wake = false;
    os_mutex_lock(&a->lock);
    a->closed = true;
    for (int d = 0; d < DIRECTIONS; d++)
        while (a->pending[d].first) {
            a->pending[d].first->node.packet.status = LOOP_EABORTED;
            wake |= complete(a, a->pending[d].first, d, NOW);
        }
    os_mutex_unlock(&a->lock);
    if (wake)
        epoll_send_wake(p);
}

void epoll_part(struct port *p, struct association *const *closing, int count)
{
    (void)p;
    for (int i = 0; i < count; i++)
        detach(closing[i]);
    for (int i = 0; i < count; i++)
        forget(closing[i]);
}
