/*
 * chain.h - items that several threads deliver one at a time, in their order,
 * without the loop's lock.
 *
 * The items hang from one word. Whoever exchanges CHAIN_TAKEN for it has the
 * chain in hand, for some instructions, and puts back what is left. That is
 * one atomic operation for each item, where to release a lock for a callback
 * and to take it again is two.
 *
 * An item is whatever begins with the pointer to the next one. Items are
 * linked by that alone, and belong to the chain until they are taken off it
 * with the chain in hand.
 *
 * threads    any
 */
#ifndef LOOP_CHAIN_H
#define LOOP_CHAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "foresee.h"

#define CHAIN_AHEAD 12      /* items that chain_foresee looks past           */

struct chain {
    _Atomic(void *) first;
};

/* What the word holds while a thread has the chain in hand. */
extern char chain_taken;
#define CHAIN_TAKEN (&chain_taken)

/* As chain_hold, where another thread has the chain in hand. */
void *chain_await(struct chain *c);

/* Is there nothing on the chain? It may be false for one that is in hand. */
static inline bool chain_is_empty(struct chain *c)
{
    return !atomic_load_explicit(&c->first, memory_order_relaxed);
}

/* Take the chain in hand: its first item, or NULL. */
static inline void *chain_hold(struct chain *c)
{
    void *first = atomic_exchange_explicit(&c->first, CHAIN_TAKEN,
                                           memory_order_acquire);
    if (__builtin_expect(first == CHAIN_TAKEN, 0))
        return chain_await(c);
    return first;
}

/* Put back what is left of the chain that is in hand. */
static inline void chain_release(struct chain *c, void *first)
{
    atomic_store_explicit(&c->first, first, memory_order_release);
}

/* The next of an item, whatever its type. */
static inline void *chain_next(const void *item)
{
    void *next;
    memcpy(&next, item, sizeof next);
    return next;
}

/* How many items there are from one on; NULL is none. */
uint32_t chain_length(const void *first);

/* Two chains of items as one, the older ones first; each may be NULL. */
void *chain_join(void *older, void *younger);

/* Ask for an item whose turn will come soon: a long chain is not in the
 * processor's cache, and it would find the next one only when it gets there.
 */
static inline void chain_foresee(const void *first)
{
    foresee_after(first, chain_next(first), CHAIN_AHEAD, 2 * CACHE_LINE);
}

#endif
