/*
 * heap.c - see heap.h.
 *
 * The children of a node are a list: `back` is the previous sibling, or the
 * parent for a first child. The root has neither sibling nor back.
 */
#include "heap.h"

#include <stddef.h>

bool heap_earlier(const struct heap_node *a, const struct heap_node *b)
{
    if (!a || !b)
        return a != NULL;
    if (a->due != b->due)
        return a->due < b->due;
    return a->order < b->order;
}

/* Make the later of two roots the first child of the earlier one. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (heap_earlier(b, a)) {
        struct heap_node *swap = a;
        a = b;
        b = swap;
    }
    b->sibling = a->child;
    if (b->sibling)
        b->sibling->back = b;
    b->back = a;
    a->child = b;
    return a;
}

/* Meld a list of siblings: in pairs from the left, then all from the right. */
static struct heap_node *meld_all(struct heap_node *list)
{
    struct heap_node *pairs = NULL;
    while (list) {
        struct heap_node *a = list;
        struct heap_node *b = a->sibling;
        list = b ? b->sibling : NULL;
        a->sibling = a->back = NULL;
        if (b)
            b->sibling = b->back = NULL;
        struct heap_node *pair = meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct heap_node *root = NULL;
    while (pairs) {
        struct heap_node *pair = pairs;
        pairs = pair->sibling;
        pair->sibling = NULL;
        root = meld(root, pair);
    }
    return root;
}

void heap_insert(struct heap *h, struct heap_node *n)
{
    n->child = n->sibling = n->back = NULL;
    h->root = meld(h->root, n);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    struct heap_node *children = meld_all(n->child);
    n->child = NULL;
    if (n == h->root) {
        h->root = children;
        return;
    }
    if (n->back->child == n)
        n->back->child = n->sibling;
    else
        n->back->sibling = n->sibling;
    if (n->sibling)
        n->sibling->back = n->back;
    n->sibling = n->back = NULL;
    h->root = meld(h->root, children);
}
