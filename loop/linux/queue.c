/*
 * queue.c - the packets of a port that wait to be dequeued.
 *
 * The packet of an op is part of the op, so that completing cannot fail; a
 * post takes a spare node, and memory is asked for only when all are in use.
 */
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define CHUNK_NODES 100         /* about a page                           */

struct chunk {
    struct chunk *next;
    struct node   node[CHUNK_NODES];
};

static int add_chunk(struct packet_queue *q)
{
    struct chunk *chunk = os_alloc(sizeof *chunk);
    if (!chunk)
        return LOOP_ENOMEM;
    chunk->next = q->chunks;
    q->chunks = chunk;
    for (int i = 0; i < CHUNK_NODES; i++) {
        chunk->node[i].next = q->spare;
        q->spare = &chunk->node[i];
    }
    return 0;
}

int queue_open(struct packet_queue *q)
{
    return add_chunk(q);
}

void queue_close(struct packet_queue *q)
{
    /* A connection that was accepted for a packet nobody will see would
     * have no owner. */
    for (struct node *n = q->first; n; n = n->next)
        if (n->packet.handle != PORT_NO_HANDLE)
            close((int)n->packet.handle);

    struct chunk *chunk = q->chunks;
    while (chunk) {
        struct chunk *next = chunk->next;
        os_free(chunk);
        chunk = next;
    }
}

void queue_append(struct packet_queue *q, struct node *n)
{
    n->next = NULL;
    if (q->first)
        q->last->next = n;
    else
        q->first = n;
    q->last = n;
}

int queue_post(struct packet_queue *q, uint64_t key)
{
    if (!q->spare && add_chunk(q))
        return LOOP_ENOMEM;
    struct node *n = q->spare;
    q->spare = n->next;
    n->packet = (struct packet){ .key = key, .handle = PORT_NO_HANDLE };
    queue_append(q, n);
    return 0;
}

/* A spare node goes back at once, an op goes back to its owner. */
int queue_take(struct packet_queue *q, struct packet *out, int cap)
{
    int count = 0;
    while (count < cap && q->first) {
        struct node *n = q->first;
        q->first = n->next;
        foresee(n->next, sizeof *n);
        out[count] = n->packet;
        if (n->packet.op) {
            struct kernel_op *op = (struct kernel_op *)n->packet.op;
            LOOP_ASSERT(atomic_load(&op->state) == OP_QUEUED);
            set_state(op, OP_IDLE);
            foresee(op->association, sizeof *op->association);
        } else {
            n->next = q->spare;
            q->spare = n;
        }
        count++;
    }
    return count;
}
