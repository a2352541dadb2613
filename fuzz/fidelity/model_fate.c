#include "model_fate.h"

#include <string.h>

#include "../../loop/loop.h"

/* A packet in the order in which a port gave it out: of an op, or a post
 * with the times before and after which it was queued. */
struct item {
    int      fate;              /* -1: a post                                */
    unsigned lowest, highest;
    uint8_t  key;
};

struct queue {
    unsigned    posts, posts_taken;
    struct item item[PACKETS_MAX];
    struct item post[FATES_MAX];
};

struct reader {
    struct fates        *out;
    const struct record *r;
    int                  latest[RECORD_OPS];
    struct queue         queue[RECORD_PORTS];
};

static bool is_second(const struct record *r, unsigned t)
{
    return t > 0 && r->event[t - 1].beside;
}

/* The first time that is after the call of an event, and the last that is
 * not. A call that is made beside another has its effect at no certain
 * moment of the two. */
static unsigned after(const struct record *r, unsigned t)
{
    if (is_second(r, t))
        return t - 1;
    return r->event[t].beside ? t : t + 1;
}

static unsigned before(const struct record *r, unsigned t)
{
    return is_second(r, t) ? t - 1 : t;
}

static void raise_lowest(struct fate *f, unsigned t)
{
    f->lowest = f->lowest > t ? f->lowest : t;
}

/* The op was not complete when a call had its effect. */
static void complete_after(struct fate *f, const struct record *r, unsigned t)
{
    raise_lowest(f, after(r, t));
    f->likely = r->event[t].beside ? t + 2 : t + 1;
}

static void lower_highest(struct fate *f, unsigned t)
{
    f->highest = f->highest < t ? f->highest : t;
}

static void read_start(struct reader *rd, const struct record_event *e,
                       unsigned t)
{
    struct fates *fates = rd->out;
    if (fates->count == FATES_MAX || e->op >= RECORD_OPS ||
        e->port >= RECORD_PORTS) {
        fates->possible = false;
        return;
    }
    int index = (int)fates->count++;
    int *link = rd->latest[e->op] < 0 ? &fates->first[e->op]
                                      : &fates->fate[rd->latest[e->op]].next;
    *link = index;
    rd->latest[e->op] = index;
    unsigned begin = before(rd->r, t);
    fates->fate[index] = (struct fate){
        .op = e->op, .port = e->port, .handle = e->handle, .begin = begin,
        .lowest = begin,
        .highest = rd->r->count, .next = -1 };
}

static struct fate *pending(struct reader *rd, unsigned op)
{
    if (op >= RECORD_OPS || rd->latest[op] < 0)
        return NULL;
    struct fate *f = &rd->out->fate[rd->latest[op]];
    return f->seen ? NULL : f;
}

static void read_cancel(struct reader *rd, const struct record_event *e,
                        unsigned t)
{
    struct fate *f = pending(rd, e->op);
    if (f == NULL)
        return;
    if (e->result == 0)
        complete_after(f, rd->r, t);
    else if (e->result == LOOP_ENOTFOUND)
        lower_highest(f, before(rd->r, t));
}

static void read_close(struct reader *rd, const struct record_event *e)
{
    for (unsigned op = 0; op < RECORD_OPS; op++) {
        struct fate *f = pending(rd, op);
        if (f != NULL && f->handle == e->handle)
            f->closed = true;
    }
}

static void read_post(struct reader *rd, const struct record_event *e,
                      unsigned t)
{
    struct queue *q = &rd->queue[e->port];
    if (q->posts < FATES_MAX)
        q->post[q->posts++] = (struct item){
            -1, after(rd->r, t), before(rd->r, t), e->key };
}

/* The post that a packet stands for: the oldest that is left, or the one
 * that was made beside it. */
static const struct item *take_post(struct queue *q, uint8_t key)
{
    unsigned i = q->posts_taken++;
    if (q->post[i].key != key && i + 1 < q->posts &&
        q->post[i + 1].key == key &&
        q->post[i + 1].highest == q->post[i].highest) {
        struct item later = q->post[i];
        q->post[i] = q->post[i + 1];
        q->post[i + 1] = later;
    }
    return q->post[i].key == key ? &q->post[i] : NULL;
}

static void read_packet(struct reader *rd, const struct record_event *e,
                        const struct record_packet *k, unsigned t)
{
    struct queue *q = &rd->queue[e->port];
    struct fates *fates = rd->out;
    unsigned order = fates->packets[e->port]++;
    struct fate *f = pending(rd, k->op);
    const struct item *post = NULL;
    if (k->op == RECORD_NONE && q->posts_taken < q->posts)
        post = take_post(q, k->key);
    fates->possible &= order < PACKETS_MAX && (f != NULL || post != NULL);
    if (!fates->possible)
        return;
    fates->post[e->port][order] = post != NULL ? k->key : RECORD_NONE;
    if (post != NULL) {
        q->item[order] = *post;
        return;
    }
    f->seen = true;
    f->status = k->status;
    f->size = k->size;
    f->order = order;
    lower_highest(f, before(rd->r, t));
    q->item[order] = (struct item){ (int)(f - fates->fate), 0, 0, 0 };
}

/* A call that gave fewer packets than it could take left none behind. */
static void read_dequeue(struct reader *rd, const struct record_event *e,
                         unsigned t)
{
    for (int i = 0; i < e->result; i++)
        read_packet(rd, e, &e->packet[i], t);
    for (unsigned op = 0; e->result < e->cap && op < RECORD_OPS; op++) {
        struct fate *f = pending(rd, op);
        if (f != NULL && f->port == e->port)
            complete_after(f, rd->r, t);
    }
}

/* Packets come out in the order in which they went in, so what is true of
 * one bounds those before and behind it. */
static void order_queue(struct fates *fates, const struct queue *q,
                        unsigned count)
{
    unsigned lowest = 0, highest = UINT32_MAX;
    for (unsigned i = 0; i < count; i++) {
        const struct item *item = &q->item[i];
        if (item->fate >= 0)
            raise_lowest(&fates->fate[item->fate], lowest);
        unsigned own = item->fate < 0 ? item->lowest
                                      : fates->fate[item->fate].lowest;
        lowest = own > lowest ? own : lowest;
    }
    for (unsigned i = count; i-- > 0; ) {
        const struct item *item = &q->item[i];
        if (item->fate >= 0)
            lower_highest(&fates->fate[item->fate], highest);
        unsigned own = item->fate < 0 ? item->highest
                                      : fates->fate[item->fate].highest;
        highest = own < highest ? own : highest;
    }
}

static void read_event(struct reader *rd, unsigned t)
{
    const struct record_event *e = &rd->r->event[t];
    if (e->skipped)
        return;
    bool on_port = e->port < RECORD_PORTS;
    if (e->verb == STEP_START && e->result == 0)
        read_start(rd, e, t);
    else if (e->verb == STEP_CANCEL)
        read_cancel(rd, e, t);
    else if (e->verb == STEP_CLOSE)
        read_close(rd, e);
    else if (e->verb == STEP_POST && e->result == 0 && on_port)
        read_post(rd, e, t);
    else if (e->verb == STEP_DEQUEUE && on_port)
        read_dequeue(rd, e, t);
}

void fates_read(struct fates *out, const struct record *r)
{
    static struct reader rd;
    memset(&rd, 0, sizeof rd);
    rd.out = out;
    rd.r = r;
    memset(rd.latest, 0xff, sizeof rd.latest);
    memset(out, 0, sizeof *out);
    memset(out->first, 0xff, sizeof out->first);
    out->possible = true;
    for (unsigned t = 0; t < r->count; t++)
        read_event(&rd, t);
    for (unsigned port = 0; port < RECORD_PORTS && out->possible; port++)
        order_queue(out, &rd.queue[port], out->packets[port]);
}
