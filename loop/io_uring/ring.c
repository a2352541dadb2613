/*
 * ring.c - the two queues that are shared with the kernel.
 *
 * Any thread puts entries, under the port's lock, and any calls the kernel to
 * take them over, under none: the kernel lets one call in after the other, and
 * each takes what is there. It looks up a descriptor when it takes over the
 * entry that names it, so no handle is closed before all entries that name it
 * are taken over: sockets are closed by entries that come behind them,
 * anything else when all entries are gone. Any thread takes completions, under
 * the port's lock, and never sees the kernel's queue overflow: what does not
 * fit is kept by the kernel and comes with the next look.
 *
 * The ring is of the plain kind. A completion runs on the thread that has
 * submitted the op, which is interrupted for it, so the op does not depend
 * on anybody's waiting; a ring that defers this work to the thread that waits
 * would be a little faster, but lets only one thread submit, or leaves the
 * ops of a thread unfinished while it computes. The price: a system call that
 * such a thread sleeps in may end with EINTR, as after a signal.
 *
 * source: io_uring_enter(2), io_uring_setup(2)
 */
#include <errno.h>
#include <signal.h>

#include "../check.h"
#include "../loop.h"
#include "ring.h"

#define NANOSECONDS 1000000000u
#define SUBMISSIONS 128
#define COMPLETIONS 4096        /* by this the kernel sizes the table in
                                   which it finds what is to be cancelled */
#define PULL_MAX 64
#define AHEAD 4                 /* completions until one is foreseen       */

/* SUBMIT_ALL is what needs the kernel to be 5.18: an entry that fails must
 * not hold back those behind it. */
#define FLAGS (IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | \
               IORING_SETUP_SUBMIT_ALL)
#define FEATURES (IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | \
                  IORING_FEAT_RW_CUR_POS | IORING_FEAT_FAST_POLL | \
                  IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP)

int ring_open(struct ring_port *p)
{
    struct io_uring_params params = { .flags = FLAGS,
                                      .cq_entries = COMPLETIONS };
    if (io_uring_queue_init_params(SUBMISSIONS, &p->uring, &params))
        return LOOP_EREFUSED;
    if ((params.features & FEATURES) != FEATURES)
        goto fail_close;
    return 0;

fail_close:
    io_uring_queue_exit(&p->uring);
    return LOOP_EREFUSED;
}

void ring_close(struct ring_port *p)
{
    io_uring_queue_exit(&p->uring);
}

/* The queues are the library's, but for this: its own call publishes what was
 * put at the moment of the system call, when no lock is held. It has mapped
 * the slots of the queue to entries once, when it was opened. */
void ring_put(struct ring_port *p)
{
    io_uring_smp_store_release(p->uring.sq.ktail, p->uring.sq.sqe_tail);
}

static unsigned published(const struct ring_port *p)
{
    return io_uring_smp_load_acquire(p->uring.sq.ktail);
}

/* Up to where the kernel has taken over; acquired, since another thread may
 * be the one that has called it. */
static unsigned taken_over(const struct ring_port *p)
{
    return io_uring_smp_load_acquire(p->uring.sq.khead);
}

static unsigned kept_until(const struct ring_port *p, unsigned tail)
{
    int count = (int)(tail - taken_over(p));
    return count > 0 ? (unsigned)count : 0;
}

bool ring_has_kept(const struct ring_port *p)
{
    return kept_until(p, published(p)) > 0;
}

static bool has_room(const struct ring_port *p)
{
    const struct io_uring_sq *queue = &p->uring.sq;
    return queue->sqe_tail - taken_over(p) < queue->ring_entries;
}

struct io_uring_sqe *ring_entry(struct ring_port *p)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&p->uring);
    LOOP_ASSERT(sqe);
    return sqe;
}

static bool put_wake(struct ring_port *p)
{
    os_mutex_lock(&p->port.lock);
    bool put = has_room(p);
    if (put) {
        struct io_uring_sqe *sqe = ring_entry(p);
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, RING_WAKE);
        ring_put(p);
    }
    os_mutex_unlock(&p->port.lock);
    return put;
}

/* Pull all there is. A wake that is pulled has to go out again, since this
 * thread does not look at the packets.
 *
 *   returns   true if that is a wake for who leads
 */
static bool make_room(struct ring_port *p)
{
    os_mutex_lock(&p->port.lock);
    do
        ring_pull(p);
    while (io_uring_cq_ready(&p->uring) > 0);
    enum ring_sleeper sleeper = ring_choose_sleeper(p);
    os_mutex_unlock(&p->port.lock);
    if (sleeper == FOLLOWER)
        os_cond_signal(&p->follow);
    else if (sleeper == DOZER)
        doze_call(&p->port);
    return sleeper == LEADER;
}

/* Until the kernel has taken over what was put before this call, and a wake
 * if one is owed. It moves the head of the queue after it has dealt with what
 * it takes, be it for this call or for that of another thread: so who closes
 * may go by that. The kernel may lack memory, or room for completions. */
static void submit(struct ring_port *p, bool wake)
{
    unsigned tail = published(p);
    while (wake || kept_until(p, tail) > 0) {
        if (wake) {
            wake = !put_wake(p);
            tail = published(p);
        }
        int result = io_uring_enter((unsigned)p->uring.ring_fd,
                                    kept_until(p, tail), 0, 0, NULL);
        LOOP_ASSERT(result >= 0 || result == -EINTR || result == -EAGAIN ||
                    result == -EBUSY);
        if (result == -EAGAIN || result == -EBUSY) {
            wake |= make_room(p);
            os_pause();
        }
    }
}

void ring_submit(struct ring_port *p)
{
    submit(p, false);
}

void ring_wake(struct ring_port *p)
{
    submit(p, true);
}

/* So many have been kept that the queue is full, and they may end before
 * anybody looks: what does not fit among the completions costs the kernel an
 * allocation each. What they are about is still in the processor's cache. */
void ring_reserve(struct ring_port *p)
{
    while (!has_room(p)) {
        os_mutex_unlock(&p->port.lock);
        ring_submit(p);
        if (make_room(p))
            ring_wake(p);
        os_mutex_lock(&p->port.lock);
    }
}

/* A socket has nothing to flush, so the kernel closes it before the call is
 * over, as close(2) would, and completes only a close that has failed. */
static void put_close(struct ring_port *p, struct association *a)
{
    ring_reserve(p);
    struct io_uring_sqe *sqe = ring_entry(p);
    io_uring_prep_close(sqe, a->fd);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(sqe, RING_CLOSE);
    ring_put(p);
    a->gone = true;
}

/* The ops that are in the kernel keep the file open, and the association,
 * until they are settled; they are submitted before the descriptor is closed,
 * so none of them can meet its next owner. So are cancels that are kept: what
 * is cancelled first must not see the close. Many closes in one call take less
 * time than a call for each, but one alone is better made by close(2). */
void ring_shut(struct port *port, struct association *const *closing,
               int count)
{
    struct ring_port *p = ring_of(port);
    if (count > 1) {
        os_mutex_lock(&port->lock);
        for (int i = 0; i < count; i++)
            if (closing[i]->device == DEVICE_SOCKET)
                put_close(p, closing[i]);
        os_mutex_unlock(&port->lock);
    }
    ring_submit(p);
}

enum answer {
    OPEN,           /* more is due                                        */
    CLOSED,         /* nothing is due: the op can be settled              */
    MISSED,         /* the op is due, and a cancel has to be repeated     */
};

static enum answer take_answer(struct kernel_op *op, bool of_cancel,
                               int32_t result)
{
    unsigned due = of_cancel ? DUE_CANCEL : DUE_RESULT;
    LOOP_ASSERT(op->ring_due & due);
    LOOP_ASSERT(atomic_load(&op->state) == OP_PENDING);
    op->ring_due &= (uint8_t)~due;
    if (!of_cancel)
        op->ring_result = result;
    else if (result == -ENOENT)
        op->ring_due |= CANCEL_MISSED;
    if (!(op->ring_due & (DUE_RESULT | DUE_CANCEL)))
        return CLOSED;
    return op->ring_due == (DUE_RESULT | CANCEL_MISSED) ? MISSED : OPEN;
}

/* The list has a reference. */
static void list_untried(struct ring_port *p, struct association *a,
                         enum direction direction)
{
    if (!a->ring_untried) {
        association_retain(a);
        a->ring_next = p->untried;
        p->untried = a;
    }
    a->ring_untried |= (uint8_t)(1u << direction);
}

/* The op that a completion is about, or NULL. */
static struct kernel_op *op_of(const struct io_uring_cqe *cqe)
{
    uint64_t data = io_uring_cqe_get_data64(cqe);
    if (data == RING_WAKE || data == RING_CLOSE)
        return NULL;
    return (struct kernel_op *)(uintptr_t)(data & ~(uint64_t)RING_CANCEL);
}

static void take_completion(struct ring_port *p, struct kernel_op *op,
                            const struct io_uring_cqe *cqe)
{
    struct association *a = op->association;
    enum direction direction = association_direction(op->request.kind);
    bool of_cancel = io_uring_cqe_get_data64(cqe) & RING_CANCEL;
    enum answer answer = take_answer(op, of_cancel, cqe->res);
    if (answer == MISSED ||
        (answer == CLOSED && ring_settle(a, op, direction)))
        list_untried(p, a, direction);
}

static bool is_empty(const struct ring_port *p)
{
    return io_uring_cq_ready(&p->uring) == 0 &&
           !io_uring_cq_has_overflow(&p->uring);
}

/* First an op, and when that is there, its association. */
static void foresee_completions(struct io_uring_cqe **cqe, unsigned count)
{
    struct kernel_op *op = count > AHEAD ? op_of(cqe[AHEAD]) : NULL;
    if (op)
        foresee(op->association, sizeof(struct association));
    op = count > 2 * AHEAD ? op_of(cqe[2 * AHEAD]) : NULL;
    if (op)
        foresee(op, sizeof *op);
}

void ring_pull(struct ring_port *p)
{
    if (is_empty(p))
        return;
    struct io_uring_cqe *cqe[PULL_MAX];
    unsigned wakes = 0;
    unsigned count = io_uring_peek_batch_cqe(&p->uring, cqe, PULL_MAX);
    for (unsigned i = 0; i < count; i++) {
        struct kernel_op *op = op_of(cqe[i]);
        foresee_completions(cqe + i, count - i);
        LOOP_ASSERT(io_uring_cqe_get_data64(cqe[i]) != RING_CLOSE);
        if (op)
            take_completion(p, op, cqe[i]);
        else
            wakes++;
    }
    if (wakes > 0)
        p->waking = false;
    p->due -= count - wakes;
    io_uring_cq_advance(&p->uring, count);
}

/* The errors are the end of the time, a signal, or a full queue; after each
 * of them the caller looks at the queue. Another one says that the kernel had
 * no memory to keep a completion that did not fit: its op would never end. If
 * it has none for what is kept, this comes back and is called again. */
void ring_wait(struct ring_port *p, uint64_t until)
{
    uint64_t now = os_now();
    uint64_t left = until > now ? until - now : 0;
    struct __kernel_timespec limit = {
        .tv_sec = (int64_t)(left / NANOSECONDS),
        .tv_nsec = (int64_t)(left % NANOSECONDS),
    };
    struct io_uring_getevents_arg arg = {
        .sigmask_sz = _NSIG / 8,
        .ts = until == PORT_FOREVER ? 0 : (uint64_t)(uintptr_t)&limit,
    };
    int result = io_uring_enter2(
        (unsigned)p->uring.ring_fd, kept_until(p, published(p)), 1,
        IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
        (sigset_t *)(void *)&arg, sizeof arg);
    LOOP_ASSERT(result >= 0 || result == -ETIME || result == -EINTR ||
                result == -EBUSY || result == -EAGAIN);
    if (result == -EAGAIN)
        os_pause();
}
