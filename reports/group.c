/*
 * group.c - see group.h.
 */
#include "group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_VALUES_MIN 3

static bool is_same_field(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(result_string(a, key, ""), result_string(b, key, "")) == 0;
}

static bool is_same_group(const json_t *a, const json_t *b)
{
    return is_same_field(a, b, "question") && is_same_field(a, b, "metric") &&
           is_same_field(a, b, "unit");
}

static bool is_begun_before(const struct results *results, size_t index)
{
    const json_t *line = results_line(results, RESULT_BENCH, index);
    for (size_t i = 0; i < index; i++) {
        if (is_same_group(line, results_line(results, RESULT_BENCH, i)))
            return true;
    }
    return false;
}

static double value_of(const json_t *line)
{
    return result_number(line, "value", NAN);
}

static void take_rows(struct group *group, const struct results *results,
                      size_t first)
{
    size_t all = results_count(results, RESULT_BENCH);
    const json_t *line = results_line(results, RESULT_BENCH, first);

    group->rows = calloc(all - first, sizeof *group->rows);
    if (!group->rows) {
        fputs("lastcall-report: out of memory\n", stderr);
        exit(3);
    }
    for (size_t i = first; i < all; i++) {
        const json_t *other = results_line(results, RESULT_BENCH, i);
        if (!is_same_group(line, other))
            continue;
        struct group_row *row = &group->rows[group->count++];
        row->line = other;
        row->subject = result_string(other, "subject", "");
        row->value = value_of(other);
    }
}

/* The platform is compared and shown like a parameter. */
static const json_t *parameter(const json_t *line, const char *key)
{
    if (strcmp(key, "platform") == 0)
        return json_object_get(line, key);
    return json_object_get(json_object_get(line, "params"), key);
}

static void put_value(struct text *text, const json_t *value)
{
    if (json_is_string(value)) {
        text_put(text, json_string_value(value));
        return;
    }
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
                                       JSON_REAL_PRECISION(6));
    text_put(text, dump ? dump : "");
    free(dump);
}

static void put_parameter(struct text *text, const char *key,
                          const json_t *value)
{
    if (text->size > 0)
        text_put(text, ", ");
    text_put(text, key);
    text_put(text, " ");
    put_value(text, value);
}

static bool is_common(const struct group *group, const char *key)
{
    const json_t *first = parameter(group->rows[0].line, key);
    for (size_t i = 1; i < group->count; i++) {
        const json_t *other = parameter(group->rows[i].line, key);
        if (!first || !other || !json_equal(first, other))
            return false;
    }
    return true;
}

static size_t distinct_numbers(const struct group *group, const char *key)
{
    size_t distinct = 0;
    for (size_t i = 0; i < group->count; i++) {
        const json_t *value = parameter(group->rows[i].line, key);
        if (!json_is_number(value))
            return 0;
        size_t k = 0;
        while (json_number_value(parameter(group->rows[k].line, key)) !=
               json_number_value(value))
            k++;
        distinct += k == i;
    }
    return distinct;
}

static void find_sweep(struct group *group)
{
    json_t *params = json_object_get(group->rows[0].line, "params");
    size_t most = SWEEP_VALUES_MIN - 1;
    const char *key;
    json_t     *value;

    json_object_foreach(params, key, value) {
        size_t distinct = distinct_numbers(group, key);
        if (distinct > most) {
            most = distinct;
            group->sweep = key;
        }
    }
}

static void put_common(struct group *group)
{
    json_t *params = json_object_get(group->rows[0].line, "params");
    const char *key;
    json_t     *value;

    const json_t *platform = parameter(group->rows[0].line, "platform");
    if (platform && is_common(group, "platform"))
        put_parameter(&group->common, "platform", platform);
    json_object_foreach(params, key, value) {
        if (is_common(group, key))
            put_parameter(&group->common, key, value);
    }
}

static void put_label(const struct group *group, struct group_row *row)
{
    json_t *params = json_object_get(row->line, "params");
    const char *key;
    json_t     *value;

    const json_t *platform = parameter(row->line, "platform");
    if (platform && !is_common(group, "platform"))
        put_parameter(&row->label, "platform", platform);
    json_object_foreach(params, key, value) {
        if (group->sweep && strcmp(key, group->sweep) == 0)
            row->sweep = json_number_value(value);
        else if (!is_common(group, key))
            put_parameter(&row->label, key, value);
    }
}

static const char *label_of(const struct group_row *row)
{
    return row->label.data ? row->label.data : "";
}

static void number_series(struct group *group)
{
    int next = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct group_row *row = &group->rows[i];
        row->series = -1;
        for (size_t k = 0; k < i && row->series < 0; k++) {
            const struct group_row *other = &group->rows[k];
            if (strcmp(other->subject, row->subject) == 0 &&
                strcmp(label_of(other), label_of(row)) == 0)
                row->series = other->series;
        }
        if (row->series < 0)
            row->series = next++;
    }
}

/* A missing value is worse than any. */
static double cost(const struct group_row *row, bool higher)
{
    if (isnan(row->value))
        return INFINITY;
    return higher ? -row->value : row->value;
}

static int by_cost(const struct group_row *a, const struct group_row *b,
                   bool higher)
{
    double left = cost(a, higher);
    double right = cost(b, higher);
    if (left != right)
        return left < right ? -1 : 1;
    return a->series - b->series;
}

static int lower_first(const void *left, const void *right)
{
    return by_cost(left, right, false);
}

static int higher_first(const void *left, const void *right)
{
    return by_cost(left, right, true);
}

static int by_series(const void *left, const void *right)
{
    const struct group_row *a = left;
    const struct group_row *b = right;
    if (a->series != b->series)
        return a->series - b->series;
    return (a->sweep > b->sweep) - (a->sweep < b->sweep);
}

static bool is_rate(const char *unit)
{
    size_t size = strlen(unit);
    return size >= 2 && strcmp(unit + size - 2, "/s") == 0;
}

static void measure(struct group *group)
{
    group->best = NAN;
    for (size_t i = 0; i < group->count; i++) {
        const struct group_row *row = &group->rows[i];
        double high = result_number(row->line, "high", row->value);
        if (isnan(row->value))
            continue;
        group->largest = fmax(group->largest, fmax(row->value, high));
        if (isnan(group->best) ||
            (group->higher ? row->value > group->best
                           : row->value < group->best))
            group->best = row->value;
    }
}

bool group_next(struct group *group, const struct results *results,
                size_t *first)
{
    size_t count = results_count(results, RESULT_BENCH);
    while (*first < count && is_begun_before(results, *first))
        (*first)++;
    if (*first >= count)
        return false;

    const json_t *line = results_line(results, RESULT_BENCH, *first);
    *group = (struct group){
        .question = result_string(line, "question", ""),
        .metric = result_string(line, "metric", ""),
        .unit = result_string(line, "unit", ""),
    };
    group->higher = is_rate(group->unit);
    take_rows(group, results, *first);
    (*first)++;

    /* Labels need the sweep, the series need the labels, and the order
     * needs the series. */
    find_sweep(group);
    put_common(group);
    for (size_t i = 0; i < group->count; i++)
        put_label(group, &group->rows[i]);
    number_series(group);
    measure(group);
    qsort(group->rows, group->count, sizeof *group->rows,
          group->sweep ? by_series
                       : group->higher ? higher_first : lower_first);
    return true;
}

void group_free(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        text_free(&group->rows[i].label);
    text_free(&group->common);
    free(group->rows);
    *group = (struct group){ 0 };
}
