/*
 * section_mutants.c - planted bugs against strategies.
 *
 * A line tells of one planted bug under one strategy: "mutant" and
 * "strategy", in the line or in its params; "value" is the median of runs to
 * the first detection, null when there was none; "n" the trials, "found" how
 * many of them detected it; "verdict" what it must be found as.
 */
#include "section.h"

#include <string.h>

#include "number.h"

#define STRATEGIES_MAX 16

enum kind { CANARY, MUTANT, CONTROL, KINDS };

struct table {
    json_t     *mutants;                        /* array of their names    */
    const char *strategies[STRATEGIES_MAX];
    size_t      strategies_count;
    const struct results *results;
};

static const json_t *field(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    return value ? value
                 : json_object_get(json_object_get(line, "params"), key);
}

static const char *word(const json_t *line, const char *key)
{
    const char *value = json_string_value(field(line, key));
    return value ? value : "";
}

static const char *strategy_of(const json_t *line)
{
    const char *strategy = word(line, "strategy");
    return *strategy ? strategy : "search";
}

/* Runs to detection are the table; a line in another unit is beside it. */
static bool is_of_table(const json_t *line)
{
    const char *unit = result_string(line, "unit", "runs");
    return *word(line, "mutant") && strcmp(unit, "runs") == 0;
}

static enum kind kind_of(const char *mutant)
{
    if (strncmp(mutant, "canary", 6) == 0)
        return CANARY;
    return mutant[0] == 'c' && mutant[1] >= '0' && mutant[1] <= '9'
               ? CONTROL : MUTANT;
}

static double trials_of(const json_t *line)
{
    const json_t *n = field(line, "n");
    return json_is_number(n) ? json_number_value(n) : 1;
}

static double found_of(const json_t *line)
{
    const json_t *found = field(line, "found");
    if (!found)
        found = field(line, "detected");
    if (json_is_number(found))
        return json_number_value(found);
    if (json_is_boolean(found))
        return json_is_true(found) ? trials_of(line) : 0;
    return json_is_number(json_object_get(line, "value")) ? trials_of(line)
                                                          : 0;
}

static void add_name(json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return;
    }
    json_array_append_new(names, json_string(name));
}

static void add_strategy(struct table *table, const char *strategy)
{
    for (size_t i = 0; i < table->strategies_count; i++) {
        if (strcmp(table->strategies[i], strategy) == 0)
            return;
    }
    if (table->strategies_count < STRATEGIES_MAX)
        table->strategies[table->strategies_count++] = strategy;
}

static void collect(struct table *table)
{
    table->mutants = json_array();
    for (size_t i = 0; i < results_count(table->results, RESULT_MUTANT);
         i++) {
        const json_t *line = results_line(table->results, RESULT_MUTANT, i);
        if (!is_of_table(line))
            continue;
        add_name(table->mutants, word(line, "mutant"));
        add_strategy(table, strategy_of(line));
    }
}

static const json_t *find(const struct table *table, const char *mutant,
                          const char *strategy)
{
    const json_t *last = NULL;
    for (size_t i = 0; i < results_count(table->results, RESULT_MUTANT);
         i++) {
        const json_t *line = results_line(table->results, RESULT_MUTANT, i);
        if (is_of_table(line) && strcmp(word(line, "mutant"), mutant) == 0 &&
            (!strategy || strcmp(strategy_of(line), strategy) == 0))
            last = line;
    }
    return last;
}

static bool is_found(const struct table *table, const char *mutant)
{
    for (size_t i = 0; i < table->strategies_count; i++) {
        const json_t *line = find(table, mutant, table->strategies[i]);
        if (line && found_of(line) > 0)
            return true;
    }
    return false;
}

static bool is_right(const struct table *table, const char *mutant)
{
    return is_found(table, mutant) == (kind_of(mutant) != CONTROL);
}

static void put_cell(struct text *html, const json_t *line, enum kind kind)
{
    char value[NUMBER_MAX], low[NUMBER_MAX], high[NUMBER_MAX];
    if (!line) {
        text_put(html, "<td class=\"figure none\">&middot;</td>");
        return;
    }
    double found = found_of(line);
    double trials = trials_of(line);
    if (found <= 0) {
        text_print(html, "<td class=\"figure%s\">%s</td>",
                   kind == CONTROL ? "" : " missed",
                   kind == CONTROL ? "silent" : "missed");
        return;
    }
    text_print(html, "<td class=\"figure%s\"><b>%s</b>",
               kind == CONTROL ? " missed" : "",
               number_count(value, result_number(line, "value", 0)));
    if (json_is_number(json_object_get(line, "low")) &&
        json_is_number(json_object_get(line, "high")))
        text_print(html, " <small>%s&ndash;%s</small>",
                   number_count(low, result_number(line, "low", 0)),
                   number_count(high, result_number(line, "high", 0)));
    if (found < trials)
        text_print(html, " <small>%s of %s</small>",
                   number_count(low, found), number_count(high, trials));
    text_put(html, "</td>");
}

static void put_row(struct text *html, const struct table *table,
                    const char *mutant)
{
    enum kind kind = kind_of(mutant);
    const json_t *any = find(table, mutant, NULL);
    const char *expected = *word(any, "expected") ? word(any, "expected")
                                                  : word(any, "verdict");

    text_print(html, "<tr%s><td><code>",
               is_right(table, mutant) ? "" : " class=\"bad\"");
    text_html(html, mutant);
    text_put(html, "</code></td><td>");
    text_html(html, kind == CONTROL ? "clean" : expected);
    text_put(html, "</td>");
    for (size_t i = 0; i < table->strategies_count; i++)
        put_cell(html, find(table, mutant, table->strategies[i]), kind);
    text_put(html, "</tr>\n");
}

static void put_rows(struct text *html, const struct table *table,
                     enum kind kind)
{
    for (size_t i = 0; i < json_array_size(table->mutants); i++) {
        const char *mutant =
            json_string_value(json_array_get(table->mutants, i));
        if (kind_of(mutant) == kind)
            put_row(html, table, mutant);
    }
}

static void put_tally(struct text *html, const struct table *table,
                      enum kind kind, const char *what)
{
    size_t right = 0, all = 0;
    for (size_t i = 0; i < json_array_size(table->mutants); i++) {
        const char *mutant =
            json_string_value(json_array_get(table->mutants, i));
        if (kind_of(mutant) != kind)
            continue;
        all++;
        right += is_right(table, mutant);
    }
    if (all > 0)
        text_print(html, "<span class=\"%s\"><b>%zu of %zu</b> %s</span>",
                   right == all ? "good" : "bad", right, all, what);
}

static void put_table(struct text *html, const struct table *table)
{
    text_put(html, "<p class=\"words\">");
    put_tally(html, table, CANARY, "canaries heard");
    put_tally(html, table, MUTANT, "planted bugs found");
    put_tally(html, table, CONTROL, "controls left alone");
    text_put(html, "</p>\n<div class=\"scroll\"><table class=\"pivot\">"
                   "<thead><tr><th>Planted</th><th>Must be</th>");
    for (size_t i = 0; i < table->strategies_count; i++) {
        text_put(html, "<th class=\"figure\">");
        text_html(html, table->strategies[i]);
        text_put(html, "</th>");
    }
    text_put(html, "</tr></thead>\n<tbody>\n");
    put_rows(html, table, CANARY);
    put_rows(html, table, MUTANT);
    put_rows(html, table, CONTROL);
    text_put(html, "</tbody></table></div>\n<p class=\"note\">Runs to the "
                   "first detection: the median of the trials, then the "
                   "least and the most. A control is a harmless change; to "
                   "flag one is a false alarm.</p>\n");
}

void section_mutants(struct text *html, const struct results *results)
{
    struct table table = { .results = results };
    collect(&table);
    if (json_array_size(table.mutants) > 0) {
        section_begin(html, "mutants", "Planted bugs");
        put_table(html, &table);
        section_end(html);
    }
    json_decref(table.mutants);
}
