/*
 * gate.c - see gate.h.
 */
#include "gate.h"

#include "../loop/check.h"

void gate_open(struct gate *g)
{
    *g = (struct gate){ .number = 0 };
    int failed = os_mutex_open(&g->lock);
    LOOP_ASSERT(!failed);
    failed = os_cond_open(&g->grown);
    LOOP_ASSERT(!failed);
}

void gate_close(struct gate *g)
{
    os_cond_close(&g->grown);
    os_mutex_close(&g->lock);
}

void gate_add(struct gate *g)
{
    os_mutex_lock(&g->lock);
    g->number++;
    os_cond_broadcast(&g->grown);
    os_mutex_unlock(&g->lock);
}

void gate_wait(struct gate *g, unsigned number)
{
    os_mutex_lock(&g->lock);
    while (g->number < number)
        os_cond_wait(&g->grown, &g->lock, OS_FOREVER);
    os_mutex_unlock(&g->lock);
}
