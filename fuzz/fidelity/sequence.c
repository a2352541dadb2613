#include "sequence.h"

#include "../sched/sched.h"

#define BESIDE 0x80u

static const char *const names[STEP_VERBS] = {
    [STEP_OPEN_PORT]        = "open port",
    [STEP_SOCKET_PAIR]      = "socket pair",
    [STEP_PEER_PIPE]        = "peer pipe",
    [STEP_PIPE]             = "pipe",
    [STEP_LISTEN]           = "listen",
    [STEP_SOCKET]           = "socket",
    [STEP_OBJECT]           = "object",
    [STEP_ASSOCIATE]        = "associate",
    [STEP_START]            = "start",
    [STEP_CANCEL]           = "cancel",
    [STEP_CANCEL_ELSEWHERE] = "cancel elsewhere",
    [STEP_POST]             = "post",
    [STEP_DEQUEUE]          = "dequeue",
    [STEP_PEER_WRITE]       = "peer write",
    [STEP_PEER_READ]        = "peer read",
    [STEP_PEER_CLOSE]       = "peer close",
    [STEP_PEER_CONNECT]     = "peer connect",
    [STEP_SET]              = "set",
    [STEP_CLOSE]            = "close",
    [STEP_CLOSE_PORT]       = "close port",
};

const char *step_name(enum step_verb verb)
{
    return verb < STEP_VERBS ? names[verb] : "unknown";
}

void sequence_decode(struct sequence *out, const uint8_t *bytes, size_t size)
{
    size_t count = size / STEP_SIZE;
    if (count > SEQUENCE_STEPS)
        count = SEQUENCE_STEPS;
    *out = (struct sequence){ .count = (unsigned)count };
    for (size_t i = 0; i < count; i++) {
        const uint8_t *b = bytes + i * STEP_SIZE;
        out->step[i] = (struct step){
            .verb = (uint8_t)((b[0] & ~BESIDE) % STEP_VERBS),
            .a = b[1], .b = b[2], .c = b[3],
            .beside = b[0] & BESIDE };
    }
}

size_t sequence_encode(const struct sequence *s, uint8_t *out)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct step *step = &s->step[i];
        uint8_t *b = out + i * STEP_SIZE;
        b[0] = (uint8_t)(step->verb | (step->beside ? BESIDE : 0));
        b[1] = step->a;
        b[2] = step->b;
        b[3] = step->c;
    }
    return (size_t)s->count * STEP_SIZE;
}

/* --- making one ------------------------------------------------------- */

struct weight {
    uint8_t verb, weight;
};

#define WEIGHTS_END { STEP_VERBS, 0 }

static const struct weight devices[] = {
    { STEP_SOCKET_PAIR, 8 }, { STEP_PEER_PIPE, 6 }, { STEP_PIPE, 3 },
    { STEP_OBJECT, 3 }, { STEP_LISTEN, 1 }, WEIGHTS_END,
};

static const struct weight deeds[] = {
    { STEP_START, 30 }, { STEP_CANCEL, 9 }, { STEP_CANCEL_ELSEWHERE, 1 },
    { STEP_POST, 5 }, { STEP_DEQUEUE, 16 }, { STEP_PEER_WRITE, 9 },
    { STEP_PEER_READ, 6 }, { STEP_PEER_CLOSE, 2 }, { STEP_SET, 3 },
    { STEP_CLOSE, 3 }, { STEP_ASSOCIATE, 3 }, { STEP_OPEN_PORT, 1 },
    { STEP_SOCKET_PAIR, 1 }, { STEP_OBJECT, 1 }, WEIGHTS_END,
};

/* With a listener about, connections are what there is to do. */
static const struct weight network_deeds[] = {
    { STEP_START, 30 }, { STEP_CANCEL, 8 }, { STEP_POST, 2 },
    { STEP_DEQUEUE, 18 }, { STEP_PEER_WRITE, 6 }, { STEP_PEER_READ, 5 },
    { STEP_PEER_CLOSE, 3 }, { STEP_CLOSE, 4 }, { STEP_ASSOCIATE, 10 },
    { STEP_PEER_CONNECT, 7 }, { STEP_SOCKET, 5 }, WEIGHTS_END,
};

struct maker {
    struct sequence *out;
    uint64_t         random;
    bool             threads;
};

static void add(struct maker *m, unsigned verb)
{
    struct sequence *s = m->out;
    uint64_t random = sched_random(&m->random);
    if (s->count == SEQUENCE_STEPS)
        return;
    s->step[s->count++] = (struct step){
        .verb = (uint8_t)verb, .a = (uint8_t)random,
        .b = (uint8_t)(random >> 8), .c = (uint8_t)(random >> 16),
        .beside = m->threads && (random >> 24) % 4 == 0 };
}

static unsigned draw(struct maker *m, const struct weight *list)
{
    unsigned sum = 0, i = 0;
    for (const struct weight *w = list; w->weight > 0; w++)
        sum += w->weight;
    unsigned left = sched_below(&m->random, sum);
    while (left >= list[i].weight)
        left -= list[i++].weight;
    return list[i].verb;
}

static bool has_verb(const struct sequence *s, unsigned verb)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->step[i].verb == verb)
            return true;
    return false;
}

/* The greatest number chooses the newest handle; both ends of a pipe want a
 * port. */
static void add_device(struct maker *m)
{
    unsigned verb = draw(m, devices);
    add(m, verb);
    unsigned ends = verb == STEP_PIPE ? 2 : 1;
    for (unsigned i = 0; i < ends; i++) {
        if (sched_below(&m->random, 16) == 0)
            continue;
        add(m, STEP_ASSOCIATE);
        m->out->step[m->out->count - 1].a = (uint8_t)(UINT8_MAX - i);
    }
}

void sequence_generate(struct sequence *out, uint64_t seed, bool threads)
{
    struct maker m = { .out = out, .random = seed, .threads = threads };
    *out = (struct sequence){ 0 };
    if (sched_below(&m.random, 6) == 0)
        add(&m, STEP_OPEN_PORT);
    unsigned count = 1 + sched_below(&m.random, 3);
    for (unsigned i = 0; i < count; i++)
        add_device(&m);
    bool network = has_verb(out, STEP_LISTEN);
    count = 6 + sched_below(&m.random, 26);
    for (unsigned i = 0; i < count; i++)
        add(&m, draw(&m, network ? network_deeds : deeds));
    if (sched_below(&m.random, 10) == 0)
        add(&m, STEP_CLOSE_PORT);
}
