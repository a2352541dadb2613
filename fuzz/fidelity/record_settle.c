/*
 * record_settle.c - the end of a sequence: nothing stays pending, and
 * whatever is owed comes.
 */
#include "record_perform.h"

/* A step that names its handle, op or port outright, not by its place among
 * those it can choose from. */
static void settle_call(struct performer *p, enum step_verb verb,
                        unsigned port, unsigned op, unsigned handle)
{
    struct call c = { .e = { .verb = (uint8_t)verb, .port = (uint8_t)port,
                             .op = (uint8_t)op, .handle = (uint8_t)handle,
                             .key = RECORD_NONE } };
    if (p->stopped)
        return;
    if (port != RECORD_NONE)
        c.port = p->port[port].port;
    if (handle != RECORD_NONE) {
        c.near = p->handle[handle].near;
        c.far = p->handle[handle].far;
        c.e.device = p->handle[handle].device;
    }
    if (op != RECORD_NONE) {
        c.op = &p->memory->op[op];
        c.e.kind = p->op[op].kind;
        c.e.in_flight = true;
        c.e.cancelled = p->op[op].cancelled;
    }
    if (verb == STEP_DEQUEUE) {
        c.e.cap = RECORD_CAP;
        c.e.waits = performer_in_flight(p, port) > 0;
    }
    call_act(p, &c);
    call_note(p, &c);
}

static void settle_ops(struct performer *p)
{
    for (unsigned i = 0; i < RECORD_OPS; i++) {
        const struct known_op *op = &p->op[i];
        if (op->in_flight && !op->closed)
            settle_call(p, STEP_CANCEL, op->port, i, op->handle);
    }
    for (unsigned i = 0; i < p->handles; i++)
        if (p->handle[i].far_open)
            settle_call(p, STEP_PEER_CLOSE, RECORD_NONE, RECORD_NONE, i);
}

/* One more look than is needed: a packet that nobody is owed would come. */
static void settle_packets(struct performer *p, unsigned port)
{
    unsigned before, left = performer_in_flight(p, port);
    while (left > 0 && !p->stopped) {
        before = left;
        settle_call(p, STEP_DEQUEUE, port, RECORD_NONE, RECORD_NONE);
        left = performer_in_flight(p, port);
        if (left == before)
            break;
    }
    if (left == 0)
        settle_call(p, STEP_DEQUEUE, port, RECORD_NONE, RECORD_NONE);
}

void performer_settle(struct performer *p)
{
    settle_ops(p);
    for (unsigned i = 0; i < p->ports; i++)
        if (p->port[i].open)
            settle_packets(p, i);
    for (unsigned i = 0; i < p->handles; i++)
        if (p->handle[i].near_open)
            settle_call(p, STEP_CLOSE, RECORD_NONE, RECORD_NONE, i);
    for (unsigned i = 0; i < p->ports; i++)
        if (p->port[i].open)
            settle_call(p, STEP_CLOSE_PORT, i, RECORD_NONE, RECORD_NONE);
}
