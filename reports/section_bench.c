/*
 * section_bench.c - measurements, a table and a chart a group.
 */
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "curve.h"
#include "group.h"
#include "number.h"

static bool has_histogram(const struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!isnan(curve_percentile(
                json_object_get(group->rows[i].line, "histogram"), 0.5)))
            return true;
    }
    return false;
}

/* Charts show times in nanoseconds and choose the unit of each mark. */
static double chart_scale(const char *unit)
{
    double ns = number_unit_ns(unit);
    return ns > 0 ? ns : 1;
}

static json_t *series_of(const struct group_row *row)
{
    struct text name = { 0 };
    text_print(&name, "%s%s%s", row->subject, row->label.size ? ", " : "",
               row->label.data ? row->label.data : "");
    json_t *series = json_pack("{s:s, s:i, s:[], s:[]}", "name", name.data,
                               "slot", row->series, "x", "y");
    text_free(&name);
    return series;
}

static void add_point(json_t *series, double x, double y)
{
    json_array_append_new(json_object_get(series, "x"), json_real(x));
    json_array_append_new(json_object_get(series, "y"), json_real(y));
}

static json_t *curve_series(const struct group *group)
{
    double  values[CURVE_POINTS];
    double  scale = chart_scale(group->unit);
    json_t *all = json_array();

    for (size_t i = 0; i < group->count; i++) {
        const struct group_row *row = &group->rows[i];
        int points = curve_of(json_object_get(row->line, "histogram"),
                              values);
        if (points == 0)
            continue;
        json_t *series = series_of(row);
        for (int k = 0; k < points; k++)
            add_point(series, curve_rank(k), values[k] * scale);
        json_array_append_new(all, series);
    }
    return all;
}

/* Rows come by series and then by the sweep, so the last one is open. */
static json_t *sweep_series(const struct group *group)
{
    double  scale = chart_scale(group->unit);
    json_t *all = json_array();
    json_t *series = NULL;

    for (size_t i = 0; i < group->count; i++) {
        const struct group_row *row = &group->rows[i];
        if (i == 0 || row->series != group->rows[i - 1].series) {
            series = series_of(row);
            json_array_append_new(all, series);
        }
        if (!isnan(row->value))
            add_point(series, row->sweep, row->value * scale);
    }
    return all;
}

static void put_chart(struct text *html, json_t *charts,
                      const struct group *group, const char *kind,
                      json_t *series)
{
    json_t *list = json_object_get(charts, kind);
    text_print(html, "<div class=\"chart\" data-chart=\"%s\" "
               "data-index=\"%zu\"></div>\n", kind, json_array_size(list));
    json_array_append_new(
        list, json_pack("{s:s, s:b, s:s, s:o}", "unit", group->unit, "time",
                        number_unit_ns(group->unit) > 0, "along",
                        group->sweep ? group->sweep : "", "series", series));
}

static void put_bar(struct text *html, const struct group *group,
                    const struct group_row *row)
{
    double low = result_number(row->line, "low", row->value);
    double high = result_number(row->line, "high", row->value);
    double full = group->largest;

    text_put(html, "<td class=\"bar\">");
    if (full > 0 && row->value >= 0 && low >= 0 && high >= low)
        text_print(html, "<span class=\"s%d\" style=\"width:%.2f%%\"></span>"
                   "<i style=\"left:%.2f%%;width:%.2f%%\"></i>",
                   row->series % 8, 100 * row->value / full,
                   100 * low / full, 100 * (high - low) / full);
    text_put(html, "</td>");
}

static void put_figure(struct text *html, double value, const char *unit,
                       const char *look)
{
    char figure[NUMBER_MAX];
    text_print(html, "<td class=\"figure%s\">", look);
    if (isnan(value))
        text_put(html, "&middot;");
    else
        text_html(html, number_quantity(figure, value, unit));
    text_put(html, "</td>");
}

static void put_range(struct text *html, const struct group *group,
                      const struct group_row *row)
{
    char figure[NUMBER_MAX];
    double low = result_number(row->line, "low", NAN);
    double high = result_number(row->line, "high", NAN);

    text_put(html, "<td class=\"figure range\">");
    if (!isnan(low) && !isnan(high)) {
        text_html(html, number_quantity(figure, low, group->unit));
        text_put(html, " &ndash; ");
        text_html(html, number_quantity(figure, high, group->unit));
    }
    text_put(html, "</td>");
}

static void put_ratio(struct text *html, const struct group *group,
                      const struct group_row *row)
{
    char figure[NUMBER_MAX];
    double ratio = group->higher ? group->best / row->value
                                 : row->value / group->best;
    text_put(html, "<td class=\"figure\">");
    if (isfinite(ratio) && ratio > 0)
        text_print(html, "%s&times;", row->value == group->best
                   ? "1" : number_short(figure, ratio));
    else
        text_put(html, "&middot;");
    text_put(html, "</td>");
}

static void put_tail(struct text *html, const struct group *group,
                     const struct group_row *row)
{
    static const double shares[] = { 0.5, 0.9, 0.99, 0.999, 1 };
    const json_t *histogram = json_object_get(row->line, "histogram");
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        put_figure(html, curve_percentile(histogram, shares[i]), group->unit,
                   "");
}

static void put_row(struct text *html, const struct group *group,
                    const struct group_row *row, bool tail)
{
    char figure[NUMBER_MAX];
    bool noisy = result_denies(row->line, "clean");

    text_print(html, "<tr%s><th class=\"row\"><i class=\"swatch s%d\"></i>",
               noisy ? " class=\"noisy\"" : "", row->series % 8);
    text_html(html, row->subject);
    if (row->label.size > 0) {
        text_put(html, " <span>");
        text_html(html, row->label.data);
        text_put(html, "</span>");
    }
    text_put(html, "</th>");
    if (group->sweep)
        text_print(html, "<td class=\"figure\">%s</td>",
                   number_count(figure, row->sweep));
    else if (!tail)
        put_bar(html, group, row);
    put_figure(html, row->value, group->unit, " main");
    put_range(html, group, row);
    if (tail)
        put_tail(html, group, row);
    if (!group->sweep)
        put_ratio(html, group, row);
    text_print(html, "<td class=\"figure\">%s</td><td>%s</td></tr>\n",
               number_count(figure, result_number(row->line, "n", 0)),
               noisy ? "<span class=\"badge fault\">noisy</span>" : "");
}

static void put_heads(struct text *html, const struct group *group, bool tail)
{
    text_put(html, "<thead><tr><th>Subject</th>");
    if (group->sweep) {
        text_put(html, "<th class=\"figure\">");
        text_html(html, group->sweep);
        text_put(html, "</th>");
    } else if (!tail) {
        text_put(html, "<th class=\"bar\"></th>");
    }
    text_put(html, "<th class=\"figure\">Value</th>"
                   "<th class=\"figure\">Low &ndash; high</th>");
    if (tail)
        text_put(html, "<th class=\"figure\">p50</th>"
                       "<th class=\"figure\">p90</th>"
                       "<th class=\"figure\">p99</th>"
                       "<th class=\"figure\">p99.9</th>"
                       "<th class=\"figure\">max</th>");
    if (!group->sweep)
        text_put(html, "<th class=\"figure\">To best</th>");
    text_put(html, "<th class=\"figure\">n</th><th></th></tr></thead>\n");
}

static void put_caption(struct text *html, const struct group *group)
{
    text_put(html, "<h4>");
    text_html(html, *group->metric ? group->metric : "value");
    text_print(html, " <span>%s is better",
               group->higher ? "higher" : "lower");
    if (group->common.size > 0) {
        text_put(html, "; ");
        text_html(html, group->common.data);
    }
    text_put(html, "</span></h4>\n");
}

static void put_group(struct text *html, const struct group *group,
                      json_t *charts)
{
    bool tail = has_histogram(group);
    put_caption(html, group);
    if (tail && !group->sweep)
        put_chart(html, charts, group, "curves", curve_series(group));
    if (group->sweep)
        put_chart(html, charts, group, "sweeps", sweep_series(group));

    text_print(html, "<div class=\"scroll\"><table class=\"bench%s\">",
               tail || group->sweep ? "" : " bars");
    put_heads(html, group, tail);
    text_put(html, "<tbody>\n");
    for (size_t i = 0; i < group->count; i++)
        put_row(html, group, &group->rows[i], tail);
    text_put(html, "</tbody></table></div>\n");
}

/* A question's name is a file name: its words are joined by - or _. */
static void put_question(struct text *html, const char *question)
{
    struct text words = { 0 };
    text_put(&words, question);
    for (size_t i = 0; i < words.size; i++) {
        if (words.data[i] == '-' || words.data[i] == '_')
            words.data[i] = ' ';
    }
    text_put(html, "<h3>");
    text_html(html, words.data);
    text_put(html, "</h3>\n");
    text_free(&words);
}

static bool is_new_question(const struct groups *groups, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(groups->group[i].question,
                   groups->group[index].question) == 0)
            return false;
    return true;
}

static void put_all_of(struct text *html, const struct groups *groups,
                       const char *question, json_t *charts)
{
    text_put(html, "<article class=\"question\">\n");
    put_question(html, question);
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->group[i].question, question) == 0)
            put_group(html, &groups->group[i], charts);
    text_put(html, "</article>\n");
}

void section_bench(struct text *html, const struct results *results,
                   json_t *charts)
{
    struct groups groups;
    if (results_count(results, RESULT_BENCH) == 0)
        return;

    json_object_set_new(charts, "curves", json_array());
    json_object_set_new(charts, "sweeps", json_array());
    section_begin(html, "bench", "Benchmarks");
    groups_open(&groups, results);
    for (size_t i = 0; i < groups.count; i++)
        if (is_new_question(&groups, i))
            put_all_of(html, &groups, groups.group[i].question, charts);
    groups_close(&groups);
    text_put(html, "<p class=\"note\">Value is the median unless the metric "
                   "says otherwise; low and high bound it. "
                   "<b>noisy</b>: another process or guest used the "
                   "processor meanwhile.</p>\n");
    section_end(html);
}
