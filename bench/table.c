/*
 * table.c - see table.h.
 */
#include "table.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "question.h"
#include "result.h"

#define LABEL_MAX 160

static double count_of(const json_t *histogram)
{
    double total = 0;
    for (size_t i = 0; i < json_array_size(histogram); i++)
        total += json_number_value(
            json_array_get(json_array_get(histogram, i), 1));
    return total;
}

double table_percentile(const json_t *histogram, double share)
{
    double total = count_of(histogram), seen = 0;
    for (size_t i = 0; i < json_array_size(histogram); i++) {
        const json_t *bar = json_array_get(histogram, i);
        seen += json_number_value(json_array_get(bar, 1));
        if (seen >= share * total)
            return json_number_value(json_array_get(bar, 0));
    }
    return NAN;
}

static bool is_same(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(result_word(a, key, ""), result_word(b, key, "")) == 0;
}

static bool is_of_group(const json_t *a, const json_t *b)
{
    return is_same(a, b, "metric") && is_same(a, b, "unit");
}

static bool is_comparison(const json_t *line)
{
    return json_object_get(json_object_get(line, "params"), "floor") != NULL;
}

static bool is_loss(const json_t *line)
{
    return strncmp(result_word(line, "metric", ""), QUESTION_LOSS,
                   strlen(QUESTION_LOSS)) == 0;
}

/* Does every line of the group have the same value for this parameter? */
static bool is_common(const json_t *lines, const json_t *first,
                      const char *key)
{
    const json_t *value =
        json_object_get(json_object_get(first, "params"), key);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const json_t *params = json_object_get(line, "params");
        if (!is_of_group(line, first) || json_object_size(params) == 0)
            continue;
        const json_t *other = json_object_get(params, key);
        if (!other || !json_equal(value, other))
            return false;
    }
    return true;
}

static bool is_common_platform(const json_t *lines, const json_t *first)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (is_of_group(line, first) && !is_same(line, first, "platform"))
            return false;
    }
    return true;
}

static void put_parameter(char label[LABEL_MAX], const char *key,
                          const json_t *value)
{
    size_t used = strlen(label);
    const char *comma = used > 0 ? ", " : "";
    if (json_is_string(value)) {
        snprintf(label + used, LABEL_MAX - used, "%s%s", comma,
                 json_string_value(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(label + used, LABEL_MAX - used, "%s%s %s", comma, key,
             text ? text : "");
    free(text);
}

static void put_label(char label[LABEL_MAX], const json_t *lines,
                      const json_t *line)
{
    json_t *params = json_object_get(line, "params");
    const char *key;
    json_t *value;
    *label = '\0';
    if (!is_common_platform(lines, line))
        put_parameter(label, "platform", json_object_get(line, "platform"));
    json_object_foreach(params, key, value)
        if (!is_common(lines, line, key))
            put_parameter(label, key, value);
}

/* Is this the line that compares that row with a floor, as a factor? */
static bool compares(const json_t *line, const json_t *row)
{
    const char *metric = result_word(row, "metric", "");
    size_t size = strlen(metric);
    if (!is_comparison(line) || !is_same(line, row, "subject") ||
        !is_same(line, row, "platform") ||
        strncmp(result_word(line, "metric", ""), metric, size) != 0 ||
        strcmp(result_word(line, "metric", "") + size,
               ", " QUESTION_FACTOR) != 0)
        return false;
    return result_has_params(line, row);
}

static void print_factors(FILE *out, const json_t *lines, const json_t *row)
{
    char factor[FIGURE_MAX];
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        double value = result_number(line, "value", NAN);
        if (!compares(line, row) || isnan(value))
            continue;
        const char *floor = result_word(json_object_get(line, "params"),
                                        "floor", "");
        fprintf(out, "  %s %s", figure(factor, value, "x"), floor);
    }
}

static bool loses(const json_t *line, const json_t *row)
{
    return is_loss(line) && is_same(line, row, "subject") &&
           is_same(line, row, "platform") && result_has_params(line, row);
}

/* Of items the metric says enough; 829 kB is one word, and 400 B are two. */
static void print_loss(FILE *out, const json_t *line, bool first)
{
    char value[FIGURE_MAX];
    const char *unit = result_word(line, "unit", "");
    figure_short(value, result_number(line, "value", NAN), unit);
    bool joined = strcmp(unit, "B") == 0 && strchr(value, ' ');
    if (strcmp(unit, "items") == 0)
        unit = "";
    fprintf(out, "%s%s%s%s %s", first ? "  loses: " : ", ", value,
            *unit && !joined ? " " : "", unit,
            result_word(line, "metric", "") + strlen(QUESTION_LOSS));
}

static void print_losses(FILE *out, const json_t *lines, const json_t *row)
{
    bool first = true, counted = false;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (!loses(line, row))
            continue;
        counted = true;
        if (result_number(line, "high", NAN) == 0)
            continue;
        print_loss(out, line, first);
        first = false;
    }
    if (counted && first)
        fprintf(out, "  loses nothing");
}

/* A percentile is said only if a value may lie above it. */
static void print_tail(FILE *out, const json_t *histogram, const char *unit)
{
    static const double shares[] = { 0.99, 0.999, 1 };
    static const double counts_min[] = { 100, 1000, 1 };
    char value[FIGURE_MAX];
    for (size_t i = 0; i < 3; i++) {
        bool known = count_of(histogram) >= counts_min[i];
        double at = known ? table_percentile(histogram, shares[i]) : NAN;
        fprintf(out, " %8s", figure_short(value, at, unit));
    }
}

static void print_figures(FILE *out, const json_t *lines, const json_t *row)
{
    char value[FIGURE_MAX], low[FIGURE_MAX], high[FIGURE_MAX];
    char range[2 * FIGURE_MAX + 4];
    const char *unit = result_word(row, "unit", "");
    const json_t *histogram = json_object_get(row, "histogram");
    snprintf(range, sizeof range, "%s .. %s",
             figure_short(low, result_number(row, "low", NAN), unit),
             figure_short(high, result_number(row, "high", NAN), unit));
    fprintf(out, " %9s  %-19s",
            figure_short(value, result_number(row, "value", NAN), unit),
            range);
    if (histogram)
        print_tail(out, histogram, unit);
    print_factors(out, lines, row);
    print_losses(out, lines, row);
    if (json_is_false(json_object_get(row, "clean")))
        fprintf(out, "  noisy");
}

static void print_row(FILE *out, const json_t *lines, const json_t *row,
                      int width)
{
    char label[LABEL_MAX];
    const char *skipped = result_word(row, "skipped", NULL);
    put_label(label, lines, row);
    fprintf(out, "  %-14s %-*s", result_word(row, "subject", ""), width,
            label);
    if (skipped)
        fprintf(out, "  skipped: %s", skipped);
    else
        print_figures(out, lines, row);
    putc('\n', out);
}

static bool has_histogram(const json_t *lines, const json_t *first)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (is_of_group(line, first) && json_object_get(line, "histogram"))
            return true;
    }
    return false;
}

static int label_width(const json_t *lines, const json_t *first)
{
    char label[LABEL_MAX];
    size_t width = 12;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (!is_of_group(line, first))
            continue;
        put_label(label, lines, line);
        width = strlen(label) > width ? strlen(label) : width;
    }
    return (int)width;
}

static void print_group(FILE *out, const json_t *lines, const json_t *first)
{
    const char *unit = result_word(first, "unit", "");
    char head[LABEL_MAX];
    snprintf(head, sizeof head, "%s, %s", result_word(first, "metric", ""),
             unit);
    int width = label_width(lines, first);
    fprintf(out, "\n  %-*s %9s  %-19s", width + 15, head, "median",
            "95 % interval");
    if (has_histogram(lines, first))
        fprintf(out, " %8s %8s %8s", "p99", "p99.9", "max");
    putc('\n', out);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (is_of_group(line, first))
            print_row(out, lines, line, width);
    }
}

static bool is_begun(const json_t *lines, size_t index)
{
    const json_t *line = json_array_get(lines, index);
    for (size_t i = 0; i < index; i++)
        if (is_of_group(line, json_array_get(lines, i)))
            return true;
    return false;
}

/* How the figures must not be taken is said before them, once. */
static void print_notes(FILE *out, const json_t *lines)
{
    const char *said = "";
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *note = result_word(json_array_get(lines, i), "note", "");
        if (*note && strcmp(note, said) != 0)
            fprintf(out, "  %s\n", note);
        said = *note ? note : said;
    }
}

void table_print(FILE *out, const json_t *lines)
{
    print_notes(out, lines);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (!is_begun(lines, i) && !is_comparison(line) && !is_loss(line))
            print_group(out, lines, line);
    }
}
