/*
 * guided.c - choices from an input's bytes, for a coverage-guided fuzzer.
 *
 * Bytes are read from the back and only where there is something to choose,
 * so what is edited in front, a scenario for instance, shifts no choice. The
 * last byte picks one of six strategies, because each alone has a bug that
 * it does not find:
 *
 *   0 1 2   pct of depth 1, 2, 3   [k if depth > 1][point, 2 bytes each];
 *                                  a byte per thread when first seen
 *   3       sticky                 [how rarely it switches]; a byte per
 *                                  choice, and one more for each switch
 *   4       segments               a byte: which thread, and for how long
 *   5       walk                   a byte per choice
 *
 * The answer never depends on earlier inputs, so pct cannot learn k here;
 * the input gives it.
 */
#include "../../loop/check.h"
#include "draw.h"
#include "priority.h"

enum guided_strategy {
    GUIDED_PCT_1, GUIDED_PCT_2, GUIDED_PCT_3,
    GUIDED_STICKY, GUIDED_SEGMENTS, GUIDED_WALK,
    GUIDED_STRATEGIES,
};

static const uint8_t *input;
static size_t         input_size;
static uint64_t       input_hash;

static struct {
    size_t               left;      /* bytes not read yet                    */
    uint64_t             state;     /* goes on when there are none           */
    enum guided_strategy strategy;
    unsigned             switch_rarity;
    unsigned             segment_thread;
    unsigned             segment_left;
    struct priorities    order;
} run;

static uint8_t take(void)
{
    if (run.left > 0)
        return input[--run.left];
    return (uint8_t)(sched_random(&run.state) >> 56);
}

/* From FNV-1a (Fowler, Noll, Vo), whose weak high bits the generator mixes. */
static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* A length between 32 and 8,192, every doubling as likely. */
static uint32_t length_of(uint8_t byte)
{
    uint32_t base = UINT32_C(32) << (byte & 7);
    return base + base * (byte >> 3) / 32;
}

static uint32_t take_rank(void *argument)
{
    (void)argument;
    return take();
}

static void take_points(unsigned points)
{
    priorities_begin(&run.order);
    run.order.points = points;
    if (points == 0)
        return;
    uint32_t length = length_of(take());
    for (unsigned i = 0; i < points; i++) {
        uint32_t at = take();
        at = at << 8 | take();
        run.order.point[i] = (uint32_t)((uint64_t)at * length >> 16);
    }
}

static void take_switch_rarity(void)
{
    uint8_t byte = take();
    unsigned base = 4u << (byte & 3);
    run.switch_rarity = base + base * (byte >> 2) / 64;
}

static void guided_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    (void)seed;
    run.left = input_size;
    run.state = input_hash;
    run.segment_left = 0;
    run.strategy = (enum guided_strategy)(take() % GUIDED_STRATEGIES);
    if (run.strategy <= GUIDED_PCT_3)
        take_points(run.strategy - GUIDED_PCT_1);
    else if (run.strategy == GUIDED_STICKY)
        take_switch_rarity();
}

static unsigned take_thread(uint32_t set)
{
    return draw_nth(set, take() % (unsigned)__builtin_popcount(set));
}

static unsigned next_sticky(uint32_t enabled, unsigned current)
{
    uint32_t others = enabled & ~(UINT32_C(1) << current);
    if (others == enabled)
        return take_thread(enabled);
    if (take() * run.switch_rarity >> 8 != 0)
        return current;
    return (others & (others - 1)) == 0 ? draw_nth(others, 0)
                                        : take_thread(others);
}

/* The upper five bits are the length, 1 to 224 on a log scale. */
static unsigned next_segment(uint32_t enabled)
{
    if (run.segment_left > 0 && enabled >> run.segment_thread & 1) {
        run.segment_left--;
        return run.segment_thread;
    }
    uint8_t byte = take();
    unsigned length = byte >> 3;
    run.segment_left = ((4 + (length & 3)) << (length >> 2)) / 4 - 1;
    run.segment_thread =
        draw_nth(enabled, byte % (unsigned)__builtin_popcount(enabled));
    return run.segment_thread;
}

static unsigned guided_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    switch (run.strategy) {
    case GUIDED_STICKY:
        return next_sticky(enabled, current);
    case GUIDED_SEGMENTS:
        return next_segment(enabled);
    case GUIDED_WALK:
        return take_thread(enabled);
    default:
        return priorities_choose(&run.order, enabled, NULL, take_rank);
    }
}

/* One byte in eight departs from the calm outcome, and 0 is calm. */
static unsigned guided_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    (void)what;
    uint8_t byte = take();
    if ((byte & 7) != 7)
        return 0;
    return 1 + (byte >> 3) % (count - 1);
}

static struct sched guided = {
    .name = "guided",
    .begin = guided_begin,
    .thread = guided_thread,
    .outcome = guided_outcome,
};

struct sched *sched_guided(const uint8_t *bytes, size_t size)
{
    LOOP_ASSERT(bytes != NULL || size == 0);
    input = bytes;
    input_size = size;
    input_hash = hash_of(bytes, size);
    return &guided;
}
