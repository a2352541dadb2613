/*
 * port.c - loop/port.h on the simulated kernel: ports, their packets and
 * those who wait for them.
 *
 * A packet that comes while threads wait makes one of them ready. It takes
 * what it finds when it runs; if another thread was faster and it finds
 * nothing, it waits on.
 */
#include "../../loop/port.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../trace.h"
#include "kernel.h"
#include "livelock.h"
#include "machine.h"

#define PORTS_MAX 256
#define PACKETS_MAX 65535
#define POST_FAILURES_MAX 3
#define ADDRESS_FIRST 1024

struct queued {
    uint64_t key;
    uint16_t op;            /* KERNEL_NONE: was posted                       */
    uint16_t next;
};

struct port {
    uint32_t count;         /* packets                                       */
    uint16_t first, last;
    bool     open;
    uint8_t  inside;        /* threads in port_dequeue                       */
    uint8_t  waiting;
    uint8_t  waiter[SCHED_THREADS_MAX];     /* in order of arrival           */
};

static struct {
    uint16_t      count;
    uint16_t      packets_used;
    uint16_t      packet_free;      /* first of a list                       */
    uint16_t      address;
    unsigned      post_failures;    /* in a row                              */
    struct port   port[PORTS_MAX];
    struct queued packet[PACKETS_MAX];
} ports;

void port_begin(void)
{
    ports.count = 0;
    ports.packets_used = 0;
    ports.packet_free = KERNEL_NONE;
    ports.address = ADDRESS_FIRST;
    ports.post_failures = 0;
}

void port_left(struct ground_left *left)
{
    for (unsigned i = 0; i < ports.count; i++) {
        const struct port *p = &ports.port[i];
        left->ports += p->open;
        for (uint16_t k = p->first; k != KERNEL_NONE; k = ports.packet[k].next)
            left->packets += ports.packet[k].op != KERNEL_NONE;
    }
}

uint64_t port_state(uint64_t hash)
{
    for (unsigned i = 0; i < ports.count; i++) {
        const struct port *p = &ports.port[i];
        hash = livelock_hash(hash ^ p->open, p->waiter, p->waiting);
        for (uint16_t k = p->first; k != KERNEL_NONE;
             k = ports.packet[k].next) {
            uint64_t word[2] = { ports.packet[k].key, ports.packet[k].op };
            hash = livelock_hash(hash, word, sizeof word);
        }
    }
    return hash;
}

static unsigned number_of(const struct port *p)
{
    return (unsigned)(p - ports.port);
}

static bool is_open(const struct port *p)
{
    bool known = (uintptr_t)p - (uintptr_t)ports.port <
                 ports.count * sizeof *p;
    if (known && p->open)
        return true;
    MACHINE_MISUSE(VERDICT_STALE_STATE, known ? "uses a closed port"
                                              : "uses a port that never was");
    return false;
}

int port_open(struct port **out)
{
    machine_yield(MACHINE_SITE);
    machine_touch(out, sizeof *out);
    if (ports.count == PORTS_MAX || machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    struct port *p = &ports.port[ports.count++];
    *p = (struct port){
        .first = KERNEL_NONE, .last = KERNEL_NONE, .open = true };
    *out = p;
    trace_emit(TRACE_PORT_OPEN, number_of(p), 0);
    return 0;
}

static struct queued take_first(struct port *p)
{
    uint16_t index = p->first;
    struct queued q = ports.packet[index];
    p->first = q.next;
    if (p->first == KERNEL_NONE)
        p->last = KERNEL_NONE;
    p->count--;
    ports.packet[index].next = ports.packet_free;
    ports.packet_free = index;
    return q;
}

void port_close(struct port *p)
{
    machine_yield(MACHINE_SITE);
    if (!is_open(p))
        return;
    if (p->inside > 0)
        MACHINE_MISUSE(VERDICT_STALE_STATE,
                       "closes a port with a thread waiting");
    p->open = false;
    trace_emit(TRACE_PORT_CLOSE, number_of(p), (int)p->count);
    while (p->count > 0) {
        struct queued q = take_first(p);
        if (q.op != KERNEL_NONE)
            kernel_lost(q.op);
    }
}

int port_associate(struct port *p, port_handle h, uint64_t key)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(h, HANDLE_USE);
    if (!is_open(p) || handle == NULL || handle->port != KERNEL_NONE)
        return LOOP_EINVAL;
    handle->port = (uint16_t)number_of(p);
    handle->key = key;
    trace_emit(TRACE_ASSOCIATE, handle->number, 0);
    return 0;
}

/* Which waiter a packet wakes: the last to come on Windows, the first
 * elsewhere, or another one. */
static void wake_one(struct port *p)
{
    unsigned count = p->waiting;
    unsigned other = machine_outcome(SCHED_RELEASE, count);
    unsigned index = machine.profile == SIM_WIN10 ? count - 1 - other : other;
    unsigned thread = p->waiter[index];
    p->waiting--;
    memmove(p->waiter + index, p->waiter + index + 1, p->waiting - index);
    machine_wake(thread);
}

static bool queue(struct port *p, uint64_t key, uint16_t op)
{
    uint16_t index = ports.packet_free;
    if (index != KERNEL_NONE)
        ports.packet_free = ports.packet[index].next;
    else if (ports.packets_used < PACKETS_MAX)
        index = ports.packets_used++;
    else
        return false;
    ports.packet[index] = (struct queued){ key, op, KERNEL_NONE };
    if (p->last == KERNEL_NONE)
        p->first = index;
    else
        ports.packet[p->last].next = index;
    p->last = index;
    p->count++;
    if (p->waiting > 0)
        wake_one(p);
    return true;
}

bool port_queue_op(uint16_t port, uint16_t op, uint64_t key)
{
    struct port *p = &ports.port[port];
    if (!p->open)
        return false;
    bool queued = queue(p, key, op);
    MACHINE_ASSERT(queued);
    return true;
}

/* Does the kind of op exist for the kind of file? */
static bool fits(enum port_kind kind, const struct file *f)
{
    switch (kind) {
    case PORT_READ:
        return f->kind == FILE_STREAM || f->kind == FILE_PIPE_READER;
    case PORT_WRITE:
        return f->kind == FILE_STREAM || f->kind == FILE_PIPE_WRITER;
    case PORT_ACCEPT:
        return f->kind == FILE_LISTENER;
    case PORT_CONNECT:
        return f->kind == FILE_SOCKET &&
               f->queue[FILE_OUTPUT].first == KERNEL_NONE;
    case PORT_WAIT:
        return f->kind == FILE_OBJECT;
    }
    return false;
}

/* What a device says of a kind that it does not have, if it does not refuse
 * at once. */
static int unfit(void)
{
    switch (machine_outcome(SCHED_REFUSE, 4)) {
    case 1:
        return LOOP_EINVAL;
    case 2:
        return LOOP_EBROKEN;
    case 3:
        return LOOP_EREFUSED;
    default:
        return 0;
    }
}

static int start(struct port *p, const struct handle_entry *handle,
                 struct port_op *op, const struct port_request *request)
{
    int failure = 0;
    if (handle->port != number_of(p))
        return LOOP_EINVAL;
    if (!fits(request->kind, kernel_at(handle->file))) {
        failure = unfit();
        if (failure == 0)
            return LOOP_EINVAL;
    } else if (machine_outcome(SCHED_REFUSE, 2) != 0) {
        return LOOP_EFAILED;
    }
    struct kernel_op *started = kernel_start(handle, op, request, failure);
    if (started == NULL)
        return LOOP_ENOMEM;
    trace_emit(TRACE_START, started->serial, (int)request->kind);
    if (started->ready && machine_outcome(SCHED_SYNC, 2) != 0)
        kernel_complete(started);
    return 0;
}

int port_start(struct port *p, port_handle h, struct port_op *op,
               const struct port_request *request)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(h, HANDLE_USE);
    if (!is_open(p) || handle == NULL)
        return LOOP_EINVAL;
    if (kernel_find(op) != NULL)
        MACHINE_MISUSE(VERDICT_STALE_STATE, "starts a pending op");
    machine_touch(op, sizeof *op);
    machine_touch(request->buffer, request->size);
    int result = start(p, handle, op, request);
    if (result < 0)
        trace_emit(TRACE_START, kernel_refuse(), result);
    return result;
}

int port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(h, HANDLE_USE);
    if (!is_open(p) || handle == NULL)
        return LOOP_ENOTFOUND;
    struct kernel_op *found = kernel_find(op);
    bool pending = found != NULL && found->file == handle->file &&
                   (found->state == OP_PENDING || found->state == OP_DEAF);
    int result = pending ? 0 : LOOP_ENOTFOUND;
    trace_emit(TRACE_CANCEL, found == NULL ? UINT16_MAX : found->serial,
               result);
    if (pending)
        kernel_cancel(found);
    return result;
}

void port_cancel_soon(struct port *p, const struct port_started *started,
                      int count)
{
    for (int i = 0; i < count; i++)
        (void)port_cancel(p, started[i].handle, started[i].op);
}

static bool post_fails(void)
{
    if (ports.post_failures < POST_FAILURES_MAX &&
        machine_outcome(SCHED_POST, 2) != 0) {
        ports.post_failures++;
        return true;
    }
    ports.post_failures = 0;
    return false;
}

int port_post(struct port *p, uint64_t key)
{
    machine_yield(MACHINE_SITE);
    if (!is_open(p))
        return LOOP_ENOMEM;
    int result = post_fails() || !queue(p, key, KERNEL_NONE) ? LOOP_ENOMEM
                                                             : 0;
    trace_emit(TRACE_POST, number_of(p), result);
    return result;
}

static int take_packets(struct port *p, struct packet *out, int cap)
{
    int count = 0;
    if (p->count > 1 && cap > 1 && machine_outcome(SCHED_BATCH, 2) != 0)
        cap = 1;
    for (; count < cap && p->count > 0; count++) {
        struct queued q = take_first(p);
        if (q.op != KERNEL_NONE)
            kernel_dequeued(q.op, &out[count]);
        else
            out[count] = (struct packet){
                .key = q.key, .handle = PORT_NO_HANDLE };
    }
    return count;
}

static void stop_waiting(struct port *p, unsigned thread)
{
    for (unsigned i = 0; i < p->waiting; i++) {
        if (p->waiter[i] == thread) {
            p->waiting--;
            memmove(p->waiter + i, p->waiter + i + 1, p->waiting - i);
            return;
        }
    }
}

/* A wait with a time may end up to a millisecond before it. */
static uint64_t early(uint64_t until)
{
    uint64_t now = machine.now;
    if (until == PORT_FOREVER || until <= now ||
        machine_outcome(SCHED_EARLY, 2) == 0)
        return until;
    return until - now > MACHINE_MILLISECOND ? until - MACHINE_MILLISECOND
                                             : now;
}

static void wait_for_packet(struct port *p, uint64_t until)
{
    unsigned me = machine.current;
    bool in_time = true;
    p->inside++;
    while (p->count == 0 && in_time && until > machine.now) {
        trace_emit(TRACE_DEQUEUE_WAIT, number_of(p), 0);
        p->waiter[p->waiting++] = (uint8_t)me;
        in_time = machine_block(GROUND_BLOCKED_DEQUEUE, number_of(p), until);
    }
    if (!in_time)
        stop_waiting(p, me);
    p->inside--;
}

int port_dequeue(struct port *p, struct packet *out, int cap, uint64_t until)
{
    machine_yield(MACHINE_SITE);
    if (!is_open(p))
        return 0;
    if (cap < 1)
        MACHINE_MISUSE(VERDICT_ABORT, "dequeues no packets");
    machine_touch(out, sizeof *out);
    if (p->count == 0 && machine_inside())
        wait_for_packet(p, early(until));
    int count = take_packets(p, out, cap);
    trace_emit(TRACE_DEQUEUE, number_of(p), count);
    return count;
}

static int open_one(port_handle *out, enum file_kind kind)
{
    machine_touch(out, sizeof *out);
    if (machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    uint16_t file = kernel_file(kind);
    port_handle h = file == KERNEL_NONE ? PORT_NO_HANDLE
                                        : kernel_handle_open(file, false);
    if (h == PORT_NO_HANDLE)
        return LOOP_ENOMEM;
    *out = h;
    return 0;
}

int port_socket(port_handle *out)
{
    machine_yield(MACHINE_SITE);
    return open_one(out, FILE_SOCKET);
}

int port_listen(port_handle *out, struct port_address *at)
{
    machine_yield(MACHINE_SITE);
    machine_touch(at, sizeof *at);
    if (at->number != 0 && kernel_listener(at->number) != KERNEL_NONE)
        return LOOP_EREFUSED;
    int result = open_one(out, FILE_LISTENER);
    if (result < 0)
        return result;
    if (at->number == 0)
        at->number = ports.address++;
    kernel_at(kernel_handle(*out, HANDLE_USE)->file)->address = at->number;
    return 0;
}

int port_pipe(port_handle *reader, port_handle *writer)
{
    machine_yield(MACHINE_SITE);
    int result = open_one(reader, FILE_PIPE_READER);
    if (result < 0)
        return result;
    result = open_one(writer, FILE_PIPE_WRITER);
    if (result < 0) {
        kernel_handle_close(kernel_handle(*reader, HANDLE_USE));
        return result;
    }
    kernel_join(kernel_handle(*reader, HANDLE_USE)->file,
                kernel_handle(*writer, HANDLE_USE)->file);
    return 0;
}

int port_object(port_handle *out)
{
    machine_yield(MACHINE_SITE);
    return open_one(out, FILE_OBJECT);
}

void port_object_set(port_handle h)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(h, HANDLE_USE);
    if (handle == NULL)
        return;
    kernel_at(handle->file)->set = true;
    kernel_changed(handle->file);
}

void port_handles_close(const port_handle *handles, int count)
{
    for (int i = 0; i < count; i++) {
        machine_yield(MACHINE_SITE);
        struct handle_entry *handle = kernel_handle(handles[i], HANDLE_CLOSE);
        if (handle != NULL)
            kernel_handle_close(handle);
    }
}
