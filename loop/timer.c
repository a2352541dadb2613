/*
 * timer.c - a pairing heap of armed timers.
 *
 * `child` is a node's first child, `sibling` the next in its list, and
 * `back` the previous sibling, or the parent for a first child. The root has
 * neither sibling nor back.
 */
#include "core.h"

static bool earlier(const struct timer *a, const struct timer *b)
{
    if (a->due != b->due)
        return a->due < b->due;
    return a->order < b->order;
}

/* Make the later of two roots the first child of the earlier one. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (earlier(b, a)) {
        struct timer *swap = a;
        a = b;
        b = swap;
    }
    b->sibling = a->child;
    if (b->sibling)
        b->sibling->back = b;
    b->back = a;
    a->child = b;
    return a;
}

/* Meld a list of siblings: in pairs from the left, then all from the right. */
static struct timer *meld_all(struct timer *list)
{
    struct timer *pairs = NULL;
    while (list) {
        struct timer *a = list;
        struct timer *b = a->sibling;
        list = b ? b->sibling : NULL;
        a->sibling = a->back = NULL;
        if (b)
            b->sibling = b->back = NULL;
        struct timer *pair = meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct timer *root = NULL;
    while (pairs) {
        struct timer *pair = pairs;
        pairs = pair->sibling;
        pair->sibling = NULL;
        root = meld(root, pair);
    }
    return root;
}

static void heap_remove(struct loop *l, struct timer *t)
{
    struct timer *children = meld_all(t->child);
    t->child = NULL;
    if (t == l->timers) {
        l->timers = children;
        return;
    }
    if (t->back->child == t)
        t->back->child = t->sibling;
    else
        t->back->sibling = t->sibling;
    if (t->sibling)
        t->sibling->back = t->back;
    t->sibling = t->back = NULL;
    l->timers = meld(l->timers, children);
}

void timer_arm(struct loop *l, struct timer *t, uint64_t due)
{
    t->loop = l;
    t->due = due;
    t->order = l->timer_order++;
    t->child = t->sibling = t->back = NULL;
    core_accept(l, &t->item, LOOP_TIMER, ITEM_PENDING,
                &l->waiting[LOOP_TIMER]);
    l->timers = meld(l->timers, t);
}

/* The timer is armed, or due and on the ready queue. */
void timer_disarm(struct loop *l, struct timer *t)
{
    if (t->item.ready) {
        core_unready(l, &t->item);
    } else {
        heap_remove(l, t);
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
        timer_arm(l, t, due);
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
        timer_disarm(l, t);
        result = LOOP_OK;
    }
    core_leave(l);
    return result;
}

uint64_t timer_next(const struct loop *l)
{
    return l->timers ? l->timers->due : PORT_FOREVER;
}

/* A task's own timer wakes the task; any other has a callback. */
static void end_timer(struct loop *l, struct timer *t)
{
    list_remove(&t->item);
    if (t->fire) {
        t->item.state = ITEM_READY;
        core_ready(l, &t->item);
    } else {
        l->count[LOOP_TIMER]--;
        t->loop = NULL;
        task_wake(LIST_OF(t, struct task, timer), 0);
    }
}

void timer_collect(struct loop *l)
{
    while (l->timers && l->timers->due <= l->now) {
        struct timer *t = l->timers;
        heap_remove(l, t);
        end_timer(l, t);
    }
}

/*
 * A loop that takes no new work arms no timers, so all of them at once become
 * a chain. Where there are very many, what it costs to end them is how often
 * their memory is gone through: here that is once.
 */
void timer_cancel_all(struct loop *l)
{
    struct loop_item *head = &l->waiting[LOOP_TIMER];
    struct loop_item *first = head->next;
    LOOP_ASSERT(l->count[LOOP_TASK] == 0);
    l->timers_cancelled = true;
    if (list_empty(head))
        return;
    l->timers = NULL;
    head->prev->next = NULL;
    list_open(head);
    LOOP_ASSERT(!chain_hold(&l->cancelled));
    chain_release(&l->cancelled, first);
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
