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

int timer_cancel(struct loop *l, struct timer *t)
{
    core_enter(l);
    int result = LOOP_ENOTFOUND;
    if (t->loop == l && t->item.state != ITEM_ABORTED) {
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
static void end_timer(struct loop *l, struct timer *t, enum item_state state)
{
    list_remove(&t->item);
    if (t->fire) {
        t->item.state = (uint8_t)state;
        core_ready(l, &t->item);
    } else {
        l->count[LOOP_TIMER]--;
        t->loop = NULL;
        task_wake(LIST_OF(t, struct task, timer),
                  state == ITEM_ABORTED ? LOOP_EABORTED : 0);
    }
}

void timer_collect(struct loop *l)
{
    while (l->timers && l->timers->due <= l->now) {
        struct timer *t = l->timers;
        heap_remove(l, t);
        end_timer(l, t, ITEM_READY);
    }
}

void timer_cancel_all(struct loop *l)
{
    struct loop_item *head = &l->waiting[LOOP_TIMER];
    l->timers = NULL;
    while (!list_empty(head)) {
        struct timer *t = LIST_OF(head->next, struct timer, item);
        t->child = t->sibling = t->back = NULL;
        end_timer(l, t, ITEM_ABORTED);
    }
}

void timer_deliver(struct loop *l, struct loop_item *i)
{
    struct timer *t = LIST_OF(i, struct timer, item);
    int status = t->item.state == ITEM_ABORTED ? LOOP_EABORTED : 0;
    l->count[LOOP_TIMER]--;
    t->loop = NULL;
    os_mutex_unlock(&l->lock);
    t->fire(t, status);
    core_enter(l);
}
