/*
 * ring_op.c - ops over io_uring.
 *
 * The first op of each direction of a handle is given to the kernel. What the
 * kernel completes is settled by whoever pulls it, under the association's
 * lock: it is the op's result, or it calls for another try, which is where a
 * write that has moved a part goes on. Three answers are no results. That an
 * op was cancelled though nobody has asked for it means that the thread that
 * submitted it has ended: it is submitted again. So is one that a signal has
 * interrupted. That a device would block, which older kernels say of a file
 * that is opened without blocking, means to poll it first.
 *
 * Three kinds of op are tried here and only waited for in the kernel. A write
 * to a pipe, since the kernel would raise SIGPIPE on whatever thread it
 * completes the op. A connect, whose outcome has to be asked for by another
 * connect once the thread that has begun it is gone. And a wait: whoever sees
 * it end may close the object, also while the call that has set it is about
 * to return, and reading the object here is what orders the two for those who
 * watch the calls of a process, and not the kernel.
 *
 * Nothing is due to an op that is settled: neither its own completion nor
 * that of a cancel, so that no completion names memory of an op that has
 * gone back to its owner.
 *
 * source: io_uring_enter(2), io_uring_prep_cancel(3)
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "../check.h"
#include "../loop.h"
#include "ring.h"

#define CURRENT_POSITION ((uint64_t)-1)

enum phase {
    FRESH,          /* nothing was done yet                               */
    TRY,            /* to be tried: here, or by the kernel                */
    AWAIT,          /* to be tried when the device is ready               */
    TRYING,         /* in the kernel, to be done                          */
    AWAITING,       /* in the kernel, to learn when the device is ready   */
};

/* Only what can be waited for, as over epoll: an op on a file of a disk could
 * not be cancelled. */
static int watch(struct association *a)
{
    return a->device == DEVICE_FILE ? EPERM : 0;
}

/* Who dozes would not hear of the device. */
int ring_port_associate(struct port *p, port_handle h, uint64_t key)
{
    int status = association_open(p, h, key, watch);
    ring_hand_on(ring_of(p));
    return status;
}

static bool in_kernel(const struct kernel_op *op)
{
    return op->ring_phase == TRYING || op->ring_phase == AWAITING;
}

/* A write is seldom held up, and costs less when it is tried here first. */
static bool is_tried_here(const struct association *a,
                          const struct kernel_op *op)
{
    switch (op->request.kind) {
    case PORT_WRITE:
        return a->device == DEVICE_STREAM || op->ring_phase == FRESH;
    case PORT_WAIT:
    case PORT_CONNECT:
        return true;
    case PORT_READ:
    case PORT_ACCEPT:
        return false;
    }
    return false;
}

static void prepare_read(struct io_uring_sqe *sqe, struct association *a,
                         struct kernel_op *op)
{
    if (a->device == DEVICE_SOCKET)
        io_uring_prep_recv(sqe, a->fd, op->request.buffer, op->request.size,
                           0);
    else
        io_uring_prep_read(sqe, a->fd, op->request.buffer, op->request.size,
                           CURRENT_POSITION);
}

static void prepare_write(struct io_uring_sqe *sqe, struct association *a,
                          struct kernel_op *op)
{
    uint32_t begin = op->node.packet.size;
    io_uring_prep_send(sqe, a->fd, (char *)op->request.buffer + begin,
                       op->request.size - begin, MSG_NOSIGNAL);
}

static void prepare(struct io_uring_sqe *sqe, struct association *a,
                    struct kernel_op *op)
{
    switch (op->request.kind) {
    case PORT_READ:
        prepare_read(sqe, a, op);
        return;
    case PORT_WRITE:
        prepare_write(sqe, a, op);
        return;
    case PORT_ACCEPT:
        io_uring_prep_accept(sqe, a->fd, NULL, NULL,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        return;
    case PORT_WAIT:
    case PORT_CONNECT:
        break;
    }
    LOOP_ASSERT(!"a kind of op that the kernel does");
}

static void prepare_poll(struct io_uring_sqe *sqe, struct association *a,
                         struct kernel_op *op)
{
    bool in = association_direction(op->request.kind) == DIRECTION_IN;
    io_uring_prep_poll_add(sqe, a->fd, in ? POLLIN : POLLOUT);
}

/* The op, and its reference to the association, are the kernel's until its
 * completion is pulled. What waits to take something in may be submitted a
 * little later, together with others. */
static void give_to_kernel(struct association *a, struct kernel_op *op)
{
    struct ring_port *p = ring_of(a->port);
    bool poll = op->ring_phase == AWAIT;
    op->ring_phase = poll ? AWAITING : TRYING;
    association_retain(a);
    atomic_fetch_add(&p->due, 1);
    atomic_store(&op->ring_due, DUE_RESULT);

    struct io_uring_sqe *sqe = ring_prepare(p);
    if (poll)
        prepare_poll(sqe, a, op);
    else
        prepare(sqe, a, op);
    io_uring_sqe_set_data(sqe, op);
    if (association_direction(op->request.kind) == DIRECTION_IN)
        ring_keep(p);
    else
        ring_submit(p);
}

/* Not if the result is in: then the op is on its way to be settled. */
static bool owe_cancel(struct kernel_op *op)
{
    unsigned char due = atomic_load(&op->ring_due);
    unsigned char then;
    do {
        if (!(due & DUE_RESULT))
            return false;
        then = DUE_RESULT | DUE_CANCEL;
    } while (!atomic_compare_exchange_weak(&op->ring_due, &due, then));
    return true;
}

/* Cancel by the address of the op, never by descriptor, which may be closed
 * before the kernel gets to it. Its answer is no news of the op, except that
 * it may have slipped through: a cancel finds nothing while the op is between
 * being woken and going to sleep again, and has to be repeated.
 *
 *   then      ring_submit, or ring_keep if the caller looks at the port next
 */
static void cancel_in_kernel(struct association *a, struct kernel_op *op,
                             void (*then)(struct ring_port *p))
{
    struct ring_port *p = ring_of(a->port);
    op->ring_cancelled = true;
    if (!owe_cancel(op))
        return;
    atomic_fetch_add(&p->due, 1);
    struct io_uring_sqe *sqe = ring_prepare(p);
    io_uring_prep_cancel64(sqe, (uintptr_t)op, 0);
    io_uring_sqe_set_data64(sqe, (uintptr_t)op | RING_CANCEL);
    then(p);
}

static enum progress write_moved(struct kernel_op *op, int32_t size)
{
    op->node.packet.size += (uint32_t)size;
    return op->node.packet.size == op->request.size ? DONE : MOVED;
}

static enum progress take_success(struct kernel_op *op, int32_t result)
{
    switch (op->request.kind) {
    case PORT_READ:
        op->node.packet.size = (uint32_t)result;
        return DONE;
    case PORT_WRITE:
        return write_moved(op, result);
    case PORT_ACCEPT:
        op->node.packet.handle = (port_handle)result;
        return DONE;
    case PORT_WAIT:
    case PORT_CONNECT:
        break;
    }
    LOOP_ASSERT(!"a kind of op that the kernel does");
    return DONE;
}

/* What does the kernel's answer mean? MOVED: that the op goes on. */
static enum progress take_result(struct kernel_op *op)
{
    int32_t result = op->ring_result;
    bool polled = op->ring_phase == AWAITING;
    op->ring_phase = result == -EAGAIN && !polled ? AWAIT : TRY;
    if (result >= 0)
        return polled ? MOVED : take_success(op, result);
    if (result == -ECANCELED || result == -EINTR || result == -EAGAIN)
        return MOVED;
    if (op->request.kind == PORT_ACCEPT && attempt_lost_connection(-result))
        return MOVED;
    op->node.packet.status = attempt_status(-result);
    return DONE;
}

/* A result stands against a cancel; what would go on does not. */
static enum progress settle(struct association *a, struct kernel_op *op)
{
    enum progress progress = take_result(op);
    if (progress == DONE || !(op->ring_cancelled || a->closed))
        return progress;
    op->node.packet.status = LOOP_EABORTED;
    return DONE;
}

/* To be waited for first: an object, since it is seldom set when a wait
 * begins, and what was tried here, but for a write that the kernel can do. */
static enum progress begin(struct association *a, struct kernel_op *op)
{
    bool wait = op->request.kind == PORT_WAIT && op->ring_phase == FRESH;
    if (!wait && op->ring_phase != AWAIT && is_tried_here(a, op)) {
        enum progress progress = attempt_op(a, op);
        if (progress != BLOCKED)
            return progress;
        op->ring_phase = TRY;
        wait = is_tried_here(a, op);
    }
    if (wait)
        op->ring_phase = AWAIT;
    give_to_kernel(a, op);
    return BLOCKED;
}

static enum progress step(struct association *a, struct kernel_op *op)
{
    if (!in_kernel(op))
        return a->closed ? BLOCKED : begin(a, op);
    unsigned due = atomic_load(&op->ring_due);
    if (due == (DUE_RESULT | CANCEL_MISSED))
        cancel_in_kernel(a, op, ring_submit);
    if (due & (DUE_RESULT | DUE_CANCEL))
        return BLOCKED;
    return settle(a, op);
}

static void complete(struct association *a, struct kernel_op *op,
                     enum direction direction)
{
    association_end_op(a, op, direction);
    os_mutex_lock(&a->port->lock);
    queue_append(&a->port->queue, &op->node);
    os_mutex_unlock(&a->port->lock);
}

/* As over epoll, the lock is taken anew for each step: see epoll_advance. */
bool ring_advance(struct association *a, enum direction direction)
{
    bool queued = false;
    bool more;
    do {
        os_mutex_lock(&a->lock);
        struct kernel_op *op = a->pending[direction].first;
        enum progress progress = op ? step(a, op) : BLOCKED;
        if (progress == DONE) {
            complete(a, op, direction);
            queued = true;
        }
        more = progress != BLOCKED && a->pending[direction].first;
        os_mutex_unlock(&a->lock);
    } while (more);
    return queued;
}

int ring_port_start(struct port *p, port_handle h, struct port_op *port_op,
                    const struct port_request *request)
{
    /* The op may end, and its memory and the request with it, as soon as it
     * is admitted. */
    struct association *a;
    enum direction direction = association_direction(request->kind);
    enum admission admission = association_admit(
        p, h, (struct kernel_op *)port_op, request, &a);
    if (admission == FIRST && ring_advance(a, direction))
        ring_hand_on(ring_of(p));
    if (a)
        association_release(a);
    return admission == REFUSED ? LOOP_EINVAL : 0;
}

/* The association is locked.
 *
 *   returns   true if a packet was queued
 */
static bool cancel(struct association *a, struct kernel_op *op,
                   void (*then)(struct ring_port *p))
{
    if (in_kernel(op)) {
        if (!op->ring_cancelled)
            cancel_in_kernel(a, op, then);
        return false;
    }
    op->node.packet.status = LOOP_EABORTED;
    complete(a, op, association_direction(op->request.kind));
    return true;
}

static void gather(struct ring_port *p)
{
    os_mutex_lock(&p->port.lock);
    ring_gather(p);
    os_mutex_unlock(&p->port.lock);
}

/* An op in the kernel may have completed with nobody to see it; only a look
 * at the completions makes `not found` true. One that waits in user space
 * needs no look: so cancelling all ops of a handle one by one calls the
 * kernel once. */
int ring_port_cancel(struct port *p, port_handle h, struct port_op *port_op)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    struct association *a = association_find(p, h);
    if (!a)
        return LOOP_ENOTFOUND;

    os_mutex_lock(&a->lock);
    bool look = association_has(a, op) && in_kernel(op);
    if (look) {
        os_mutex_unlock(&a->lock);
        gather(ring_of(p));
        os_mutex_lock(&a->lock);
    }
    bool pending = association_has(a, op);
    bool queued = pending && cancel(a, op, ring_submit);
    os_mutex_unlock(&a->lock);

    if (look || queued)
        ring_hand_on(ring_of(p));
    association_release(a);
    return pending ? 0 : LOOP_ENOTFOUND;
}

/* Nobody is told whether it is found, so there is nothing to look at. */
void ring_port_cancel_soon(struct port *p, struct port_op *port_op)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    struct association *a = association_of(op);
    if (!a)
        return;
    os_mutex_lock(&a->lock);
    bool queued = association_has(a, op) && cancel(a, op, ring_keep);
    os_mutex_unlock(&a->lock);
    if (queued)
        ring_hand_on(ring_of(p));
}

/* Most have nothing pending any more. Then nobody else knows the association,
 * nor can come to know it. */
static void detach(struct association *a)
{
    if (association_is_ours(a))
        return;
    os_mutex_lock(&a->lock);
    a->closed = true;
    for (int d = 0; d < DIRECTIONS; d++) {
        struct kernel_op *next;
        for (struct kernel_op *op = a->pending[d].first; op; op = next) {
            next = op->next;
            (void)cancel(a, op, ring_keep);
        }
    }
    os_mutex_unlock(&a->lock);
}

void ring_part(struct port *p, struct association *const *closing, int count)
{
    for (int i = 0; i < count; i++)
        detach(closing[i]);
    ring_hand_on(ring_of(p));
}

/* The ops behind them are not touched: nobody hears of them any more. */
void ring_cancel_all(struct association *a)
{
    os_mutex_lock(&a->lock);
    a->closed = true;
    for (int d = 0; d < DIRECTIONS; d++) {
        struct kernel_op *op = a->pending[d].first;
        if (op && in_kernel(op) && !op->ring_cancelled)
            cancel_in_kernel(a, op, ring_keep);
    }
    os_mutex_unlock(&a->lock);
}
