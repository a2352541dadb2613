/*
 * comparison.c - see comparison.h.
 */
#include "comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "result.h"

#define CHANCE_MAX 0.01
#define MARGIN 0.02

static const json_t *find(const json_t *lines, const json_t *like)
{
    char *wanted = result_key(like);
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(lines) && !found; i++) {
        const json_t *line = json_array_get(lines, i);
        char *key = result_key(line);
        if (strcmp(key, wanted) == 0)
            found = line;
        free(key);
    }
    free(wanted);
    return found;
}

static bool is_noisy(const json_t *line)
{
    return json_is_false(json_object_get(line, "clean"));
}

static void measure(struct comparison *c)
{
    double a[STATISTICS_SAMPLES_MAX], b[STATISTICS_SAMPLES_MAX];
    size_t a_count = result_samples(c->a, a);
    size_t b_count = result_samples(c->b, b);
    double a_value = result_number(c->a, "value", NAN);
    double b_value = result_number(c->b, "value", NAN);
    bool rate = result_is_rate(result_word(c->a, "unit", ""));

    c->ratio = rate ? a_value / b_value : b_value / a_value;
    c->interval = rate ? statistics_bootstrap_ratio(a, a_count, b, b_count)
                       : statistics_bootstrap_ratio(b, b_count, a, a_count);
    c->chance = statistics_mann_whitney(a, a_count, b, b_count);
}

static void judge(struct comparison *c)
{
    measure(c);
    c->outcome = CANNOT_TELL;
    c->why = "";
    if (is_noisy(c->a) || is_noisy(c->b))
        c->why = "noisy";
    else if (isnan(c->ratio))
        c->why = "no value";
    else if (c->chance < CHANCE_MAX && c->interval.low > 1 + MARGIN)
        c->outcome = SLOWER;
    else if (c->chance < CHANCE_MAX && c->interval.high < 1 - MARGIN)
        c->outcome = FASTER;
}

/* Is this the same row, against a floor? */
static bool is_against_floor(const json_t *line, const json_t *row)
{
    char metric[160];
    snprintf(metric, sizeof metric, "%s, %s", result_word(row, "metric", ""),
             QUESTION_FACTOR);
    if (strcmp(result_word(line, "metric", ""), metric) != 0 ||
        strcmp(result_word(line, "subject", ""),
               result_word(row, "subject", "")) != 0)
        return false;
    return result_has_params(line, row);
}

/* A change that the floor has made as well is the machine's. */
static void ask_floors(struct comparison *c, const json_t *a_lines,
                       const json_t *b_lines)
{
    bool floored = false;
    for (size_t i = 0; i < json_array_size(b_lines); i++) {
        struct comparison against = { .b = json_array_get(b_lines, i) };
        if (!is_against_floor(against.b, c->b))
            continue;
        against.a = find(a_lines, against.b);
        if (!against.a)
            continue;
        floored = true;
        judge(&against);
        if (against.outcome == c->outcome)
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

static bool has_floor(const json_t *line)
{
    return json_object_get(json_object_get(line, "params"), "floor") != NULL;
}

bool comparison_make(struct comparison *c, const json_t *line,
                     const json_t *a_lines, const json_t *b_lines)
{
    *c = (struct comparison){ .b = line, .a = find(a_lines, line) };
    if (!c->a)
        return false;
    judge(c);
    if (is_of_loop(line) && c->outcome != CANNOT_TELL)
        ask_floors(c, a_lines, b_lines);
    return true;
}

bool comparison_is_regression(const struct comparison *c)
{
    return c->outcome == SLOWER && is_of_loop(c->b) && !has_floor(c->b);
}
