/*
 * gate.h - a number that grows, and threads that sleep until it is there.
 *
 * What starts and ends a measurement must not spin beside it: on two
 * processors a thread that spins takes the place of one that is measured.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "../loop/os.h"

struct gate {
    struct os_mutex lock;
    struct os_cond  grown;
    unsigned        number;
};

void gate_open(struct gate *g);
void gate_close(struct gate *g);

/* Add one; everybody who waits for the new number goes on. */
void gate_add(struct gate *g);

/* Sleep until the number is that or more. */
void gate_wait(struct gate *g, unsigned number);

#endif
