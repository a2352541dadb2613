/*
 * section.h - the parts of the page, in their order.
 *
 * Each appends one section element, or nothing when there is nothing to say
 * and the silence is told elsewhere. What is shown of a result goes through
 * text_html. A section that has a chart adds what it draws to the charts.
 */
#ifndef REPORTS_SECTION_H
#define REPORTS_SECTION_H

#include <jansson.h>

#include "outcome.h"
#include "results.h"
#include "text.h"

/* What was run, where, when, how long, and the word for all of it. */
void section_head(struct text *html, const struct results *results,
                  const struct outcome *outcome);

/* Planted bugs, controls and the canary, against each strategy. */
void section_mutants(struct text *html, const struct results *results);

/* One card a bug: verdict, place, command, scenario, timeline. */
void section_findings(struct text *html, const struct results *results);

/* How often each verdict was met, and the replayed corpus. */
void section_verdicts(struct text *html, const struct results *results);
void section_corpus(struct text *html, const struct results *results);

/* The simulator: runs a second and new behaviours over time. */
void section_search(struct text *html, const struct results *results,
                    json_t *charts);

/* The search on each real platform. */
void section_real(struct text *html, const struct results *results);

/* How each platform keeps the rules of completion ports, and how far the
 * simulated kernel is like the real ones. */
void section_conformance(struct text *html, const struct results *results);
void section_fidelity(struct text *html, const struct results *results);

/* Each question's measurements. */
void section_bench(struct text *html, const struct results *results,
                   json_t *charts);

/* What the machine can run, what the verdicts mean, where this is from. */
void section_machine(struct text *html, const struct results *results);
void section_meanings(struct text *html);
void section_foot(struct text *html, const struct results *results,
                  const char *source);

/* Begin and end a section with a heading and a place to link to. */
void section_begin(struct text *html, const char *id, const char *title);
void section_end(struct text *html);

/* Append a verdict as a badge. */
void section_badge(struct text *html, const char *verdict);

/* Append one row of two cells of a list of facts; nothing for no value. */
void section_fact(struct text *html, const char *name, const char *value);

#endif
