/*
 * comparison.c - see comparison.h.
 */
#include "comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "question.h"
#include "ranks.h"
#include "result.h"

#define MARGIN 0.02
#define MARGIN_EXACT 0.005

struct costs {
    double value[STATISTICS_SAMPLES_MAX];
    size_t count;
};

/* Of a rate the time for one: half the rate is twice the cost. */
static void take_costs(struct costs *costs, const json_t *line)
{
    bool rate = result_is_rate(result_word(line, "unit", ""));
    costs->count = result_samples(line, costs->value);
    for (size_t i = 0; rate && i < costs->count; i++)
        costs->value[i] = 1 / costs->value[i];
}

static void measure(struct comparison *c)
{
    static struct costs a, b;
    take_costs(&a, c->a);
    take_costs(&b, c->b);
    c->ratio = ranks_ratio(a.value, a.count, b.value, b.count, &c->interval);
    c->above = ranks_above(a.value, a.count, b.value, b.count);
    c->chance = ranks_chance(a.value, a.count, b.value, b.count);
    c->adjusted = c->chance;
    if (isnan(c->ratio))
        c->why = a.count && b.count ? "not above 0" : "no value";
    else if (ranks_chance_least(a.count, b.count) > COMPARISON_CHANCE)
        c->why = "too few rounds";
}

static bool is_noisy(const json_t *line)
{
    return json_is_false(json_object_get(line, "clean"));
}

static bool is_exact(const json_t *line)
{
    return json_is_true(json_object_get(line, "exact"));
}

static enum outcome outcome_of(const struct comparison *c, double margin)
{
    return c->interval.low > 1 + margin    ? SLOWER
           : c->interval.high < 1 - margin ? FASTER : CANNOT_TELL;
}

/* Nothing is left to chance; and what costs nothing has no ratio, but is less
 * than anything. */
static void judge_exact(struct comparison *c)
{
    double a = result_number(c->a, "value", NAN);
    double b = result_number(c->b, "value", NAN);
    c->why = isnan(a) || isnan(b) ? "no value" : "";
    c->chance = c->adjusted = a == b ? 1 : 0;
    if (isnan(c->ratio))
        c->outcome = a < b ? SLOWER : a > b ? FASTER : CANNOT_TELL;
    else
        c->outcome = outcome_of(c, MARGIN_EXACT);
}

static void prepare(struct comparison *c)
{
    c->why = "";
    measure(c);
    if (is_noisy(c->a) || is_noisy(c->b))
        c->why = "noisy";
    else if (is_exact(c->a) && is_exact(c->b))
        judge_exact(c);
    else
        c->is_tested = !*c->why;
}

/* What the ranks say, if only this row were asked. */
static enum outcome outcome_alone(const struct comparison *c)
{
    return c->is_tested && c->chance < COMPARISON_CHANCE
               ? outcome_of(c, MARGIN) : CANNOT_TELL;
}

static void judge(struct comparison *c)
{
    if (!c->is_tested)
        return;
    c->outcome = outcome_alone(c);
    if (c->outcome == CANNOT_TELL || c->adjusted < COMPARISON_CHANCE)
        return;
    c->outcome = CANNOT_TELL;
    c->why = "may be chance, among so many rows";
}

/* Those of the loop by themselves, and the others. */
static void adjust(struct comparisons *all, bool own)
{
    double *chance = malloc((all->count + 1) * sizeof *chance);
    size_t count = 0;
    LOOP_ASSERT(chance);
    for (size_t i = 0; i < all->count; i++)
        if (all->of[i].is_tested && all->of[i].is_own == own)
            chance[count++] = all->of[i].chance;
    statistics_adjust(chance, count);
    all->tested += count;
    all->tested_own += own ? count : 0;
    count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->of[i].is_tested && all->of[i].is_own == own)
            all->of[i].adjusted = chance[count++];
    free(chance);
}

/* Floors. */

/* Is this the same row, against a floor? */
static bool is_against_floor(const json_t *line, const json_t *row)
{
    char metric[160];
    snprintf(metric, sizeof metric, "%s, %s", result_word(row, "metric", ""),
             QUESTION_FACTOR);
    if (strcmp(result_word(line, "metric", ""), metric) != 0 ||
        strcmp(result_word(line, "subject", ""),
               result_word(row, "subject", "")) != 0 ||
        strcmp(result_word(line, "platform", ""),
               result_word(row, "platform", "")) != 0)
        return false;
    return result_has_params(line, row);
}

/* A change that the floor has made as well is the machine's. */
static void ask_floors(struct comparison *c, const struct comparisons *all)
{
    bool floored = false;
    for (size_t i = 0; i < all->count; i++) {
        const struct comparison *against = &all->of[i];
        if (!is_against_floor(against->b, c->b))
            continue;
        floored = true;
        if (outcome_alone(against) == c->outcome)
            return;
    }
    if (!floored)
        return;
    c->outcome = CANNOT_TELL;
    c->why = "not so against its floor";
}

static bool is_of_loop(const json_t *line)
{
    return strcmp(result_word(line, "subject", ""), "lastcall") == 0;
}

/* One thing against another, as a factor or as a difference. */
static bool is_between_two(const json_t *line)
{
    return json_object_get(json_object_get(line, "params"), "floor") ||
           strcmp(result_word(line, "unit", ""), "x") == 0;
}

/* All of them. */

static json_t *index_of(const json_t *lines)
{
    json_t *index = json_object();
    LOOP_ASSERT(index);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        char *key = result_key(json_array_get(lines, i));
        if (!json_object_get(index, key))
            json_object_set(index, key, json_array_get(lines, i));
        free(key);
    }
    return index;
}

static void pair(struct comparisons *all, const json_t *index,
                 const json_t *line)
{
    char *key = result_key(line);
    const json_t *older = json_object_get(index, key);
    free(key);
    if (!older) {
        all->alone++;
        return;
    }
    struct comparison *c = &all->of[all->count++];
    *c = (struct comparison){ .a = older, .b = line };
    c->is_own = is_of_loop(line) && !is_between_two(line);
    prepare(c);
}

static void tally(struct comparisons *all, const struct comparison *c)
{
    all->called[c->outcome]++;
    if (c->outcome != CANNOT_TELL && c->is_tested)
        all->expected += COMPARISON_CHANCE;
}

void comparisons_open(struct comparisons *c, const json_t *a_lines,
                      const json_t *b_lines)
{
    size_t lines = json_array_size(b_lines);
    json_t *index = index_of(a_lines);
    *c = (struct comparisons){ .of = calloc(lines + 1, sizeof *c->of) };
    LOOP_ASSERT(c->of);
    for (size_t i = 0; i < lines; i++)
        pair(c, index, json_array_get(b_lines, i));
    json_decref(index);
    adjust(c, true);
    adjust(c, false);
    for (size_t i = 0; i < c->count; i++)
        judge(&c->of[i]);
    for (size_t i = 0; i < c->count; i++)
        if (is_of_loop(c->of[i].b) && c->of[i].is_tested &&
            c->of[i].outcome != CANNOT_TELL)
            ask_floors(&c->of[i], c);
    for (size_t i = 0; i < c->count; i++)
        tally(c, &c->of[i]);
}

void comparisons_close(struct comparisons *c)
{
    free(c->of);
    c->of = NULL;
}

bool comparison_is_regression(const struct comparison *c)
{
    return c->outcome == SLOWER && c->is_own;
}
