#include "invariant.h"

#include <stddef.h>

#include "../../loop/loop.h"

static const char *check_associate(struct invariant *i,
                                   const struct record_event *e)
{
    uint8_t *key = &i->associated[e->handle];
    if (*key != 0 && e->result != LOOP_EINVAL)
        return "a second association is not refused";
    if (*key == 0 && e->result == LOOP_EINVAL)
        return "a first association is refused";
    if (e->result == 0)
        *key = (uint8_t)(e->key + 1);
    return NULL;
}

static const char *check_start(struct invariant *i,
                               const struct record_event *e)
{
    if (e->result != 0)
        return NULL;
    if (i->associated[e->handle] == 0)
        return "an op starts on a handle without a port";
    i->in_flight[e->op] = true;
    i->port[e->op] = e->port;
    i->key[e->op] = (uint8_t)(i->associated[e->handle] - 1);
    return NULL;
}

static const char *check_op_packet(struct invariant *i, unsigned port,
                                   const struct record_packet *k)
{
    if (k->op >= RECORD_OPS)
        return "a packet names an op that nobody has started";
    if (!i->in_flight[k->op])
        return "an op has a second packet, or one without a start";
    i->in_flight[k->op] = false;
    if (i->port[k->op] != port)
        return "a packet comes from another port";
    if (i->key[k->op] != k->key)
        return "a packet has not the key of its association";
    bool connection = k->kind == PORT_ACCEPT && k->status == 0;
    return k->handle == connection ? NULL
                                   : "a connection comes with no accept, or "
                                     "an accept with no connection";
}

static const char *check_post_packet(struct invariant *i, unsigned port,
                                     const struct record_packet *k)
{
    if (k->key >= RECORD_KEYS || i->posts[port][k->key] == 0)
        return "a packet has a key that nobody has posted";
    i->posts[port][k->key]--;
    return NULL;
}

static const char *check_dequeue(struct invariant *i,
                                 const struct record_event *e)
{
    if (e->result > e->cap)
        return "a dequeue gives more than it was asked for";
    if (e->waits && e->result == 0)
        return "nothing came, although something is owed";
    const char *broken = NULL;
    for (int k = 0; k < e->result && broken == NULL; k++) {
        const struct record_packet *packet = &e->packet[k];
        broken = packet->op == RECORD_NONE
                     ? check_post_packet(i, e->port, packet)
                     : check_op_packet(i, e->port, packet);
    }
    return broken;
}

const char *invariant_check(struct invariant *i,
                            const struct record_event *e)
{
    if (e->skipped)
        return NULL;
    switch ((enum step_verb)e->verb) {
    case STEP_ASSOCIATE:
        return check_associate(i, e);
    case STEP_START:
        return check_start(i, e);
    case STEP_POST:
        i->posts[e->port][e->key] += e->result == 0;
        return NULL;
    case STEP_DEQUEUE:
        return check_dequeue(i, e);
    default:
        return NULL;
    }
}
