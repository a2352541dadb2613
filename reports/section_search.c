/*
 * section_search.c - the search in the simulator over time.
 */
#include "section.h"

#include <string.h>

#include "number.h"

/* One curve a strategy. */
static json_t *series_of(json_t *all, const json_t *line)
{
    struct text name = { 0 };
    const char *strategy = result_string(line, "strategy", "search");
    text_put(&name, strategy);

    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(all) && !found; i++) {
        json_t *series = json_array_get(all, i);
        if (strcmp(result_string(series, "name", ""), name.data) == 0)
            found = series;
    }
    if (!found) {
        found = json_pack("{s:s, s:[], s:[], s:[], s:f, s:f}", "name",
                          name.data, "seconds", "rate", "behaviours",
                          "last_seconds", 0.0, "last_runs", 0.0);
        json_array_append_new(all, found);
    }
    text_free(&name);
    return found;
}

/* The rate since the line before shows a slow hour that the mean hides. */
static double rate_of(json_t *series, const json_t *line, double seconds)
{
    double runs = result_number(line, "runs", -1);
    double since = seconds - result_number(series, "last_seconds", 0);
    double done = runs - result_number(series, "last_runs", 0);
    double mean = result_number(line, "runs_per_second", 0);

    json_object_set_new(series, "last_seconds", json_real(seconds));
    json_object_set_new(series, "last_runs", json_real(runs < 0 ? 0 : runs));
    return runs >= 0 && since > 0 && done >= 0 ? done / since : mean;
}

static void add_point(json_t *all, const json_t *line)
{
    double seconds = result_number(line, "seconds", -1);
    if (seconds < 0)
        seconds = result_number(line, "at", -1);
    if (seconds < 0)
        return;

    json_t *series = series_of(all, line);
    json_t *times = json_object_get(series, "seconds");
    double last = json_number_value(
        json_array_get(times, json_array_size(times) - 1));
    /* A second search of the same name begins its clock anew; its points
     * would run backwards on the time axis. */
    if (json_array_size(times) > 0 && seconds <= last)
        return;
    json_array_append_new(times, json_real(seconds));
    json_array_append_new(json_object_get(series, "rate"),
                          json_real(rate_of(series, line, seconds)));
    json_array_append_new(json_object_get(series, "behaviours"),
                          json_real(result_number(line, "behaviours", 0)));
}

static bool is_simulated(const json_t *line)
{
    return strcmp(result_platform(line), "sim") == 0;
}

static void add_points(json_t *all, const struct results *results,
                       enum result_kind kind)
{
    for (size_t i = 0; i < results_count(results, kind); i++) {
        const json_t *line = results_line(results, kind, i);
        if (is_simulated(line))
            add_point(all, line);
    }
}

static json_t *points_of(const struct results *results)
{
    json_t *all = json_array();
    add_points(all, results, RESULT_PROGRESS);
    add_points(all, results, RESULT_SUMMARY);
    return all;
}

static void put_figure(struct text *html, double value)
{
    char figure[NUMBER_MAX];
    if (value < 0)
        text_put(html, "<td class=\"figure\">&middot;</td>");
    else
        text_print(html, "<td class=\"figure\">%s</td>",
                   number_count(figure, value));
}

static void put_row(struct text *html, const json_t *line)
{
    char length[NUMBER_MAX];
    double rate = result_number(line, "runs_per_second", -1);

    text_put(html, "<tr><td>");
    text_html(html, result_string(line, "strategy", "search"));
    text_put(html, "</td>");
    put_figure(html, result_number(line, "runs", -1));
    put_figure(html, rate);
    put_figure(html, result_number(line, "behaviours", -1));
    put_figure(html, result_number(line, "findings", -1));
    text_print(html, "<td class=\"figure\">%s</td></tr>\n",
               number_duration(length, result_number(line, "seconds", 0)));
}

static void put_table(struct text *html, const struct results *results)
{
    struct text rows = { 0 };
    for (size_t i = 0; i < results_count(results, RESULT_SUMMARY); i++) {
        const json_t *line = results_line(results, RESULT_SUMMARY, i);
        if (is_simulated(line))
            put_row(&rows, line);
    }
    if (rows.size == 0)
        return;
    text_put(html, "<div class=\"scroll\"><table><thead><tr>"
                   "<th>Strategy</th>"
                   "<th class=\"figure\">Runs</th>"
                   "<th class=\"figure\">Runs/s</th>"
                   "<th class=\"figure\">Behaviours</th>"
                   "<th class=\"figure\">Findings</th>"
                   "<th class=\"figure\">Time</th></tr></thead>\n<tbody>\n");
    text_add(html, rows.data, rows.size);
    text_put(html, "</tbody></table></div>\n");
    text_free(&rows);
}

static bool has_curve(const json_t *points)
{
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *series = json_array_get(points, i);
        if (json_array_size(json_object_get(series, "seconds")) > 1)
            return true;
    }
    return false;
}

void section_search(struct text *html, const struct results *results,
                    json_t *charts)
{
    json_t *points = points_of(results);
    struct text table = { 0 };
    put_table(&table, results);
    if (json_array_size(points) == 0 && table.size == 0) {
        json_decref(points);
        return;
    }

    section_begin(html, "search", "Search");
    if (has_curve(points)) {
        text_put(html, "<div class=\"charts\">\n"
                       "<figure><figcaption>Runs per second</figcaption>"
                       "<div class=\"chart\" data-chart=\"search\" "
                       "data-field=\"rate\"></div></figure>\n"
                       "<figure><figcaption>Behaviours seen</figcaption>"
                       "<div class=\"chart\" data-chart=\"search\" "
                       "data-field=\"behaviours\"></div></figure>\n"
                       "</div>\n");
        json_object_set(charts, "search", points);
    }
    text_add(html, table.data, table.size);
    text_free(&table);
    section_end(html);
    json_decref(points);
}
