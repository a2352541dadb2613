/*
 * op.h - handles, and overlapped ops on them.
 *
 * An op is one read, write, accept, connect or wait, in storage that the
 * caller owns. It is submitted once and completes once. Cancelling is a
 * request: the op still completes, with what truly happened.
 *
 * A handle wraps a port_handle for its life in one loop. It goes from open
 * to closing to closed; closing cancels its ops, waits until each one has
 * been delivered, closes the port_handle, and then calls back.
 *
 * ownership  op, its buffer, and handle belong to the loop from the call
 *            that accepts them until their callback starts
 * threads    any; two ops of one handle may be delivered at once when
 *            several threads are inside
 * source     the order cancel, dequeue, close is the only one that is right
 *            on every device of Windows, and on Linux
 */
#ifndef LOOP_OP_H
#define LOOP_OP_H

#include "loop.h"
#include "port.h"

struct task;

struct handle {
    struct loop_item item;
    struct loop_item ops;       /* head of the list of pending ops       */
    struct loop     *loop;
    port_handle      port_handle;
    uint32_t         op_count;  /* submitted, callback not yet returned  */
    void (*closed)(struct handle *h);
};

/*
 * Bring a port_handle into the loop.
 *
 *   h           item.name may be set
 *   port_handle fresh: in no loop before
 *   closed      called once, after handle_close, when nothing of the handle
 *               is left; may be NULL
 *   returns     0; LOOP_ECLOSED, LOOP_EINVAL or LOOP_ENOMEM with nothing
 *               changed and port_handle still the caller's
 *   owns        on success the loop owns h and closes port_handle
 */
int handle_open(struct loop *l, struct handle *h, port_handle port_handle,
                void (*closed)(struct handle *h));

/*
 * Begin to close: no new op is accepted, pending ones are cancelled, and
 * when the last was delivered the handle is closed and its callback runs.
 *
 *   returns   0; LOOP_ECLOSED if it is closing already
 */
int handle_close(struct handle *h);

struct op {
    struct loop_item item;
    struct port_op   port_op;
    struct loop     *loop;
    struct handle   *handle;
    struct task     *waiter;    /* the task that awaits this op          */
    int32_t          status;    /* valid in the callback: 0 or why not   */
    uint32_t         size;      /* valid in the callback: bytes moved    */
    port_handle      accepted;  /* valid in the callback of an accept    */
    void (*done)(struct op *op);
};

/*
 * Submit one op.
 *
 *   op        done is set, or NULL if a task awaits it; name may be
 *   returns   0: done will be called once. Below 0 (LOOP_ECLOSED,
 *             LOOP_EINVAL, or the device's own refusal): it never will
 *   owns      op and request->buffer belong to the loop until done starts
 */
int op_submit(struct handle *h, struct op *op,
              const struct port_request *request);

/*
 * Ask that an op end early.
 *
 *   op        submitted; if its callback may have started, its memory is
 *             still there
 *   returns   0: asked. LOOP_ENOTFOUND: it has completed already and will
 *             be delivered with its result
 */
int op_cancel(struct op *op);

#endif
