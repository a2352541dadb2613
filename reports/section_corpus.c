/*
 * section_corpus.c - the replayed corpus and the verdicts that were met.
 */
#include "section.h"

#include <string.h>

#include "number.h"
#include "verdicts.h"

/* What the search met: {"verdicts":{"clean":123,...}} of each summary. */
static double searched(const struct results *results, const char *verdict)
{
    double count = 0;
    for (size_t i = 0; i < results_count(results, RESULT_SUMMARY); i++)
        count += result_number(
            json_object_get(results_line(results, RESULT_SUMMARY, i),
                            "verdicts"), verdict, 0);
    return count;
}

static double replayed(const struct results *results, const char *verdict)
{
    double count = 0;
    for (size_t i = 0; i < results_count(results, RESULT_REPLAY); i++) {
        const json_t *line = results_line(results, RESULT_REPLAY, i);
        count += strcmp(result_string(line, "verdict", ""), verdict) == 0;
    }
    return count;
}

static void put_count(struct text *html, double count)
{
    char figure[NUMBER_MAX];
    text_print(html, "<td class=\"figure\">%s</td>",
               count > 0 ? number_count(figure, count) : "&middot;");
}

static bool put_verdict(struct text *html, const struct results *results,
                        const char *verdict)
{
    double in_search = searched(results, verdict);
    double in_replay = replayed(results, verdict);
    if (in_search <= 0 && in_replay <= 0)
        return false;
    text_put(html, "<tr><td>");
    section_badge(html, verdict);
    text_put(html, "</td>");
    put_count(html, in_search);
    put_count(html, in_replay);
    text_put(html, "</tr>\n");
    return true;
}

void section_verdicts(struct text *html, const struct results *results)
{
    struct text rows = { 0 };
    struct verdict_words words;
    bool any = false;

    for (size_t i = 0; (words = verdicts_words(i)).name; i++)
        any |= put_verdict(&rows, results, words.name);
    if (any) {
        section_begin(html, "verdicts", "Verdicts met");
        text_put(html, "<div class=\"scroll\"><table class=\"narrow\">"
                       "<thead><tr><th>Verdict</th>"
                       "<th class=\"figure\">Fuzzing runs</th>"
                       "<th class=\"figure\">Corpus files</th></tr></thead>\n"
                       "<tbody>\n");
        text_add(html, rows.data, rows.size);
        text_put(html, "</tbody></table></div>\n");
        section_end(html);
    }
    text_free(&rows);
}

static void put_file(struct text *html, const json_t *line)
{
    int unexpected = outcome_is_unexpected(line);
    const char *hash = result_string(line, "trace_hash", "");

    text_print(html, "<tr%s><td><code>", unexpected ? " class=\"bad\"" : "");
    text_html(html, result_string(line, "path", ""));
    text_put(html, "</code></td><td>");
    section_badge(html, result_string(line, "verdict", ""));
    text_put(html, "</td><td>");
    if (unexpected)
        section_badge(html, result_string(line, "expected", "clean"));
    else
        text_put(html, "as expected");
    text_put(html, "</td><td><code>");
    text_html(html, hash);
    text_put(html, "</code></td></tr>\n");
}

static void put_files(struct text *html, const struct results *results,
                      int unexpected)
{
    text_put(html, "<div class=\"scroll\"><table><thead><tr><th>File</th>"
                   "<th>Verdict</th><th>Expected</th><th>Trace</th></tr>"
                   "</thead>\n<tbody>\n");
    for (size_t i = 0; i < results_count(results, RESULT_REPLAY); i++) {
        const json_t *line = results_line(results, RESULT_REPLAY, i);
        if (outcome_is_unexpected(line) == unexpected)
            put_file(html, line);
    }
    text_put(html, "</tbody></table></div>\n");
}

void section_corpus(struct text *html, const struct results *results)
{
    struct outcome outcome = outcome_of(results);
    size_t expected = outcome.replayed - outcome.unexpected;
    if (outcome.replayed == 0)
        return;

    section_begin(html, "corpus", "Replayed corpus");
    if (outcome.unexpected > 0)
        put_files(html, results, 1);
    if (expected > 0) {
        text_print(html, "<details><summary>%zu file%s with the expected "
                   "verdict</summary>\n", expected, expected == 1 ? "" : "s");
        put_files(html, results, 0);
        text_put(html, "</details>\n");
    }
    section_end(html);
}
