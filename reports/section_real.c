/*
 * section_real.c - the search on real threads, a row a platform.
 */
#include "section.h"

#include <string.h>

#include "number.h"

#define STAGE "fuzz-"

static void put_figure(struct text *html, const json_t *line,
                       const char *key)
{
    char figure[NUMBER_MAX];
    double value = result_number(line, key, -1);
    if (value < 0)
        text_put(html, "<td class=\"figure\">&middot;</td>");
    else
        text_print(html, "<td class=\"figure\">%s</td>",
                   number_count(figure, value));
}

static void put_row(struct text *html, const json_t *line)
{
    char length[NUMBER_MAX];
    text_put(html, "<tr><td>");
    text_html(html, result_platform(line));
    text_put(html, "</td>");
    put_figure(html, line, "runs");
    put_figure(html, line, "runs_per_second");
    put_figure(html, line, "findings");
    text_print(html, "<td class=\"figure\">%s</td></tr>\n",
               number_duration(length, result_number(line, "seconds", 0)));
}

/* The summary, or if the search was cut off, its latest progress. */
static const json_t *latest(const struct results *results,
                            const char *platform)
{
    static const enum result_kind kinds[] = { RESULT_SUMMARY,
                                              RESULT_PROGRESS };
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = results_count(results, kinds[k]); i-- > 0;) {
            const json_t *line = results_line(results, kinds[k], i);
            if (strcmp(result_platform(line), platform) == 0)
                return line;
        }
    }
    return NULL;
}

static void put_absent(struct text *html, const json_t *stage,
                       const char *platform)
{
    text_put(html, "<tr><td>");
    text_html(html, platform);
    text_put(html, "</td><td colspan=\"4\" class=\"absent\">");
    text_html(html, result_string(stage, "state", ""));
    const char *why = result_string(stage, "why", "");
    if (*why) {
        text_put(html, ": ");
        text_html(html, why);
    }
    text_put(html, "</td></tr>\n");
}

/* A platform without a result has a row that says why. */
static void put_absences(struct text *html, const struct results *results)
{
    for (size_t i = 0; i < results_count(results, RESULT_STAGE); i++) {
        const json_t *stage = results_line(results, RESULT_STAGE, i);
        const char   *name = result_string(stage, "stage", "");
        if (strncmp(name, STAGE, strlen(STAGE)) != 0 ||
            stage != results_stage(results, name))
            continue;
        if (!latest(results, name + strlen(STAGE)))
            put_absent(html, stage, name + strlen(STAGE));
    }
}

static bool is_latest(const struct results *results, enum result_kind kind,
                   size_t i)
{
    const char *platform = result_platform(results_line(results, kind, i));
    if (strcmp(platform, "sim") == 0)
        return false;
    return results_line(results, kind, i) == latest(results, platform);
}

void section_real(struct text *html, const struct results *results)
{
    struct text rows = { 0 };
    for (size_t i = 0; i < results_count(results, RESULT_SUMMARY); i++) {
        if (is_latest(results, RESULT_SUMMARY, i))
            put_row(&rows, results_line(results, RESULT_SUMMARY, i));
    }
    for (size_t i = 0; i < results_count(results, RESULT_PROGRESS); i++) {
        if (is_latest(results, RESULT_PROGRESS, i))
            put_row(&rows, results_line(results, RESULT_PROGRESS, i));
    }
    put_absences(&rows, results);
    if (rows.size > 0) {
        section_begin(html, "real", "Real threads");
        text_put(html, "<div class=\"scroll\"><table class=\"narrow\">"
                       "<thead><tr><th>Platform</th>"
                       "<th class=\"figure\">Runs</th>"
                       "<th class=\"figure\">Runs/s</th>"
                       "<th class=\"figure\">Findings</th>"
                       "<th class=\"figure\">Time</th></tr></thead>\n"
                       "<tbody>\n");
        text_add(html, rows.data, rows.size);
        text_put(html, "</tbody></table></div>\n");
        section_end(html);
    }
    text_free(&rows);
}
