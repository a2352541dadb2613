/*
 * seam.c - what stands between the loop and its platform, call by call.
 *
 * Order within a call: noise, then the turn of a recorded order, then the
 * platform, then the account and the trace. A wait is told to threads.h
 * before the platform can keep the thread.
 */
#include "seam.h"

#include <stdatomic.h>
#include <stddef.h>

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/port.h"
#include "../peer.h"
#include "../trace.h"
#include "noise.h"
#include "order.h"
#include "system.h"
#include "threads.h"

#define SLICE_NS 3000000u
#define SLICE_UNSURE_NS 10000000u   /* where it takes long to see that
                                       nothing moves: longer than that   */
#define PAUSE_NS 1000000u

/*
 * Two names for each function: the platform's, and the one that stands in
 * front of it.
 */
#define SEAM(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

SEAM(int, port_open, struct port **out);
SEAM(void, port_close, struct port *p);
SEAM(int, port_associate, struct port *p, port_handle h, uint64_t key);
SEAM(int, port_start, struct port *p, port_handle h, struct port_op *op,
     const struct port_request *request);
SEAM(int, port_cancel, struct port *p, port_handle h, struct port_op *op);
SEAM(void, port_cancel_soon, struct port *p,
     const struct port_started *started, int count);
SEAM(int, port_post, struct port *p, uint64_t key);
SEAM(int, port_dequeue, struct port *p, struct packet *out, int cap,
     uint64_t until);
SEAM(int, port_socket, port_handle *out);
SEAM(int, port_listen, port_handle *out, struct port_address *at);
SEAM(int, port_pipe, port_handle *reader, port_handle *writer);
SEAM(int, port_object, port_handle *out);
SEAM(void, port_object_set, port_handle h);
SEAM(void, port_handles_close, const port_handle *handles, int count);
SEAM(void *, os_alloc, size_t size);
SEAM(void, os_free, void *memory);
SEAM(uint64_t, os_now, void);
SEAM(void, os_mutex_lock, struct os_mutex *m);
SEAM(void, os_mutex_unlock, struct os_mutex *m);
SEAM(void, os_cond_signal, struct os_cond *c);
SEAM(void, os_cond_broadcast, struct os_cond *c);
SEAM(int, os_cond_wait, struct os_cond *c, struct os_mutex *m, uint64_t until);
SEAM(int, os_thread_start, struct os_thread *t, const char *name,
     void (*entry)(void *arg), void *arg);
SEAM(void, os_thread_join, struct os_thread *t);
SEAM(void, os_pause, void);
SEAM(int, os_console_watch, struct os_console *c);
SEAM(void, os_console_ignore, struct os_console *c);
SEAM(int, peer_socket_pair, port_handle *near, port_handle *far);
SEAM(int, peer_pipe, port_handle *near, port_handle *far, int near_reads);
SEAM(void, peer_set, port_handle object);

static struct {
    atomic_ullong passed;       /* how far the clock was moved on            */
    atomic_uint   ports;
    atomic_int    handles;
    atomic_uint   started;      /* ops                                       */
    atomic_uint   dequeued;
    atomic_int    allocations;
    atomic_int    watchers;
    atomic_bool   ordered;      /* a set or a close is being made            */
} seam;

/* Calls of the platform within a call of the port are the port's own. */
static _Thread_local unsigned inside_port;

void seam_begin(void)
{
    atomic_store(&seam.ports, 0);
    atomic_store(&seam.handles, 0);
    atomic_store(&seam.started, 0);
    atomic_store(&seam.dequeued, 0);
    atomic_store(&seam.allocations, 0);
    atomic_store(&seam.watchers, 0);
}

void ground_left(struct ground_left *out)
{
    uint32_t started = atomic_load(&seam.started);
    uint32_t dequeued = atomic_load(&seam.dequeued);
    *out = (struct ground_left){
        .ports = atomic_load(&seam.ports),
        .handles = (uint32_t)atomic_load(&seam.handles),
        .ops_pending = started > dequeued ? started - dequeued : 0,
        .ops_dequeued = dequeued,
        .allocations = (uint32_t)atomic_load(&seam.allocations),
        .threads = threads_alive(),
        .console_watchers = (uint32_t)atomic_load(&seam.watchers),
    };
}

/* Time. */

uint64_t __wrap_os_now(void)
{
    return __real_os_now() + atomic_load(&seam.passed);
}

uint64_t ground_time(void)
{
    return __wrap_os_now();
}

void seam_pass_time(uint64_t until)
{
    uint64_t now = __wrap_os_now();
    if (until != OS_FOREVER && until > now)
        atomic_fetch_add(&seam.passed, until - now);
}

/* The end of the next slice of a wait, by the clock that can be moved. */
static uint64_t slice(uint64_t until)
{
    uint64_t end = __wrap_os_now() +
                   (system_knows_sleepers() ? SLICE_NS : SLICE_UNSURE_NS);
    return until < end ? until : end;
}

/* Before a call, and after it. */

static void before(enum trace_kind kind)
{
    if (inside_port > 0)
        return;
    noise_point();
    order_await(kind);
}

static void after(enum trace_kind kind, unsigned object, int value)
{
    if (inside_port == 0)
        trace_emit(kind, object, value);
}

/* A number for an address: the same in one run, and short. */
static unsigned number_of(const void *object)
{
    return (unsigned)((uintptr_t)object >> 4 & 0xffff);
}

/* port.h */

int __wrap_port_open(struct port **out)
{
    before(TRACE_PORT_OPEN);
    inside_port++;
    int result = __real_port_open(out);
    inside_port--;
    if (result == 0)
        atomic_fetch_add(&seam.ports, 1);
    after(TRACE_PORT_OPEN, 0, result);
    return result;
}

void __wrap_port_close(struct port *p)
{
    before(TRACE_PORT_CLOSE);
    inside_port++;
    __real_port_close(p);
    inside_port--;
    atomic_fetch_sub(&seam.ports, 1);
    after(TRACE_PORT_CLOSE, number_of(p), 0);
}

int __wrap_port_associate(struct port *p, port_handle h, uint64_t key)
{
    before(TRACE_ASSOCIATE);
    inside_port++;
    int result = __real_port_associate(p, h, key);
    inside_port--;
    after(TRACE_ASSOCIATE, (unsigned)h, result);
    return result;
}

/* Counted before it starts: another thread may dequeue its packet before the
 * call has returned. */
int __wrap_port_start(struct port *p, port_handle h, struct port_op *op,
                      const struct port_request *request)
{
    int kind = (int)request->kind;
    before(TRACE_START);
    atomic_fetch_add(&seam.started, 1);
    inside_port++;
    int result = __real_port_start(p, h, op, request);
    inside_port--;
    if (result < 0)
        atomic_fetch_sub(&seam.started, 1);
    after(TRACE_START, number_of(op), result < 0 ? result : kind);
    return result;
}

int __wrap_port_cancel(struct port *p, port_handle h, struct port_op *op)
{
    before(TRACE_CANCEL);
    inside_port++;
    int result = __real_port_cancel(p, h, op);
    inside_port--;
    after(TRACE_CANCEL, number_of(op), result);
    return result;
}

void __wrap_port_cancel_soon(struct port *p,
                             const struct port_started *started, int count)
{
    before(TRACE_CANCEL);
    inside_port++;
    __real_port_cancel_soon(p, started, count);
    inside_port--;
    for (int i = 0; i < count; i++)
        after(TRACE_CANCEL, number_of(started[i].op), 0);
}

int __wrap_port_post(struct port *p, uint64_t key)
{
    before(TRACE_POST);
    inside_port++;
    int result = __real_port_post(p, key);
    inside_port--;
    after(TRACE_POST, number_of(p), result);
    return result;
}

static void count_packets(const struct packet *packet, int count)
{
    for (int i = 0; i < count; i++) {
        if (packet[i].op)
            atomic_fetch_add(&seam.dequeued, 1);
        if (packet[i].handle != PORT_NO_HANDLE)
            atomic_fetch_add(&seam.handles, 1);
    }
}

static int wait_for_packets(struct port *p, struct packet *out, int cap,
                            uint64_t until)
{
    int count;
    do {
        count = __real_port_dequeue(
            p, out, cap, until == PORT_FOREVER ? until : slice(until));
    } while (count == 0 && __wrap_os_now() < until);
    return count;
}

/* A poll that finds nothing is a place to begin a wait at, for a record that
 * has one. */
int __wrap_port_dequeue(struct port *p, struct packet *out, int cap,
                        uint64_t until)
{
    before(TRACE_DEQUEUE_WAIT);
    trace_emit(TRACE_DEQUEUE_WAIT, number_of(p), 0);
    inside_port++;
    threads_wait(GROUND_BLOCKED_DEQUEUE, number_of(p), until);
    int count = wait_for_packets(p, out, cap, until);
    threads_go_on();
    inside_port--;
    count_packets(out, count);
    noise_point();
    after(TRACE_DEQUEUE, number_of(p), count);
    return count;
}

static int opened(int result, int handles)
{
    if (result == 0)
        atomic_fetch_add(&seam.handles, handles);
    after(TRACE_HANDLE_OPEN, 0, result);
    return result;
}

int __wrap_port_socket(port_handle *out)
{
    return opened(__real_port_socket(out), 1);
}

int __wrap_port_listen(port_handle *out, struct port_address *at)
{
    return opened(__real_port_listen(out, at), 1);
}

int __wrap_port_pipe(port_handle *reader, port_handle *writer)
{
    return opened(__real_port_pipe(reader, writer), 2);
}

int __wrap_port_object(port_handle *out)
{
    return opened(__real_port_object(out), 1);
}

int __wrap_peer_socket_pair(port_handle *near, port_handle *far)
{
    return opened(__real_peer_socket_pair(near, far), 1);
}

int __wrap_peer_pipe(port_handle *near, port_handle *far, int near_reads)
{
    return opened(__real_peer_pipe(near, far, near_reads), 1);
}

/*
 * The world may set an object and the loop close it, when the wait was ended
 * by a cancel: each in its own time, which is no race of the loop's, and who
 * watches for races has to be shown an order.
 */
static void begin_ordered(void)
{
    while (atomic_exchange(&seam.ordered, true))
        __real_os_pause();
}

static void end_ordered(void)
{
    atomic_store(&seam.ordered, false);
}

void __wrap_peer_set(port_handle object)
{
    begin_ordered();
    __real_peer_set(object);
    end_ordered();
}

void __wrap_port_object_set(port_handle h)
{
    before(TRACE_PEER);
    inside_port++;
    __real_port_object_set(h);
    inside_port--;
}

void __wrap_port_handles_close(const port_handle *handles, int count)
{
    before(TRACE_HANDLE_CLOSE);
    inside_port++;
    begin_ordered();
    __real_port_handles_close(handles, count);
    end_ordered();
    inside_port--;
    atomic_fetch_sub(&seam.handles, count);
    for (int i = 0; i < count; i++)
        after(TRACE_HANDLE_CLOSE, (unsigned)handles[i], 0);
}

/* os.h */

void *__wrap_os_alloc(size_t size)
{
    void *memory = __real_os_alloc(size);
    if (memory)
        atomic_fetch_add(&seam.allocations, 1);
    return memory;
}

void __wrap_os_free(void *memory)
{
    if (memory)
        atomic_fetch_sub(&seam.allocations, 1);
    __real_os_free(memory);
}

void __wrap_os_mutex_lock(struct os_mutex *m)
{
    before(TRACE_LOCK);
    if (inside_port == 0)
        threads_wait(GROUND_BLOCKED_LOCK, number_of(m), OS_FOREVER);
    __real_os_mutex_lock(m);
    if (inside_port == 0)
        threads_go_on();
    after(TRACE_LOCK, number_of(m), 0);
}

void __wrap_os_mutex_unlock(struct os_mutex *m)
{
    unsigned number = number_of(m);
    __real_os_mutex_unlock(m);
    after(TRACE_UNLOCK, number, 0);
    if (inside_port == 0)
        noise_point();
}

void __wrap_os_cond_signal(struct os_cond *c)
{
    before(TRACE_COND_SIGNAL);
    __real_os_cond_signal(c);
    after(TRACE_COND_SIGNAL, number_of(c), 1);
}

void __wrap_os_cond_broadcast(struct os_cond *c)
{
    before(TRACE_COND_SIGNAL);
    __real_os_cond_broadcast(c);
    after(TRACE_COND_SIGNAL, number_of(c), 2);
}

/* A time of the clock that can be moved, on the platform's own. */
static uint64_t unmoved(uint64_t until)
{
    uint64_t passed = atomic_load(&seam.passed);
    return until == OS_FOREVER ? until : until > passed ? until - passed : 0;
}

/* The platform waits by its own clock. A slice that ends is told as a waking:
 * that may always be spurious. A port that waits this way has been told as
 * waiting already, and its wait is in slices. */
int __wrap_os_cond_wait(struct os_cond *c, struct os_mutex *m, uint64_t until)
{
    if (inside_port > 0)
        return __real_os_cond_wait(c, m, unmoved(until));
    before(TRACE_COND_WAIT);
    after(TRACE_COND_WAIT, number_of(c), 0);
    threads_wait(GROUND_BLOCKED_COND, number_of(c), until);
    int woken = __real_os_cond_wait(
        c, m, until == OS_FOREVER ? until : unmoved(slice(until)));
    threads_go_on();
    woken |= until != OS_FOREVER && __wrap_os_now() < until;
    after(TRACE_COND_WOKEN, number_of(c), woken);
    return woken;
}

int __wrap_os_thread_start(struct os_thread *t, const char *name,
                           void (*entry)(void *arg), void *arg)
{
    return threads_start(t, name, entry, arg);
}

int seam_thread_start(struct os_thread *t, const char *name,
                      void (*entry)(void *arg), void *arg)
{
    return __real_os_thread_start(t, name, entry, arg);
}

void seam_thread_join(struct os_thread *t)
{
    __real_os_thread_join(t);
}

void seam_mutex_lock(struct os_mutex *m)
{
    __real_os_mutex_lock(m);
}

void seam_mutex_unlock(struct os_mutex *m)
{
    __real_os_mutex_unlock(m);
}

void __wrap_os_thread_join(struct os_thread *t)
{
    unsigned thread = threads_find(t);
    before(TRACE_THREAD_JOIN);
    threads_wait(GROUND_BLOCKED_JOIN, thread, OS_FOREVER);
    __real_os_thread_join(t);
    threads_go_on();
    if (thread != GROUND_OUTSIDE)
        atomic_store(&threads[thread].joined, true);
    after(TRACE_THREAD_JOIN, thread, 0);
}

void __wrap_os_pause(void)
{
    threads_wait(GROUND_BLOCKED_PAUSE, 0, __wrap_os_now() + PAUSE_NS);
    __real_os_pause();
    threads_go_on();
}

int __wrap_os_console_watch(struct os_console *c)
{
    int result = __real_os_console_watch(c);
    if (result == 0)
        atomic_fetch_add(&seam.watchers, 1);
    return result;
}

/* Not counted any more before it ends: from then on the event may be the
 * last that is heard. */
void __wrap_os_console_ignore(struct os_console *c)
{
    atomic_fetch_sub(&seam.watchers, 1);
    threads_wait(GROUND_BLOCKED_COND, number_of(c), OS_FOREVER);
    __real_os_console_ignore(c);
    threads_go_on();
}
