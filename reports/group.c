/*
 * group.c - see group.h.
 */
#include "group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_VALUES_MIN 3

/* What rows are compared by. */
static const char *const compared_by[] = { "floor", "peer", "scenario",
                                           "strategy" };

static double value_of(const json_t *line)
{
    return result_number(line, "value", NAN);
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

/* Labels need the sweep, the series need the labels, and the order needs the
 * series. */
static void finish(struct group *group)
{
    put_common(group);
    for (size_t i = 0; i < group->count; i++)
        put_label(group, &group->rows[i]);
    number_series(group);
    measure(group);
    qsort(group->rows, group->count, sizeof *group->rows,
          group->sweep ? by_series
                       : group->higher ? higher_first : lower_first);
}

/* Room for one more, in an array that grows by doubling. */
static void *grow(void *array, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return array;
    void *more = realloc(array, (count > 0 ? 2 * count : 1) * size);
    if (!more) {
        fputs("lastcall-report: out of memory\n", stderr);
        exit(3);
    }
    return more;
}

static struct group *new_group(struct groups *groups, const json_t *line)
{
    groups->group = grow(groups->group, groups->count, sizeof(struct group));
    struct group *group = &groups->group[groups->count++];
    *group = (struct group){
        .question = result_string(line, "question", ""),
        .metric = result_string(line, "metric", ""),
        .unit = result_string(line, "unit", ""),
    };
    group->higher = is_rate(group->unit);
    return group;
}

static void add_row(struct group *group, const json_t *line)
{
    group->rows = grow(group->rows, group->count, sizeof(struct group_row));
    group->rows[group->count++] = (struct group_row){
        .line = line,
        .subject = result_string(line, "subject", ""),
        .value = value_of(line),
    };
}

/* Add a line to the group that the key names. */
static struct group *add_line(struct groups *groups, json_t *index,
                              const struct text *key, const json_t *line)
{
    const json_t *known = json_object_get(index, key->data);
    struct group *group = known ? &groups->group[json_integer_value(known)]
                                : new_group(groups, line);
    if (!known)
        json_object_set_new(index, key->data,
                            json_integer((json_int_t)groups->count - 1));
    add_row(group, line);
    return group;
}

static bool is_compared_by(const char *key)
{
    for (size_t i = 0; i < sizeof compared_by / sizeof compared_by[0]; i++)
        if (strcmp(key, compared_by[i]) == 0)
            return true;
    return false;
}

/* The words of a case, or its numbers but for a sweep. */
static json_t *part_of_case(const json_t *line, bool words, const char *sweep)
{
    json_t *all = json_object();
    json_t *params = json_object_get(line, "params");
    const char *key;
    json_t     *value;
    json_object_foreach(params, key, value) {
        bool is_part = json_is_string(value)
                           ? words && !is_compared_by(key)
                           : !words && (!sweep || strcmp(key, sweep) != 0);
        if (is_part)
            json_object_set(all, key, value);
    }
    return all;
}

/* Sorted: parameters come in whatever order their line has them in. */
static void put_case(struct text *key, const json_t *line, bool words,
                     const char *sweep)
{
    json_t *part = part_of_case(line, words, sweep);
    char *dump = json_dumps(part, JSON_COMPACT | JSON_SORT_KEYS);
    text_put(key, dump ? dump : "");
    free(dump);
    json_decref(part);
}

/* Which words were asked for, whatever the numbers. */
static void group_by_words(struct groups *groups,
                           const struct results *results)
{
    json_t *index = json_object();
    for (size_t i = 0; i < results_count(results, RESULT_BENCH); i++) {
        const json_t *line = results_line(results, RESULT_BENCH, i);
        struct text key = { 0 };
        text_print(&key, "%s\n%s\n%s\n",
                   result_string(line, "question", ""),
                   result_string(line, "metric", ""),
                   result_string(line, "unit", ""));
        put_case(&key, line, true, NULL);
        add_line(groups, index, &key, line);
        text_free(&key);
    }
    json_decref(index);
}

/* A number that is no sweep is a case of its own for each of its values. */
static void group_by_numbers(struct groups *groups, struct group *words)
{
    json_t *index = json_object();
    find_sweep(words);
    for (size_t i = 0; i < words->count; i++) {
        struct text key = { 0 };
        put_case(&key, words->rows[i].line, false, words->sweep);
        add_line(groups, index, &key, words->rows[i].line)->sweep =
            words->sweep;
        text_free(&key);
    }
    json_decref(index);
}

void groups_open(struct groups *groups, const struct results *results)
{
    struct groups words = { 0 };
    *groups = (struct groups){ 0 };
    group_by_words(&words, results);
    for (size_t i = 0; i < words.count; i++)
        group_by_numbers(groups, &words.group[i]);
    for (size_t i = 0; i < groups->count; i++)
        finish(&groups->group[i]);
    groups_close(&words);
}

void groups_close(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct group *group = &groups->group[i];
        for (size_t k = 0; k < group->count; k++)
            text_free(&group->rows[k].label);
        text_free(&group->common);
        free(group->rows);
    }
    free(groups->group);
    *groups = (struct groups){ 0 };
}
