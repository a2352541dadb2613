/*
 * heap.h - a pairing heap of nodes that the caller owns, by time.
 *
 * To insert is O(1), the earliest is at the root, to remove any node is
 * O(log n) amortised, and nothing is allocated. Nodes of one time leave in
 * the order of their numbers. An empty heap is zeroed.
 *
 * threads    one at a time
 * source     Fredman, Sedgewick, Sleator, Tarjan: The Pairing Heap (1986)
 */
#ifndef LOOP_HEAP_H
#define LOOP_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct heap_node {
    uint64_t          due;
    uint64_t          order;    /* of insertion, given by the caller     */
    struct heap_node *child;    /* first child                           */
    struct heap_node *sibling;  /* next sibling                          */
    struct heap_node *back;     /* previous sibling, or parent           */
};

struct heap {
    struct heap_node *root;     /* the earliest, or NULL                 */
};

/* Is a node, if there is one, before another, or the only one there is? */
bool heap_earlier(const struct heap_node *a, const struct heap_node *b);

/* Add a node that is in no heap; due and order are set. */
void heap_insert(struct heap *h, struct heap_node *n);

/* Remove a node of this heap. */
void heap_remove(struct heap *h, struct heap_node *n);

#endif
