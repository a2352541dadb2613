/*
 * list.c - see list.h.
 *
 * The nodes are as large as a post of our loop, so that all move as many
 * lines of memory.
 */
#include "list.h"

#include <pthread.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"
#include "peer_loop.h"

union node {
    struct post post;           /* for its size                          */
    struct {
        union node *next;
        void      (*run)(void);
    } in;
};

static struct {
    pthread_mutex_t lock;
    union node     *node;
    union node     *first;
    union node    **end;
} list = { .lock = PTHREAD_MUTEX_INITIALIZER };

void peer_posts_open(unsigned count, void (*run)(void))
{
    list.node = calloc(count, sizeof *list.node);
    LOOP_ASSERT(list.node);
    list.end = &list.first;
    for (unsigned i = 0; i < count; i++)
        list.node[i].in.run = run;
}

void peer_posts_close(void)
{
    free(list.node);
}

static bool add(union node *n)
{
    n->in.next = NULL;
    pthread_mutex_lock(&list.lock);
    bool was_empty = !list.first;
    *list.end = n;
    list.end = &n->in.next;
    pthread_mutex_unlock(&list.lock);
    return was_empty;
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (add(&list.node[i]))
            list_wake();
}

void list_run(void)
{
    pthread_mutex_lock(&list.lock);
    union node *n = list.first;
    list.first = NULL;
    list.end = &list.first;
    pthread_mutex_unlock(&list.lock);
    while (n) {
        /* Read before it runs: then it may be posted again. */
        union node *next = n->in.next;
        n->in.run();
        n = next;
    }
}
