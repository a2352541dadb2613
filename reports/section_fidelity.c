/*
 * section_fidelity.c - real outcomes against what the simulated kernel
 * allows.
 */
#include "section.h"

#include "number.h"

static void put_figure(struct text *html, double value, bool bad)
{
    char figure[NUMBER_MAX];
    if (value < 0)
        text_put(html, "<td class=\"figure\">&middot;</td>");
    else
        text_print(html, "<td class=\"figure%s\">%s</td>",
                   bad && value > 0 ? " missed" : "",
                   number_count(figure, value));
}

static void put_row(struct text *html, const json_t *line)
{
    char   length[NUMBER_MAX];
    double unexplained = result_number(line, "unexplained", -1);
    double never =
        (double)json_array_size(json_object_get(line, "never_shown"));

    text_print(html, "<tr%s><td>", unexplained > 0 ? " class=\"bad\"" : "");
    text_html(html, result_string(line, "platform", ""));
    text_put(html, "</td>");
    put_figure(html, unexplained, true);
    put_figure(html, result_number(line, "outcomes", -1), false);
    put_figure(html, result_number(line, "sequences", -1), false);
    put_figure(html, result_number(line, "undecided", -1), false);
    put_figure(html, result_number(line, "classes", -1), false);
    put_figure(html, never, false);
    text_print(html, "<td class=\"figure\">%s</td></tr>\n",
               number_duration(length, result_number(line, "seconds", 0)));
}

static void put_never_shown(struct text *html, const json_t *line)
{
    const json_t *list = json_object_get(line, "never_shown");
    size_t count = json_array_size(list);
    if (count == 0)
        return;
    text_print(html, "<details><summary>%zu that the model allows and ",
               count);
    text_html(html, result_string(line, "platform", ""));
    text_put(html, " never showed</summary>\n<ul class=\"list\">\n");
    for (size_t i = 0; i < count; i++) {
        const char *words = json_string_value(json_array_get(list, i));
        text_put(html, "<li>");
        text_html(html, words ? words : "");
        text_put(html, "</li>\n");
    }
    text_put(html, "</ul></details>\n");
}

void section_fidelity(struct text *html, const struct results *results)
{
    size_t count = results_count(results, RESULT_FIDELITY);
    if (count == 0)
        return;
    section_begin(html, "fidelity", "Model fidelity");
    text_put(html, "<div class=\"scroll\"><table><thead><tr>"
                   "<th>Platform</th>"
                   "<th class=\"figure\">Unexplained</th>"
                   "<th class=\"figure\">Of outcomes</th>"
                   "<th class=\"figure\">Sequences</th>"
                   "<th class=\"figure\">Undecided</th>"
                   "<th class=\"figure\">Kinds</th>"
                   "<th class=\"figure\">Never shown</th>"
                   "<th class=\"figure\">Time</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++)
        put_row(html, results_line(results, RESULT_FIDELITY, i));
    text_put(html, "</tbody></table></div>\n");
    for (size_t i = 0; i < count; i++)
        put_never_shown(html, results_line(results, RESULT_FIDELITY, i));
    text_put(html, "<p class=\"note\">Random calls on a real port, and "
                   "whether the simulated kernel allows what came of each. "
                   "Unexplained: it does not, so the model is wrong, or the "
                   "port is. Undecided: the search for an explanation "
                   "reached its limit.</p>\n");
    section_end(html);
}
