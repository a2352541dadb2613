/*
 * queue.h - a bare queue with any number of producers and one consumer.
 *
 * A stack that producers push to and that the consumer takes whole and turns
 * round: the least that a loop with posts from any thread can do, and so the
 * floor of its throughput.
 *
 * ownership  nodes are the caller's; one that was taken can be pushed again
 * threads    push: any; take: one
 * source     Treiber: Systems Programming (1986)
 */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct queue_node {
    struct queue_node *next;
};

struct queue {
    struct queue_node *_Atomic newest;
};

static inline void queue_push(struct queue *q, struct queue_node *n)
{
    struct queue_node *newest =
        atomic_load_explicit(&q->newest, memory_order_relaxed);
    do
        n->next = newest;
    while (!atomic_compare_exchange_weak(&q->newest, &newest, n));
}

static inline bool queue_is_empty(struct queue *q)
{
    return !atomic_load(&q->newest);
}

/* Take all nodes, oldest first; NULL if there are none. */
static inline struct queue_node *queue_take(struct queue *q)
{
    struct queue_node *newest = NULL, *oldest = NULL;
    if (!queue_is_empty(q))
        newest = atomic_exchange(&q->newest, NULL);
    while (newest) {
        struct queue_node *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

#endif
