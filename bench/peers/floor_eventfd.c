/*
 * floor_eventfd.c - the floor that sleeps on an eventfd in an epoll set.
 */
#include "floor.h"

const char *const floor_engine = "eventfd";

void floor_wait(struct wake *w)
{
    wake_eventfd_wait(w);
}

void floor_set(struct wake *w)
{
    wake_eventfd_set(w);
}
