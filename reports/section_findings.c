/*
 * section_findings.c - one card a bug.
 */
#include "section.h"

#include <string.h>

#include "attachment.h"
#include "number.h"

static size_t times_seen(const struct results *results, const json_t *finding)
{
    size_t times = 0;
    for (size_t i = 0; i < results_count(results, RESULT_FINDING); i++)
        times += outcome_is_same(
                     finding, results_line(results, RESULT_FINDING, i)) != 0;
    return times;
}

static bool is_first(const struct results *results, size_t index)
{
    const json_t *finding = results_line(results, RESULT_FINDING, index);
    for (size_t i = 0; i < index; i++) {
        if (outcome_is_same(finding, results_line(results, RESULT_FINDING, i)))
            return false;
    }
    return true;
}

static void put_word(struct text *html, const json_t *line, const char *key)
{
    const char *word = result_string(line, key, NULL);
    if (!word)
        return;
    text_put(html, "<span>");
    text_html(html, word);
    text_put(html, "</span>");
}

static void put_effort(struct text *html, const json_t *finding, size_t times)
{
    char figure[NUMBER_MAX];
    double runs = result_number(finding, "runs", -1);
    double seconds = result_number(finding, "seconds", -1);

    text_put(html, "<p class=\"words\">");
    put_word(html, finding, "platform");
    put_word(html, finding, "strategy");
    if (runs >= 0)
        text_print(html, "<span>after %s runs</span>",
                   number_count(figure, runs));
    if (seconds >= 0)
        text_print(html, "<span>in %s</span>",
                   number_duration(figure, seconds));
    if (times > 1)
        text_print(html, "<span>seen %zu times</span>", times);
    text_put(html, "</p>\n");
}

static void put_command(struct text *html, const json_t *finding)
{
    const char *command = result_string(finding, "replay", NULL);
    if (!command)
        return;
    text_put(html, "<div class=\"command\"><code>");
    text_html(html, command);
    text_put(html, "</code><button type=\"button\" class=\"copy\" hidden>"
                   "Copy</button></div>\n");
}

static void put_details(struct text *html, const char *title,
                        const char *content)
{
    if (!content || !*content)
        return;
    text_print(html, "<details><summary>%s</summary><pre>", title);
    text_html(html, content);
    text_put(html, "</pre></details>\n");
}

/* A finding's scenario is either its text or the name of one. */
static const char *scenario_text(const struct results *results,
                                 const json_t *finding)
{
    const char *scenario = result_string(finding, "scenario", "");
    if (strchr(scenario, '\n'))
        return scenario;
    return attachment_text(results, result_string(finding, "path", ""),
                           ATTACHMENT_SCENARIO);
}

static void put_card(struct text *html, const struct results *results,
                     const json_t *finding)
{
    text_put(html, "<article class=\"finding\">\n<h3>");
    section_badge(html, result_string(finding, "verdict", "unknown"));
    text_put(html, " ");
    text_html(html, result_string(finding, "where", ""));
    text_put(html, "</h3>\n");
    put_effort(html, finding, times_seen(results, finding));
    put_command(html, finding);

    const char *path = result_string(finding, "path", NULL);
    put_details(html, "Timeline", attachment_text(results, path ? path : "",
                                                  ATTACHMENT_TIMELINE));
    put_details(html, "Scenario", scenario_text(results, finding));
    if (path) {
        text_put(html, "<p class=\"note\">Saved as <code>");
        text_html(html, path);
        text_put(html, "</code></p>\n");
    }
    text_put(html, "</article>\n");
}

void section_findings(struct text *html, const struct results *results)
{
    size_t count = results_count(results, RESULT_FINDING);
    bool searched = results_count(results, RESULT_SUMMARY) > 0 ||
                    results_count(results, RESULT_PROGRESS) > 0;
    if (count == 0 && !searched)
        return;

    section_begin(html, "findings", "Findings");
    if (count == 0)
        text_put(html, "<p class=\"empty\">The search found nothing that "
                       "breaks the contract.</p>\n");
    for (size_t i = 0; i < count; i++) {
        if (is_first(results, i))
            put_card(html, results, results_line(results, RESULT_FINDING, i));
    }
    section_end(html);
}
