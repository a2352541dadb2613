/*
 * ring_port.c - a completion port over io_uring: its waiters, and how they
 * are woken.
 *
 * The kernel wakes every thread that waits for a completion, so one waiter
 * leads: it waits in the kernel, or dozes as long as nothing can complete
 * there. All others follow: they sleep on a condition and are called one at a
 * time, for a packet or to lead.
 *
 * source: io_uring_enter(2); Schmidt and others, Leader/Followers, 2000
 */
#include "../check.h"
#include "../loop.h"
#include "ring.h"

#define LISTED_MAX 64           /* associations in a row that are tried  */
#define TAKES_MAX 64            /* dequeues in a row that leave entries kept */
#define CLOSE_NS UINT64_C(5000000000)

int ring_port_open(struct port **out)
{
    struct ring_port *p = os_alloc(sizeof *p);
    if (!p)
        return LOOP_ENOMEM;
    p->port.engine = ENGINE_RING;
    if (queue_open(&p->port.queue))
        goto fail_free;
    if (ring_open(p))
        goto fail_close_queue;
    if (os_cond_open(&p->follow))
        goto fail_close_ring;
    if (os_mutex_open(&p->port.lock))
        goto fail_close_cond;
    *out = &p->port;
    return 0;

fail_close_cond:
    os_cond_close(&p->follow);
fail_close_ring:
    ring_close(p);
fail_close_queue:
    queue_close(&p->port.queue);
fail_free:
    os_free(p);
    return LOOP_EREFUSED;
}

/* What is in the kernel is cancelled and waited for, so that no buffer is
 * written any more and no connection accepted that nobody would close. The
 * kernel ends a cancelled op at once but for a device that cannot: then it
 * keeps the op and its buffer, which is all that it would write to, and the
 * association of the op is never freed. */
static void await_kernel(struct ring_port *p)
{
    uint64_t until = os_now() + CLOSE_NS;
    os_mutex_lock(&p->port.lock);
    ring_gather(p);
    while (p->due > 0 && os_now() < until) {
        os_mutex_unlock(&p->port.lock);
        ring_wait(p, until);
        os_mutex_lock(&p->port.lock);
        ring_gather(p);
    }
    os_mutex_unlock(&p->port.lock);
}

void ring_port_close(struct port *port)
{
    struct ring_port *p = ring_of(port);
    LOOP_ASSERT(!p->leading);
    LOOP_ASSERT(p->followers == 0);
    association_orphan_all(port, ring_cancel_all);
    await_kernel(p);
    ring_close(p);
    queue_close(&port->queue);
    os_cond_close(&p->follow);
    os_mutex_close(&port->lock);
    os_free(p);
}

/* Can the kernel complete anything, now or once a handle is used? */
static bool may_complete(const struct ring_port *p)
{
    return p->port.handles.count > 0 || p->due > 0 || ring_has_kept(p);
}

/*
 * Wakes.
 *
 * Whenever the port's lock is free, one of these holds: there is no packet
 * and no op to be tried, and somebody leads or nobody sleeps; nobody
 * sleeps at all; a wake is on its way; or a thread that is awake inside
 * port_dequeue is about to look. A wake is on its way until some thread,
 * whichever it is, has come back from its sleep or has pulled the completion
 * that was to end it, and that thread looks at the packets or hands on. When
 * it leaves, it wakes the next one if there is more to do, or if it has left
 * the kernel unattended.
 *
 * A follower is called first, because the leader would leave a place that
 * somebody else has to fill. It takes one call to its futex. Who leads is
 * woken by an empty op on the ring that it waits on: one call, too, which
 * needs neither a second ring, as a message between rings does, nor a read of
 * an eventfd, which must be submitted again after each wake and ends on the
 * thread that has submitted it instead of the one that is to wake. It also
 * cannot be missed: a completion that comes before the leader is in the
 * kernel keeps it from sleeping there. A leader that dozes is called: for a
 * packet, or to wait in the kernel from now on. So whoever lets something
 * complete there has somebody look: who binds a handle, and who closes one,
 * since its ops may come to the kernel when it is not the port's any more.
 */
enum ring_sleeper ring_choose_sleeper(struct ring_port *p)
{
    bool work = p->port.queue.first || p->untried;
    enum ring_sleeper sleeper = NOBODY;
    if (p->waking)
        return NOBODY;
    if (p->followers > 0 && (work || !p->leading))
        sleeper = FOLLOWER;
    else if (p->port.dozing && (work || may_complete(p)))
        sleeper = DOZER;
    else if (p->leading && work)
        sleeper = LEADER;
    p->waking = sleeper != NOBODY;
    return sleeper;
}

/* Outside the port's lock, which is what the woken thread wants first. */
void ring_leave(struct ring_port *p)
{
    enum ring_sleeper sleeper = ring_choose_sleeper(p);
    os_mutex_unlock(&p->port.lock);
    if (sleeper == FOLLOWER)
        os_cond_signal(&p->follow);
    else if (sleeper == DOZER)
        doze_call(&p->port);
    else if (sleeper == LEADER)
        ring_wake(p);
}

int ring_port_post(struct port *port, uint64_t key)
{
    os_mutex_lock(&port->lock);
    int status = queue_post(&port->queue, key);
    ring_leave(ring_of(port));
    return status;
}

static void try_listed(struct ring_port *p)
{
    for (int left = LISTED_MAX; left > 0 && p->untried; left--) {
        struct association *a = p->untried;
        uint8_t untried = a->ring_untried;
        p->untried = a->ring_next;
        a->ring_untried = 0;
        for (int d = 0; d < DIRECTIONS; d++)
            if (untried & 1u << d)
                ring_advance(a, d);
        association_release(a);
    }
}

static void gather(struct ring_port *p)
{
    ring_pull(p);
    try_listed(p);
}

void ring_gather(struct ring_port *p)
{
    if (ring_has_kept(p)) {
        p->takes = 0;
        os_mutex_unlock(&p->port.lock);
        ring_submit(p);
        os_mutex_lock(&p->port.lock);
    }
    gather(p);
}

static void lead(struct ring_port *p, uint64_t until)
{
    if (!may_complete(p)) {
        doze(&p->port, until);
        return;
    }
    os_mutex_unlock(&p->port.lock);
    ring_wait(p, until);
    os_mutex_lock(&p->port.lock);
}

/*
 * Sleep as leader or follower. The lock is held on entry and on return, not
 * meanwhile.
 *
 *   returns   true if the time has passed
 */
static bool park(struct ring_port *p, uint64_t until)
{
    if (until == 0)
        return true;
    if (p->leading) {
        p->followers++;
        os_cond_wait(&p->follow, &p->port.lock, until);
        p->followers--;
    } else {
        p->leading = true;
        lead(p, until);
        p->leading = false;
    }
    p->waking = false;
    return until != PORT_FOREVER && os_now() >= until;
}

/* To look at what the kernel has completed costs no call, so each dequeue
 * begins with it, and packets cannot starve devices; who was woken for a
 * packet does not look again. To submit costs a call: as long as there are
 * packets, that is put off for some turns. */
static void look(struct ring_port *p)
{
    gather(p);
    if (!p->port.queue.first || ++p->takes > TAKES_MAX)
        ring_gather(p);
}

int ring_port_dequeue(struct port *port, struct packet *out, int cap,
                      uint64_t until)
{
    struct ring_port *p = ring_of(port);
    LOOP_ASSERT(cap > 0);
    bool passed = false;
    os_mutex_lock(&port->lock);
    look(p);
    while (!port->queue.first && !passed) {
        passed = park(p, until);
        if (!port->queue.first)
            look(p);
    }
    int count = queue_take(&port->queue, out, cap);
    ring_leave(p);
    return count;
}
