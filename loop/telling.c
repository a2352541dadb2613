/*
 * telling.c - a shutdown tells all tasks to end.
 *
 * They become a chain, and each is told when its turn comes there. Where
 * there are very many, what that costs is how often their memory is gone
 * through: here that is once, and no lock is taken for a task that waits for
 * its timer, and that nobody waits for. Whatever else a task waits for has to
 * be asked to end first, under the lock; such a task gets its turn from the
 * ready queue.
 *
 * A task stays first on the chain while its step runs, and is taken off with
 * the chain in hand: who looks at tasks with the lock and the chain finds
 * each of them, and finds it alive.
 */
#include "core.h"

/* One shutdown's way along the chain, in one pass. */
struct telling {
    struct loop      *loop;
    const struct run *run;
    uint32_t          count;    /* told, or asked                            */
    uint32_t          ended;    /* without the lock: not yet discounted      */
    bool              is_late;
};

void task_tell_all(struct loop *l)
{
    /* Who is left from a shutdown that gave up is told again. */
    struct loop_item *told = list_take(&l->told);
    struct loop_item *untold = list_take(&l->waiting[LOOP_TASK]);
    struct loop_item *left = chain_hold(&l->telling);
    l->task_timers.root = NULL;
    l->tellings++;
    chain_release(&l->telling,
                  chain_join(told, chain_join(left, untold)));
}

/* All timers are forgotten, so there is nothing to end. */
static bool waits_for_timer(const struct loop_item *i)
{
    return LIST_OF(i, struct task, item)->wait == WAIT_TIMER;
}

static void set_told(const struct loop *l, struct task *t)
{
    atomic_store_explicit(&t->told, l->tellings, memory_order_release);
}

static void count_one(struct telling *g)
{
    g->is_late = run_is_late(g->run, ++g->count);
}

/* With the lock: take the first off the chain, if it waits for more. */
static struct task *take_other(struct loop *l)
{
    struct loop_item *first = chain_hold(&l->telling);
    bool is_other = first && !waits_for_timer(first);
    chain_release(&l->telling, is_other ? first->next : first);
    return is_other ? LIST_OF(first, struct task, item) : NULL;
}

static void ask_others(struct telling *g)
{
    struct loop *l = g->loop;
    struct task *t;
    while (!g->is_late && (t = take_other(l))) {
        list_append(&l->told, &t->item);
        set_told(l, t);
        task_request_cancel(t);
        count_one(g);
    }
}

/* With the chain in hand: the next to be stepped, made known as such. */
static struct task *be_next(const struct telling *g, struct loop_item *first)
{
    if (!first || g->is_late || !waits_for_timer(first))
        return NULL;
    if (first->next)
        chain_foresee(first);
    first->state = ITEM_RUNNING;
    return LIST_OF(first, struct task, item);
}

static struct task *first_told(struct telling *g)
{
    struct loop_item *first = chain_hold(&g->loop->telling);
    struct task *next = be_next(g, first);
    chain_release(&g->loop->telling, first);
    return next;
}

/*
 * The first on the chain has ended: take it off.
 *
 *   next      the one to be stepped now, or NULL
 *   returns   false: somebody waits for it, nothing was done
 */
static bool take_ended(struct telling *g, struct task *t, struct task **next)
{
    struct loop_item *first = chain_hold(&g->loop->telling);
    bool alone = !t->watched;
    LOOP_ASSERT(first == &t->item);
    LOOP_ASSERT(t->wait == WAIT_NONE);
    if (alone) {
        first->state = ITEM_ENDED;
        first = first->next;
        *next = be_next(g, first);
        g->ended++;
    }
    chain_release(&g->loop->telling, first);
    return alone;
}

/* A cancel that comes before this is the one that is told, and one that
 * comes later is told with the next step: `told` is what divides them. */
static enum task_next step_told(const struct loop *l, struct task *t)
{
    struct task_wake wake = { .cancelled = true, .status = LOOP_EABORTED };
    t->stepping = STEPPING;
    t->wait = WAIT_NONE;
    set_told(l, t);
    return t->step(t, wake);
}

/*
 * Without the lock: step one after the other until one goes on, or has ended
 * while somebody waits for it.
 *
 *   next      what its step has returned
 *   returns   that one, still on the chain; NULL if the next is another case
 */
static struct task *step_all(struct telling *g, enum task_next *next)
{
    struct task *t = first_told(g);
    while (t) {
        void (*ended)(struct task *) = t->ended;
        struct task *following = NULL;
        *next = step_told(g->loop, t);
        count_one(g);
        if (*next != TASK_ENDS || !take_ended(g, t, &following))
            return t;
        if (ended)
            ended(t);
        t = following;
    }
    return NULL;
}

static void settle(struct loop *l, struct task *t, enum task_next next)
{
    struct loop_item *first = chain_hold(&l->telling);
    LOOP_ASSERT(first == &t->item);
    chain_release(&l->telling, first->next);
    list_append(&l->told, first);
    task_finish_step(l, t, next);
}

uint32_t task_deliver_telling(struct loop *l, const struct run *r)
{
    struct telling g = { .loop = l, .run = r };
    l->delivering++;
    while (!chain_is_empty(&l->telling) && !g.is_late) {
        enum task_next next;
        ask_others(&g);
        core_leave(l);
        struct task *t = step_all(&g, &next);
        core_enter(l);
        l->count[LOOP_TASK] -= g.ended;
        g.ended = 0;
        if (t)
            settle(l, t, next);
    }
    l->delivering--;
    return g.count;
}
