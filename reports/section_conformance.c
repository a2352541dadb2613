/*
 * section_conformance.c - the rules of completion ports on each platform.
 *
 * A rule is one line with a cell a platform; it opens to the rule's words and
 * to those of each platform, which a pointer shows as well.
 */
#include "section.h"

#include <string.h>

#include "number.h"

enum kind { HOLDS, DIFFERS, NOT_APPLICABLE, FAILS, KINDS };

static const struct {
    const char *outcome;
    const char *shown;
    const char *look;
} kinds[KINDS] = {
    { "holds", "holds", "good" },
    { "differs", "differs", "fault" },
    { "not-applicable", "n/a", "none" },
    { "fails", "fails", "bad" },
};

struct table {
    json_t *rules;          /* array of their ids, in the order of lines   */
    json_t *platforms;      /* likewise                                    */
    json_t *cells;          /* "rule\nplatform" to the latest line of both */
};

/* What is not known is shown as it is, and stands out. */
static enum kind kind_of(const json_t *line)
{
    const char *outcome = result_string(line, "outcome", "");
    for (int kind = 0; kind < KINDS; kind++) {
        if (strcmp(outcome, kinds[kind].outcome) == 0)
            return (enum kind)kind;
    }
    return KINDS;
}

static void add_name(json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return;
    }
    json_array_append_new(names, json_string(name));
}

static void put_key(struct text *key, const char *rule, const char *platform)
{
    text_print(key, "%s\n%s", rule, platform);
}

static void collect(struct table *table, const struct results *results)
{
    *table = (struct table){ json_array(), json_array(), json_object() };
    for (size_t i = 0; i < results_count(results, RESULT_CONFORMANCE); i++) {
        json_t     *line = results_line(results, RESULT_CONFORMANCE, i);
        const char *rule = result_string(line, "rule", "");
        const char *platform = result_string(line, "platform", "");
        struct text key = { 0 };
        add_name(table->rules, rule);
        add_name(table->platforms, platform);
        put_key(&key, rule, platform);
        json_object_set(table->cells, key.data, line);
        text_free(&key);
    }
}

static void forget(struct table *table)
{
    json_decref(table->rules);
    json_decref(table->platforms);
    json_decref(table->cells);
}

static const char *name_at(const json_t *names, size_t i)
{
    return json_string_value(json_array_get(names, i));
}

static const json_t *cell_of(const struct table *table, const char *rule,
                             const char *platform)
{
    struct text key = { 0 };
    put_key(&key, rule, platform);
    const json_t *line = json_object_get(table->cells, key.data);
    text_free(&key);
    return line;
}

static size_t count_of(const struct table *table, const char *platform,
                       enum kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(table->rules); i++) {
        const json_t *line = cell_of(table, name_at(table->rules, i),
                                     platform);
        count += line && kind_of(line) == kind;
    }
    return count;
}

/* A platform's program says how it ended in a line of its own. */
static bool has_ended(const struct results *results, const char *platform)
{
    for (size_t i = 0;
         i < results_count(results, RESULT_CONFORMANCE_SUMMARY); i++) {
        const json_t *line =
            results_line(results, RESULT_CONFORMANCE_SUMMARY, i);
        if (strcmp(result_string(line, "platform", ""), platform) == 0)
            return true;
    }
    return false;
}

static void put_count(struct text *html, size_t count, const char *look)
{
    text_print(html, "<td class=\"figure%s\">%zu</td>", look, count);
}

static void put_counts(struct text *html, const struct table *table,
                       const struct results *results)
{
    text_put(html, "<div class=\"scroll\"><table class=\"narrow\"><thead>"
                   "<tr><th>Platform</th><th class=\"figure\">Fails</th>"
                   "<th class=\"figure\">Holds</th>"
                   "<th class=\"figure\">Differs</th>"
                   "<th class=\"figure\">n/a</th></tr></thead>\n"
                   "<tbody>\n");
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        const char *platform = name_at(table->platforms, i);
        size_t      fails = count_of(table, platform, FAILS);
        text_print(html, "<tr%s><td>", fails ? " class=\"bad\"" : "");
        text_html(html, platform);
        if (!has_ended(results, platform))
            text_put(html, " <small>cut off</small>");
        text_put(html, "</td>");
        put_count(html, fails, fails ? " missed" : "");
        put_count(html, count_of(table, platform, HOLDS), "");
        put_count(html, count_of(table, platform, DIFFERS), "");
        put_count(html, count_of(table, platform, NOT_APPLICABLE), "");
        text_put(html, "</tr>\n");
    }
    text_put(html, "</tbody></table></div>\n");
}

static void put_outcome(struct text *html, const json_t *line)
{
    enum kind kind = kind_of(line);
    if (kind < KINDS)
        text_put(html, kinds[kind].shown);
    else
        text_html(html, result_string(line, "outcome", "unknown"));
}

static const char *look_of(const json_t *line)
{
    enum kind kind = kind_of(line);
    return kind < KINDS ? kinds[kind].look : "bad";
}

static void put_cell(struct text *html, const json_t *line,
                     const char *platform)
{
    if (!line) {
        text_put(html, "<span class=\"none\">&middot;</span>");
        return;
    }
    const char *words = result_string(line, "words", "");
    text_print(html, "<span class=\"%s\" title=\"", look_of(line));
    text_html(html, platform);
    text_put(html, ": ");
    put_outcome(html, line);
    if (*words) {
        text_put(html, ", ");
        text_html(html, words);
    }
    text_put(html, "\">");
    put_outcome(html, line);
    text_put(html, "</span>");
}

static const char *statement_of(const struct table *table, const char *rule)
{
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        const char *statement = result_string(
            cell_of(table, rule, name_at(table->platforms, i)), "statement",
            "");
        if (*statement)
            return statement;
    }
    return "";
}

static void put_words(struct text *html, const struct table *table,
                      const char *rule)
{
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        const char   *platform = name_at(table->platforms, i);
        const json_t *line = cell_of(table, rule, platform);
        const char   *words = result_string(line, "words", "");
        if (!*words)
            continue;
        text_put(html, "<dt>");
        text_html(html, platform);
        text_print(html, " <span class=\"badge %s\">", look_of(line));
        put_outcome(html, line);
        text_put(html, "</span></dt><dd>");
        text_html(html, words);
        text_put(html, "</dd>\n");
    }
}

static bool is_broken(const struct table *table, const char *rule)
{
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        const json_t *line = cell_of(table, rule,
                                     name_at(table->platforms, i));
        if (line && kind_of(line) >= FAILS)
            return true;
    }
    return false;
}

/* What fails is open: nobody has to look for it. */
static void put_rule(struct text *html, const struct table *table,
                     const char *rule)
{
    const char *statement = statement_of(table, rule);
    text_print(html, "<details class=\"rule\"%s><summary title=\"",
               is_broken(table, rule) ? " open" : "");
    text_html(html, statement);
    text_put(html, "\"><b>");
    text_html(html, rule);
    text_put(html, "</b><em>");
    text_html(html, statement);
    text_put(html, "</em>");
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        const char *platform = name_at(table->platforms, i);
        put_cell(html, cell_of(table, rule, platform), platform);
    }
    text_put(html, "</summary>\n<p>");
    text_html(html, statement);
    text_put(html, "</p>\n<dl>\n");
    put_words(html, table, rule);
    text_put(html, "</dl></details>\n");
}

static void put_rules(struct text *html, const struct table *table)
{
    text_print(html, "<div class=\"rules\" style=\"--platforms: %zu\">\n"
                     "<p class=\"rule-head\"><b>Rule</b><em></em>",
               json_array_size(table->platforms));
    for (size_t i = 0; i < json_array_size(table->platforms); i++) {
        text_put(html, "<span>");
        text_html(html, name_at(table->platforms, i));
        text_put(html, "</span>");
    }
    text_put(html, "</p>\n");
    for (size_t i = 0; i < json_array_size(table->rules); i++)
        put_rule(html, table, name_at(table->rules, i));
    text_put(html, "</div>\n<p class=\"note\">A rule opens to what it says "
                   "and to how each platform differs. A difference that was "
                   "not announced, and an announced one that does not show, "
                   "both fail.</p>\n");
}

void section_conformance(struct text *html, const struct results *results)
{
    struct table table;
    if (results_count(results, RESULT_CONFORMANCE) == 0)
        return;
    collect(&table, results);
    section_begin(html, "conformance", "Rules of completion ports");
    put_counts(html, &table, results);
    put_rules(html, &table);
    section_end(html);
    forget(&table);
}
