/*
 * chain.c - see chain.h.
 */
#include "chain.h"

#include "os.h"

struct loop_item chain_taken;

/* Who has it in hand has lost its processor, or makes a list of it. */
struct loop_item *chain_await(struct chain *c)
{
    struct loop_item *first;
    uint64_t turn = 0;
    do {
        if (!os_spin(&turn))
            os_pause();
        first = atomic_exchange_explicit(&c->first, CHAIN_TAKEN,
                                         memory_order_acquire);
    } while (first == CHAIN_TAKEN);
    return first;
}

uint32_t chain_length(const struct loop_item *first)
{
    uint32_t count = 0;
    for (const struct loop_item *i = first; i; i = i->next)
        count++;
    return count;
}

struct loop_item *chain_join(struct loop_item *older,
                             struct loop_item *younger)
{
    struct loop_item **end = &older;
    while (*end)
        end = &(*end)->next;
    *end = younger;
    return older;
}
