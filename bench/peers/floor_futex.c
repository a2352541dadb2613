/*
 * floor_futex.c - the floor that sleeps on a futex.
 */
#include "floor.h"

const char *const floor_engine = "futex";

void floor_wait(struct wake *w)
{
    wake_futex_wait(w);
}

void floor_set(struct wake *w)
{
    wake_futex_set(w);
}
