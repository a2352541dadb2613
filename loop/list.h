/*
 * list.h - circular lists of loop_items around a head.
 *
 * An item is on at most one list; a zeroed item is on none, and so is one
 * that was removed.
 */
#ifndef LOOP_LIST_H
#define LOOP_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "check.h"
#include "item.h"

/* The object of a type whose member the pointer points to. */
#define LIST_OF(pointer, type, member)                                      \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline void list_open(struct loop_item *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_empty(const struct loop_item *head)
{
    return head->next == head;
}

static inline void list_append(struct loop_item *head, struct loop_item *i)
{
    i->next = head;
    i->prev = head->prev;
    head->prev->next = i;
    head->prev = i;
}

static inline void list_remove(struct loop_item *i)
{
    LOOP_ASSERT(i->next);
    i->prev->next = i->next;
    i->next->prev = i->prev;
    i->next = NULL;
    i->prev = NULL;
}

/* Take all items off a list: the first of what they are now, linked by next
 * alone up to NULL. */
static inline struct loop_item *list_take(struct loop_item *head)
{
    struct loop_item *first = list_empty(head) ? NULL : head->next;
    head->prev->next = NULL;
    list_open(head);
    return first;
}

#endif
