/*
 * post.c - posts, from the call that accepts them to their callbacks.
 *
 * Accepted posts are a stack, newest first. A thread inside takes all of it,
 * turns it round, and the result is the chain that is delivered next. The
 * next stack is taken when the chain has been used up.
 */
#include "core.h"

struct post loop_posts_closed;

/*
 * Accepted: from here on p may be gone. Only the post that found the stack
 * empty has a time, and wakes; a later one is covered by that, because
 * whoever takes the stack takes all of it.
 *
 * This is apart from loop_post so that there the compiler has no registers to
 * save.
 */
static __attribute__((noinline)) int post_slowly(struct loop *l,
                                                 struct post *p)
{
    struct post *newest = atomic_load(&l->posts);
    do {
        if (newest == POSTS_CLOSED)
            return LOOP_ECLOSED;
        if (!newest)
            p->since = os_now();
        p->next = newest;
    } while (!atomic_compare_exchange_weak(&l->posts, &newest, p));
    if (!newest)
        core_wake(l);
    return LOOP_OK;
}

/* Many posts find another there: those neither wake nor have a time. */
int loop_post(struct loop *l, struct post *p)
{
    LOOP_ASSERT(p->run);
    struct post *newest = atomic_load(&l->posts);
    if (newest && newest != POSTS_CLOSED) {
        p->next = newest;
        if (atomic_compare_exchange_strong(&l->posts, &newest, p))
            return LOOP_OK;
    }
    return post_slowly(l, p);
}

struct post *posts_newest(struct loop *l)
{
    struct post *newest = atomic_load(&l->posts);
    return newest == POSTS_CLOSED ? NULL : newest;
}

bool posts_waiting(struct loop *l)
{
    return posts_newest(l) != NULL;
}

/* Collecting. */

static struct post *turn_round(struct post *newest)
{
    struct post *oldest = NULL;
    while (newest) {
        struct post *next = newest->next;
        if (next)
            chain_foresee(newest);
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void collect(struct loop *l, struct post *newest)
{
    struct post *oldest = turn_round(newest);
    struct post *first = chain_hold(&l->collected);
    if (!first && oldest)
        l->collected_since = oldest->since;
    l->collections++;
    chain_release(&l->collected, chain_join(first, oldest));
}

void posts_collect(struct loop *l)
{
    /* POSTS_CLOSED is only stored under the lock, so between this load and
     * the exchange the word can only gain posts. */
    if (chain_is_empty(&l->collected) && posts_waiting(l))
        collect(l, atomic_exchange(&l->posts, NULL));
}

void posts_close(struct loop *l)
{
    struct post *newest = atomic_exchange(&l->posts, POSTS_CLOSED);
    if (newest != POSTS_CLOSED && newest)
        collect(l, newest);
}

/*
 * Take the next post of a collection, if it is still that collection's turn
 * and the run was not asked to leave. All of that is asked with the chain in
 * hand: who lists the chain after it has asked the run to leave knows that
 * nothing on the list is delivered any more.
 */
static struct post *next_post(struct loop *l, const struct run *r,
                              uint32_t collection)
{
    struct post *first = chain_hold(&l->collected);
    if (!first || l->collections != collection ||
        atomic_load_explicit(&r->leave, memory_order_acquire)) {
        chain_release(&l->collected, first);
        return NULL;
    }
    chain_release(&l->collected, first->next);
    return first;
}

/*
 * Call as many as a run may between two looks at its deadline.
 *
 *   returns   how many; fewer than that: there is no next one
 */
static uint32_t deliver_some(struct loop *l, const struct run *r,
                             uint32_t collection, int status)
{
    uint32_t count = 0;
    struct post *p;
    while (count < LOOP_LATE_AFTER && (p = next_post(l, r, collection))) {
        p->run(p, status);
        count++;
    }
    return count;
}

uint32_t posts_deliver(struct loop *l, const struct run *r)
{
    uint32_t some, count = 0;
    uint32_t collection = l->collections;
    int status = l->state >= STATE_CLOSED ? LOOP_EABORTED : 0;
    if (chain_is_empty(&l->collected))
        return 0;

    /* If there are more, another thread may as well take the next. It does
     * the same in its turn, so once is enough. More are also those that were
     * not collected: this thread may have taken the wake that they sent. */
    bool more = posts_waiting(l);
    l->delivering++;
    core_leave(l);
    if (more)
        core_wake(l);
    do {
        some = deliver_some(l, r, collection, status);
        count += some;
    } while (some == LOOP_LATE_AFTER && !run_is_late(r, count));
    core_enter(l);
    l->delivering--;
    return count;
}

uint32_t posts_count(struct loop *l)
{
    struct post *first = chain_hold(&l->collected);
    uint32_t count = chain_length(first) + chain_length(posts_newest(l));
    chain_release(&l->collected, first);
    return count;
}
