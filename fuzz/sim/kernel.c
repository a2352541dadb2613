#include "kernel.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../trace.h"
#include "arena.h"
#include "livelock.h"
#include "machine.h"

#define HANDLES_MAX 1024
#define FILES_MAX 2048
#define OPS_MAX 32768
#define BUCKETS 256
#define FILLING 0x5a
#define DEVICE_BIT (UINT32_C(1) << SCHED_DEVICE)

/* Numbers that were used before and can be given out again, last first. */
static struct {
    uint16_t            handles_used, handles_free;
    uint16_t            files_used, files_free;
    uint16_t            ops_used, ops_free;
    uint16_t            handle_number;
    uint32_t            op_number;
    uint32_t            pending, lost, dequeued, open;
    struct op_list      ready;          /* oldest first                      */
    uint16_t            bucket[BUCKETS];
    uint16_t            free_handle[HANDLES_MAX];
    uint16_t            free_file[FILES_MAX];
    uint16_t            free_op[OPS_MAX];
    struct handle_entry handle[HANDLES_MAX];
    struct file         file[FILES_MAX];
    struct kernel_op    op[OPS_MAX];
} kernel;

void kernel_begin(void)
{
    if (kernel.ops_used > 0 || kernel.op_number == 0)
        memset(kernel.bucket, 0xff, sizeof kernel.bucket);
    memset(kernel.handle, 0, kernel.handles_used * sizeof kernel.handle[0]);
    memset(kernel.file, 0, kernel.files_used * sizeof kernel.file[0]);
    memset(kernel.op, 0, kernel.ops_used * sizeof kernel.op[0]);
    kernel.handles_used = kernel.handles_free = 0;
    kernel.files_used = kernel.files_free = 0;
    kernel.ops_used = kernel.ops_free = 0;
    kernel.handle_number = 0;
    kernel.op_number = 0;
    kernel.pending = kernel.lost = kernel.dequeued = kernel.open = 0;
    kernel.ready.first = kernel.ready.last = KERNEL_NONE;
}

/* An op that completed to nobody stays the kernel's for ever, and so is not
 * told from one that is pending for ever. */
void kernel_left(struct ground_left *left)
{
    left->handles = kernel.open;
    left->ops_pending = kernel.pending + kernel.lost;
    left->ops_dequeued = kernel.dequeued;
}

static uint64_t op_state(uint64_t hash, const struct kernel_op *op)
{
    uint64_t word[6] = {
        (uintptr_t)op->at, (uintptr_t)op->buffer, op->key,
        (uint64_t)op->size << 32 | op->moved,
        (uint64_t)op->file << 48 | (uint64_t)op->port << 32 |
            (uint32_t)op->status,
        (uint64_t)op->kind << 24 | (uint64_t)op->state << 16 |
            (uint64_t)op->released << 12 | (uint64_t)op->orphaned << 11 |
            (uint64_t)op->behind << 10 | (uint64_t)op->unfit << 9 |
            (uint64_t)op->ready << 8 | op->doomed,
    };
    return livelock_hash(hash, word, sizeof word);
}

uint64_t kernel_state(uint64_t hash)
{
    for (unsigned i = 0; i < kernel.ops_used; i++) {
        if (kernel.op[i].state != OP_FREE)
            hash = op_state(hash ^ i, &kernel.op[i]);
    }
    hash = livelock_hash(hash, kernel.file,
                         kernel.files_used * sizeof kernel.file[0]);
    return livelock_hash(hash, kernel.handle,
                         kernel.handles_used * sizeof kernel.handle[0]);
}

struct file *kernel_at(uint16_t file)
{
    MACHINE_ASSERT(file < kernel.files_used);
    return &kernel.file[file];
}

static uint16_t index_of(const struct kernel_op *op)
{
    return (uint16_t)(op - kernel.op);
}

/* --- handles ---------------------------------------------------------- */

/*
 * The lower half of a handle is a number that is given out again at once,
 * as real ones are; the upper half counts how often it has been, which no
 * real handle tells, so that a stale one is known for sure.
 */
port_handle kernel_handle_open(uint16_t file, bool far)
{
    uint16_t index;
    if (kernel.handles_free > 0)
        index = kernel.free_handle[--kernel.handles_free];
    else if (kernel.handles_used < HANDLES_MAX)
        index = kernel.handles_used++;
    else
        return PORT_NO_HANDLE;

    struct handle_entry *e = &kernel.handle[index];
    e->file = file;
    e->port = KERNEL_NONE;
    e->key = 0;
    e->open = true;
    e->far = far;
    e->number = kernel.handle_number++;
    kernel.file[file].life = FILE_OPEN;
    kernel.open += !far;
    trace_emit(TRACE_HANDLE_OPEN, e->number, 0);
    return (port_handle)e->generation << 32 | (index + 1u);
}

struct handle_entry *kernel_handle(port_handle h, enum handle_use use)
{
    uint32_t index = (uint32_t)h - 1;
    uint32_t generation = (uint32_t)(h >> 32);
    if (index < kernel.handles_used) {
        struct handle_entry *e = &kernel.handle[index];
        if (e->open && e->generation == generation)
            return e;
    }
    if (use == HANDLE_QUIET)
        return NULL;
    bool known = index < kernel.handles_used;
    bool recycled = known && kernel.handle[index].open;
    bool closes = use == HANDLE_CLOSE && known;
    MACHINE_MISUSE(closes ? VERDICT_DOUBLE_CLOSE : VERDICT_STALE_STATE,
                   !known    ? "uses a handle that never was"
                   : closes  ? recycled ? "closes a recycled handle"
                                        : "closes a handle twice"
                   : recycled ? "uses a recycled handle"
                              : "uses a closed handle");
    return NULL;
}

/* --- files ------------------------------------------------------------ */

uint16_t kernel_file(enum file_kind kind)
{
    uint16_t index;
    if (kernel.files_free > 0)
        index = kernel.free_file[--kernel.files_free];
    else if (kernel.files_used < FILES_MAX)
        index = kernel.files_used++;
    else
        return KERNEL_NONE;
    struct file *f = &kernel.file[index];
    memset(f, 0, sizeof *f);
    for (unsigned i = 0; i < FILE_QUEUES; i++)
        f->queue[i] = (struct op_list){ KERNEL_NONE, KERNEL_NONE };
    f->peer = f->backlog = f->next = KERNEL_NONE;
    f->kind = (uint8_t)kind;
    f->life = FILE_QUEUED;
    return index;
}

static void free_file(uint16_t index)
{
    kernel.file[index].life = FILE_FREE;
    kernel.free_file[kernel.files_free++] = index;
}

void kernel_join(uint16_t a, uint16_t b)
{
    kernel_at(a)->peer = b;
    kernel_at(b)->peer = a;
}

uint16_t kernel_listener(uint16_t address)
{
    for (uint16_t i = 0; i < kernel.files_used; i++) {
        const struct file *f = &kernel.file[i];
        if (f->life == FILE_OPEN && f->kind == FILE_LISTENER &&
            f->address == address)
            return i;
    }
    return KERNEL_NONE;
}

uint16_t kernel_connect(uint16_t listener)
{
    uint16_t *end = &kernel_at(listener)->backlog;
    unsigned count = 0;
    for (; *end != KERNEL_NONE; count++)
        end = &kernel.file[*end].next;
    if (count == KERNEL_BACKLOG)
        return KERNEL_NONE;
    uint16_t near = kernel_file(FILE_STREAM);
    uint16_t far = near == KERNEL_NONE ? KERNEL_NONE
                                       : kernel_file(FILE_STREAM);
    if (far == KERNEL_NONE) {
        if (near != KERNEL_NONE)
            free_file(near);
        return KERNEL_NONE;
    }
    kernel_join(near, far);
    *end = near;
    kernel_changed(listener);
    return far;
}

/* The peer hears that this end is closed. Data that came and was never read
 * turns that into a reset, and so does a read that waited for some; what the
 * peer itself has not read yet is lost with it, or can still be read, as on
 * Linux. */
static void depart(uint16_t index)
{
    struct file *f = &kernel.file[index];
    f->gone = true;
    if (f->peer == KERNEL_NONE)
        return;
    struct file *peer = &kernel.file[f->peer];
    uint16_t peer_index = f->peer;
    peer->peer = KERNEL_NONE;
    f->peer = KERNEL_NONE;
    if (f->kind == FILE_STREAM && (f->in_size > 0 || f->cut)) {
        peer->reset = true;
        if (peer->in_size > 0 && machine_outcome(SCHED_PARTIAL, 2) == 0)
            peer->in_size = 0;
    } else {
        peer->ended = true;
    }
    kernel_changed(peer_index);
}

/* On Linux an op holds its file and the peer hears nothing until it has
 * ended; on Windows only what is still being written does. */
static bool is_held(const struct file *f)
{
    if (machine.profile == SIM_LINUX)
        return f->op_count > f->doomed;
    return f->queue[FILE_OUTPUT].first != KERNEL_NONE;
}

static void settle(uint16_t index)
{
    struct file *f = &kernel.file[index];
    if (f->life != FILE_CLOSED)
        return;
    if (!f->gone && !is_held(f))
        depart(index);
    if (f->gone && f->op_count == 0)
        free_file(index);
}

/* --- ops -------------------------------------------------------------- */

static uint16_t *bucket_of(const struct port_op *at)
{
    return &kernel.bucket[((uintptr_t)at >> 4) % BUCKETS];
}

struct kernel_op *kernel_find(const struct port_op *at)
{
    for (uint16_t i = *bucket_of(at); i != KERNEL_NONE;
         i = kernel.op[i].bucket_next) {
        if (kernel.op[i].at == at)
            return &kernel.op[i];
    }
    return NULL;
}

static void bucket_remove(const struct kernel_op *op)
{
    uint16_t *link = bucket_of(op->at);
    while (*link != index_of(op))
        link = &kernel.op[*link].bucket_next;
    *link = op->bucket_next;
}

static struct op_list *queue_of(const struct kernel_op *op)
{
    bool out = op->kind == PORT_WRITE || op->kind == PORT_CONNECT;
    return &kernel.file[op->file].queue[out ? FILE_OUTPUT : FILE_INPUT];
}

static void queue_append(struct kernel_op *op)
{
    struct op_list *q = queue_of(op);
    op->next = KERNEL_NONE;
    op->prev = q->last;
    if (q->last == KERNEL_NONE)
        q->first = index_of(op);
    else
        kernel.op[q->last].next = index_of(op);
    q->last = index_of(op);
}

static void queue_remove(struct kernel_op *op)
{
    struct op_list *q = queue_of(op);
    if (op->prev == KERNEL_NONE)
        q->first = op->next;
    else
        kernel.op[op->prev].next = op->next;
    if (op->next == KERNEL_NONE)
        q->last = op->prev;
    else
        kernel.op[op->next].prev = op->prev;
}

/* Into the ready list by age: most come in that order anyway. */
static void ready_insert(struct kernel_op *op)
{
    uint16_t after = kernel.ready.last;
    while (after != KERNEL_NONE && kernel.op[after].serial > op->serial)
        after = kernel.op[after].ready_prev;
    uint16_t before = after == KERNEL_NONE ? kernel.ready.first
                                           : kernel.op[after].ready_next;
    op->ready_prev = after;
    op->ready_next = before;
    if (after == KERNEL_NONE)
        kernel.ready.first = index_of(op);
    else
        kernel.op[after].ready_next = index_of(op);
    if (before == KERNEL_NONE)
        kernel.ready.last = index_of(op);
    else
        kernel.op[before].ready_prev = index_of(op);
}

static void ready_remove(const struct kernel_op *op)
{
    if (op->ready_prev == KERNEL_NONE)
        kernel.ready.first = op->ready_next;
    else
        kernel.op[op->ready_prev].ready_next = op->ready_next;
    if (op->ready_next == KERNEL_NONE)
        kernel.ready.last = op->ready_prev;
    else
        kernel.op[op->ready_next].ready_prev = op->ready_prev;
}

static void set_ready(struct kernel_op *op, bool ready)
{
    if (op->ready == ready)
        return;
    op->ready = ready;
    if (ready)
        ready_insert(op);
    else
        ready_remove(op);
    if (kernel.ready.first != KERNEL_NONE)
        machine.enabled |= DEVICE_BIT;
    else
        machine.enabled &= ~DEVICE_BIT;
}

/* Could the first op of a file's queue make progress now? */
static bool can_proceed(const struct kernel_op *op)
{
    const struct file *f = &kernel.file[op->file];
    if (op->unfit)
        return true;
    switch ((enum port_kind)op->kind) {
    case PORT_READ:
        return f->in_size > 0 || f->ended || f->reset;
    case PORT_WRITE:
        return f->peer == KERNEL_NONE ||
               kernel.file[f->peer].in_size < KERNEL_WINDOW;
    case PORT_ACCEPT:
        return f->backlog != KERNEL_NONE;
    case PORT_CONNECT:
        return true;
    case PORT_WAIT:
        return f->set;
    }
    return false;
}

void kernel_changed(uint16_t file)
{
    struct file *f = kernel_at(file);
    for (unsigned i = 0; i < FILE_QUEUES; i++) {
        if (f->queue[i].first != KERNEL_NONE) {
            struct kernel_op *op = &kernel.op[f->queue[i].first];
            set_ready(op, can_proceed(op));
        }
    }
}

uint32_t kernel_refuse(void)
{
    return kernel.op_number++;
}

/* Take an op out of its file's queue, so that the file's state does not
 * matter to it any more. Whoever is first then may have become ready. */
static void detach(struct kernel_op *op)
{
    set_ready(op, false);
    queue_remove(op);
    kernel_changed(op->file);
}

/* An op that will end may hold its file until it has, or not. */
static bool lets_go(const struct kernel_op *op)
{
    return machine.profile == SIM_LINUX &&
           kernel.file[op->file].peer != KERNEL_NONE &&
           machine_outcome(SCHED_PARTIAL, 2) != 0;
}

static void doom(struct kernel_op *op, int status)
{
    detach(op);
    op->doomed = true;
    op->status = status;
    set_ready(op, true);
    if (lets_go(op)) {
        op->released = true;
        kernel.file[op->file].doomed++;
        settle(op->file);
    }
}

/* What nobody has read yet of a write's bytes, which are the last to have
 * come. */
static void take_back(const struct kernel_op *op)
{
    uint16_t peer = kernel.file[op->file].peer;
    if (peer == KERNEL_NONE || op->kind != PORT_WRITE)
        return;
    uint32_t unread = kernel.file[peer].in_size;
    kernel.file[peer].in_size -= op->moved < unread ? op->moved : unread;
    kernel_changed(peer);
}

/* Windows need not say how much a write had moved before it failed; and a
 * pipe that keeps the bytes with the op loses those that nobody has read. */
static void forget_moved(struct kernel_op *op)
{
    if (machine.profile == SIM_LINUX || op->moved == 0 ||
        machine_outcome(SCHED_PARTIAL, 2) == 0)
        return;
    if (kernel.file[op->file].kind == FILE_PIPE_WRITER &&
        machine_outcome(SCHED_PARTIAL, 2) != 0)
        take_back(op);
    op->moved = 0;
}

static void abort_op(struct kernel_op *op)
{
    forget_moved(op);
    doom(op, LOOP_EABORTED);
}

static void deafen(struct kernel_op *op)
{
    detach(op);
    op->state = OP_DEAF;
}

struct kernel_op *kernel_start(const struct handle_entry *handle,
                               struct port_op *at,
                               const struct port_request *request,
                               int failure)
{
    uint16_t index;
    if (kernel.ops_free > 0)
        index = kernel.free_op[--kernel.ops_free];
    else if (kernel.ops_used < OPS_MAX)
        index = kernel.ops_used++;
    else
        return NULL;

    struct kernel_op *op = &kernel.op[index];
    *op = (struct kernel_op){
        .at = at, .buffer = request->buffer, .key = handle->key,
        .accepted = PORT_NO_HANDLE, .size = request->size,
        .serial = kernel.op_number++, .address = request->address,
        .file = handle->file, .port = handle->port,
        .bucket_next = *bucket_of(at),
        .kind = (uint8_t)request->kind, .state = OP_PENDING,
        .status = failure, .unfit = failure != 0 };
    *bucket_of(at) = index;
    arena_lend(op->at, sizeof *op->at);
    arena_lend(op->buffer, op->size);
    kernel.pending++;
    kernel.file[op->file].op_count++;
    queue_append(op);
    op->behind = op->prev != KERNEL_NONE;
    kernel_changed(op->file);
    if (failure != 0 && machine_outcome(SCHED_REFUSE, 2) != 0)
        doom(op, failure);
    return op;
}

static void finish(struct kernel_op *op, int status)
{
    if (op->doomed) {
        set_ready(op, false);
        kernel.file[op->file].doomed -= op->released;
    } else {
        detach(op);
    }
    op->status = status;
    op->state = OP_QUEUED;
    kernel.pending--;
    trace_emit(TRACE_COMPLETE, op->serial, status);
    if (!port_queue_op(op->port, index_of(op), op->key))
        kernel_lost(index_of(op));
    kernel.file[op->file].op_count--;
    settle(op->file);
}

/* The device is done with an op: its packet is queued at once, or at another
 * turn, when others may be before it. */
static void conclude(struct kernel_op *op)
{
    if (machine_outcome(SCHED_SYNC, 2) != 0)
        doom(op, 0);
    else
        finish(op, 0);
}

/* How much of n bytes the device moves at once. */
static uint32_t portion(uint32_t n)
{
    if (n < 2)
        return n;
    switch (machine_outcome(SCHED_PARTIAL, 3)) {
    case 1:
        return 1;
    case 2:
        return n / 2;
    default:
        return n;
    }
}

/* A reset is told once; after that it may look like an end in order, and
 * so it may after such an end. Wine's reads need not tell it at all. */
static int reset_status(struct file *f)
{
    bool known = f->told || f->ended || machine.profile == SIM_WINE8;
    bool quiet = known && machine_outcome(SCHED_PARTIAL, 2) != 0;
    f->told = true;
    return quiet ? 0 : LOOP_EBROKEN;
}

static void complete_read(struct kernel_op *op, struct file *f)
{
    if (f->reset && f->in_size == 0) {
        finish(op, reset_status(f));
        return;
    }
    uint32_t n = op->size < f->in_size ? op->size : f->in_size;
    n = portion(n);
    memset(op->buffer, FILLING, n);
    f->in_size -= n;
    op->moved = n;
    uint16_t peer = f->peer;
    conclude(op);
    if (peer != KERNEL_NONE)
        kernel_changed(peer);
}

/* A network takes bytes for a peer that has gone, and answers with a reset,
 * sooner or later; what it takes no more breaks. A pipe of Wine breaks the
 * first write and says of those behind it that they are done. */
static void write_to_nobody(struct kernel_op *op, struct file *f)
{
    bool stream = f->kind == FILE_STREAM;
    bool takes = stream ? !f->reset
                        : op->behind && machine.profile == SIM_WINE8;
    if (!takes || machine_outcome(SCHED_PARTIAL, 2) == 0) {
        f->told = true;
        forget_moved(op);
        finish(op, LOOP_EBROKEN);
        return;
    }
    uint32_t rest = op->size - op->moved;
    op->moved += stream && rest > KERNEL_WINDOW ? KERNEL_WINDOW : rest;
    f->reset = stream && (op->moved < op->size ||
                          machine_outcome(SCHED_PARTIAL, 2) == 0);
    if (op->moved < op->size)
        kernel_changed(op->file);
    else
        finish(op, 0);
}

/* A write may need several turns. One whose handle was closed meanwhile
 * fails in the end, although its bytes have arrived. */
static void complete_write(struct kernel_op *op, struct file *f)
{
    if (f->peer == KERNEL_NONE) {
        write_to_nobody(op, f);
        return;
    }
    uint16_t peer = f->peer;
    uint32_t room = KERNEL_WINDOW - kernel.file[peer].in_size;
    uint32_t rest = op->size - op->moved;
    uint32_t n = portion(rest < room ? rest : room);
    op->moved += n;
    kernel.file[peer].in_size += n;
    kernel_changed(peer);
    if (op->moved < op->size)
        kernel_changed(op->file);
    else if (f->life != FILE_OPEN)
        finish(op, LOOP_EFAILED);
    else
        conclude(op);
}

static void complete_accept(struct kernel_op *op, struct file *f)
{
    uint16_t connection = f->backlog;
    port_handle h = kernel_handle_open(connection, false);
    if (h == PORT_NO_HANDLE) {
        finish(op, LOOP_ENOMEM);
        return;
    }
    f->backlog = kernel.file[connection].next;
    op->accepted = h;
    conclude(op);
}

/* The socket becomes the far end of a new connection: its ops and its handle
 * stay with the file, so the ends change places. */
static bool link_socket(const struct kernel_op *op)
{
    uint16_t listener = kernel_listener(op->address.number);
    uint16_t far = listener == KERNEL_NONE ? KERNEL_NONE
                                           : kernel_connect(listener);
    if (far == KERNEL_NONE)
        return false;
    kernel_join(op->file, kernel_at(far)->peer);
    free_file(far);
    return true;
}

static void refuse_connect(struct kernel_op *op, struct file *f)
{
    if (!f->refused && machine_outcome(SCHED_PARTIAL, 2) != 0) {
        f->refused = true;
        return;
    }
    f->refused = false;
    f->told = true;
    finish(op, LOOP_EREFUSED);
}

/* The listener may hear of a connection before the one who asked for it,
 * who can then still be cancelled. A connection that ends in between leaves
 * a socket that can try again, and so does a refusal; one that a cancel has
 * kept from being told is told to the next try. The try after one that was
 * refused may fail whoever listens. */
static void complete_connect(struct kernel_op *op, struct file *f)
{
    if (f->linked && f->peer == KERNEL_NONE && f->reset) {
        f->linked = f->reset = false;
        finish(op, LOOP_EBROKEN);
        return;
    }
    if (f->told && machine_outcome(SCHED_PARTIAL, 2) != 0) {
        f->told = false;
        finish(op, LOOP_EBROKEN);
        return;
    }
    if (f->refused || (!f->linked && !link_socket(op))) {
        refuse_connect(op, f);
        return;
    }
    f->told = false;
    if (!f->linked && machine_outcome(SCHED_PARTIAL, 2) != 0) {
        f->linked = true;
        return;
    }
    f->kind = FILE_STREAM;
    finish(op, 0);
}

void kernel_complete(struct kernel_op *op)
{
    MACHINE_ASSERT(op->ready);
    struct file *f = &kernel.file[op->file];
    if (op->doomed || op->unfit) {
        f->told |= op->unfit && op->status == LOOP_EREFUSED;
        finish(op, op->status);
        return;
    }
    switch ((enum port_kind)op->kind) {
    case PORT_READ:
        complete_read(op, f);
        break;
    case PORT_WRITE:
        complete_write(op, f);
        break;
    case PORT_ACCEPT:
        complete_accept(op, f);
        break;
    case PORT_CONNECT:
        complete_connect(op, f);
        break;
    case PORT_WAIT:
        f->set = false;
        conclude(op);
        break;
    }
}

static unsigned count_ready(void)
{
    unsigned count = 0;
    for (uint16_t i = kernel.ready.first; i != KERNEL_NONE;
         i = kernel.op[i].ready_next)
        count++;
    return count;
}

/* Calm is the oldest. */
void kernel_turn(void)
{
    uint16_t i = kernel.ready.first;
    MACHINE_ASSERT(i != KERNEL_NONE);
    if (machine.faults & SIM_FAULT(SCHED_PICK_OP)) {
        unsigned skip = machine_outcome(SCHED_PICK_OP, count_ready());
        for (; skip > 0; skip--)
            i = kernel.op[i].ready_next;
    }
    kernel_complete(&kernel.op[i]);
}

/* Can what an op does next be the last of it? A write needs room for all. */
static bool can_end(const struct kernel_op *op)
{
    uint16_t peer = kernel.file[op->file].peer;
    return op->kind != PORT_WRITE || peer == KERNEL_NONE ||
           op->size - op->moved <= KERNEL_WINDOW - kernel.file[peer].in_size;
}

/*
 * A request: nothing completes here. An op that could end with a result at
 * this moment may still do so.
 */
void kernel_cancel(struct kernel_op *op)
{
    if (op->doomed && op->unfit)
        op->status = LOOP_EABORTED;
    if (op->doomed || op->state == OP_DEAF)
        return;
    switch (machine_outcome(SCHED_CANCEL, 4)) {
    case 1:
        if (op->ready && can_end(op))
            return;
        abort_op(op);
        break;
    case 2:
        doom(op, LOOP_EFAILED);
        break;
    case 3:
        deafen(op);
        break;
    default:
        abort_op(op);
        break;
    }
}

void kernel_lost(uint16_t index)
{
    kernel.op[index].state = OP_LOST;
    kernel.lost++;
}

/* A connection belongs to its listener until whoever dequeues it has told
 * it so: a port may find the listener gone by then. */
static void lose_connection(struct kernel_op *op)
{
    kernel_handle_close(kernel_handle(op->accepted, HANDLE_QUIET));
    op->accepted = PORT_NO_HANDLE;
    op->status = LOOP_EABORTED;
}

void kernel_dequeued(uint16_t index, struct packet *out)
{
    struct kernel_op *op = &kernel.op[index];
    MACHINE_ASSERT(op->state == OP_QUEUED);
    if (op->orphaned && machine_outcome(SCHED_CANCEL, 2) != 0)
        lose_connection(op);
    *out = (struct packet){
        .key = op->key, .op = op->at, .status = op->status,
        .size = op->moved, .handle = op->accepted };
    arena_return(op->at, sizeof *op->at);
    arena_return(op->buffer, op->size);
    bucket_remove(op);
    op->state = OP_FREE;
    kernel.free_op[kernel.ops_free++] = index;
    kernel.dequeued++;
}

/* --- closing ---------------------------------------------------------- */

/* The bare kernel completes nothing: what can end has its result, the rest
 * never hears again. A port that knows its ops aborts them. */
static void close_on_linux(struct kernel_op *op)
{
    if (machine_outcome(SCHED_CANCEL, 2) != 0)
        abort_op(op);
    else if (!op->ready)
        deafen(op);
}

static void close_on_wine(struct kernel_op *op)
{
    if (machine_outcome(SCHED_CANCEL, 2) != 0)
        abort_op(op);
}

static void close_pipe_writer(struct kernel_op *op)
{
    switch (machine_outcome(SCHED_CANCEL, 3)) {
    case 1:
        break;
    case 2:
        abort_op(op);
        break;
    default:
        doom(op, LOOP_EBROKEN);
        break;
    }
}

/*
 * A socket aborts what is pending, a pipe breaks it. A pipe's writer may
 * keep its bytes for the reader instead, and the op with them; Wine does so
 * with a socket's. A port that cancels before it closes has them aborted.
 */
static void close_on_windows(struct kernel_op *op, const struct file *f)
{
    if (op->kind == PORT_WRITE && f->kind == FILE_STREAM &&
        machine.profile == SIM_WINE8)
        close_on_wine(op);
    else if (f->kind == FILE_PIPE_WRITER)
        close_pipe_writer(op);
    else if (f->kind == FILE_PIPE_READER &&
             machine_outcome(SCHED_CANCEL, 2) == 0)
        doom(op, LOOP_EBROKEN);
    else
        abort_op(op);
}

/* Windows resets a connection that is closed over a pending read, unless the
 * port has cancelled that read before. */
static bool cuts(const struct file *f)
{
    return machine.profile == SIM_WIN10 && f->kind == FILE_STREAM &&
           f->queue[FILE_INPUT].first != KERNEL_NONE &&
           machine_outcome(SCHED_CANCEL, 2) == 0;
}

static void close_queue(struct file *f, unsigned queue)
{
    uint16_t i = f->queue[queue].first;
    while (i != KERNEL_NONE) {
        struct kernel_op *op = &kernel.op[i];
        i = op->next;
        if (machine.profile == SIM_LINUX)
            close_on_linux(op);
        else
            close_on_windows(op, f);
    }
}

/* An op that its device does not have may have waited for this. */
static void abort_unfit(uint16_t file)
{
    for (uint16_t i = kernel.ready.first; i != KERNEL_NONE;
         i = kernel.op[i].ready_next) {
        struct kernel_op *op = &kernel.op[i];
        if (op->file == file && op->unfit && op->doomed &&
            machine_outcome(SCHED_CANCEL, 2) != 0)
            op->status = LOOP_EABORTED;
    }
}

static void orphan_accepts(uint16_t listener)
{
    for (unsigned i = 0; i < kernel.ops_used; i++) {
        struct kernel_op *op = &kernel.op[i];
        op->orphaned |= op->state == OP_QUEUED && op->file == listener &&
                        op->accepted != PORT_NO_HANDLE;
    }
}

static void reset_backlog(struct file *listener)
{
    while (listener->backlog != KERNEL_NONE) {
        uint16_t index = listener->backlog;
        struct file *connection = &kernel.file[index];
        listener->backlog = connection->next;
        connection->life = FILE_CLOSED;
        connection->in_size += 1;       /* what nobody reads is a reset */
        settle(index);
    }
}

void kernel_handle_close(struct handle_entry *handle)
{
    struct file *f = kernel_at(handle->file);
    handle->open = false;
    handle->generation++;
    kernel.open -= !handle->far;
    kernel.free_handle[kernel.handles_free++] =
        (uint16_t)(handle - kernel.handle);
    trace_emit(TRACE_HANDLE_CLOSE, handle->number, 0);

    f->life = FILE_CLOSED;
    f->cut = cuts(f);
    close_queue(f, FILE_INPUT);
    close_queue(f, FILE_OUTPUT);
    abort_unfit(handle->file);
    reset_backlog(f);
    kernel_changed(handle->file);
    if (f->kind == FILE_LISTENER && machine.profile != SIM_LINUX)
        orphan_accepts(handle->file);
    settle(handle->file);
}
