/*
 * page.c - see page.h.
 */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asset.h"
#include "section.h"

struct parts {
    struct text title;
    struct text body;
    struct text data;
};

static void put_empty(struct text *html)
{
    text_put(html, "<p class=\"empty\">There are no results yet. "
                   "<code>./lastcall nightly</code> makes some.</p>\n");
}

static void write_parts(struct parts *parts, const struct results *results,
                        const char *source)
{
    struct outcome outcome = outcome_of(results);
    json_t *charts = json_object();

    text_put(&parts->title, "lastcall: ");
    outcome_sentence(&outcome, &parts->title);

    section_head(&parts->body, results, &outcome);
    text_put(&parts->body, "<main>\n");
    if (outcome.word == OUTCOME_EMPTY)
        put_empty(&parts->body);
    section_mutants(&parts->body, results);
    section_findings(&parts->body, results);
    section_verdicts(&parts->body, results);
    section_corpus(&parts->body, results);
    section_search(&parts->body, results, charts);
    section_real(&parts->body, results);
    section_conformance(&parts->body, results);
    section_fidelity(&parts->body, results);
    section_bench(&parts->body, results, charts);
    section_machine(&parts->body, results);
    section_meanings(&parts->body);
    text_put(&parts->body, "</main>\n");
    section_foot(&parts->body, results, source);

    char *data = json_dumps(charts, JSON_COMPACT | JSON_REAL_PRECISION(6));
    text_script(&parts->data, data ? data : "{}");
    free(data);
    json_decref(charts);
}

/* A word in double braces in page.html is replaced by what it names. */
static void put_part(struct text *page, const struct parts *parts,
                     const char *word, size_t size)
{
    const struct { const char *word; const void *data; size_t size; } all[] = {
        { "chart-licence", uPlot_LICENSE, uPlot_LICENSE_size },
        { "chart-style", uPlot_min_css, uPlot_min_css_size },
        { "chart-script", uPlot_iife_min_js, uPlot_iife_min_js_size },
        { "style", page_css, page_css_size },
        { "script", page_js, page_js_size },
        { "body", parts->body.data, parts->body.size },
        { "data", parts->data.data, parts->data.size },
    };
    if (size == 5 && memcmp(word, "title", 5) == 0) {
        text_html(page, parts->title.data);
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strlen(all[i].word) == size &&
            memcmp(all[i].word, word, size) == 0)
            text_add(page, all[i].data, all[i].size);
    }
}

void page_write(struct text *page, const struct results *results,
                const char *source)
{
    struct parts parts = { 0 };
    write_parts(&parts, results, source);

    const char *at = (const char *)page_html;
    const char *open;
    while ((open = strstr(at, "{{"))) {
        const char *close = strstr(open, "}}");
        if (!close)
            break;
        text_add(page, at, (size_t)(open - at));
        put_part(page, &parts, open + 2, (size_t)(close - open - 2));
        at = close + 2;
    }
    text_put(page, at);

    text_free(&parts.title);
    text_free(&parts.body);
    text_free(&parts.data);
}
