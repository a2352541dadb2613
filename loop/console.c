/*
 * console.c - from the platform's console thread to a callback of the loop.
 */
#include "core.h"

static void on_event(struct os_console *c, enum os_console_event what)
{
    struct console_watch *w = LIST_OF(c, struct console_watch, os);
    struct loop *l = w->loop;
    core_enter(l);
    if (w->item.state == ITEM_PENDING) {
        w->count++;
        w->what = what;
        if (!w->item.ready) {
            list_remove(&w->item);
            core_ready(l, &w->item);
        }
    }
    core_leave(l);
}

int console_watch(struct loop *l, struct console_watch *w)
{
    LOOP_ASSERT(w->event);
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK) {
        w->loop = l;
        w->count = 0;
        w->os.event = on_event;
        core_accept(l, &w->item, LOOP_CONSOLE, ITEM_PENDING,
                    &l->waiting[LOOP_CONSOLE]);
        /* The list comes first: an event may come before this returns, and
         * then waits for the lock. */
        result = os_console_watch(&w->os);
        if (result < 0) {
            list_remove(&w->item);
            l->count[LOOP_CONSOLE]--;
        }
    }
    os_mutex_unlock(&l->lock);
    return result;
}

/* Take a watch out of the loop; returns false if somebody else has. */
static bool take_out(struct loop *l, struct console_watch *w)
{
    if (w->item.state != ITEM_PENDING)
        return false;
    w->item.state = ITEM_ENDED;
    if (w->item.ready)
        core_unready(l, &w->item);
    else
        list_remove(&w->item);
    l->count[LOOP_CONSOLE]--;
    return true;
}

static bool is_told_elsewhere(const struct loop *l,
                              const struct console_watch *w)
{
    uint64_t self = os_thread_self();
    for (const struct run *r = l->runs; r; r = r->next)
        if (r->telling == w && r->thread != self)
            return true;
    return false;
}

/* A run gives up the lock on its way to the callback, so what it has taken
 * out of the queue cannot be taken back: who ends the watch waits. */
static void await_callback(struct loop *l, const struct console_watch *w)
{
    l->unwatching++;
    while (is_told_elsewhere(l, w))
        os_cond_wait(&l->left, &l->lock, OS_FOREVER);
    l->unwatching--;
}

void console_unwatch(struct console_watch *w)
{
    struct loop *l = w->loop;
    core_enter(l);
    bool mine = take_out(l, w);
    await_callback(l, w);
    core_leave(l);

    /* Without the lock: this waits for a running on_event, which needs it
     * and then finds that the watch has ended. */
    if (mine)
        os_console_ignore(&w->os);
}

/* One whose event is ready has moved to the ready queue. */
static struct console_watch *any_watch(struct loop *l)
{
    struct loop_item *i = l->waiting[LOOP_CONSOLE].next;
    if (i == &l->waiting[LOOP_CONSOLE])
        for (i = l->ready.next; i->kind != LOOP_CONSOLE; i = i->next)
            continue;
    return LIST_OF(i, struct console_watch, item);
}

void console_unwatch_all(struct loop *l)
{
    while (l->count[LOOP_CONSOLE] > 0) {
        struct console_watch *w = any_watch(l);
        take_out(l, w);
        os_mutex_unlock(&l->lock);
        os_console_ignore(&w->os);
        core_enter(l);
    }
}

/* The innermost run of this thread: nobody delivers without one. */
static struct run *own_run(const struct loop *l)
{
    uint64_t self = os_thread_self();
    struct run *r = l->runs;
    while (r && r->thread != self)
        r = r->next;
    return r;
}

void console_deliver(struct loop *l, struct loop_item *i)
{
    struct console_watch *w = LIST_OF(i, struct console_watch, item);
    struct run *r = own_run(l);
    uint32_t count = w->count;

    /* Back on the list first: the next event must find it there, and the
     * callback may end the watch. */
    list_append(&l->waiting[LOOP_CONSOLE], &w->item);
    LOOP_ASSERT(r);
    r->telling = w;
    os_mutex_unlock(&l->lock);
    w->event(w, count);
    core_enter(l);
    r->telling = NULL;
    if (l->unwatching > 0)
        os_cond_broadcast(&l->left);
}
