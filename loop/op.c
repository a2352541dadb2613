/*
 * op.c - ops and handles.
 *
 * The lock is held while an op is started and while it is cancelled. A
 * packet that another thread dequeues meanwhile has to wait for the lock
 * before it is delivered, so the op cannot be gone under either call.
 */
#include "core.h"

#define CLOSE_TOGETHER 64   /* handles of which none is called back yet */
#define CANCEL_TOGETHER 64  /* ops */
#define AHEAD 4             /* handles until one is foreseen */

int handle_open(struct loop *l, struct handle *h, port_handle port_handle,
                void (*closed)(struct handle *h))
{
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK)
        result = port_associate(l->port, port_handle, KEY_OP);
    if (result == LOOP_OK) {
        h->loop = l;
        h->port_handle = port_handle;
        h->op_count = 0;
        h->closed = closed;
        list_open(&h->ops);
        core_accept(l, &h->item, LOOP_HANDLE, ITEM_OPEN,
                    &l->waiting[LOOP_HANDLE]);
    }
    os_mutex_unlock(&l->lock);
    return result;
}

/* A closing handle has lost its last op: its close can be delivered. */
static void finish_closing(struct handle *h)
{
    if (h->item.state != ITEM_CLOSING || h->op_count > 0)
        return;
    list_remove(&h->item);
    core_ready(h->loop, &h->item);
}

static void begin_closing(struct handle *h)
{
    h->item.state = ITEM_CLOSING;
    h->loop->handles_closing++;
}

int handle_close(struct handle *h)
{
    struct loop *l = h->loop;
    core_enter(l);
    int result = h->item.state == ITEM_OPEN ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK) {
        begin_closing(h);
        for (struct loop_item *i = h->ops.next; i != &h->ops; i = i->next)
            op_request_cancel(l, LIST_OF(i, struct op, item));
        finish_closing(h);
    }
    core_leave(l);
    return result;
}

/* Ops that are cancelled together. */
struct cancels {
    struct port_started started[CANCEL_TOGETHER];
    int                 count;
};

static void cancel_together(struct loop *l, struct cancels *c)
{
    if (c->count > 0)
        port_cancel_soon(l->port, c->started, c->count);
    c->count = 0;
}

static void cancel_ops(struct handle *h, struct cancels *c)
{
    for (struct loop_item *i = h->ops.next; i != &h->ops; i = i->next) {
        struct op *op = LIST_OF(i, struct op, item);
        if (op->item.state != ITEM_PENDING)
            continue;
        op->item.state = ITEM_CANCELLING;
        c->started[c->count++] =
            (struct port_started){ h->port_handle, &op->port_op };
        if (c->count == CANCEL_TOGETHER)
            cancel_together(h->loop, c);
    }
}

/* The first op of a handle whose turn will come, and a handle farther on. */
static void foresee_handle(const struct loop_item *at)
{
    const struct handle *h = LIST_OF(at, struct handle, item);
    foresee(LIST_OF(h->ops.next, struct op, item), sizeof(struct op));
    foresee_after(at, at->prev, AHEAD, sizeof *h);
}

/* The newest first: a kernel looks for what is to be cancelled among much
 * else, and what came last is what it finds first. The loop looks at the port
 * next, so the device may hear of all in one. */
void handle_close_all(struct loop *l)
{
    struct loop_item *head = &l->waiting[LOOP_HANDLE];
    struct loop_item *next;
    struct loop_item *ahead = head->prev;
    struct cancels cancels = { .count = 0 };
    for (int i = 0; i < AHEAD && ahead != head; i++)
        ahead = ahead->prev;
    for (struct loop_item *i = head->prev; i != head; i = next) {
        next = i->prev;
        if (ahead != head) {
            foresee_handle(ahead);
            ahead = ahead->prev;
        }
        struct handle *h = LIST_OF(i, struct handle, item);
        if (h->item.state != ITEM_OPEN)
            continue;
        begin_closing(h);
        cancel_ops(h, &cancels);
        finish_closing(h);
    }
    cancel_together(l, &cancels);
}

/*
 * Take the port_handles that are to be closed now: that of the first, unless
 * it was closed already, and while a shutdown drains also those of the handles
 * that come next. Then no other thread delivers, so none of them has its
 * callback before it is closed; and to close many in a row takes less time.
 *
 *   out       CLOSE_TOGETHER slots
 *   returns   how many
 */
static int take_port_handles(struct loop *l, struct handle *first,
                             port_handle *out)
{
    int count = 0;
    struct handle *h = first;
    while (h->port_handle != PORT_NO_HANDLE) {
        out[count++] = h->port_handle;
        h->port_handle = PORT_NO_HANDLE;
        struct loop_item *next = h == first ? l->ready.next : h->item.next;
        if (count == CLOSE_TOGETHER || l->state != STATE_DRAINING ||
            next == &l->ready || next->kind != LOOP_HANDLE)
            break;
        h = LIST_OF(next, struct handle, item);
    }
    return count;
}

void handle_deliver(struct loop *l, struct loop_item *i)
{
    struct handle *h = LIST_OF(i, struct handle, item);
    port_handle port_handles[CLOSE_TOGETHER];
    int count = take_port_handles(l, h, port_handles);
    void (*closed)(struct handle *) = h->closed;
    l->count[LOOP_HANDLE]--;
    l->handles_closing--;
    if (count == 0 && !closed)
        return;
    os_mutex_unlock(&l->lock);

    /* Close before the callback: afterwards h is the caller's. */
    if (count > 0)
        port_handles_close(port_handles, count);
    if (closed)
        closed(h);
    core_enter(l);
}

int op_submit(struct handle *h, struct op *op,
              const struct port_request *request)
{
    struct loop *l = h->loop;
    core_enter(l);
    if (!core_takes_work(l) || h->item.state != ITEM_OPEN) {
        os_mutex_unlock(&l->lock);
        return LOOP_ECLOSED;
    }

    /* Register before starting: the packet may be here before port_start
     * has returned. */
    op->loop = l;
    op->handle = h;
    op->waiter = NULL;
    op->accepted = PORT_NO_HANDLE;
    h->op_count++;
    core_accept(l, &op->item, LOOP_OP, ITEM_PENDING, &h->ops);
    int result = port_start(l->port, h->port_handle, &op->port_op, request);
    if (result < 0) {
        list_remove(&op->item);
        l->count[LOOP_OP]--;
        h->op_count--;
    }
    core_leave(l);
    return result;
}

void op_request_cancel(struct loop *l, struct op *op)
{
    if (op->item.state != ITEM_PENDING)
        return;
    op->item.state = ITEM_CANCELLING;

    /* Not found means that a packet is queued or dequeued. Either way one
     * comes, and what it says is the truth. */
    (void)port_cancel(l->port, op->handle->port_handle, &op->port_op);
}

int op_cancel(struct op *op)
{
    struct loop *l = op->loop;
    core_enter(l);
    int result = LOOP_ENOTFOUND;
    if (op->item.state == ITEM_PENDING || op->item.state == ITEM_CANCELLING)
        result = LOOP_OK;
    op_request_cancel(l, op);
    os_mutex_unlock(&l->lock);
    return result;
}

/* Nobody will ask for what the op brought: what it carries is closed. */
static void drop(struct op *op)
{
    if (op->accepted != PORT_NO_HANDLE)
        port_handle_close(op->accepted);
    op->accepted = PORT_NO_HANDLE;
    op->item.state = ITEM_ENDED;
    op->loop->count[LOOP_OP]--;
}

/* An op without a callback belongs to the task that awaits it. */
static void end_awaited(struct loop *l, struct op *op)
{
    struct handle *h = op->handle;
    struct task *waiter = op->waiter;
    if (waiter) {
        op->waiter = NULL;
        op->item.state = ITEM_ENDED;
        l->count[LOOP_OP]--;
        task_wake(waiter, op->status);
    } else if (!core_takes_work(l)) {
        drop(op);
    } else {
        op->item.state = ITEM_UNCLAIMED;
        l->ops_unclaimed++;
        list_append(&l->waiting[LOOP_OP], &op->item);
    }
    h->op_count--;
    finish_closing(h);
}

void op_complete(struct loop *l, const struct packet *packet)
{
    LOOP_ASSERT(packet->key == KEY_OP);
    LOOP_ASSERT(packet->op);
    struct op *op = LIST_OF(packet->op, struct op, port_op);
    LOOP_ASSERT(op->item.state == ITEM_PENDING ||
                op->item.state == ITEM_CANCELLING);
    op->status = packet->status;
    op->size = packet->size;
    op->accepted = packet->handle;
    list_remove(&op->item);
    if (op->done) {
        op->item.state = ITEM_READY;
        core_ready(l, &op->item);
    } else {
        end_awaited(l, op);
    }
}

void op_deliver(struct loop *l, struct loop_item *i)
{
    struct op *op = LIST_OF(i, struct op, item);
    struct handle *h = op->handle;
    l->count[LOOP_OP]--;
    os_mutex_unlock(&l->lock);
    op->done(op);

    /* Only now: the handle's close callback comes after all of its ops'. */
    core_enter(l);
    h->op_count--;
    finish_closing(h);
}

void op_drop_unclaimed(struct loop *l)
{
    struct loop_item *head = &l->waiting[LOOP_OP];
    while (!list_empty(head)) {
        struct op *op = LIST_OF(head->next, struct op, item);
        list_remove(&op->item);
        l->ops_unclaimed--;
        drop(op);
    }
}
