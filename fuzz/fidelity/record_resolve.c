/*
 * record_resolve.c - what the numbers of a step choose.
 *
 * The rules of port.h that a caller must keep are kept here: an op is
 * started again only after its packet was dequeued, nothing names a handle
 * or a port that was closed, and a port is closed with nobody inside.
 */
#include <string.h>

#include "record_perform.h"

#define NOBODY_LISTENS 1
#define LAST 255u

/* Source of all that is written; a write of RECORD_HUGE never completes. */
static uint8_t bytes[RECORD_HUGE];

static const uint32_t sizes[8] = { 1, 7, 64, 64, 200, 512, 512, RECORD_HUGE };

/* The n-th bit that is set, counted round; from LAST down, counted from the
 * last. The mask is not 0. */
static uint8_t choose(uint32_t mask, unsigned n)
{
    unsigned count = 0, bit = 0;
    for (uint32_t m = mask; m != 0; m &= m - 1)
        count++;
    n = n > LAST / 2 ? count - 1 - (LAST - n) % count : n % count;
    for (; ; bit++) {
        if (!(mask >> bit & 1))
            continue;
        if (n-- == 0)
            return (uint8_t)bit;
    }
}

static uint32_t open_ports(const struct performer *p)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < p->ports; i++)
        mask |= (uint32_t)p->port[i].open << i;
    return mask;
}

enum choice { NEAR, FAR, LISTENS, LISTENED, IS_OBJECT };

static bool suits(const struct known_handle *h, enum choice what)
{
    switch (what) {
    case NEAR:      return h->near_open;
    case FAR:       return h->far_open;
    case LISTENS:   return h->near_open && h->device == DEVICE_LISTENER;
    case LISTENED:  return h->device == DEVICE_LISTENER;
    case IS_OBJECT: return h->near_open && h->device == DEVICE_OBJECT;
    }
    return false;
}

static uint32_t handles(const struct performer *p, enum choice what)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < p->handles; i++)
        mask |= (uint32_t)suits(&p->handle[i], what) << i;
    return mask;
}

static void skip(struct call *c)
{
    c->e.skipped = true;
}

static const struct known_handle *take_handle(struct performer *p,
                                              struct call *c,
                                              enum choice what, unsigned n)
{
    uint32_t mask = handles(p, what);
    if (mask == 0) {
        skip(c);
        return NULL;
    }
    c->e.handle = choose(mask, n);
    const struct known_handle *h = &p->handle[c->e.handle];
    c->e.device = h->device;
    c->near = h->near;
    c->far = h->far;
    return h;
}

static void take_port(struct performer *p, struct call *c, uint32_t mask,
                      unsigned n)
{
    mask &= open_ports(p);
    if (mask == 0) {
        skip(c);
        return;
    }
    c->e.port = choose(mask, n);
    c->port = p->port[c->e.port].port;
}

static void need_handles(const struct performer *p, struct call *c,
                         unsigned count)
{
    if (p->handles + count > RECORD_HANDLES)
        skip(c);
}

static void take_key(struct call *c, unsigned n)
{
    c->e.key = (uint8_t)(n % RECORD_KEYS);
    c->key = performer_key(c->e.key);
}

static enum record_bond bond_with(const struct known_handle *h,
                                  unsigned port)
{
    if (h->port == RECORD_NONE)
        return BOND_NONE;
    return h->port == port ? BOND_THIS : BOND_OTHER;
}

static void resolve_associate(struct performer *p, const struct step *s,
                              struct call *c)
{
    take_port(p, c, UINT32_MAX, s->b % 8 == 0 ? 1 : 0);
    const struct known_handle *h = take_handle(p, c, NEAR, s->a);
    if (c->e.skipped)
        return;
    take_key(c, s->c);
    c->e.bond = bond_with(h, c->e.port);
}

static enum port_kind natural_kind(enum record_device device, bool out)
{
    switch (device) {
    case DEVICE_PIPE_READER: return PORT_READ;
    case DEVICE_PIPE_WRITER: return PORT_WRITE;
    case DEVICE_LISTENER:    return PORT_ACCEPT;
    case DEVICE_SOCKET:      return PORT_CONNECT;
    case DEVICE_OBJECT:      return PORT_WAIT;
    default:                 return out ? PORT_WRITE : PORT_READ;
    }
}

/* Most starts are of a kind that the device has, on the right port. */
static void resolve_kind(struct performer *p, const struct step *s,
                         struct call *c, const struct known_handle *h)
{
    unsigned odd = s->b % 32;
    enum port_kind kind = natural_kind(h->device, odd < 14);
    if (odd == 31)
        kind = (enum port_kind)(s->c % 5 + 1);
    bool elsewhere = odd == 30 || h->port == RECORD_NONE;
    take_port(p, c, elsewhere ? UINT32_MAX : UINT32_C(1) << h->port, s->c);
    c->e.bond = bond_with(h, c->e.port);
    c->e.kind = kind;
    c->request.kind = kind;
}

static void resolve_request(struct performer *p, const struct step *s,
                            struct call *c)
{
    struct port_request *r = &c->request;
    uint32_t size = sizes[s->c % 8];
    if (r->kind == PORT_WRITE) {
        r->buffer = bytes;
        r->size = size;
    }
    if (r->kind == PORT_READ) {
        r->buffer = p->memory->buffer[c->e.op];
        r->size = size < RECORD_READ_SIZE ? size : RECORD_READ_SIZE;
    }
    if (r->kind == PORT_CONNECT) {
        uint32_t mask = handles(p, LISTENED);
        bool nobody = mask == 0 || s->c % 8 == 0;
        r->address.ip = PORT_LOOPBACK;
        r->address.number =
            nobody ? NOBODY_LISTENS
                   : p->handle[choose(mask, s->c >> 3)].number;
    }
}

static bool connects(const struct performer *p, unsigned handle)
{
    for (unsigned i = 0; i < RECORD_OPS; i++)
        if (p->op[i].in_flight && p->op[i].handle == handle &&
            p->op[i].kind == PORT_CONNECT)
            return true;
    return false;
}

/* A socket that connects takes no second connect before the first has
 * ended: what would come of it depends on which is faster. */
static void resolve_start(struct performer *p, const struct step *s,
                          struct call *c)
{
    const struct known_handle *h = take_handle(p, c, NEAR, s->a);
    uint8_t op = 0;
    while (op < RECORD_OPS && (p->op[op].in_flight || p->op[op].lost))
        op++;
    if (c->e.skipped || op == RECORD_OPS) {
        skip(c);
        return;
    }
    c->e.op = op;
    c->op = &p->memory->op[op];
    resolve_kind(p, s, c, h);
    if (c->e.kind == PORT_CONNECT && connects(p, c->e.handle))
        skip(c);
    if (!c->e.skipped)
        resolve_request(p, s, c);
}

/* Most cancels are of an op whose packet is still to come; a packet that was
 * dequeued makes the answer certain, a handle that was closed forbids it. */
static uint32_t ops_to_cancel(const struct performer *p, bool in_flight)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < RECORD_OPS; i++) {
        const struct known_op *op = &p->op[i];
        if (op->used && !op->lost && op->in_flight == in_flight &&
            p->handle[op->handle].near_open && p->port[op->port].open)
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

static void resolve_cancel(struct performer *p, const struct step *s,
                           struct call *c)
{
    uint32_t mask = ops_to_cancel(p, s->a % 16 != 15);
    if (mask == 0) {
        skip(c);
        return;
    }
    c->e.op = choose(mask, s->a / 16);
    c->op = &p->memory->op[c->e.op];
    const struct known_op *op = &p->op[c->e.op];
    c->e.handle = op->handle;
    c->e.device = p->handle[op->handle].device;
    c->e.kind = op->kind;
    c->e.in_flight = op->in_flight;
    c->e.cancelled = op->cancelled;
    c->near = p->handle[op->handle].near;
    take_port(p, c, UINT32_C(1) << op->port, 0);
}

static void resolve_cancel_elsewhere(struct performer *p,
                                     const struct step *s, struct call *c)
{
    resolve_cancel(p, s, c);
    if (c->e.skipped)
        return;
    uint32_t mask = handles(p, NEAR) & ~(UINT32_C(1) << c->e.handle);
    if (mask == 0) {
        skip(c);
        return;
    }
    c->e.handle = choose(mask, s->b);
    c->near = p->handle[c->e.handle].near;
}

static void resolve_dequeue(struct performer *p, const struct step *s,
                            struct call *c)
{
    take_port(p, c, UINT32_MAX, s->a);
    if (c->e.skipped)
        return;
    c->e.cap = (uint8_t)(1 + s->b % RECORD_CAP);
    c->e.waits = s->c % 2 && performer_owed(p, c->e.port) > 0;
}

static void resolve_peer(struct performer *p, const struct step *s,
                         struct call *c)
{
    take_handle(p, c, FAR, s->a);
    uint32_t size = sizes[s->c % 8];
    c->request.size = size < RECORD_READ_SIZE ? size : RECORD_READ_SIZE;
}

static void resolve_others(struct performer *p, const struct step *s,
                           struct call *c)
{
    switch ((enum step_verb)s->verb) {
    case STEP_OPEN_PORT:
        if (p->ports == RECORD_PORTS)
            skip(c);
        break;
    case STEP_PIPE:
        need_handles(p, c, 2);
        break;
    case STEP_PEER_CONNECT:
        need_handles(p, c, 1);
        take_handle(p, c, LISTENS, s->a);
        if (!c->e.skipped)
            c->address = (struct port_address){
                PORT_LOOPBACK, p->handle[c->e.handle].number };
        break;
    case STEP_POST:
        take_port(p, c, UINT32_MAX, s->a);
        take_key(c, s->c);
        break;
    case STEP_SET:
        take_handle(p, c, IS_OBJECT, s->a);
        break;
    case STEP_CLOSE:
        take_handle(p, c, NEAR, s->a);
        break;
    case STEP_CLOSE_PORT:
        take_port(p, c, UINT32_MAX, s->a);
        break;
    default:
        need_handles(p, c, 1);
        break;
    }
}

void call_resolve(struct performer *p, const struct step *step,
                  struct call *out)
{
    memset(out, 0, sizeof *out);
    out->e.verb = step->verb;
    out->e.port = out->e.op = out->e.handle = out->e.key = RECORD_NONE;
    out->near = out->far = PORT_NO_HANDLE;
    out->flag = step->verb == STEP_PEER_PIPE ? step->a % 2 : step->c % 2;
    switch ((enum step_verb)step->verb) {
    case STEP_ASSOCIATE:
        resolve_associate(p, step, out);
        break;
    case STEP_START:
        resolve_start(p, step, out);
        break;
    case STEP_CANCEL:
        resolve_cancel(p, step, out);
        break;
    case STEP_CANCEL_ELSEWHERE:
        resolve_cancel_elsewhere(p, step, out);
        break;
    case STEP_DEQUEUE:
        resolve_dequeue(p, step, out);
        break;
    case STEP_PEER_WRITE:
    case STEP_PEER_READ:
    case STEP_PEER_CLOSE:
        resolve_peer(p, step, out);
        break;
    default:
        resolve_others(p, step, out);
        break;
    }
    if (out->e.skipped) {
        out->e.port = out->e.op = out->e.handle = RECORD_NONE;
        out->e.key = RECORD_NONE;
        out->e.cap = 0;
    }
}

static bool may_be_beside(enum step_verb verb)
{
    return verb == STEP_CANCEL || verb == STEP_POST || verb == STEP_CLOSE ||
           verb == STEP_SET || verb == STEP_PEER_WRITE ||
           verb == STEP_PEER_READ || verb == STEP_PEER_CLOSE;
}

static bool may_be_next(enum step_verb verb)
{
    return verb == STEP_DEQUEUE || verb == STEP_CANCEL ||
           verb == STEP_POST || verb == STEP_START || verb == STEP_SET ||
           verb == STEP_PEER_WRITE || verb == STEP_PEER_READ;
}

static bool is_peer(enum step_verb verb)
{
    return verb == STEP_PEER_WRITE || verb == STEP_PEER_READ ||
           verb == STEP_PEER_CLOSE;
}

/* Two calls of one handle agree unless one closes it; the near end and the
 * far one are two handles. A far end is asked by one thread at a time: it may
 * turn down a second, which is no matter of the port's. An op that a cancel
 * names is not started anew meanwhile. */
bool calls_agree(const struct call *beside, const struct call *next)
{
    enum step_verb one = beside->e.verb, other = next->e.verb;
    if (beside->e.skipped || next->e.skipped || !may_be_beside(one) ||
        !may_be_next(other))
        return false;
    if (one == STEP_CANCEL && other == STEP_START)
        return beside->e.op != next->e.op;
    bool same = beside->e.handle == next->e.handle &&
                is_peer(one) == is_peer(other);
    return !same || (one != STEP_CLOSE && !is_peer(one));
}
