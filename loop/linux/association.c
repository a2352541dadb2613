/*
 * association.c - the handles of a port, and the ops that are pending on
 * them.
 *
 * An op is tried when it is started and whenever epoll reports its device,
 * until it is done or cancelled. Its packet is part of it, so that completing
 * cannot fail.
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
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

_Static_assert(sizeof(struct kernel_op) <= sizeof(struct port_op), "fits");

/* Which descriptors of this process are associated, with any port. */
static struct {
    pthread_mutex_t lock;
    struct fd_map   map;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* In the registry: has had a port, which was closed. A handle never gets a
 * second one. */
static struct association orphan;

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

void association_release(struct association *a)
{
    if (atomic_fetch_sub(&a->references, 1) > 1)
        return;
    os_mutex_close(&a->lock);
    os_free(a);
}

/* The ops that are pending are not touched: whoever owned them may have
 * given up on them, and no packet can reach anyone any more. */
void association_orphan_all(struct port *p)
{
    pthread_mutex_lock(&registry.lock);
    for (size_t fd = 0; fd < p->handles.size; fd++) {
        if (!p->handles.slot[fd])
            continue;
        registry.map.slot[fd] = &orphan;
        association_release(p->handles.slot[fd]);
    }
    pthread_mutex_unlock(&registry.lock);
    os_free(p->handles.slot);
}

static enum device device_of(const struct stat *about)
{
    switch (about->st_mode & S_IFMT) {
    case S_IFSOCK:
        return DEVICE_SOCKET;
    case 0:
        return DEVICE_OBJECT;   /* an eventfd has no type of file */
    default:
        return DEVICE_STREAM;
    }
}

/* The flag belongs to the open file, not the number; a descriptor that is
 * shared with another process changes there as well. */
static int make_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -1;
    if (flags & O_NONBLOCK)
        return 0;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static struct association *new_association(struct port *p, int fd,
                                           const struct stat *about,
                                           uint64_t key)
{
    struct association *a = os_alloc(sizeof *a);
    if (!a)
        return NULL;
    if (os_mutex_open(&a->lock)) {
        os_free(a);
        return NULL;
    }
    a->port = p;
    a->fd = fd;
    a->device = device_of(about);
    a->key = key;
    atomic_init(&a->references, 1);
    return a;
}

static uint64_t event_data(const struct association *a)
{
    return (uint64_t)a->generation << 32 | (uint32_t)a->fd;
}

static int list_handle(struct port *p, struct association *a)
{
    os_mutex_lock(&p->lock);
    a->generation = ++p->generation;
    int status = fd_map_put(&p->handles, a->fd, a);
    os_mutex_unlock(&p->lock);
    return status;
}

static void unlist_handle(struct port *p, struct association *a)
{
    os_mutex_lock(&p->lock);
    fd_map_remove(&p->handles, a->fd);
    os_mutex_unlock(&p->lock);
}

/* Listed before it is watched, since the first edge may come at once. */
static int associate(struct port *p, struct association *a)
{
    int status = fd_map_put(&registry.map, a->fd, a);
    if (status)
        return status;
    status = list_handle(p, a);
    if (status)
        goto fail_registry;

    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.u64 = event_data(a),
    };
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, a->fd, &event)) {
        status = attempt_status(errno);
        goto fail_unlist;
    }
    return 0;

fail_unlist:
    unlist_handle(p, a);
fail_registry:
    fd_map_remove(&registry.map, a->fd);
    return status == LOOP_ENOMEM ? LOOP_ENOMEM : LOOP_EINVAL;
}

int port_associate(struct port *p, port_handle h, uint64_t key)
{
    struct stat about;
    int fd = (int)h;
    if (h > INT_MAX || fstat(fd, &about) || make_non_blocking(fd))
        return LOOP_EINVAL;

    struct association *a = new_association(p, fd, &about, key);
    if (!a)
        return LOOP_ENOMEM;

    pthread_mutex_lock(&registry.lock);
    int status = LOOP_EINVAL;
    if (!fd_map_find(&registry.map, fd))
        status = associate(p, a);
    pthread_mutex_unlock(&registry.lock);
    if (status)
        association_release(a);
    return status;
}

/* Only what is listed with the same generation is meant: between the wait
 * and this look the handle may have been closed and its number given to
 * another. */
struct association *association_of_event(struct port *p, uint64_t data)
{
    struct association *a = fd_map_find(&p->handles, (int)(uint32_t)data);
    if (!a || event_data(a) != data)
        return NULL;
    atomic_fetch_add(&a->references, 1);
    return a;
}

/* The association is locked, so that packets of one handle are queued in the
 * order in which its ops ended. */
static bool complete(struct association *a, struct kernel_op *op,
                     enum direction direction, enum urgency urgency)
{
    LOOP_ASSERT(atomic_load(&op->state) == OP_PENDING);
    list_remove(&a->pending[direction], op);
    atomic_store(&op->state, OP_QUEUED);
    return port_queue(a->port, &op->node, urgency);
}

/* The lock is taken anew for each try, so that a cancel need not wait for
 * all of them. The first op may have been cancelled, completed by another
 * thread or started again meanwhile; each of these leaves a list whose first
 * op may be tried. */
bool association_advance(struct association *a, enum direction direction,
                         enum urgency urgency)
{
    bool wake = false;
    enum progress progress;
    do {
        os_mutex_lock(&a->lock);
        struct kernel_op *op = a->pending[direction].first;
        progress = op ? attempt_op(a, op) : BLOCKED;
        if (progress == DONE)
            wake |= complete(a, op, direction, urgency);
        os_mutex_unlock(&a->lock);
    } while (progress != BLOCKED);
    return wake;
}

static enum direction direction_of(enum port_kind kind)
{
    return kind == PORT_WRITE || kind == PORT_CONNECT ? DIRECTION_OUT
                                                      : DIRECTION_IN;
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

/* The association of a handle, which lives until it is released. */
static struct association *find(struct port *p, port_handle h)
{
    if (h > INT_MAX)
        return NULL;
    os_mutex_lock(&p->lock);
    struct association *a = fd_map_find(&p->handles, (int)h);
    if (a)
        atomic_fetch_add(&a->references, 1);
    os_mutex_unlock(&p->lock);
    return a;
}

static void check_request(const struct port_request *request)
{
    bool moves_bytes = request->kind == PORT_READ ||
                       request->kind == PORT_WRITE;
    LOOP_ASSERT(!!request->buffer == moves_bytes);
    LOOP_ASSERT(!!request->size == moves_bytes);
}

static void prepare(struct kernel_op *op, struct association *a,
                    const struct port_request *request)
{
    op->node.packet = (struct packet){
        .key = a->key,
        .op = (struct port_op *)op,
        .handle = PORT_NO_HANDLE,
    };
    op->association = a;
    op->request = *request;
    op->connecting = 0;
    atomic_store(&op->state, OP_PENDING);
}

/*
 *   returns   true if no other op of the direction is pending: one that is
 *             has been tried, or is being tried by a thread that goes on
 *             with its followers
 */
static bool list_op(struct association *a, struct kernel_op *op,
                    const struct port_request *request)
{
    struct op_list *list = &a->pending[direction_of(request->kind)];
    bool alone = !list->first;
    prepare(op, a, request);
    list_append(list, op);
    return alone;
}

int port_start(struct port *p, port_handle h, struct port_op *port_op,
               const struct port_request *request)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    check_request(request);
    LOOP_ASSERT(atomic_load(&op->state) == OP_IDLE);

    /* The op may end, and its memory and the request with it, as soon as
     * the lock is released. */
    enum port_kind kind = request->kind;
    struct association *a = find(p, h);
    if (!a)
        return LOOP_EINVAL;
    os_mutex_lock(&a->lock);
    bool accepted = !a->closed && device_can(a->device, kind);
    bool alone = accepted && list_op(a, op, request);
    os_mutex_unlock(&a->lock);

    if (alone && association_advance(a, direction_of(kind), NOW))
        port_send_wake(p);
    association_release(a);
    return accepted ? 0 : LOOP_EINVAL;
}

int port_cancel(struct port *p, port_handle h, struct port_op *port_op)
{
    struct kernel_op *op = (struct kernel_op *)port_op;
    struct association *a = find(p, h);
    if (!a)
        return LOOP_ENOTFOUND;

    bool wake = false;
    os_mutex_lock(&a->lock);
    bool pending = atomic_load(&op->state) == OP_PENDING &&
                   op->association == a;
    if (pending) {
        op->node.packet.status = LOOP_EABORTED;
        wake = complete(a, op, direction_of(op->request.kind), NOW);
    }
    os_mutex_unlock(&a->lock);

    if (wake)
        port_send_wake(p);
    association_release(a);
    return pending ? 0 : LOOP_ENOTFOUND;
}

/* epoll would forget the descriptor by itself only if no duplicate of it is
 * left anywhere, such as in a child process. */
static void detach(struct association *a)
{
    struct port *p = a->port;
    unlist_handle(p, a);
    int failed = epoll_ctl(p->epoll, EPOLL_CTL_DEL, a->fd, NULL);
    LOOP_ASSERT(!failed);

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
        port_send_wake(p);
}

/* The registry is locked until the port has forgotten the handle, because
 * the port may be closing on another thread. The number is given out again
 * the moment the descriptor is closed, so that comes last. */
void port_handle_close(port_handle h)
{
    LOOP_ASSERT(h <= INT_MAX);
    int fd = (int)h;
    pthread_mutex_lock(&registry.lock);
    struct association *a = fd_map_find(&registry.map, fd);
    if (a)
        fd_map_remove(&registry.map, fd);
    if (a && a != &orphan) {
        detach(a);
        association_release(a);
    }
    pthread_mutex_unlock(&registry.lock);

    int result = close(fd);
    LOOP_ASSERT(result == 0 || errno != EBADF);
}
