/*
 * epoll.c - a completion port over epoll and an eventfd: its waiters, and how
 * they are woken.
 *
 * The kernel says only that a device may be ready; packets, ops and cancels
 * live in user space. A thread that waits does so in epoll_wait, for devices
 * and wakes alike; without devices, the first one dozes.
 *
 * source: epoll(7), eventfd(2); Win32 I/O completion ports for the rules
 */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "epoll.h"

#define MILLISECOND 1000000u
#define EVENTS_MAX 64
#define TAKES_MAX 64            /* dequeues in a row that skip the devices */
#define WAKE_DATA UINT64_MAX

static int watch_wake(struct epoll_port *p)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET,
                                 .data.u64 = WAKE_DATA };
    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &event);
}

int epoll_port_open(struct port **out)
{
    struct epoll_port *p = os_alloc(sizeof *p);
    if (!p)
        return LOOP_ENOMEM;
    p->port.engine = ENGINE_EPOLL;
    if (queue_open(&p->port.queue))
        goto fail_free;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0)
        goto fail_close_queue;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->wake < 0)
        goto fail_close_epoll;
    if (watch_wake(p))
        goto fail_close_wake;
    if (os_mutex_open(&p->port.lock))
        goto fail_close_wake;
    *out = &p->port;
    return 0;

fail_close_wake:
    close(p->wake);
fail_close_epoll:
    close(p->epoll);
fail_close_queue:
    queue_close(&p->port.queue);
fail_free:
    os_free(p);
    return LOOP_ENOMEM;
}

void epoll_port_close(struct port *port)
{
    struct epoll_port *p = epoll_of(port);
    LOOP_ASSERT(atomic_load(&p->parked) == 0);
    LOOP_ASSERT(!port->dozing);
    association_orphan_all(port, NULL);
    queue_close(&port->queue);
    close(p->wake);
    close(p->epoll);
    os_mutex_close(&port->lock);
    os_free(p);
}

/*
 * Wakes.
 *
 * A waiter that finds the queue empty counts itself as parked, under the
 * lock, and goes to sleep in epoll_wait. Whoever makes the queue non-empty
 * while someone is parked and no wake is on its way marks one as on its way
 * and writes to the eventfd, which is watched edge-triggered: each write is
 * one event that one waiter fetches, and nobody reads the counter.
 *
 * While the port has no handle, a waiter that is the only one dozes instead,
 * and is called. Whoever comes after it parks, and is woken before it.
 *
 * So whenever the lock is free, one of these holds: the queue is empty;
 * nobody is parked or dozes; a wake is on its way; or a thread that is awake
 * inside port_dequeue is about to look at the queue. The wake stays on its
 * way until a waiter that was asleep when it was marked has come back, by the
 * wake or by itself, takes the lock, clears the mark and looks at the queue.
 * And whoever has looked and leaves packets behind hands on: it sends the
 * next wake itself. A waiter whose time is over as a wake arrives looks at
 * the queue all the same, and the event it has not fetched lets the next one
 * that parks return at once, which costs a look and loses nothing.
 *
 * One wake at a time means that a busy loop, where nobody sleeps, writes
 * nothing, and that a burst of posts to a sleeping loop writes once.
 */
static bool must_wake(struct epoll_port *p)
{
    bool sleeps = atomic_load(&p->parked) > 0 || p->port.dozing;
    if (!p->port.queue.first || !sleeps || p->waking)
        return false;
    p->waking = true;
    return true;
}

/*
 * Outside the lock: the thread that wakes wants the lock first of all. So who
 * sleeps may have changed since the wake was marked. If nobody is parked now,
 * those that were have come back by themselves, and a call reaches the one
 * that dozes, if it is it that was meant. If somebody is, but came only since,
 * there was no packet left for the one that was meant.
 */
void epoll_send_wake(struct epoll_port *p)
{
    uint64_t one = 1;
    if (atomic_load(&p->parked) == 0) {
        doze_call(&p->port);
        return;
    }
    ssize_t written = write(p->wake, &one, sizeof one);
    LOOP_ASSERT(written == sizeof one);
}

bool epoll_queue(struct epoll_port *p, struct node *n, enum urgency urgency)
{
    os_mutex_lock(&p->port.lock);
    queue_append(&p->port.queue, n);
    bool wake = urgency == NOW && must_wake(p);
    os_mutex_unlock(&p->port.lock);
    return wake;
}

int epoll_port_post(struct port *port, uint64_t key)
{
    struct epoll_port *p = epoll_of(port);
    os_mutex_lock(&port->lock);
    int status = queue_post(&port->queue, key);
    bool wake = status == 0 && must_wake(p);
    os_mutex_unlock(&port->lock);

    if (wake)
        epoll_send_wake(p);
    return status;
}

/* For kernels without epoll_pwait2: milliseconds, rounded up so as not to
 * come back early and spin. */
static int wait_coarsely(struct epoll_port *p, struct epoll_event *events,
                         const struct timespec *left)
{
    int wait = INT_MAX;
    if (left->tv_sec < INT_MAX / 1000 - 1)
        wait = (int)left->tv_sec * 1000 +
               (int)((left->tv_nsec + MILLISECOND - 1) / MILLISECOND);
    return epoll_wait(p->epoll, events, EVENTS_MAX, wait);
}

/* A limit in nanoseconds costs the kernel more, and older ones do not know
 * it. */
static int wait_until(struct epoll_port *p, struct epoll_event *events,
                      uint64_t until)
{
    struct timespec left = time_left(until);
    int count = -1;
    errno = ENOSYS;
    if (!atomic_load_explicit(&p->lacks_pwait2, memory_order_relaxed))
        count = epoll_pwait2(p->epoll, events, EVENTS_MAX, &left, NULL);
    if (count < 0 && errno == ENOSYS) {
        atomic_store_explicit(&p->lacks_pwait2, true, memory_order_relaxed);
        count = wait_coarsely(p, events, &left);
    }
    return count;
}

/* How many events, 0 also when a signal has interrupted the wait. */
static int wait_for_events(struct epoll_port *p, struct epoll_event *events,
                           uint64_t until)
{
    int count = until == 0 || until == PORT_FOREVER
                    ? epoll_wait(p->epoll, events, EVENTS_MAX, until ? -1 : 0)
                    : wait_until(p, events, until);
    LOOP_ASSERT(count >= 0 || errno == EINTR);
    return count > 0 ? count : 0;
}

struct ready {
    struct association *association;
    uint32_t            events;
};

/* The references keep what is found alive without the lock. */
static int find_ready(struct epoll_port *p, const struct epoll_event *events,
                      int count, struct ready *out)
{
    int found = 0;
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == WAKE_DATA) {
            p->waking = false;
            continue;
        }
        struct association *a =
            epoll_association(p, events[i].data.u64);
        if (a)
            out[found++] = (struct ready){ a, events[i].events };
    }
    return found;
}

/* An error or hang-up concerns both directions: the ops learn it from their
 * own system calls. */
static void advance_ready(const struct ready *ready, int count)
{
    for (int i = 0; i < count; i++) {
        struct association *a = ready[i].association;
        uint32_t both = ready[i].events & (EPOLLERR | EPOLLHUP);
        if (both | (ready[i].events & (EPOLLIN | EPOLLRDHUP)))
            epoll_advance(a, DIRECTION_IN, LATER);
        if (both | (ready[i].events & EPOLLOUT))
            epoll_advance(a, DIRECTION_OUT, LATER);
        association_release(a);
    }
}

/*
 * Wait for devices and wakes, and queue what has completed. The lock is held
 * on entry and on return, not meanwhile.
 *
 *   returns   true if the time has passed
 */
static bool look_at_devices(struct epoll_port *p, uint64_t until)
{
    struct epoll_event events[EVENTS_MAX];
    struct ready ready[EVENTS_MAX];

    p->takes = 0;
    unsigned parking = until != 0;
    atomic_fetch_add(&p->parked, parking);
    os_mutex_unlock(&p->port.lock);
    int count = wait_for_events(p, events, until);
    os_mutex_lock(&p->port.lock);
    atomic_fetch_sub(&p->parked, parking);
    if (parking)
        p->waking = false;

    int found = find_ready(p, events, count, ready);
    if (found > 0) {
        os_mutex_unlock(&p->port.lock);
        advance_ready(ready, found);
        os_mutex_lock(&p->port.lock);
    }
    return until == 0 || (until != PORT_FOREVER && os_now() >= until);
}

/* Who dozes fetches no event, so a wake that is one must not be marked any
 * more. The queue is empty: that wake is for what somebody else has taken. */
static bool park(struct epoll_port *p, uint64_t until)
{
    if (until == 0 || p->port.handles.count > 0 || p->port.dozing ||
        atomic_load(&p->parked) > 0)
        return look_at_devices(p, until);
    p->waking = false;
    doze(&p->port, until);
    p->waking = false;
    return until != PORT_FOREVER && os_now() >= until;
}

/* Packets must not starve devices: a loop whose callbacks always post would
 * never come to epoll_wait. A thread that is parked there does it for all. */
static bool devices_are_due(struct epoll_port *p)
{
    return atomic_load(&p->parked) == 0 && ++p->takes > TAKES_MAX;
}

int epoll_port_dequeue(struct port *port, struct packet *out, int cap,
                       uint64_t until)
{
    struct epoll_port *p = epoll_of(port);
    LOOP_ASSERT(cap > 0);
    bool passed = false;
    os_mutex_lock(&port->lock);
    if (port->queue.first && devices_are_due(p))
        look_at_devices(p, 0);
    while (!port->queue.first && !passed)
        passed = park(p, until);

    int count = queue_take(&port->queue, out, cap);
    bool wake = must_wake(p);
    os_mutex_unlock(&port->lock);
    if (wake)
        epoll_send_wake(p);
    return count;
}
