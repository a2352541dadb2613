#include "model_search.h"

#include "../../loop/loop.h"
#include "../ground.h"

/* The answer to try, by its place in a list that begins with the likeliest.
 * A run that has failed asks no more. */
static unsigned choose(unsigned answers)
{
    if (model.failed || answers < 2)
        return 0;
    if (model.cursor == CHOICES_MAX) {
        model.overflow = true;
        return 0;
    }
    if (model.cursor == model.choices)
        model.choice[model.choices++] = (struct choice){ (uint8_t)answers, 0 };
    return model.choice[model.cursor++].taken;
}

bool model_next_path(void)
{
    while (model.choices > 0) {
        struct choice *last = &model.choice[model.choices - 1];
        if (++last->taken < last->answers)
            return true;
        model.choices--;
    }
    return false;
}

/* The ops to which the device may turn, the first `*likely` of them before
 * anything else happens. */
static unsigned candidates(unsigned out[RECORD_OPS], unsigned *likely)
{
    unsigned rest[RECORD_OPS], count = 0, rests = 0;
    for (unsigned op = 0; op < RECORD_OPS; op++) {
        const struct fate *f = model_fate(op);
        const struct kernel_op *k = kernel_find(&model.memory.op[op]);
        if (f == NULL || k == NULL)
            continue;
        bool may = model_may_proceed(f, k);
        if (may && model.time >= f->likely)
            out[count++] = op;
        else if (may || model_may_be_early(f, k))
            rest[rests++] = op;
    }
    *likely = count;
    for (unsigned i = 0; i < rests; i++)
        out[count++] = rest[i];
    return count;
}

static unsigned ready_ops(void)
{
    unsigned count = 0;
    for (unsigned op = 0; op < RECORD_OPS; op++) {
        const struct kernel_op *k = kernel_find(&model.memory.op[op]);
        count += k != NULL && k->ready;
    }
    return count;
}

static unsigned give_turn(unsigned op)
{
    model.turn = op;
    model.starting = false;
    model.picked = ready_ops() > 1 ? (int)op : NOT_PICKED;
    return SCHED_DEVICE;
}

/* The n-th of those that can run, the calm one first. */
static unsigned choose_thread(uint32_t threads, unsigned current, unsigned n)
{
    unsigned calm = sched_calm(threads, current);
    if (n == 0)
        return calm;
    threads &= ~(UINT32_C(1) << calm);
    while (--n > 0)
        threads &= threads - 1;
    return (unsigned)__builtin_ctz(threads);
}

/* The device's turn comes as soon as it may: a real device does not wait. */
static unsigned decide_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    unsigned op[RECORD_OPS], ops = 0, likely = 0;
    uint32_t threads = enabled & ~(UINT32_C(1) << SCHED_DEVICE);
    unsigned count = (unsigned)__builtin_popcount(threads);
    model_look();
    if (model.failed)
        return sched_calm(threads, current);
    if (enabled != threads)
        ops = candidates(op, &likely);
    unsigned answer = choose(ops + count);
    if (answer < likely)
        return give_turn(op[answer]);
    if (answer >= likely + count)
        return give_turn(op[answer - count]);
    return choose_thread(threads, current, answer - likely);
}

/* Where an op stands among those that are ready, oldest first. */
static unsigned rank_of(unsigned op)
{
    const struct kernel_op *mine = kernel_find(&model.memory.op[op]);
    unsigned rank = 0;
    for (unsigned i = 0; i < RECORD_OPS; i++) {
        const struct kernel_op *k = kernel_find(&model.memory.op[i]);
        rank += k != NULL && k->ready && k->serial < mine->serial;
    }
    return rank;
}

/* Nobody was asked who comes next if all threads wait. */
static unsigned decide_op(void)
{
    if (model.picked == NOT_PICKED) {
        unsigned op[RECORD_OPS];
        model_look();
        unsigned likely, ops = candidates(op, &likely);
        if (ops == 0 || model.failed)
            return 0;
        model.picked = (int)op[choose(ops)];
    }
    model.turn = (unsigned)model.picked;
    model.starting = false;
    unsigned rank = rank_of((unsigned)model.picked);
    model.picked = NOT_PICKED;
    return rank;
}

/* Is the packet queued later? It has to be, if it is not due. */
static unsigned decide_late(void)
{
    const struct fate *f = model_fate(model.turn);
    model.starting = false;
    if (f == NULL)
        return 0;
    if (!model_is_due(f))
        return 1;
    return model.rules->late ? choose(2) : 0;
}

/* Asked first whether an op completes as it starts, then, as of every op
 * that completes, whether its packet is late. */
static unsigned decide_sync(void)
{
    if (ground_thread() == SCHED_DEVICE || model.starting)
        return decide_late();
    const struct record_event *e = model_event(ground_thread());
    const struct fate *f = e->op < RECORD_OPS ? model_fate(e->op) : NULL;
    const struct kernel_op *k =
        f == NULL ? NULL : kernel_find(&model.memory.op[e->op]);
    model_look();
    if (k == NULL)
        return 0;
    unsigned answer = 0;
    if (model_may_proceed(f, k))
        answer = 1 - choose(2);
    else if (model_may_be_early(f, k))
        answer = choose(2);
    model.turn = e->op;
    model.starting = answer != 0;
    return answer;
}

/* An aborted op was doomed, one with another result was not; of one that
 * nobody has dequeued either may be true. */
static unsigned decide_cancel(void)
{
    const struct record_event *e = model_event(ground_thread());
    const struct fate *f = e->op < RECORD_OPS ? model_fate(e->op) : NULL;
    if (f == NULL || !f->seen)
        return choose(2);
    return f->status != LOOP_EABORTED;
}

/* Ports abort what a close leaves, a reset leaves what came before it, and a
 * network takes what it can: those are the last answers. */
static unsigned decide_other(unsigned count)
{
    return count - 1 - choose(count);
}

static unsigned decide_portion(void)
{
    const struct kernel_op *k = kernel_find(&model.memory.op[model.turn]);
    bool huge = k != NULL && k->kind == PORT_WRITE &&
                k->size == RECORD_HUGE;
    return huge ? 2 - choose(2) * 2 : 0;
}

static unsigned decide_unfit(void)
{
    const struct record_event *e = model_event(ground_thread());
    const struct fate *f = e->op < RECORD_OPS ? model_fate(e->op) : NULL;
    if (e->result != 0 || f == NULL)
        return 0;
    if (!f->seen)
        return 1 + choose(2);
    return f->status == LOOP_EBROKEN    ? 2
           : f->status == LOOP_EREFUSED ? 3
                                        : 1;
}

/* Nothing is refused without a reason; with one, at once or in its turn. */
static unsigned decide_refusal(void)
{
    const struct record_event *e = model_event(ground_thread());
    const struct kernel_op *k =
        e->op < RECORD_OPS ? kernel_find(&model.memory.op[e->op]) : NULL;
    return k != NULL && k->unfit ? choose(2) : 0;
}

static unsigned decide_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    switch (what) {
    case SCHED_SYNC:
        return decide_sync();
    case SCHED_CANCEL:
        return count == 4 ? decide_cancel() : decide_other(count);
    case SCHED_PICK_OP:
        return decide_op();
    case SCHED_PARTIAL:
        return count == 3 ? decide_portion() : decide_other(count);
    case SCHED_REFUSE:
        return count == 4 ? decide_unfit() : decide_refusal();
    default:
        return 0;
    }
}

static struct sched decisions = {
    .name = "explain", .thread = decide_thread, .outcome = decide_outcome,
};

struct sched *model_decisions(void)
{
    return &decisions;
}
