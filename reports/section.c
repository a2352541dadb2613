/*
 * section.c - what the sections of the page share.
 */
#include "section.h"

#include <string.h>

void section_begin(struct text *html, const char *id, const char *title)
{
    text_print(html, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

void section_end(struct text *html)
{
    text_put(html, "</section>\n");
}

void section_badge(struct text *html, const char *verdict)
{
    const char *look = strcmp(verdict, "clean") == 0 ? "good"
                     : strcmp(verdict, "harness-fault") == 0 ? "fault"
                     : "bad";
    text_print(html, "<span class=\"badge %s\">", look);
    text_html(html, verdict);
    text_put(html, "</span>");
}

void section_fact(struct text *html, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    text_print(html, "<div><dt>%s</dt><dd>", name);
    text_html(html, value);
    text_put(html, "</dd></div>\n");
}
