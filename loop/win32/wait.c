/*
 * wait.c - waits on objects, which no port knows of by itself.
 *
 * The thread pool of Windows watches an object while ops wait for it, and its
 * callback posts their packets. The object stays set until an op has taken
 * the signal, here and under the association's lock. The pool only says when
 * to look: whatever it drops or repeats when it is told to watch no more, no
 * signal is in its hands. So a cancel takes only the op off the list and
 * leaves the watch, which nobody needs, until it fires or the handle closes.
 *
 * A watch fires once and holds a reference to the association until then.
 *
 * source: RegisterWaitForSingleObject, UnregisterWaitEx
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

static void list_append(struct op_list *list, struct kernel_op *op)
{
    op->next = NULL;
    op->prev = list->last;
    if (list->last)
        list->last->next = op;
    else
        list->first = op;
    list->last = op;
}

static void list_remove(struct op_list *list, struct kernel_op *op)
{
    if (op->prev)
        op->prev->next = op->next;
    else
        list->first = op->next;
    if (op->next)
        op->next->prev = op->prev;
    else
        list->last = op->prev;
}

/* The op has been accepted, so its packet must come. The kernel refuses only
 * while it has no memory for one. */
static void complete(struct association *a, struct kernel_op *op,
                     int32_t status)
{
    list_remove(&a->waiting, op);
    op->status = status;
    op->posted = 1;
    atomic_store(&op->state, OP_QUEUED);
    while (!PostQueuedCompletionStatus(a->completion, 0, a->key,
                                       &op->overlapped))
        os_pause();
}

static void complete_all(struct association *a, int32_t status)
{
    while (a->waiting.first)
        complete(a, a->waiting.first, status);
}

/* An object that cannot be reset, such as a process, stays set for all. Only
 * here are objects reset, so one that is found set is there to be taken. */
static void take_signals(struct association *a)
{
    while (a->waiting.first &&
           WaitForSingleObject(a->handle, 0) == WAIT_OBJECT_0) {
        ResetEvent(a->handle);
        complete(a, a->waiting.first, 0);
    }
}

static void CALLBACK on_set(void *context, BOOLEAN timed_out);

/* The lock is held, so the callback, which may come before this returns,
 * finds the watch in its place. In the thread that watches: the callback is
 * short, and the pool may have no other thread left. */
static int watch(struct association *a)
{
    atomic_fetch_add(&a->references, 1);
    a->fired = false;
    if (RegisterWaitForSingleObject(&a->wait, a->handle, on_set, a, INFINITE,
                                    WT_EXECUTEONLYONCE |
                                        WT_EXECUTEINWAITTHREAD))
        return 0;
    a->wait = NULL;
    atomic_fetch_sub(&a->references, 1);
    return LOOP_ENOMEM;
}

/* A watch that has fired must be given back all the same. From its own
 * callback that cannot wait for the callback to end. */
static void CALLBACK on_set(void *context, BOOLEAN timed_out)
{
    struct association *a = context;
    (void)timed_out;
    AcquireSRWLockExclusive(&a->lock);
    a->fired = true;
    if (a->wait)
        UnregisterWaitEx(a->wait, NULL);
    a->wait = NULL;
    take_signals(a);
    if (a->waiting.first && watch(a))
        complete_all(a, LOOP_ENOMEM);
    ReleaseSRWLockExclusive(&a->lock);
    association_release(a);
}

/* Behind those that wait already, and then as if the object had just been
 * set. Afterwards the op may be gone, unless it is on the list. */
int wait_start(struct association *a, struct kernel_op *op)
{
    int status = LOOP_EINVAL;
    AcquireSRWLockExclusive(&a->lock);
    if (!a->closed) {
        status = 0;
        association_prepare(a, op, PORT_WAIT);
        atomic_store(&op->state, OP_PENDING);
        list_append(&a->waiting, op);
        take_signals(a);
        if (a->waiting.first && !a->wait)
            status = watch(a);
        if (status) {
            list_remove(&a->waiting, op);
            atomic_store(&op->state, OP_IDLE);
        }
    }
    ReleaseSRWLockExclusive(&a->lock);
    return status;
}

int wait_cancel(struct association *a, struct kernel_op *op)
{
    AcquireSRWLockExclusive(&a->lock);
    bool pending = atomic_load(&op->state) == OP_PENDING &&
                   op->generation == a->generation;
    if (pending)
        complete(a, op, LOOP_EABORTED);
    ReleaseSRWLockExclusive(&a->lock);
    return pending ? 0 : LOOP_ENOTFOUND;
}

/* With an empty list and the mark, a callback that is on its way changes
 * nothing and watches no more. */
HANDLE wait_end_all(struct association *a, enum wait_end end)
{
    if (end == WAIT_END_ABORTS)
        complete_all(a, LOOP_EABORTED);
    a->waiting = (struct op_list){ 0 };
    a->closed = true;
    HANDLE wait = a->wait;
    a->wait = NULL;
    return wait;
}

/* Waits for a callback that has begun or is about to, and that is short.
 * After that it has either had its reference or never will. */
void wait_unwatch(struct association *a, HANDLE wait)
{
    if (!wait)
        return;
    BOOL ended = UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    LOOP_ASSERT(ended);
    AcquireSRWLockExclusive(&a->lock);
    bool fired = a->fired;
    ReleaseSRWLockExclusive(&a->lock);
    if (!fired)
        association_release(a);
}
