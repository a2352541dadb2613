/*
 * timer.c - timers, those with a callback and those of tasks.
 *
 * The timers of tasks are a heap of their own, so that a shutdown, which
 * ends the waits of all tasks, can forget all of those at once.
 */
#include "core.h"

void timer_insert(struct loop *l, struct heap *h, struct heap_node *n,
                  uint64_t due)
{
    n->due = due;
    n->order = l->timer_order++;
    heap_insert(h, n);
}

static void arm(struct loop *l, struct timer *t, uint64_t due)
{
    t->loop = l;
    core_accept(l, &t->item, LOOP_TIMER, ITEM_PENDING,
                &l->waiting[LOOP_TIMER]);
    timer_insert(l, &l->timers, &t->node, due);
}

/* The timer is armed, or due and on the ready queue. */
static void disarm(struct loop *l, struct timer *t)
{
    if (t->item.ready) {
        core_unready(l, &t->item);
    } else {
        heap_remove(&l->timers, &t->node);
        list_remove(&t->item);
    }
    l->count[LOOP_TIMER]--;
    t->loop = NULL;
}

int timer_start(struct loop *l, struct timer *t, uint64_t due)
{
    LOOP_ASSERT(t->fire);
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK)
        arm(l, t, due);
    core_leave(l);
    return result;
}

/* Once all timers are cancelled, one that is not ready is told without the
 * lock: nothing of it but that mark may be looked at. */
static bool may_disarm(const struct loop *l, const struct timer *t)
{
    return (!l->timers_cancelled || t->item.ready) && t->loop == l;
}

int timer_cancel(struct loop *l, struct timer *t)
{
    core_enter(l);
    int result = LOOP_ENOTFOUND;
    if (may_disarm(l, t)) {
        disarm(l, t);
        result = LOOP_OK;
    }
    core_leave(l);
    return result;
}

static struct heap_node *earliest(const struct loop *l)
{
    struct heap_node *timer = l->timers.root, *of_task = l->task_timers.root;
    return heap_earlier(timer, of_task) ? timer : of_task;
}

uint64_t timer_next(const struct loop *l)
{
    const struct heap_node *next = earliest(l);
    return next ? next->due : PORT_FOREVER;
}

static void fire_next(struct loop *l)
{
    struct timer *t = LIST_OF(l->timers.root, struct timer, node);
    heap_remove(&l->timers, &t->node);
    list_remove(&t->item);
    t->item.state = ITEM_READY;
    core_ready(l, &t->item);
}

void timer_collect(struct loop *l)
{
    while (timer_next(l) <= l->now) {
        if (earliest(l) == l->timers.root)
            fire_next(l);
        else
            task_fire_next(l);
    }
}

/*
 * A loop that takes no new work arms no timers, so all of them at once become
 * a chain. Where there are very many, what it costs to end them is how often
 * their memory is gone through: here that is once.
 */
void timer_cancel_all(struct loop *l)
{
    LOOP_ASSERT(l->count[LOOP_TASK] == 0);
    l->timers_cancelled = true;
    l->timers.root = NULL;
    if (list_empty(&l->waiting[LOOP_TIMER]))
        return;
    LOOP_ASSERT(!chain_hold(&l->cancelled));
    chain_release(&l->cancelled, list_take(&l->waiting[LOOP_TIMER]));
}

static struct timer *next_cancelled(struct loop *l)
{
    struct loop_item *first = chain_hold(&l->cancelled);
    chain_release(&l->cancelled, first ? first->next : NULL);
    return first ? LIST_OF(first, struct timer, item) : NULL;
}

uint32_t timer_deliver_cancelled(struct loop *l, const struct run *r)
{
    uint32_t count = 0;
    if (chain_is_empty(&l->cancelled))
        return 0;
    l->delivering++;
    os_mutex_unlock(&l->lock);
    struct timer *t = next_cancelled(l);
    while (t) {
        t->loop = NULL;
        t->fire(t, LOOP_EABORTED);
        t = run_is_late(r, ++count) ? NULL : next_cancelled(l);
    }
    core_enter(l);
    l->delivering--;
    l->count[LOOP_TIMER] -= count;
    return count;
}

void timer_deliver(struct loop *l, struct loop_item *i)
{
    struct timer *t = LIST_OF(i, struct timer, item);
    l->count[LOOP_TIMER]--;
    t->loop = NULL;
    os_mutex_unlock(&l->lock);
    t->fire(t, 0);
    core_enter(l);
}
