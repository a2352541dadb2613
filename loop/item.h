/*
 * item.h - what every kind of work in a loop has in common, but for posts.
 *
 * Ops, timers, tasks, jobs, handles and console watches begin with this
 * struct. It is how one ready queue carries all of them, and how loop_pending
 * can name each one to a person.
 * Callers set nothing in it but the name; the loop owns the rest from the
 * call that accepts the item until the item's callback starts.
 */
#ifndef LOOP_ITEM_H
#define LOOP_ITEM_H

#include <stdint.h>

enum loop_kind {
    LOOP_POST,
    LOOP_OP,
    LOOP_TIMER,
    LOOP_TASK,
    LOOP_JOB,
    LOOP_HANDLE,
    LOOP_CONSOLE,
    LOOP_KINDS,     /* how many kinds there are */
};

struct loop_item {
    struct loop_item *next;     /* in the list the item is on            */
    struct loop_item *prev;
    const char       *name;     /* given by the creator, or NULL         */
    uint64_t          since;    /* os_now() when it was accepted         */
    uint8_t           kind;     /* enum loop_kind                        */
    uint8_t           state;    /* of its kind; names in loop_state_name */
    uint8_t           ready;    /* 1 while on the ready queue            */
};

#endif
