/*
 * association.c - the handles of a port, and the ops that are pending on
 * them, whatever engine drives them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define CLOSE_BATCH 64          /* handles                                */

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

void association_retain(struct association *a)
{
    atomic_fetch_add(&a->references, 1);
}

void association_release(struct association *a)
{
    bool is_last = atomic_load(&a->references) == 1;
    if (!is_last && atomic_fetch_sub(&a->references, 1) > 1)
        return;
    os_mutex_close(&a->lock);
    os_free(a);
}

/* The ops that are pending are not touched: whoever owned them may have
 * given up on them, and no packet can reach anyone any more. */
void association_orphan_all(struct port *p,
                            void (*part)(struct association *a))
{
    pthread_mutex_lock(&registry.lock);
    for (size_t fd = 0; fd < p->handles.size; fd++) {
        if (!p->handles.slot[fd])
            continue;
        registry.map.slot[fd] = &orphan;
        if (part)
            part(p->handles.slot[fd]);
        association_release(p->handles.slot[fd]);
    }
    pthread_mutex_unlock(&registry.lock);

    /* They do not find the port any more, but some may be in it. */
    while (atomic_load(&p->closers) > 0)
        os_pause();
    os_free(p->handles.slot);
}

static enum device device_of(const struct stat *about)
{
    switch (about->st_mode & S_IFMT) {
    case S_IFSOCK:
        return DEVICE_SOCKET;
    case S_IFREG:
    case S_IFDIR:
        return DEVICE_FILE;
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

static int list_handle(struct port *p, struct association *a)
{
    os_mutex_lock(&p->lock);
    a->generation = ++p->generation;
    int status = fd_map_put(&p->handles, a->fd, a);
    os_mutex_unlock(&p->lock);
    return status;
}

static void unlist_handles(struct port *p, struct association **closing,
                           int count)
{
    os_mutex_lock(&p->lock);
    for (int i = 0; i < count; i++)
        fd_map_remove(&p->handles, closing[i]->fd);
    os_mutex_unlock(&p->lock);
}

/* Listed before it is watched, since the device may speak at once. */
static int associate(struct port *p, struct association *a,
                     int (*watch)(struct association *a))
{
    int status = fd_map_put(&registry.map, a->fd, a);
    if (status)
        return status;
    status = list_handle(p, a);
    if (status)
        goto fail_registry;
    int error = watch ? watch(a) : 0;
    if (error) {
        status = attempt_status(error);
        goto fail_unlist;
    }
    return 0;

fail_unlist:
    unlist_handles(p, &a, 1);
fail_registry:
    fd_map_remove(&registry.map, a->fd);
    return status == LOOP_ENOMEM ? LOOP_ENOMEM : LOOP_EINVAL;
}

int association_open(struct port *p, port_handle h, uint64_t key,
                     int (*watch)(struct association *a))
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
        status = associate(p, a, watch);
    pthread_mutex_unlock(&registry.lock);
    if (status)
        association_release(a);
    return status;
}

/* Take a handle that closes out of the registry, which is locked: what the
 * handle is to its port, or NULL if it is nothing to one. */
static struct association *strike(port_handle h)
{
    LOOP_ASSERT(h <= INT_MAX);
    struct association *a = fd_map_find(&registry.map, (int)h);
    if (!a)
        return NULL;
    fd_map_remove(&registry.map, (int)h);
    if (a == &orphan)
        return NULL;
    foresee(a, sizeof *a);
    return a;
}

/* Handles that close, some of which are something to a port. */
struct closing {
    struct association *known[CLOSE_BATCH];
    int                 known_count;
    int                 left[CLOSE_BATCH];  /* descriptors, still open    */
    int                 left_count;
};

/* How many are of one port, from the first on? As a rule all are. */
static int of_one_port(struct association *const *closing, int count)
{
    int end = 1;
    while (end < count && closing[end]->port == closing[0]->port)
        end++;
    return end;
}

static void part_from_ports(struct closing *c, part_handles *part)
{
    for (int i = 0, n; i < c->known_count; i += n) {
        struct port *p = c->known[i]->port;
        n = of_one_port(c->known + i, c->known_count - i);
        atomic_fetch_add(&p->closers, 1);
        unlist_handles(p, c->known + i, n);
        part(p, c->known + i, n);
    }
}

static void shut_by_ports(struct closing *c, part_handles *shut)
{
    for (int i = 0, n; i < c->known_count; i += n) {
        struct port *p = c->known[i]->port;
        n = of_one_port(c->known + i, c->known_count - i);
        if (shut)
            shut(p, c->known + i, n);
        atomic_fetch_sub(&p->closers, 1);
    }
}

/* The registry is locked until the ports have parted from the handles, because
 * a port may be closing on another thread. A number is given out again the
 * moment its descriptor is closed, so that comes last. This process and the
 * kernel take turns by the batch, not by the handle: each time, one drives
 * the other's memory out of the processor's cache. */
static void close_batch(const port_handle *handles, int count,
                        part_handles *part, part_handles *shut)
{
    struct closing c;
    c.known_count = c.left_count = 0;
    pthread_mutex_lock(&registry.lock);
    for (int i = 0; i < count; i++) {
        struct association *a = strike(handles[i]);
        if (a)
            c.known[c.known_count++] = a;
        else
            c.left[c.left_count++] = (int)handles[i];
    }
    part_from_ports(&c, part);
    pthread_mutex_unlock(&registry.lock);
    shut_by_ports(&c, shut);

    for (int i = 0; i < c.known_count; i++) {
        if (!c.known[i]->gone)
            c.left[c.left_count++] = c.known[i]->fd;
        association_release(c.known[i]);
    }
    for (int i = 0; i < c.left_count; i++) {
        int result = close(c.left[i]);
        LOOP_ASSERT(result == 0 || errno != EBADF);
    }
}

void association_close(const port_handle *handles, int count,
                       part_handles *part, part_handles *shut)
{
    for (int i = 0; i < count; i += CLOSE_BATCH) {
        int left = count - i;
        close_batch(handles + i, left < CLOSE_BATCH ? left : CLOSE_BATCH,
                    part, shut);
    }
}

struct association *association_known(const struct port *p, port_handle h)
{
    return h > INT_MAX ? NULL : fd_map_find(&p->handles, (int)h);
}

struct association *association_find(struct port *p, port_handle h)
{
    os_mutex_lock(&p->lock);
    struct association *a = association_known(p, h);
    if (a)
        association_retain(a);
    os_mutex_unlock(&p->lock);
    return a;
}

enum direction association_direction(enum port_kind kind)
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

static void check_request(const struct port_request *request)
{
    bool moves_bytes = request->kind == PORT_READ ||
                       request->kind == PORT_WRITE;
    LOOP_ASSERT(!!request->buffer == moves_bytes);
    LOOP_ASSERT(!!request->size == moves_bytes);
}

/* The state comes last: see set_state. */
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
    op->connecting = false;
    op->ring_phase = 0;
    op->ring_cancelled = false;
    set_state(op, OP_PENDING);
}

enum admission association_admit(struct association *a, struct kernel_op *op,
                                 const struct port_request *request)
{
    check_request(request);
    LOOP_ASSERT(atomic_load(&op->state) == OP_IDLE);
    if (!a || a->closed || !device_can(a->device, request->kind))
        return REFUSED;
    struct op_list *list =
        &a->pending[association_direction(request->kind)];
    bool alone = !list->first;
    prepare(op, a, request);
    list_append(list, op);
    return alone ? FIRST : BEHIND;
}

void association_end_op(struct association *a, struct kernel_op *op,
                        enum direction direction)
{
    LOOP_ASSERT(atomic_load(&op->state) == OP_PENDING);
    list_remove(&a->pending[direction], op);
    set_state(op, OP_QUEUED);
}

struct association *association_of(struct kernel_op *op)
{
    return atomic_load(&op->state) == OP_PENDING ? op->association : NULL;
}

bool association_has(const struct association *a, struct kernel_op *op)
{
    return atomic_load(&op->state) == OP_PENDING && op->association == a;
}
