/*
 * wake.h - the bare ways in which one thread wakes another: the floor that
 * no event loop gets below on this machine.
 *
 * A wake is set by one thread and taken by another, which may sleep until
 * then. Setting twice is setting once. Each way has its own functions, so
 * that a measured path has no choice in it.
 *
 *   futex     a word that the kernel can sleep on
 *   eventfd   a counter in an edge-triggered epoll set, which is how loops on
 *             Linux are woken
 *
 * ownership  wake_open makes descriptors, wake_close closes them
 * threads    set: any; wait and poll: one
 */
#ifndef BENCH_WAKE_H
#define BENCH_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>

struct wake {
    atomic_int word;
    int        event;
    int        epoll;
};

/* Returns false if the machine has run out of descriptors. */
bool wake_open(struct wake *w);
void wake_close(struct wake *w);

void wake_futex_set(struct wake *w);
void wake_futex_wait(struct wake *w);       /* sleeps until it is set    */
bool wake_futex_poll(struct wake *w);       /* does not sleep            */

void wake_eventfd_set(struct wake *w);
void wake_eventfd_wait(struct wake *w);
bool wake_eventfd_poll(struct wake *w);

#endif
