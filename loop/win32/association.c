/*
 * association.c - the handles of a port: who they are, starting ops on them
 * and cancelling them.
 *
 * Windows knows which handle belongs to which port and does not tell. What
 * is kept here says no to a wrong port and to a second one, tells sockets,
 * pipes and wait objects apart, and keeps a handle from being closed while a
 * call names it: its number is given out again at once, and the call would
 * reach a stranger.
 *
 * source: CreateIoCompletionPort, CancelIoEx
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

/* Which handles of this process are associated, with any port. One whose
 * port has closed stays until it is closed itself, since it never gets a
 * second one. */
static struct {
    SRWLOCK           lock;
    struct handle_map map;
    uint64_t          generation;   /* of the latest association */
} registry = { .lock = SRWLOCK_INIT };

void association_release(struct association *a)
{
    if (atomic_fetch_sub(&a->references, 1) == 1)
        os_free(a);
}

struct association *association_find(struct port *p, HANDLE h)
{
    AcquireSRWLockShared(&registry.lock);
    struct association *a = handle_map_find(&registry.map, h);
    if (a && a->port == p)
        atomic_fetch_add(&a->references, 1);
    else
        a = NULL;
    ReleaseSRWLockShared(&registry.lock);
    return a;
}

struct association *association_enter(struct port *p,
                                      const struct kernel_op *op)
{
    struct association *a = association_find(p, op->handle);
    if (!a)
        return NULL;
    AcquireSRWLockShared(&a->lock);
    if (!a->closed && a->generation == op->generation)
        return a;
    association_leave(a);
    return NULL;
}

void association_leave(struct association *a)
{
    ReleaseSRWLockShared(&a->lock);
    association_release(a);
}

static struct association *new_association(struct port *p, port_handle h,
                                           enum device device, uint64_t key)
{
    struct association *a = os_alloc(sizeof *a);
    if (!a)
        return NULL;
    a->port = p;
    a->completion = p->completion;
    a->handle = (HANDLE)h;
    a->device = device;
    a->key = key;
    atomic_init(&a->references, 1);
    InitializeSRWLock(&a->lock);
    return a;
}

/* The kernel is asked last: what it has bound it never lets go. */
static int associate(struct association *a)
{
    a->generation = ++registry.generation;
    int status = handle_map_put(&registry.map, a);
    if (status || a->device == DEVICE_OBJECT)
        return status;
    if (CreateIoCompletionPort(a->handle, a->completion, a->key, 0))
        return 0;
    status = attempt_status(GetLastError());
    handle_map_remove(&registry.map, a->handle);
    return status == LOOP_ENOMEM ? LOOP_ENOMEM : LOOP_EINVAL;
}

int port_associate(struct port *p, port_handle h, uint64_t key)
{
    enum device device = handle_device(h);
    if (device == DEVICE_NONE)
        return LOOP_EINVAL;
    struct association *a = new_association(p, h, device, key);
    if (!a)
        return LOOP_ENOMEM;

    AcquireSRWLockExclusive(&registry.lock);
    int status = LOOP_EINVAL;
    if (!handle_map_find(&registry.map, a->handle))
        status = associate(a);
    ReleaseSRWLockExclusive(&registry.lock);
    if (status)
        association_release(a);
    return status;
}

static bool device_can(enum device device, enum port_kind kind)
{
    switch (kind) {
    case PORT_READ:
    case PORT_WRITE:
        return device != DEVICE_OBJECT;
    case PORT_ACCEPT:
    case PORT_CONNECT:
        return device == DEVICE_SOCKET;
    case PORT_WAIT:
        return device == DEVICE_OBJECT;
    }
    return false;
}

static void check_request(const struct port_request *request)
{
    bool moves_bytes = request->kind == PORT_READ ||
                       request->kind == PORT_WRITE;
    LOOP_ASSERT(!!request->buffer == moves_bytes);
    LOOP_ASSERT(!!request->size == moves_bytes);
}

void association_prepare(struct association *a, struct kernel_op *op,
                         enum port_kind kind)
{
    op->overlapped = (OVERLAPPED){ 0 };
    op->handle = a->handle;
    op->generation = a->generation;
    op->kind = kind;
    op->posted = 0;
    op->accept = NULL;
    atomic_store(&op->state, OP_STARTING);
}

/* What a device says at once is a result like one that it says later: the
 * end of a stream, say. The kernel has queued nothing, so the op is ours. */
static int post_failure(struct association *a, struct kernel_op *op,
                        DWORD error)
{
    op->status = attempt_op_status(op, error);
    op->posted = 1;
    atomic_store(&op->state, OP_QUEUED);
    if (PostQueuedCompletionStatus(a->completion, 0, a->key,
                                   &op->overlapped))
        return 0;
    atomic_store(&op->state, OP_IDLE);
    return LOOP_ENOMEM;
}

/* The packet may be dequeued before the call that starts the op is back, and
 * Wine writes the result into the op when it comes back. So whoever dequeues
 * waits for the mark that it has; after that the op may be gone. */
static int start_on_device(struct port *p, struct association *a,
                           struct kernel_op *op,
                           const struct port_request *request)
{
    association_prepare(a, op, request->kind);
    DWORD error = 0;
    if (request->kind == PORT_ACCEPT && accept_open(p, op))
        error = ERROR_NOT_ENOUGH_MEMORY;
    if (error == 0)
        error = attempt_op(a, op, request);
    if (error == 0) {
        atomic_store(&op->state, OP_PENDING);
        return 0;
    }
    accept_close(p, op);
    return post_failure(a, op, error);
}

static int start(struct port *p, struct association *a, struct kernel_op *op,
                 const struct port_request *request)
{
    int status = LOOP_EINVAL;
    if (!device_can(a->device, request->kind))
        return LOOP_EINVAL;
    if (a->device == DEVICE_OBJECT)
        return wait_start(a, op);
    AcquireSRWLockShared(&a->lock);
    if (!a->closed)
        status = start_on_device(p, a, op, request);
    ReleaseSRWLockShared(&a->lock);
    return status;
}

int port_start(struct port *p, port_handle h, struct port_op *port_op,
               const struct port_request *request)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    check_request(request);
    LOOP_ASSERT(atomic_load(&op->state) == OP_IDLE);

    struct association *a = association_find(p, (HANDLE)h);
    if (!a)
        return LOOP_EINVAL;
    int status = start(p, a, op, request);
    association_release(a);
    return status;
}

/* The kernel finds nothing if the op has completed; then its packet says
 * what happened, and so it does if the kernel has marked the op. */
static int cancel_on_device(struct association *a, struct kernel_op *op)
{
    AcquireSRWLockShared(&a->lock);
    BOOL found = !a->closed && CancelIoEx(a->handle, &op->overlapped);
    ReleaseSRWLockShared(&a->lock);
    return found ? 0 : LOOP_ENOTFOUND;
}

int port_cancel(struct port *p, port_handle h, struct port_op *port_op)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    struct association *a = association_find(p, (HANDLE)h);
    if (!a)
        return LOOP_ENOTFOUND;
    int status = a->device == DEVICE_OBJECT ? wait_cancel(a, op)
                                            : cancel_on_device(a, op);
    association_release(a);
    return status;
}

void port_cancel_soon(struct port *p, const struct port_started *started,
                      int count)
{
    for (int i = 0; i < count; i++)
        (void)port_cancel(p, started[i].handle, started[i].op);
}

bool association_set_object(port_handle h)
{
    AcquireSRWLockShared(&registry.lock);
    struct association *a = handle_map_find(&registry.map, (HANDLE)h);
    bool set = a && a->device == DEVICE_OBJECT && SetEvent(a->handle);
    ReleaseSRWLockShared(&registry.lock);
    return set;
}

static struct association *find_orphans(struct port *p)
{
    struct association *first = NULL;
    AcquireSRWLockExclusive(&registry.lock);
    for (size_t i = 0; i < registry.map.size; i++)
        for (struct association *a = registry.map.bucket[i]; a; a = a->next)
            if (a->port == p) {
                atomic_fetch_add(&a->references, 1);
                a->port = NULL;
                a->orphan = first;
                first = a;
            }
    ReleaseSRWLockExclusive(&registry.lock);
    return first;
}

/* Without the registry's lock: the pool's thread may be in a callback of
 * somebody who wants it. */
static void silence(struct association *a)
{
    AcquireSRWLockExclusive(&a->lock);
    HANDLE wait = wait_end_all(a, WAIT_END_IS_SILENT);
    ReleaseSRWLockExclusive(&a->lock);
    wait_unwatch(a, wait);
}

void association_orphan_all(struct port *p)
{
    struct association *a = find_orphans(p);
    while (a) {
        struct association *next = a->orphan;
        if (a->device == DEVICE_OBJECT)
            silence(a);
        association_release(a);
        a = next;
    }
}

/*
 * Take a handle out of the registry and end what is pending on it. Packets
 * of waits are posted under the registry's lock, because the port may be
 * closing on another thread, and does not before it has had that lock.
 */
static struct association *take_out(HANDLE h, HANDLE *wait)
{
    AcquireSRWLockExclusive(&registry.lock);
    struct association *a = handle_map_remove(&registry.map, h);
    if (a) {
        AcquireSRWLockExclusive(&a->lock);
        *wait = wait_end_all(a, a->port ? WAIT_END_ABORTS
                                        : WAIT_END_IS_SILENT);
        ReleaseSRWLockExclusive(&a->lock);
    }
    ReleaseSRWLockExclusive(&registry.lock);
    return a;
}

static void close_device(port_handle h, enum device device)
{
    bool closed = device == DEVICE_SOCKET ? closesocket((SOCKET)h) == 0
                                          : CloseHandle((HANDLE)h);
    LOOP_ASSERT(closed);
}

/* Closing alone need not end what is pending, and a send might go on to
 * whoever gets the number next. */
static void close_handle(port_handle h)
{
    HANDLE wait = NULL;
    struct association *a = take_out((HANDLE)h, &wait);
    enum device device = a ? a->device : handle_device(h);
    LOOP_ASSERT(device != DEVICE_NONE);
    if (a && device != DEVICE_OBJECT)
        CancelIoEx((HANDLE)h, NULL);
    if (a) {
        wait_unwatch(a, wait);
        association_release(a);
    }
    close_device(h, device);
}

void port_handles_close(const port_handle *handles, int count)
{
    for (int i = 0; i < count; i++)
        close_handle(handles[i]);
}
