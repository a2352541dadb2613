#include "order.h"

#include <stdatomic.h>

#include "../sched/sched.h"
#include "system.h"
#include "threads.h"

#define LOOK_AHEAD 12           /* events of a thread that may be left out   */
#define TURN_NS 3000000u        /* how long a thread waits for its turn      */
#define LINGER_NS 300000u
#define RUN_NS 400000000u       /* and all of them together, in one run      */
#define NAP_NS 20000u

static struct {
    size_t             count;
    struct trace_event event[ORDER_EVENTS_MAX];
    atomic_bool        done[ORDER_EVENTS_MAX];
    atomic_size_t      first;           /* none before it is still to come   */
    atomic_ullong      patience_ns;
    atomic_size_t      kept;
} order;

/* What has no counterpart on real threads is not waited for. */
static bool can_be_awaited(const struct trace_event *e)
{
    if (e->thread >= GROUND_THREADS_MAX)
        return false;
    switch ((enum trace_kind)e->kind) {
    case TRACE_LOCK:
    case TRACE_COND_WAIT:
    case TRACE_COND_SIGNAL:
    case TRACE_START:
    case TRACE_CANCEL:
    case TRACE_POST:
    case TRACE_DEQUEUE_WAIT:
    case TRACE_DEQUEUE:
    case TRACE_HANDLE_CLOSE:
    case TRACE_PORT_CLOSE:
    case TRACE_CALL:
    case TRACE_RETURN:
    case TRACE_CALLBACK:
    case TRACE_CALLBACK_END:
        return true;
    default:
        return false;
    }
}

void order_give(const struct trace_event *event, size_t count)
{
    order.count = 0;
    for (size_t i = 0; i < count && order.count < ORDER_EVENTS_MAX; i++)
        if (can_be_awaited(&event[i]))
            order.event[order.count++] = event[i];
}

bool order_is_given(void)
{
    return order.count > 0;
}

void order_begin(void)
{
    for (size_t i = 0; i < order.count; i++)
        atomic_store(&order.done[i], false);
    atomic_store(&order.first, 0);
    atomic_store(&order.kept, 0);
    atomic_store(&order.patience_ns, RUN_NS);
}

/* The next event of this kind by the calling thread, among its next few; the
 * count if there is none. */
static size_t find(enum trace_kind kind)
{
    unsigned me = ground_thread(), seen = 0;
    for (size_t i = atomic_load(&order.first); i < order.count; i++) {
        if (order.event[i].thread != me || atomic_load(&order.done[i]))
            continue;
        if (order.event[i].kind == kind)
            return i;
        if (++seen == LOOK_AHEAD)
            break;
    }
    return order.count;
}

/* Has anything of another thread that came earlier still to be done? */
static bool others_are_due(size_t before)
{
    unsigned me = ground_thread();
    for (size_t i = atomic_load(&order.first); i < before; i++) {
        unsigned other = order.event[i].thread;
        if (other != me && !atomic_load(&order.done[i]) &&
            other < ground_thread_count() &&
            atomic_load(&threads[other].state) != GROUND_ENDED)
            return true;
    }
    return false;
}

/* Returns true if the others have done all that is due. */
static bool wait_for_others(size_t before, uint64_t limit)
{
    uint64_t end = system_now() + limit;
    while (others_are_due(before)) {
        if (system_now() >= end || atomic_load(&order.patience_ns) < NAP_NS)
            return false;
        atomic_fetch_sub(&order.patience_ns, NAP_NS);
        system_nap(NAP_NS);
    }
    return true;
}

void order_await(enum trace_kind kind)
{
    if (order.count == 0 || ground_thread() == GROUND_OUTSIDE)
        return;
    size_t at = find(kind);
    if (at < order.count && wait_for_others(at, TURN_NS))
        atomic_fetch_add(&order.kept, 1);
}

/* What this thread has left out before it will not come any more. */
void order_done(enum trace_kind kind)
{
    if (order.count == 0 || ground_thread() == GROUND_OUTSIDE)
        return;
    size_t at = find(kind);
    if (at == order.count)
        return;
    for (size_t i = atomic_load(&order.first); i <= at; i++)
        if (order.event[i].thread == ground_thread())
            atomic_store(&order.done[i], true);
    size_t first = atomic_load(&order.first);
    while (first < order.count && atomic_load(&order.done[first]) &&
           atomic_compare_exchange_strong(&order.first, &first, first + 1))
        first++;
}

void order_linger(uint64_t *random)
{
    if (order.count == 0 || sched_below(random, 4) != 0)
        return;
    size_t next = order.count;
    for (size_t i = atomic_load(&order.first); i < order.count; i++)
        if (order.event[i].thread == ground_thread() &&
            !atomic_load(&order.done[i])) {
            next = i;
            break;
        }
    wait_for_others(next, LINGER_NS);
}

void order_score(size_t *kept, size_t *count)
{
    *kept = atomic_load(&order.kept);
    *count = order.count;
}
