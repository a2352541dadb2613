/*
 * The HTML form: one file, no script, no network.
 */
#include <string.h>

#include "../loop/check.h"
#include "explain_parts.h"

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#667;"
    "--line:#d5d9e0;--soft:#f3f5f8;--run:#2f7d4f;--wait:#b7791f;"
    "--hot:#b4232c}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171c;--fg:#e4e7ec;"
    "--dim:#99a;--line:#343a44;--soft:#1d222a;--run:#5fc08a;"
    "--wait:#e0a94a;--hot:#ff7b7f}}\n"
    "body{background:var(--bg);color:var(--fg);margin:0 auto;"
    "max-width:90rem;padding:1rem;font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;"
    "margin:1.6rem 0 .4rem}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.1rem 1rem;margin:.5rem 0}dt{color:var(--dim)}"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    ".hot{color:var(--hot);font-weight:600}.dim{color:var(--dim)}\n"
    "code,td,pre{font:13px/1.45 ui-monospace,monospace}"
    "pre{background:var(--soft);padding:.6rem;overflow-x:auto}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "th{position:sticky;top:0;background:var(--bg);text-align:left;"
    "border-bottom:2px solid var(--line);padding:.25rem .6rem}\n"
    "td{padding:.12rem .6rem;vertical-align:top;min-width:7rem}"
    "td.n,th.n{min-width:0;text-align:right;color:var(--dim);"
    "white-space:nowrap}\n"
    "td.run{border-left:2px solid var(--run)}"
    "td.wait{border-left:2px dotted var(--wait)}"
    "td.none{border-left:2px solid transparent}"
    "td.here{background:var(--soft)}\n"
    "tr.preempt td{border-top:2px solid var(--hot)}"
    "tr.preempt td.n:first-child::after{content:\" \\2217\";"
    "color:var(--hot)}\n"
    "tr:target td{outline:1px solid var(--hot)}"
    "td.whole{color:var(--dim);text-align:center}\n"
    "svg{max-width:100%;height:auto}svg rect{fill:var(--soft);"
    "stroke:var(--line)}svg text{fill:var(--fg);font:13px system-ui}"
    "svg path{fill:none;stroke:var(--wait);stroke-width:1.6}"
    "svg path.held{stroke:var(--hot);stroke-dasharray:5 4}\n";

static void escape(FILE *out, const char *text)
{
    for (; *text != 0; text++) {
        switch (*text) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default:  fputc(*text, out); break;
        }
    }
}

static void field(FILE *out, const char *name, const char *text)
{
    if (text == NULL || text[0] == 0)
        return;
    fprintf(out, "<dt>%s</dt><dd>", name);
    escape(out, text);
    fputs("</dd>\n", out);
}

static void head(FILE *out, const struct explain *x)
{
    struct explain_contract c = explain_contract(x->verdict);
    struct phrase line = { 0 };
    const char *name = x->scenario ? x->scenario->name : "a run";
    const char *verdict = verdict_name(x->verdict);

    if (c.number != 0)
        phrase_add(&line, "%u of loop.h: ", c.number);
    phrase_add(&line, "%s", c.sentence);
    fputs("<!doctype html>\n<html lang=\"en\"><head>"
          "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-width,initial-scale=1\">\n<title>", out);
    escape(out, name);
    fprintf(out, ": %s</title>\n<style>%s</style></head><body>\n<h1>",
            verdict, style);
    escape(out, name);
    fprintf(out, ": <span class=\"%s\">%s</span></h1>\n<dl>\n",
            x->verdict == VERDICT_CLEAN ? "dim" : "hot", verdict);
    field(out, "where", x->where);
    field(out, "frames", x->frames);
    field(out, "contract", line.text);
    fputs("</dl>\n", out);
    if (x->command != NULL) {
        fputs("<pre>", out);
        escape(out, x->command);
        fputs("</pre>\n", out);
    }
}

static void schedule(FILE *out, const struct explain *x)
{
    if (x->scenario == NULL || x->scenario->exception_count == 0)
        return;
    fputs("<h2>Schedule: calm, but</h2>\n<ol>\n", out);
    for (uint32_t i = 0; i < x->scenario->exception_count; i++) {
        struct phrase p = { 0 };
        explain_exception(x, &x->scenario->exception[i], &p);
        fputs("<li>", out);
        escape(out, p.text);
        fputs("</li>\n", out);
    }
    fputs("</ol>\n", out);
}

static void waits(FILE *out, const struct explain *x)
{
    struct phrase circle = { 0 };
    if (x->thread_count == 0)
        return;
    fputs("<h2>At the end</h2>\n<dl>\n", out);
    for (unsigned t = 0; t < x->thread_count; t++) {
        struct phrase name = { 0 }, wait = { 0 }, hint = { 0 };
        explain_thread_name(x, t, &name);
        explain_wait(x, t, &wait);
        explain_hint(x, t, &hint);
        if (hint.size > 0)
            phrase_add(&wait, "; %s", hint.text);
        fputs("<dt>", out);
        escape(out, name.text);
        fputs("</dt><dd>", out);
        escape(out, wait.text);
        fputs("</dd>\n", out);
    }
    fputs("</dl>\n", out);
    explain_circle(x, &circle);
    if (circle.size > 0) {
        fputs("<p class=\"hot\">In a circle: ", out);
        escape(out, circle.text);
        fputs("</p>\n", out);
    }
}

/* ---- the wait-for graph: threads on the left, what they wait for right -- */

#define STEP 44
#define RIGHT 360

static bool has_holder(const struct ground_thread_info *t)
{
    return t->state == GROUND_BLOCKED_LOCK || t->state == GROUND_BLOCKED_JOIN;
}

static bool blocked(const struct ground_thread_info *t)
{
    return t->state != GROUND_READY && t->state != GROUND_ENDED;
}

/* The place on the right that a thread's awaited object has: that of the
 * first thread which waits for the same. */
static unsigned place_of(const struct explain *x, unsigned thread)
{
    const struct ground_thread_info *t = &x->threads[thread];
    unsigned first = 0;
    while (x->threads[first].state != t->state ||
           x->threads[first].object != t->object)
        first++;
    return first;
}

static void box(FILE *out, unsigned left, unsigned place, const char *text)
{
    unsigned top = 6 + place * STEP;
    fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"190\" height=\"30\" "
                 "rx=\"5\"/><text x=\"%u\" y=\"%u\">",
            left, top, left + 10, top + 20);
    escape(out, text);
    fputs("</text>\n", out);
}

static void edge(FILE *out, unsigned thread, unsigned place, bool held)
{
    unsigned from = 21 + (held ? place : thread) * STEP + (held ? 7 : 0);
    unsigned to = 21 + (held ? thread : place) * STEP + (held ? 7 : 0);
    unsigned left = held ? RIGHT : 200;
    unsigned right = held ? 200 : RIGHT;
    fprintf(out, "<path class=\"%s\" marker-end=\"url(#arrow)\" "
                 "d=\"M%u %uC%u %u %u %u %u %u\"/>\n",
            held ? "held" : "waits", left, from, (left + right) / 2, from,
            (left + right) / 2, to, right, to);
}

static void graph(FILE *out, const struct explain *x)
{
    if (x->thread_count == 0)
        return;
    fprintf(out, "<svg viewBox=\"0 0 %u %u\" width=\"%u\" role=\"img\" "
                 "aria-label=\"what waits for what\">\n"
                 "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" "
                 "refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
                 "orient=\"auto\"><path d=\"M0 0L8 4L0 8\"/></marker>"
                 "</defs>\n",
            RIGHT + 200, x->thread_count * STEP, RIGHT + 200);
    for (unsigned t = 0; t < x->thread_count; t++) {
        const struct ground_thread_info *info = &x->threads[t];
        struct phrase name = { 0 }, awaited = { 0 };
        if (info->state == GROUND_ENDED)
            continue;
        explain_thread_name(x, t, &name);
        box(out, 10, t, name.text);
        if (!blocked(info))
            continue;
        unsigned place = place_of(x, t);
        unsigned holder = info->state == GROUND_BLOCKED_JOIN ? info->object
                                                          : info->holder;
        explain_awaited(x, t, &awaited);
        if (place == t)
            box(out, RIGHT, place, awaited.text);
        edge(out, t, place, false);
        if (place == t && has_holder(info) && holder < x->thread_count)
            edge(out, holder, place, true);
    }
    fputs("</svg>\n<p class=\"dim\">Solid: waits for. Dashed: only this "
          "thread can end it.</p>\n", out);
}

/* ---- the timeline -------------------------------------------------------- */

static void column_names(FILE *out, const struct explain *x,
                         uint32_t columns)
{
    fputs("<tr><th class=\"n\">row</th><th class=\"n\">time</th>", out);
    for (unsigned t = 0; t < SCHED_THREADS_MAX; t++) {
        struct phrase name = { 0 };
        if (!(columns >> t & 1))
            continue;
        explain_thread_name(x, t, &name);
        fputs("<th>", out);
        escape(out, name.text);
        fputs("</th>", out);
    }
    fputs("</tr>\n", out);
}

static const char *life_class(enum explain_life life)
{
    switch (life) {
    case LIFE_RUNS:  return "run";
    case LIFE_WAITS: return "wait";
    default:         return "none";
    }
}

static void cells(FILE *out, const struct explain_walk *walk,
                  const struct explain_row *row, uint32_t columns)
{
    for (unsigned t = 0; t < SCHED_THREADS_MAX; t++) {
        if (!(columns >> t & 1))
            continue;
        fprintf(out, "<td class=\"%s%s\">",
                life_class((enum explain_life)walk->life[t]),
                t == row->thread ? " here" : "");
        if (t == row->thread)
            escape(out, row->what.text);
        fputs("</td>", out);
    }
}

static void timeline(FILE *out, const struct explain *x)
{
    uint32_t columns = explain_columns(x);
    struct explain_walk walk;
    struct explain_row row;

    fputs("<h2>Timeline</h2>\n<div class=\"wide\"><table>\n<thead>", out);
    column_names(out, x, columns);
    fputs("</thead><tbody>\n", out);
    explain_walk_begin(&walk, x);
    while (explain_walk_next(&walk, &row)) {
        struct phrase time = { 0 };
        explain_time(row.time, &time);
        fprintf(out, "<tr id=\"r%u\"%s><td class=\"n\">%u</td>"
                     "<td class=\"n\">%s</td>",
                row.number, row.preempts ? " class=\"preempt\"" : "",
                row.number, time.text);
        if (row.whole) {
            fprintf(out, "<td class=\"whole\" colspan=\"%d\">",
                    __builtin_popcount(columns));
            escape(out, row.what.text);
            fputs("</td>", out);
        } else {
            cells(out, &walk, &row, columns);
        }
        fputs("</tr>\n", out);
    }
    fprintf(out, "</tbody></table></div>\n<p class=\"dim\">&#8727; the "
                 "thread before could have gone on. Solid edge: can run; "
                 "dotted: waits. %zu locks and atomics without a wait, and "
                 "%llu older events, are not shown.</p>\n",
            walk.hidden, (unsigned long long)x->dropped);
}

void explain_html(FILE *out, const struct explain *x)
{
    LOOP_ASSERT(x->thread_count <= SCHED_THREADS_MAX);
    head(out, x);
    waits(out, x);
    graph(out, x);
    schedule(out, x);
    timeline(out, x);
    fputs("</body></html>\n", out);
}
