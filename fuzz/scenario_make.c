/*
 * Scenarios made by chance: from nothing, from one, from two.
 *
 * What is generated is likely to do something: a loop is opened before
 * others use it, a run that never ends by itself is stopped by somebody,
 * what is awaited was submitted. What is mutated need not be: a loop has to
 * stand a close in the middle of a run. Nothing here writes what an author
 * expects, since nobody knows it.
 */
#include "scenario.h"

#include "../loop/check.h"
#include "../loop/shutdown.h"
#include "scenario_form.h"

struct maker {
    struct scenario *s;
    uint64_t         random;
    unsigned         count[KINDS];      /* objects that can be named        */
    uint8_t          channel[8];        /* the statement that makes each    */
    bool             wants_stop[2];     /* a run of this loop is for ever   */
    unsigned         loop;              /* the loop that is talked about    */
    unsigned         callback;          /* the callback that is being made, */
    unsigned         task;              /* and the task; else their count   */
    uint8_t          finishes[16];      /* by callback: hook + 1, or 0      */
    uint8_t          stops[16];         /* by callback: loop + 1, or 0      */
};

static unsigned below(struct maker *m, unsigned n)
{
    return sched_below(&m->random, n);
}

static bool chance(struct maker *m, unsigned percent)
{
    return below(m, 100) < percent;
}

/* How often a statement is picked, against the others of its body. */
static const uint8_t weight[ST_OPS] = {
    [ST_OPEN] = 1,          [ST_RUN] = 2,           [ST_STOP] = 4,
    [ST_SHUTDOWN] = 2,      [ST_CLOSE] = 1,         [ST_POST] = 10,
    [ST_TIMER] = 6,         [ST_CANCEL_TIMER] = 3,  [ST_SPAWN] = 6,
    [ST_CANCEL_TASK] = 4,   [ST_CANCEL_ALL] = 2,    [ST_GATHER] = 2,
    [ST_AWAIT_TIMER] = 4,   [ST_AWAIT_OP] = 3,      [ST_AWAIT_TASK] = 3,
    [ST_AWAIT_GROUP] = 3,   [ST_AWAIT_JOB] = 3,     [ST_YIELD] = 3,
    [ST_ON_CANCEL] = 2,     [ST_SWALLOW] = 1,       [ST_FAIL] = 1,
    [ST_PAIR] = 2,          [ST_LISTEN] = 1,        [ST_SOCKET] = 1,
    [ST_OBJECT] = 1,        [ST_READ] = 6,          [ST_WRITE] = 4,
    [ST_ACCEPT] = 1,        [ST_CONNECT] = 1,       [ST_WAIT] = 2,
    [ST_CANCEL] = 4,        [ST_CLOSE_HANDLE] = 3,  [ST_SET] = 1,
    [ST_PEER_WRITE] = 3,    [ST_PEER_READ] = 2,     [ST_PEER_CLOSE] = 2,
    [ST_PEER_CONNECT] = 1,  [ST_SUBMIT_JOB] = 4,    [ST_CANCEL_JOB] = 2,
    [ST_WATCH] = 1,         [ST_UNWATCH] = 1,       [ST_CONSOLE] = 1,
    [ST_ADD_HOOK] = 2,      [ST_LATER] = 2,         [ST_FINISH] = 2,
    [ST_SLEEP] = 2,         [ST_RAISE] = 1,         [ST_START] = 1,
    [ST_JOIN] = 1,          [ST_EXIT] = 1,
};

static uint32_t some_time(struct maker *m)
{
    static const uint32_t times[] = { 0, 1, 100, 1000, 2000, 5000, 10000,
                                      20000, 100000, 1000000, 15000000 };
    return times[below(m, sizeof times / sizeof times[0])];
}

static uint32_t some_size(struct maker *m)
{
    static const uint32_t sizes[] = { 0, 1, 16, 64, 64, 1024, 4096, 65536 };
    return sizes[below(m, sizeof sizes / sizeof sizes[0])];
}

static uint32_t some_number(struct maker *m, const struct argument *g)
{
    switch (g->type) {
    case ARG_TIME:
        return some_time(m);
    case ARG_SIZE:
        return some_size(m);
    case ARG_BITS:
        return (uint32_t)sched_random(&m->random)
             & (uint32_t)sched_random(&m->random) & g->max;
    default:
        return below(m, 4);
    }
}

/* A callback that posts itself for ever, or a task that spawns itself, hides
 * everything else. So most of them name only those further down. */
static unsigned after_or_any(struct maker *m, unsigned own, unsigned count)
{
    if (own + 1 < count && chance(m, 95))
        return own + 1 + below(m, count - own - 1);
    return below(m, count);
}

static unsigned some_object(struct maker *m, const struct argument *g)
{
    unsigned count = m->count[g->kind];

    if (g->kind == KIND_LOOP && chance(m, 80))
        return m->loop;
    if (g->kind == KIND_CALLBACK)
        return after_or_any(m, m->callback, count);
    if (g->kind == KIND_TASK)
        return after_or_any(m, m->task, count);
    return below(m, count);
}

/* The last one has nothing further down. */
static bool is_last(struct maker *m, enum scenario_kind kind)
{
    return (kind == KIND_CALLBACK && m->callback + 1 == m->count[kind])
        || (kind == KIND_TASK && m->task + 1 == m->count[kind]);
}

/* Choose an argument; false if there is no object to name. */
static bool choose(struct maker *m, const struct argument *g, uint32_t *out)
{
    unsigned room = scenario_kind_max[g->kind];
    bool likely = g->type == ARG_REF || g->type == ARG_TIME;

    *out = scenario_absent(g);
    if (scenario_is_returns(g) || (g->optional && !chance(m, likely ? 75 : 25)))
        return true;
    switch (g->type) {
    case ARG_REF:
        if (is_last(m, g->kind) && !chance(m, 10))
            return g->optional;
        if (m->count[g->kind] > 0)
            *out = some_object(m, g);
        return g->optional || m->count[g->kind] > 0;
    case ARG_NEW:
        *out = below(m, m->count[g->kind] + 1 < room
                        ? m->count[g->kind] + 1 : room);
        if (*out >= m->count[g->kind])
            m->count[g->kind] = *out + 1;
        return true;
    case ARG_WORD:
        *out = below(m, g->max + 1);
        return true;
    default:
        *out = some_number(m, g);
        return true;
    }
}

/* Fill a statement in by chance; false if it names what is not there. */
static bool fill(struct maker *m, unsigned op, struct statement *out)
{
    const struct argument *g = scenario_table[op].argument;

    *out = (struct statement){ .op = (uint8_t)op };
    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++) {
        uint32_t value;
        if (!choose(m, &g[i], &value))
            return false;
        scenario_set_field(out, g[i].field, value);
    }
    return true;
}

static unsigned some_op(struct maker *m, enum body_kind body)
{
    unsigned total = 0;

    for (unsigned op = 0; op < ST_OPS; op++)
        if (scenario_table[op].bodies >> body & 1)
            total += weight[op];
    unsigned left = below(m, total);
    for (unsigned op = 0;; op++) {
        if (!(scenario_table[op].bodies >> body & 1))
            continue;
        if (left < weight[op])
            return op;
        left -= weight[op];
    }
}

static struct statement some_statement(struct maker *m, enum body_kind body)
{
    struct statement st;

    while (!fill(m, some_op(m, body), &st)) {
        /* Some statements name nothing, so one will do. */
    }
    return st;
}

/* Append a statement. A full scenario takes no more. */
static void put(struct maker *m, struct statement st)
{
    if (m->s->count < SCENARIO_STATEMENTS_MAX)
        m->s->statement[m->s->count++] = st;
}

static struct statement of(unsigned op, unsigned a, unsigned b, unsigned c,
                           uint32_t value)
{
    return (struct statement){ (uint8_t)op, (uint8_t)a, (uint8_t)b,
                               (uint8_t)c, value };
}

#define ANY SCENARIO_ANY

static unsigned new_number(struct maker *m, enum scenario_kind kind)
{
    if (m->count[kind] == scenario_kind_max[kind])
        return below(m, scenario_kind_max[kind]);
    return m->count[kind]++;
}

static void put_stop(struct maker *m)
{
    put(m, of(ST_STOP, m->loop, 0, ANY, 0));
}

static void put_run(struct maker *m, enum loop_run_mode mode)
{
    put(m, of(ST_RUN, m->loop, mode, ANY, 0));
    if (mode == LOOP_FOREVER)
        m->wants_stop[m->loop] = true;
}

static void put_close(struct maker *m)
{
    put(m, of(ST_CLOSE, m->loop, 0, ANY, 0));
}

static void put_shutdown(struct maker *m)
{
    unsigned how = below(m, SHUTDOWN_ABANDON + 1);
    uint32_t within = chance(m, 60) ? some_time(m) : 0;
    put(m, of(ST_SHUTDOWN, m->loop, how, ANY, within));
}

static void put_sleep(struct maker *m, unsigned percent)
{
    if (chance(m, percent))
        put(m, of(ST_SLEEP, 0, 0, 0, some_time(m)));
}

static unsigned some_callback(struct maker *m)
{
    return after_or_any(m, m->callback, m->count[KIND_CALLBACK]);
}

static unsigned some_task(struct maker *m)
{
    return after_or_any(m, m->task, m->count[KIND_TASK]);
}

/* One op that suits a channel; its number. */
static unsigned put_op(struct maker *m, unsigned channel, unsigned callback)
{
    unsigned op = new_number(m, KIND_OP);
    uint32_t size = some_size(m);

    switch (m->channel[channel]) {
    case ST_LISTEN:
        put(m, of(ST_ACCEPT, channel, op, callback, 0));
        break;
    case ST_OBJECT:
        put(m, of(ST_WAIT, channel, op, callback, 0));
        break;
    case ST_SOCKET:
        put(m, of(ST_CONNECT, channel, op,
                  below(m, m->count[KIND_CHANNEL]), callback));
        break;
    default:
        put(m, of(chance(m, 60) ? ST_READ : ST_WRITE, channel, op, callback,
                  size));
    }
    return op;
}

/* What the world does to a channel. */
static void put_peer(struct maker *m, unsigned channel)
{
    unsigned kind = m->channel[channel];

    if (kind == ST_LISTEN)
        put(m, of(ST_PEER_CONNECT, channel, 0, 0, 0));
    else if (kind == ST_OBJECT)
        put(m, of(ST_SET, channel, 0, 0, 0));
    else if (chance(m, 50))
        put(m, of(ST_PEER_WRITE, channel, 0, 0, some_size(m)));
    else if (chance(m, 50))
        put(m, of(ST_PEER_READ, channel, 0, 0, some_size(m)));
    else
        put(m, of(ST_PEER_CLOSE, channel, 0, 0, 0));
}

static void put_channels(struct maker *m)
{
    static const uint8_t kinds[] = { ST_PAIR, ST_PAIR, ST_PAIR, ST_LISTEN,
                                     ST_OBJECT, ST_SOCKET };
    unsigned count = chance(m, 60) ? 1 + below(m, 3) : 0;

    while (count-- > 0) {
        unsigned kind = kinds[below(m, sizeof kinds)];
        unsigned number = new_number(m, KIND_CHANNEL);
        m->channel[number] = (uint8_t)kind;
        put(m, of(kind, m->loop, number, kind == ST_PAIR ? below(m, 3) : 0,
                  0));
        if (chance(m, 70))
            put_op(m, number, some_callback(m));
    }
}

/* Work given to the loop from outside a task. */
static void put_work(struct maker *m)
{
    unsigned channels = m->count[KIND_CHANNEL];
    bool outside = m->callback == m->count[KIND_CALLBACK];

    /* Tasks and jobs post callbacks: few callbacks start them again. */
    switch (below(m, outside || chance(m, 25) ? 8 : 3)) {
    case 0:
    case 1:
        put(m, of(ST_POST, m->loop, some_callback(m), ANY, 0));
        break;
    case 2:
        put(m, of(ST_TIMER, m->loop, new_number(m, KIND_TIMER),
                  some_callback(m), some_time(m)));
        break;
    case 3:
        if (m->count[KIND_JOB])
            put(m, of(ST_SUBMIT_JOB, m->loop, below(m, m->count[KIND_JOB]),
                      ANY, some_callback(m)));
        break;
    case 4:
        if (channels)
            put_op(m, below(m, channels), some_callback(m));
        break;
    case 5:
        put(m, of(ST_WATCH, m->loop, some_callback(m), 0, 0));
        break;
    default:
        if (m->count[KIND_TASK] && !is_last(m, KIND_TASK))
            put(m, of(ST_SPAWN, m->loop, some_task(m), ANY, 0));
    }
}

/* Something is asked to end early. */
static void put_cancel(struct maker *m)
{
    static const uint8_t ops[] = { ST_CANCEL, ST_CANCEL, ST_CANCEL_TIMER,
        ST_CANCEL_TASK, ST_CANCEL_ALL, ST_CANCEL_JOB, ST_CLOSE_HANDLE,
        ST_UNWATCH };
    struct statement st;

    if (fill(m, ops[below(m, sizeof ops)], &st))
        put(m, st);
}

static void put_any(struct maker *m, enum body_kind body, unsigned count)
{
    while (count-- > 0)
        put(m, some_statement(m, body));
}

/* How the owner of a loop ends it. */
static void put_ending(struct maker *m)
{
    switch (below(m, 9)) {
    case 0:
        put_run(m, LOOP_FOREVER);
        put_close(m);
        break;
    case 1:
    case 2:
        put_run(m, LOOP_FOREVER);
        put_shutdown(m);
        break;
    case 3:
        put_run(m, LOOP_UNTIL_IDLE);
        put_close(m);
        break;
    case 4:
        put_run(m, LOOP_ONCE);
        put_run(m, LOOP_NOWAIT);
        put_shutdown(m);
        break;
    case 5:
        put_stop(m);
        put_run(m, LOOP_FOREVER);
        put_close(m);
        break;
    case 6:
        put_run(m, LOOP_FOREVER);
        put_run(m, LOOP_UNTIL_IDLE);
        put_close(m);
        break;
    case 7:
        put_shutdown(m);
        break;
    default:
        put_run(m, LOOP_FOREVER);
        if (chance(m, 30))
            put(m, of(ST_EXIT, 0, 0, 0, 0));
        put_shutdown(m);
        put_close(m);
    }
}

/* The life goes on after the end. */
static void put_afterwards(struct maker *m)
{
    switch (below(m, 10)) {
    case 0:
        put_close(m);
        break;
    case 1:
        put_stop(m);
        break;
    case 2:
        put(m, of(ST_POST, m->loop, some_callback(m), ANY, 0));
        break;
    case 3:
        put_run(m, LOOP_NOWAIT);
        put_shutdown(m);
        break;
    case 4:
        put(m, of(ST_OPEN, m->loop, 0, 0, 0));
        put_run(m, LOOP_UNTIL_IDLE);
        put_close(m);
        break;
    default:
        break;      /* most often nothing comes after the end */
    }
}

/* Somebody has to stop a run that is for ever: most often another thread,
 * or else a callback that the owner arranges. */
static void put_own_stop(struct maker *m)
{
    unsigned callback = below(m, m->count[KIND_CALLBACK]);

    m->stops[callback] = (uint8_t)(m->loop + 1);
    if (chance(m, 30))
        put(m, of(ST_POST, m->loop, callback, ANY, 0));
    else if (chance(m, 80))
        put(m, of(ST_TIMER, m->loop, new_number(m, KIND_TIMER), callback,
                  some_time(m)));
    else
        put(m, of(ST_WATCH, m->loop, callback, 0, 0));
}

static void make_owner(struct maker *m, bool alone)
{
    put(m, of(ST_OPEN, m->loop, 0, 0, 0));
    put_channels(m);
    for (unsigned n = below(m, 5); n > 0; n--)
        put_work(m);
    for (unsigned h = 0; h < m->count[KIND_HOOK]; h++)
        if (chance(m, 80))
            put(m, of(ST_ADD_HOOK, m->loop, h, 0, 0));
    if (alone || chance(m, 25))
        put_own_stop(m);
    put(m, of(ST_RAISE, m->loop, 0, 0, 0));
    for (unsigned n = below(m, 3); n > 0; n--)
        put_work(m);
    put_ending(m);
    put_afterwards(m);
}

static void put_deeds(struct maker *m)
{
    unsigned channels = m->count[KIND_CHANNEL];

    for (unsigned n = 1 + below(m, 5); n > 0; n--) {
        put_sleep(m, 15);
        switch (below(m, 5)) {
        case 0:
            put_cancel(m);
            break;
        case 1:
            if (channels)
                put_peer(m, below(m, channels));
            break;
        case 2:
            put_any(m, BODY_THREAD, 1);
            break;
        default:
            put_work(m);
        }
    }
}

/* A thread that does not own the loop. */
static void make_other(struct maker *m, bool stopper)
{
    if (chance(m, 92))
        put(m, of(ST_AWAIT, m->loop, 0, 0, 0));
    put_sleep(m, 30);
    if (!stopper || chance(m, 40))
        put_deeds(m);
    switch (below(m, stopper ? 6 : 12)) {
    case 0:
        put_shutdown(m);
        break;
    case 1:
        put_stop(m);
        put_stop(m);
        break;
    case 6:
        put_run(m, (enum loop_run_mode)below(m, LOOP_NOWAIT + 1));
        break;
    case 7:
        put(m, of(ST_CONSOLE, below(m, 2), 0, 0, 0));
        break;
    default:
        if (stopper)
            put_stop(m);
    }
}

static void make_threads(struct maker *m)
{
    unsigned owners = m->count[KIND_LOOP];
    unsigned count = owners + below(m, 4);
    bool alone = count == owners;
    bool manual = false;

    m->count[KIND_THREAD] = count;
    m->count[KIND_EVENT] = owners;
    for (unsigned t = 0; t < count; t++) {
        bool other = t >= owners;
        bool is_manual = other && t > owners && chance(m, 15);
        put(m, of(ST_THREAD, t, is_manual ? 1 : ANY,
                  other && chance(m, 10) ? 1 : ANY, 0));
        manual = manual || is_manual;
        m->loop = !other ? t : m->wants_stop[0] ? 0 : below(m, owners);
        if (!other) {
            make_owner(m, alone);
            continue;
        }
        make_other(m, m->wants_stop[m->loop] && chance(m, 85));
        m->wants_stop[m->loop] = false;
        if (manual && t + 1 == count && !is_manual)
            put(m, of(ST_START, t - 1, 0, 0, 0));
    }
    m->loop = 0;
}

/* Something to wait for in a task, and the wait. */
static void put_await(struct maker *m)
{
    unsigned task = some_task(m);

    switch (below(m, is_last(m, KIND_TASK) ? 5 : 7)) {
    case 0:
    case 1:
        if (m->count[KIND_CHANNEL])
            put(m, of(ST_AWAIT_OP,
                      put_op(m, below(m, m->count[KIND_CHANNEL]), ANY),
                      0, 0, 0));
        break;
    case 2:
        if (m->count[KIND_JOB]) {
            unsigned job = below(m, m->count[KIND_JOB]);
            put(m, of(ST_SUBMIT_JOB, m->loop, job, ANY, ANY));
            put(m, of(ST_AWAIT_JOB, job, 0, 0, 0));
        }
        break;
    case 3:
        put(m, of(ST_YIELD, 0, 0, 0, 0));
        break;
    case 4:
        put(m, of(ST_AWAIT_TIMER, 0, 0, 0, some_time(m)));
        break;
    case 5:
        put(m, of(ST_SPAWN, m->loop, task, ANY, 0));
        put(m, of(ST_AWAIT_TASK, task, 0, 0, 0));
        break;
    default:
        put(m, of(ST_SPAWN, m->loop, task, ANY, 0));
        put(m, of(ST_GATHER, 0, task, 0, 0));
        put(m, of(ST_AWAIT_GROUP, 0, chance(m, 50) ? below(m, 2) : ANY, 0,
                  0));
    }
}

static void make_task(struct maker *m)
{
    for (unsigned n = 1 + below(m, 3); n > 0; n--) {
        if (chance(m, 30))
            put_work(m);
        put_await(m);
    }
    if (chance(m, 50)) {
        put(m, of(ST_ON_CANCEL, 0, 0, 0, 0));
        for (unsigned n = below(m, 3); n > 0; n--) {
            if (chance(m, 50))
                put_await(m);
            else
                put_work(m);
        }
        if (chance(m, 50))
            put(m, of(ST_SWALLOW, 0, 0, 0, 0));
    }
    if (chance(m, 15))
        put(m, of(ST_FAIL, 0, 0, 0, 0));
}

static void make_job(struct maker *m)
{
    put_sleep(m, 60);
    if (chance(m, 40))
        put(m, of(ST_POST, m->loop, some_callback(m), ANY, 0));
    if (chance(m, 10))
        put_stop(m);
    if (chance(m, 15))
        put(m, of(ST_FAIL, 0, 0, 0, 0));
}

/* A hook that is done later is finished by a callback that it posts. */
static void make_hook(struct maker *m, unsigned hook)
{
    unsigned callback = below(m, m->count[KIND_CALLBACK]);

    if (chance(m, 40))
        put_work(m);
    if (chance(m, 50)) {
        m->finishes[callback] = (uint8_t)(hook + 1);
        put(m, of(ST_POST, m->loop, callback, ANY, 0));
        put(m, of(ST_LATER, 0, 0, 0, 0));
    }
    if (chance(m, 10))
        put(m, of(ST_FAIL, 0, 0, 0, 0));
}

static void make_callback(struct maker *m, unsigned callback)
{
    m->callback = callback;
    put_sleep(m, 10);
    for (unsigned n = below(m, 3); n > 0; n--) {
        if (chance(m, 30))
            put_any(m, BODY_CALLBACK, 1);
        else if (chance(m, 30))
            put_cancel(m);
        else if (callback + 1 < m->count[KIND_CALLBACK])
            put_work(m);
    }
    if (m->finishes[callback])
        put(m, of(ST_FINISH, m->finishes[callback] - 1u,
                  chance(m, 20) ? 1 : ANY, 0, 0));
    if (m->stops[callback])
        put(m, of(ST_STOP, m->stops[callback] - 1u, 0, ANY, 0));
}

static void make_frame(struct maker *m)
{
    unsigned loops = chance(m, 15) ? 2 : 1;

    if (chance(m, 90)) {
        uint32_t faults = (uint32_t)(sched_random(&m->random)
                                     & sched_random(&m->random));
        put(m, of(ST_KERNEL, below(m, 3), 0, 0,
                  chance(m, 35) ? faults & ((1u << SCHED_OUTCOMES) - 1) : 0));
    }
    for (unsigned l = 0; l < loops; l++)
        put(m, of(ST_LOOP, l, 0, 0, chance(m, 25) ? 1 + below(m, 3) : 0));
    m->count[KIND_LOOP] = loops;
}

void scenario_generate(struct scenario *out, uint64_t seed)
{
    struct maker m = { .s = out, .random = seed };

    scenario_reset(out);
    m.count[KIND_CALLBACK] = 1 + below(&m, 5);
    m.count[KIND_TASK] = below(&m, 4);
    m.count[KIND_JOB] = below(&m, 3);
    m.count[KIND_HOOK] = chance(&m, 25) ? 1 + below(&m, 2) : 0;
    m.callback = m.count[KIND_CALLBACK];
    m.task = m.count[KIND_TASK];
    make_frame(&m);
    make_threads(&m);
    for (unsigned i = 0; i < m.count[KIND_TASK]; i++) {
        put(&m, of(ST_TASK, i, 0, 0, 0));
        m.task = i;
        make_task(&m);
    }
    m.task = m.count[KIND_TASK];
    for (unsigned i = 0; i < m.count[KIND_JOB]; i++) {
        put(&m, of(ST_JOB, i, 0, 0, 0));
        make_job(&m);
    }
    for (unsigned i = 0; i < m.count[KIND_HOOK]; i++) {
        put(&m, of(ST_HOOK, i, 0, 0, 0));
        make_hook(&m, i);
    }
    for (unsigned i = 0; i < m.count[KIND_CALLBACK]; i++) {
        put(&m, of(ST_CALLBACK, i, 0, 0, 0));
        make_callback(&m, i);
    }
    scenario_repair(out);
}

/* In which body does a statement before index i stand? */
static enum body_kind body_at(const struct scenario *s, unsigned i)
{
    while (i-- > 0)
        if (scenario_is_section(s->statement[i].op))
            return scenario_section_body(s->statement[i].op);
    return BODY_FRAME;
}

/* Where the first section begins: before it statements are the frame. */
static unsigned frame_end(const struct scenario *s)
{
    unsigned i = 0;
    while (i < s->count && !scenario_is_section(s->statement[i].op))
        i++;
    return i;
}

/* A place inside a body; false if there is no body. */
static bool some_place(struct maker *m, unsigned *at)
{
    unsigned first = frame_end(m->s) + 1;

    if (first > m->s->count)
        return false;
    *at = first + below(m, m->s->count - first + 1);
    return true;
}

static void add_statement(struct maker *m)
{
    unsigned at;
    if (some_place(m, &at))
        scenario_insert(m->s, at, some_statement(m, body_at(m->s, at)));
}

static void drop_statements(struct maker *m, unsigned most)
{
    unsigned at;
    if (!some_place(m, &at))
        return;
    unsigned count = 1 + below(m, most);
    unsigned end = at;
    while (end < m->s->count && end < at + count
           && !scenario_is_section(m->s->statement[end].op))
        end++;
    scenario_delete(m->s, at, end - at);
}

static void copy_statement(struct maker *m)
{
    unsigned from, to;
    if (!some_place(m, &from) || !some_place(m, &to) || from == m->s->count
        || scenario_is_section(m->s->statement[from].op))
        return;
    scenario_insert(m->s, to, m->s->statement[from]);
}

static void swap_statements(struct maker *m)
{
    unsigned at;
    if (!some_place(m, &at) || at + 1 >= m->s->count)
        return;
    struct statement *st = m->s->statement + at;
    if (scenario_is_section(st[0].op) || scenario_is_section(st[1].op))
        return;
    struct statement first = st[0];
    st[0] = st[1];
    st[1] = first;
}

static uint32_t other_number(struct maker *m, const struct argument *g,
                             uint32_t old)
{
    switch (below(m, 5)) {
    case 0:  return old / 2;
    case 1:  return old < g->max / 2 ? old * 2 : g->max;
    case 2:  return old > 0 ? old - 1 : 0;
    case 3:  return old < g->max ? old + 1 : old;
    default: return some_number(m, g);
    }
}

/* Change one argument of one statement, of the frame too. */
static void alter_statement(struct maker *m)
{
    if (m->s->count == 0)
        return;
    struct statement *st = &m->s->statement[below(m, m->s->count)];
    const struct argument *g =
        &scenario_table[st->op].argument[below(m, 4)];
    uint32_t value;

    if (g->type == ARG_NONE
        || (g->type == ARG_NEW
            && scenario_table[st->op].bodies == 1u << BODY_FRAME))
        return;
    if (!choose(m, g, &value))
        return;
    if ((g->type == ARG_TIME || g->type == ARG_SIZE || g->type == ARG_COUNT)
        && chance(m, 60))
        value = other_number(m, g, scenario_field(st, g->field));
    if (g->type == ARG_BITS)
        value = scenario_field(st, g->field)
              ^ 1u << below(m, SCHED_OUTCOMES);
    scenario_set_field(st, g->field, value);
}

/* The same place says something else, about the same objects if it can. */
static void replace_statement(struct maker *m)
{
    unsigned at;
    if (!some_place(m, &at) || at == m->s->count
        || scenario_is_section(m->s->statement[at].op))
        return;
    m->s->statement[at] = some_statement(m, body_at(m->s, at));
}

/* A new body at the end; what names it comes by chance later, but a thread
 * starts by itself. */
static void add_section(struct maker *m)
{
    static const uint8_t ops[] = { ST_THREAD, ST_CALLBACK, ST_TASK, ST_JOB };
    unsigned op = ops[below(m, sizeof ops)];
    const struct argument *g = &scenario_table[op].argument[0];
    struct statement st = of(op, m->count[g->kind], ANY, ANY, 0);

    if (m->count[g->kind] == scenario_kind_max[g->kind])
        return;
    scenario_insert(m->s, m->s->count, st);
    m->count[g->kind]++;
    for (unsigned n = 1 + below(m, 3); n > 0; n--)
        put(m, some_statement(m, scenario_section_body(op)));
}

static void drop_section(struct maker *m)
{
    unsigned at;
    if (!some_place(m, &at))
        return;
    unsigned first = at, end = at;
    while (first > 0 && !scenario_is_section(m->s->statement[--first].op)) {
        /* to the section line that this place is behind */
    }
    while (end < m->s->count && !scenario_is_section(m->s->statement[end].op))
        end++;
    scenario_delete(m->s, first, end - first);
}

static void change(struct maker *m)
{
    switch (below(m, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        add_statement(m);
        break;
    case 4:
    case 5:
        drop_statements(m, 1);
        break;
    case 6:
        drop_statements(m, 6);
        break;
    case 7:
        copy_statement(m);
        break;
    case 8:
    case 9:
        swap_statements(m);
        break;
    case 10:
        replace_statement(m);
        break;
    case 11:
        if (chance(m, 50))
            add_section(m);
        else
            drop_section(m);
        break;
    default:
        alter_statement(m);
    }
}

static void know_objects(struct maker *m)
{
    for (unsigned k = 0; k < KINDS; k++)
        m->count[k] = m->s->defined[k];
    m->callback = m->count[KIND_CALLBACK];
    m->task = m->count[KIND_TASK];
}

/* Some changes find nothing to change, and some are repaired away. */
static void change_for_sure(struct maker *m)
{
    struct statement before[SCENARIO_STATEMENTS_MAX];
    struct scenario *s = m->s;
    unsigned tries = 0;
    uint32_t count = s->count;

    memcpy(before, s->statement, count * sizeof before[0]);
    do {
        for (unsigned n = 1 + below(m, 4); n > 0; n--)
            change(m);
        scenario_repair(s);
        know_objects(m);
    } while (++tries < 8 && s->count == count
             && memcmp(before, s->statement, count * sizeof before[0]) == 0);
}

void scenario_mutate(struct scenario *s, uint64_t seed)
{
    struct maker m = { .s = s, .random = seed };

    /* What it was made for, and what was said about it, are over. */
    s->name[0] = 0;
    s->comment_size = 0;
    scenario_forget_expectations(s);
    know_objects(&m);
    m.loop = m.count[KIND_LOOP] ? below(&m, m.count[KIND_LOOP]) : 0;
    if (frame_end(s) == s->count)
        add_section(&m);
    change_for_sure(&m);
}

/* Append statements [first, end) of another scenario. */
static void put_range(struct maker *m, const struct scenario *from,
                      unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        put(m, from->statement[i]);
}

/* One body of a kind and number: from a, from b, or from whoever has it. */
static void cross_body(struct maker *m, const struct scenario *a,
                       const struct scenario *b, unsigned op, unsigned number)
{
    unsigned first[2], end[2];
    bool in_a = scenario_body(a, (enum statement_op)op, number, &first[0],
                              &end[0]);
    bool in_b = scenario_body(b, (enum statement_op)op, number, &first[1],
                              &end[1]);
    bool take_b = !in_a || (in_b && chance(m, 50));

    if ((!in_a && !in_b) || (in_a != in_b && chance(m, 25)))
        return;
    put_range(m, take_b ? b : a, first[take_b] - 1, end[take_b]);
}

void scenario_cross(struct scenario *out, const struct scenario *a,
                    const struct scenario *b, uint64_t seed)
{
    struct maker m = { .s = out, .random = seed };

    LOOP_ASSERT(out != a);
    LOOP_ASSERT(out != b);
    scenario_reset(out);
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < 16; i++) {
            const struct scenario *from = i < a->defined[k] ? a : b;
            if (i < from->defined[k])
                memcpy(out->names[k][i], from->names[k][i],
                       sizeof out->names[k][i]);
        }
        out->defined[k] = a->defined[k] > b->defined[k] ? a->defined[k]
                                                        : b->defined[k];
    }
    const struct scenario *frame = chance(&m, 50) ? a : b;
    put_range(&m, frame, 0, frame_end(frame));
    for (unsigned op = ST_THREAD; op <= ST_HOOK; op++)
        for (unsigned i = 0; i < 16; i++)
            cross_body(&m, a, b, op, i);
    out->exception_count = a->exception_count;
    memcpy(out->exception, a->exception,
           a->exception_count * sizeof a->exception[0]);
    scenario_forget_expectations(out);
    scenario_repair(out);
}
