#include "model_search.h"

#include "../../loop/loop.h"
#include "../trace.h"

/* The fate of an op as it is now, or NULL. */
const struct fate *model_fate(unsigned op)
{
    const struct fates *f = &model.fates;
    int now = model.current[op];
    int next = now < 0 ? f->first[op] : f->fate[now].next;
    while (next >= 0 && f->fate[next].begin <= model.time) {
        model.current[op] = next;
        next = f->fate[next].next;
    }
    return model.current[op] < 0 ? NULL : &f->fate[model.current[op]];
}

static uint32_t shown_size(const struct kernel_op *op)
{
    return op->status == 0 ? op->moved : op->moved > 0;
}

/* The event whose call a thread is in. */
const struct record_event *model_event(unsigned thread)
{
    const struct record_event *e = &model.record->event[model.now];
    bool both = model.now + 1 < model.record->count && e->beside;
    return both && thread == 0 ? e + 1 : e;
}

/* Packets of a port come in their order; those that nobody has dequeued come
 * behind the others. */
bool model_is_due(const struct fate *f)
{
    unsigned before = f->seen ? f->order : model.fates.packets[f->port];
    return before == model.done[f->port] && f->lowest <= model.time &&
           f->highest >= model.time;
}

static void note_started(const struct trace_event *t)
{
    const struct record_event *e = model_event(t->thread);
    if (t->value > 0 && e->op < RECORD_OPS && t->object < STARTS_MAX)
        model.started[t->object] = model_fate(e->op);
}

static void note_completed(const struct trace_event *t)
{
    const struct fate *f = t->object < STARTS_MAX ? model.started[t->object]
                                                  : NULL;
    if (f == NULL)
        return;
    model.failed |= !model_is_due(f);
    model.done[f->port] += f->seen;
}

static void note_posted(const struct trace_event *t)
{
    const struct record_event *e = model_event(t->thread);
    if (t->value < 0 || t->object >= RECORD_PORTS)
        return;
    unsigned *done = &model.done[t->object];
    if (*done < model.fates.packets[t->object])
        model.failed |= model.fates.post[t->object][(*done)++] != e->key;
}

/* Follow the packets as they are queued: what the record has in another
 * order fails here, not when it is dequeued much later. */
static void look_at_trace(void)
{
    size_t count;
    const struct trace_event *t = trace_events(&count, NULL);
    for (; model.traced < count && !model.failed; model.traced++) {
        if (t[model.traced].kind == TRACE_START)
            note_started(&t[model.traced]);
        else if (t[model.traced].kind == TRACE_COMPLETE)
            note_completed(&t[model.traced]);
        else if (t[model.traced].kind == TRACE_POST)
            note_posted(&t[model.traced]);
    }
}

/* Whoever dequeues an accepted connection may find its listener closed. */
static bool may_be_lost(const struct fate *f, const struct kernel_op *op)
{
    return f->status == LOOP_EABORTED && !model.rules->linux_files &&
           op->kind == PORT_ACCEPT && op->status == 0;
}

/* An op of a kind that its device does not have may fail only if nobody
 * cancels it or closes its handle first. */
static bool waits_for_abort(const struct fate *f, const struct kernel_op *op)
{
    return op->unfit && op->state == OP_PENDING && f->status == LOOP_EABORTED &&
           op->status != LOOP_EABORTED;
}

static bool says_as_foretold(const struct fate *f, const struct kernel_op *op)
{
    if (may_be_lost(f, op) || waits_for_abort(f, op))
        return true;
    return f->status == op->status && f->size == shown_size(op);
}

/* What has moved stays moved, and whoever fails on Linux says so. */
static bool moved_too_much(const struct fate *f, const struct kernel_op *op)
{
    return model.rules->linux_files && f->seen && f->status != 0 &&
           f->size == 0 && op->moved > 0;
}

static void look_at_op(const struct fate *f, const struct kernel_op *op)
{
    bool done = op->state == OP_QUEUED || op->doomed;
    if (f->seen && done && !says_as_foretold(f, op))
        model.failed = true;
    if (op->state == OP_PENDING && f->highest < model.time)
        model.failed = true;
    if (op->state == OP_DEAF && f->seen)
        model.failed = true;
    if (op->state == OP_PENDING && moved_too_much(f, op))
        model.failed = true;
}

/* Has an op done since the last look what the record denies? */
void model_look(void)
{
    if (!model.failed)
        look_at_trace();
    for (unsigned op = 0; op < RECORD_OPS && !model.failed; op++) {
        const struct fate *f = model_fate(op);
        const struct kernel_op *k = kernel_find(&model.memory.op[op]);
        if (f != NULL && k != NULL)
            look_at_op(f, k);
    }
}

/* May a write move bytes now, although its packet is not due? It may be
 * early; and one that has more to move than fits moves some, which is enough
 * for all that a sequence can read, and stays pending. */
static bool may_move(const struct fate *f, const struct kernel_op *op)
{
    const struct file *file = kernel_at(op->file);
    bool breaks = file->peer == KERNEL_NONE &&
                  (file->reset || file->kind != FILE_STREAM);
    if (op->kind != PORT_WRITE || breaks)
        return false;
    if (op->size != RECORD_HUGE)
        return !f->seen || f->status == 0;
    bool some = f->size > 0 || !model.rules->linux_files;
    return op->moved == 0 && (!f->seen || (f->status != 0 && some));
}

/* A connection that is made can be accepted before it is told. */
static bool may_link(const struct kernel_op *op)
{
    const struct file *f = kernel_at(op->file);
    return op->kind == PORT_CONNECT && !f->linked && !f->refused;
}

/* A read takes what there is. */
static bool has_size(const struct fate *f, const struct kernel_op *op)
{
    uint32_t there = kernel_at(op->file)->in_size;
    return op->kind != PORT_READ || op->doomed || op->unfit || !f->seen ||
           f->status != 0 || f->size == (there < op->size ? there : op->size);
}

/* An op that moves for ever does not complete, nor does one that is to be
 * aborted and was not asked to end. */
static bool may_complete(const struct fate *f, const struct kernel_op *op)
{
    bool huge = op->kind == PORT_WRITE && op->size == RECORD_HUGE &&
                kernel_at(op->file)->peer != KERNEL_NONE;
    if (!op->doomed && !op->unfit && huge)
        return false;
    if (!op->doomed && f->seen && f->status == LOOP_EABORTED &&
        !may_be_lost(f, op))
        return false;
    return model_is_due(f) && has_size(f, op) &&
           !(f->seen && waits_for_abort(f, op));
}

/* A read that got less than it asked for took it before more came, and an op
 * that has a result although its handle is closed had it before that. */
static bool has_to_be_early(const struct fate *f, const struct kernel_op *op)
{
    bool less = op->kind == PORT_READ && f->size < op->size;
    return model.rules->late && f->seen && f->status == 0 &&
           op->kind != PORT_WRITE && op->kind != PORT_CONNECT &&
           (less || f->closed) && has_size(f, op);
}

/* May the device turn to an op now? */
bool model_may_proceed(const struct fate *f, const struct kernel_op *op)
{
    if (!op->ready)
        return false;
    bool plain = !op->doomed && !op->unfit;
    return may_complete(f, op) ||
           (plain && (may_move(f, op) || may_link(op) ||
                      has_to_be_early(f, op)));
}

bool model_may_be_early(const struct fate *f, const struct kernel_op *op)
{
    bool takes = op->kind == PORT_READ || op->kind == PORT_ACCEPT ||
                 op->kind == PORT_WAIT;
    return model.rules->late && takes && op->ready && !op->doomed &&
           !op->unfit && !model_may_proceed(f, op) && has_size(f, op) &&
           f->seen && f->status == 0;
}
