/*
 * ring_op.c - ops over io_uring.
 *
 * The first op of each direction of a handle is given to the kernel. What the
 * kernel completes is settled by whoever pulls it: it is the op's result, or
 * it calls for another try, which is where a write that has moved a part goes
 * on. Three answers are no results. That an op was cancelled though nobody has
 * asked for it means that the thread that submitted it has ended: it is
 * submitted again. So is one that a signal has interrupted. That a device would
 * block, which older kernels say of a file that is opened without blocking,
 * means to poll it first.
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
    HERE,           /* a thread tries it                                  */
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
    os_mutex_lock(&p->lock);
    ring_leave(ring_of(p));
    return status;
}

static bool in_kernel(const struct kernel_op *op)
{
    return op->ring_phase == TRYING || op->ring_phase == AWAITING;
}

static bool is_in_hand(const struct kernel_op *op)
{
    return in_kernel(op) || op->ring_phase == HERE;
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

static void submit(struct ring_port *p)
{
    os_mutex_unlock(&p->port.lock);
    ring_submit(p);
    os_mutex_lock(&p->port.lock);
}

/* Who leads submits what is kept before it sleeps, but not after that. */
static void keep(struct ring_port *p)
{
    if (p->leading)
        submit(p);
}

/* The op is the kernel's until its completion is pulled. */
static void put_op(struct association *a, struct kernel_op *op)
{
    struct ring_port *p = ring_of(a->port);
    bool poll = op->ring_phase == AWAIT;
    op->ring_phase = poll ? AWAITING : TRYING;
    op->ring_due = DUE_RESULT;
    p->due++;

    struct io_uring_sqe *sqe = ring_entry(p);
    if (poll)
        prepare_poll(sqe, a, op);
    else
        prepare(sqe, a, op);
    io_uring_sqe_set_data(sqe, op);
    ring_put(p);
}

/* What waits to take something in may be submitted a little later, together
 * with others. */
static void give_to_kernel(struct association *a, struct kernel_op *op)
{
    struct ring_port *p = ring_of(a->port);
    enum direction direction = association_direction(op->request.kind);
    put_op(a, op);
    if (direction == DIRECTION_IN)
        keep(p);
    else
        submit(p);
}

/* Cancel by the address of the op, never by descriptor, which may be closed
 * before the kernel gets to it. Its answer is no news of the op, except that
 * it may have slipped through: a cancel finds nothing while the op is between
 * being woken and going to sleep again, and has to be repeated. Nor is there
 * a need for one if the result is in. */
static void put_cancel(struct ring_port *p, struct kernel_op *op)
{
    LOOP_ASSERT(op->ring_due & DUE_RESULT);
    op->ring_due = DUE_RESULT | DUE_CANCEL;
    p->due++;
    struct io_uring_sqe *sqe = ring_entry(p);
    io_uring_prep_cancel64(sqe, (uintptr_t)op, 0);
    io_uring_sqe_set_data64(sqe, (uintptr_t)op | RING_CANCEL);
    ring_put(p);
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

static void complete(struct association *a, struct kernel_op *op,
                     enum direction direction)
{
    association_end_op(a, op, direction);
    queue_append(&a->port->queue, &op->node);
}

/* A result stands against a cancel; what would go on does not. */
static enum progress unless_cancelled(const struct association *a,
                                      struct kernel_op *op,
                                      enum progress progress)
{
    if (progress == DONE || !(op->ring_cancelled || a->closed))
        return progress;
    op->node.packet.status = LOOP_EABORTED;
    return DONE;
}

/* Has anybody an op of it in hand? */
static bool is_held(const struct association *a)
{
    for (int d = 0; d < DIRECTIONS; d++)
        if (a->pending[d].first && is_in_hand(a->pending[d].first))
            return true;
    return false;
}

/* Nobody has the op in hand any more. While the handle is open it is what
 * keeps the association: see mark_closed. */
static void let_go(struct association *a)
{
    if (a->closed && !is_held(a))
        association_release(a);
}

bool ring_settle(struct association *a, struct kernel_op *op,
                 enum direction direction)
{
    bool goes_on = !a->closed;
    if (unless_cancelled(a, op, take_result(op)) == DONE)
        complete(a, op, direction);
    goes_on = goes_on && a->pending[direction].first;
    let_go(a);
    return goes_on;
}

/* Meanwhile the op stays the first of its list, and the descriptor open: see
 * await_tries. */
static enum progress try_here(struct association *a, struct kernel_op *op)
{
    struct os_mutex *lock = &a->port->lock;
    op->ring_phase = HERE;
    os_mutex_unlock(lock);
    enum progress progress = attempt_op(a, op);
    os_mutex_lock(lock);
    op->ring_phase = TRY;
    progress = unless_cancelled(a, op, progress);
    let_go(a);
    return progress;
}

/* To be waited for first: an object, since it is seldom set when a wait
 * begins, and what was tried here, but for a write that the kernel can do. */
static enum progress begin(struct association *a, struct kernel_op *op)
{
    if (op->request.kind == PORT_WAIT && op->ring_phase == FRESH)
        op->ring_phase = AWAIT;
    if (op->ring_phase == AWAIT || !is_tried_here(a, op)) {
        give_to_kernel(a, op);
        return BLOCKED;
    }
    enum progress progress = try_here(a, op);
    if (progress != BLOCKED)
        return progress;
    if (is_tried_here(a, op))
        op->ring_phase = AWAIT;
    return MOVED;
}

static void repeat_cancel(struct association *a, struct kernel_op *op)
{
    put_cancel(ring_of(a->port), op);
    submit(ring_of(a->port));
}

static enum progress step(struct association *a, struct kernel_op *op)
{
    if (in_kernel(op)) {
        if (op->ring_due == (DUE_RESULT | CANCEL_MISSED))
            repeat_cancel(a, op);
        return BLOCKED;
    }
    return is_in_hand(op) || a->closed ? BLOCKED : begin(a, op);
}

/* The lock is released for each try, and the op may be gone when there is no
 * more to be done for it: so each turn begins with what is first then. */
void ring_advance(struct association *a, enum direction direction)
{
    enum progress progress;
    do {
        ring_reserve(ring_of(a->port));
        struct kernel_op *op = a->pending[direction].first;
        progress = op ? step(a, op) : BLOCKED;
        if (progress == DONE)
            complete(a, op, direction);
    } while (progress != BLOCKED);
}

int ring_port_start(struct port *p, port_handle h, struct port_op *op,
                    const struct port_request *request)
{
    /* The op may end, and its memory and the request with it, as soon as the
     * lock is released. */
    enum direction direction = association_direction(request->kind);
    os_mutex_lock(&p->lock);
    struct association *a = association_known(p, h);
    enum admission admission =
        association_admit(a, (struct kernel_op *)op, request);
    if (admission == FIRST) {
        association_retain(a);
        ring_advance(a, direction);
        association_release(a);
    }
    ring_leave(ring_of(p));
    return admission == REFUSED ? LOOP_EINVAL : 0;
}

/* The op is pending, and there is room for an entry. */
static void cancel(struct ring_port *p, struct kernel_op *op)
{
    if (!is_in_hand(op)) {
        op->node.packet.status = LOOP_EABORTED;
        complete(op->association, op,
                 association_direction(op->request.kind));
    } else if (!op->ring_cancelled) {
        op->ring_cancelled = true;
        if (in_kernel(op) && op->ring_due & DUE_RESULT)
            put_cancel(p, op);
    }
}

/* An op in the kernel may have completed with nobody to see it; only a look
 * at the completions makes `not found` true. One that waits in user space
 * needs no look: so cancelling all ops of a handle one by one calls the
 * kernel once. */
static bool find_and_cancel(struct ring_port *p, struct association *a,
                            struct kernel_op *op)
{
    association_retain(a);
    if (association_has(a, op) && in_kernel(op))
        ring_gather(p);
    ring_reserve(p);
    bool found = association_has(a, op);
    if (found)
        cancel(p, op);
    association_release(a);
    if (ring_has_kept(p))
        submit(p);
    return found;
}

int ring_port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    os_mutex_lock(&p->lock);
    struct association *a = association_known(p, h);
    bool found = a && find_and_cancel(ring_of(p), a, (struct kernel_op *)op);
    ring_leave(ring_of(p));
    return found ? 0 : LOOP_ENOTFOUND;
}

/* Nobody is told whether it is found, so there is nothing to look at. */
void ring_port_cancel_soon(struct port *p, const struct port_started *started,
                           int count)
{
    os_mutex_lock(&p->lock);
    for (int i = 0; i < count; i++) {
        ring_reserve(ring_of(p));
        struct kernel_op *op = (struct kernel_op *)started[i].op;
        if (association_of(op))
            cancel(ring_of(p), op);
    }
    keep(ring_of(p));
    ring_leave(ring_of(p));
}

/* It takes no more ops, and those that are in somebody's hand keep it from now
 * on. */
static void mark_closed(struct association *a)
{
    a->closed = true;
    if (is_held(a))
        association_retain(a);
}

/* Only the first op of a direction can be in the kernel: that is what room is
 * made for. */
static void detach(struct association *a)
{
    mark_closed(a);
    for (int d = 0; d < DIRECTIONS; d++) {
        ring_reserve(ring_of(a->port));
        struct kernel_op *next;
        for (struct kernel_op *op = a->pending[d].first; op; op = next) {
            next = op->next;
            cancel(ring_of(a->port), op);
        }
    }
}

static bool is_tried(const struct association *a)
{
    for (int d = 0; d < DIRECTIONS; d++) {
        const struct kernel_op *op = a->pending[d].first;
        if (op && op->ring_phase == HERE)
            return true;
    }
    return false;
}

/* Who tries an op has the right to use the descriptor. */
static void await_tries(const struct association *a)
{
    while (is_tried(a)) {
        os_mutex_unlock(&a->port->lock);
        os_pause();
        os_mutex_lock(&a->port->lock);
    }
}

void ring_part(struct port *p, struct association *const *closing, int count)
{
    os_mutex_lock(&p->lock);
    for (int i = 0; i < count; i++)
        detach(closing[i]);
    for (int i = 0; i < count; i++)
        await_tries(closing[i]);
    keep(ring_of(p));
    ring_leave(ring_of(p));
}

/* The ops behind them are not touched: nobody hears of them any more. */
void ring_cancel_all(struct association *a)
{
    os_mutex_lock(&a->port->lock);
    mark_closed(a);
    for (int d = 0; d < DIRECTIONS; d++) {
        ring_reserve(ring_of(a->port));
        struct kernel_op *op = a->pending[d].first;
        if (op && in_kernel(op))
            cancel(ring_of(a->port), op);
    }
    os_mutex_unlock(&a->port->lock);
}
