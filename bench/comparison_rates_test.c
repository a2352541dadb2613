/*
 * What a comparison sees, and what it makes up, over thousands of rounds that
 * were drawn from a known source. The rates are printed; what is checked is
 * that they stay within what is promised.
 */
#include "comparison.h"

#include <math.h>
#include <stdint.h>

#include "../loop/test.h"

#define ROUNDS 9
#define TRIALS 1000
#define ROWS 100

/* source: splitmix64, Steele, Lea, Flood (2014) */
static uint64_t state;

static double draw(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static double draw_normal(void)
{
    double radius = sqrt(-2 * log(1 - draw()));
    return radius * cos(2 * 3.14159265358979 * draw());
}

/* Where rounds come from. */
typedef double noise(void);

static double even(void)
{
    return exp(0.01 * draw_normal());
}

/* One round of ten is up to twice as slow. */
static double with_spikes(void)
{
    double spike = draw() < 0.1 ? 1 + draw() : 1;
    return spike * exp(0.01 * draw_normal());
}

/* A clock that counts in steps of one in a hundred. */
static double in_steps(void)
{
    return round(100 * exp(0.01 * draw_normal())) / 100;
}

static json_t *row(unsigned number, double cost, noise *noise)
{
    json_t *samples = json_array();
    for (int i = 0; i < ROUNDS; i++)
        json_array_append_new(samples, json_real(cost * noise()));
    return json_pack("{s:s, s:s, s:s, s:{s:i}, s:s, s:s, s:f, s:b, s:o}",
                     "question", "rates", "subject", "lastcall", "platform",
                     "linux", "params", "row", (int)number, "metric", "post",
                     "unit", "ns", "value", cost, "clean", 1, "samples",
                     samples);
}

/* A file of so many rows, of which the first so many cost more. */
static json_t *file(unsigned rows, unsigned slow, double factor,
                    noise *noise)
{
    json_t *lines = json_array();
    for (unsigned i = 0; i < rows; i++)
        json_array_append_new(
            lines, row(i, i < slow ? 1000 * factor : 1000, noise));
    return lines;
}

/* Rows that were called: those that have changed, and the others. */
struct called {
    unsigned right;
    unsigned wrong;
};

static struct called compare(unsigned rows, unsigned slow, double factor,
                             noise *noise)
{
    struct comparisons c;
    struct called called = { 0, 0 };
    json_t *a = file(rows, 0, 1, noise);
    json_t *b = file(rows, slow, factor, noise);
    comparisons_open(&c, a, b);
    for (unsigned i = 0; i < c.count; i++) {
        bool right = i < slow && c.of[i].outcome == SLOWER;
        called.right += right;
        called.wrong += !right && c.of[i].outcome != CANNOT_TELL;
    }
    comparisons_close(&c);
    json_decref(a);
    json_decref(b);
    return called;
}

static struct interval share(const char *what, unsigned hits, unsigned of)
{
    struct interval i = statistics_share(hits, of);
    printf("    %-44s %4u of %5u, %.4f (%.4f .. %.4f)\n", what, hits, of,
           (double)hits / of, i.low, i.high);
    return i;
}

/* One row of nine rounds a side: how often is a factor called? */
static struct interval rate(const char *what, double factor, noise *noise)
{
    unsigned hits = 0;
    state = 1;
    for (unsigned i = 0; i < TRIALS; i++) {
        struct called called = compare(1, 1, factor, noise);
        hits += called.right + called.wrong;
    }
    return share(what, hits, TRIALS);
}

static void a_slowdown_of_5_percent_is_seen(void)
{
    CHECK(rate("5 % slower, rounds 1 % apart", 1.05, even).low > 0.95);
    CHECK(rate("the same, one of ten a spike", 1.05, with_spikes).low > 0.8);
    CHECK(rate("the same, in steps of 1 %", 1.05, in_steps).low > 0.9);
    CHECK(rate("5 % faster", 1 / 1.05, even).low > 0.95);
}

static void no_difference_is_seen_where_there_is_none(void)
{
    CHECK(rate("no change, rounds 1 % apart", 1, even).high < 0.05);
    CHECK(rate("the same, one of ten a spike", 1, with_spikes).high < 0.05);
    CHECK(rate("the same, in steps of 1 %", 1, in_steps).high < 0.05);
}

/* By itself each row would be called in one of twenty; spread is such that
 * the margin does not help. */
static double wide(void)
{
    return exp(0.1 * draw_normal());
}

static void a_hundred_rows_make_no_more_alarms_than_one(void)
{
    unsigned alarms = 0;
    state = 2;
    for (unsigned i = 0; i < TRIALS; i++)
        alarms += compare(ROWS, 0, 1, wide).wrong > 0;
    CHECK(share("files of 100 rows, none changed, an alarm", alarms,
                TRIALS).low < 0.05);
}

static void of_what_is_called_one_in_twenty_is_wrong(void)
{
    struct called all = { 0, 0 };
    state = 3;
    for (unsigned i = 0; i < TRIALS / 10; i++) {
        struct called called = compare(ROWS, 20, 1.5, wide);
        all.right += called.right;
        all.wrong += called.wrong;
    }
    CHECK(share("of 100 rows 20 are 50 % slower: seen", all.right,
                ROWS / 5 * TRIALS / 10).low > 0.9);
    CHECK(share("  and of those called, wrong", all.wrong,
                all.right + all.wrong).low < 0.05);
}

int main(void)
{
    RUN(a_slowdown_of_5_percent_is_seen);
    RUN(no_difference_is_seen_where_there_is_none);
    RUN(a_hundred_rows_make_no_more_alarms_than_one);
    RUN(of_what_is_called_one_in_twenty_is_wrong);
    return test_result(4);
}
