/*
 * section_foot.c - the machine, the words, and where the page is from.
 */
#include "section.h"

#include <string.h>

#include "verdicts.h"

static void put_check(struct text *html, const json_t *line)
{
    const char *state = result_string(line, "state", "");
    const char *look = strcmp(state, "ok") == 0 ? "good" : "fault";

    text_put(html, "<tr><td>");
    text_html(html, result_string(line, "name", ""));
    text_print(html, "</td><td><span class=\"badge %s\">", look);
    text_html(html, state);
    text_put(html, "</span></td><td>");
    text_html(html, result_string(line, "value", ""));
    const char *advice = result_string(line, "advice", "");
    if (*advice) {
        text_put(html, " <small>");
        text_html(html, advice);
        text_put(html, "</small>");
    }
    text_put(html, "</td></tr>\n");
}

void section_machine(struct text *html, const struct results *results)
{
    size_t count = results_count(results, RESULT_DOCTOR);
    if (count == 0)
        return;
    section_begin(html, "machine", "Machine");
    text_put(html, "<details><summary>What it can run</summary>\n"
                   "<div class=\"scroll\"><table><tbody>\n");
    for (size_t i = 0; i < count; i++)
        put_check(html, results_line(results, RESULT_DOCTOR, i));
    text_put(html, "</tbody></table></div></details>\n");
    section_end(html);
}

void section_meanings(struct text *html)
{
    struct verdict_words words;
    section_begin(html, "meanings", "What the verdicts mean");
    text_put(html, "<details><summary>Verdicts and the line of the contract "
                   "that each one breaks</summary>\n"
                   "<div class=\"scroll\"><table><tbody>\n");
    for (size_t i = 0; (words = verdicts_words(i)).name; i++) {
        text_put(html, "<tr><td>");
        section_badge(html, words.name);
        text_put(html, "</td><td>");
        text_html(html, words.meaning);
        if (*words.contract)
            text_print(html, " <small>contract %s</small>", words.contract);
        text_put(html, "</td></tr>\n");
    }
    text_put(html, "</tbody></table></div></details>\n");
    section_end(html);
}

void section_foot(struct text *html, const struct results *results,
                  const char *source)
{
    text_put(html, "<footer>\n<p>Written by <code>lastcall-report</code> from "
                   "<code>");
    text_html(html, source);
    text_put(html, "</code>.");
    if (results->unreadable > 0)
        text_print(html, " <b>%zu line%s of it could not be read.</b>",
                   results->unreadable, results->unreadable == 1 ? "" : "s");
    if (results->torn)
        text_put(html, " <b>Its last line is torn: the writer was killed."
                       "</b>");
    text_put(html, " Charts: uPlot, MIT licence.</p>\n</footer>\n");
}
