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
