/*
 * chain.c - see chain.h.
 */
#include "chain.h"

#include "os.h"

char chain_taken;

/* Who has it in hand has lost its processor, or makes a list of it. */
void *chain_await(struct chain *c)
{
    void *first;
    uint64_t turn = 0;
    do {
        if (!os_spin(&turn))
            os_pause();
        first = atomic_exchange_explicit(&c->first, CHAIN_TAKEN,
                                         memory_order_acquire);
    } while (first == CHAIN_TAKEN);
    return first;
}

uint32_t chain_length(const void *first)
{
    uint32_t count = 0;
    for (const void *i = first; i; i = chain_next(i))
        count++;
    return count;
}

void *chain_join(void *older, void *younger)
{
    if (!older)
        return younger;
    void *last = older;
    while (chain_next(last))
        last = chain_next(last);
    memcpy(last, &younger, sizeof younger);
    return older;
}
