/*
 * section_head.c - the top of the page.
 */
#include "section.h"

#include <string.h>

#include "number.h"

static const char *look_of(enum outcome_word word)
{
    switch (word) {
    case OUTCOME_CLEAN:      return "good";
    case OUTCOME_FOUND:      return "bad";
    case OUTCOME_FAULT:      return "fault";
    case OUTCOME_UNFINISHED: return "fault";
    case OUTCOME_EMPTY:
    case OUTCOME_MEASURED:   return "none";
    }
    return "none";
}

/* A night names its machine and revision; a benchmark's lines each do. */
static const char *from_any(const struct results *results, const char *key)
{
    const char *value =
        result_string(results_last(results, RESULT_NIGHTLY), key, NULL);
    if (!value)
        value = result_string(results_last(results, RESULT_BENCH), key, NULL);
    return value;
}

static void put_facts(struct text *html, const struct results *results,
                      const struct outcome *outcome)
{
    const json_t *night = results_last(results, RESULT_NIGHTLY);
    char length[NUMBER_MAX] = "";

    if (outcome->seconds > 0)
        number_duration(length, outcome->seconds);

    text_put(html, "<dl class=\"facts\">\n");
    section_fact(html, "Revision", from_any(results, "revision"));
    section_fact(html, "Machine", from_any(results, "machine"));
    section_fact(html, "Started", result_string(night, "started", NULL));
    section_fact(html, "Took", length);
    section_fact(html, "Seed", result_string(night, "seed", NULL));
    text_put(html, "</dl>\n");
}

static const char *stage_look(const json_t *stage)
{
    const char *state = result_string(stage, "state", "");
    if (strcmp(state, "failed") == 0 || strcmp(state, "interrupted") == 0 ||
        strcmp(state, "started") == 0)
        return "fault";
    if (strcmp(state, "done") != 0)
        return "none";
    return result_number(stage, "status", 0) == 0 ? "good" : "bad";
}

static void put_stage(struct text *html, const json_t *stage)
{
    char length[NUMBER_MAX];
    const char *state = result_string(stage, "state", "");
    const char *why = result_string(stage, "why", "");

    text_print(html, "<li class=\"%s\"><b>", stage_look(stage));
    text_html(html, result_string(stage, "stage", ""));
    text_put(html, "</b> <span>");
    text_html(html, strcmp(state, "started") == 0 ? "not ended" : state);
    if (json_is_number(json_object_get(stage, "seconds")))
        text_print(html, ", %s", number_duration(
                       length, result_number(stage, "seconds", 0)));
    text_put(html, "</span>");
    if (*why) {
        text_put(html, " <small>");
        text_html(html, why);
        text_put(html, "</small>");
    }
    text_put(html, "</li>\n");
}

static void put_stages(struct text *html, const struct results *results)
{
    size_t count = results_count(results, RESULT_STAGE);
    if (count == 0)
        return;
    text_put(html, "<ol class=\"stages\">\n");
    for (size_t i = 0; i < count; i++) {
        json_t     *stage = results_line(results, RESULT_STAGE, i);
        const char *name = result_string(stage, "stage", "");
        /* Only the latest line of a stage tells how it stands. */
        if (stage == results_stage(results, name))
            put_stage(html, stage);
    }
    text_put(html, "</ol>\n");
}

static void put_tile(struct text *html, const char *figure, const char *name,
                     const char *look)
{
    text_print(html, "<div class=\"tile %s\"><b>%s</b><span>%s</span></div>\n",
               look, figure, name);
}

/* Benchmarks alone must not be read as a search that found nothing. */
static bool was_searched(const struct results *results,
                         const struct outcome *outcome)
{
    return outcome->findings > 0 || outcome->runs > 0 ||
           results_count(results, RESULT_PROGRESS) > 0;
}

static void put_tiles(struct text *html, const struct results *results,
                      const struct outcome *outcome)
{
    char figure[NUMBER_MAX];
    text_put(html, "<div class=\"tiles\">");
    if (was_searched(results, outcome))
        put_tile(html, number_count(figure, (double)outcome->findings),
                 outcome->findings == 1 ? "finding" : "findings",
                 outcome->findings ? "bad" : "");
    if (outcome->replayed > 0)
        put_tile(html, number_count(figure, (double)outcome->replayed),
                 "corpus files replayed", "");
    if (outcome->replayed > 0)
        put_tile(html, number_count(figure, (double)outcome->unexpected),
                 "unexpected verdicts", outcome->unexpected ? "bad" : "");
    if (results_count(results, RESULT_CONFORMANCE) > 0)
        put_tile(html, number_count(figure, (double)outcome->broken),
                 outcome->broken == 1 ? "broken rule" : "broken rules",
                 outcome->broken ? "bad" : "");
    if (results_count(results, RESULT_FIDELITY) > 0)
        put_tile(html, number_count(figure, (double)outcome->unexplained),
                 outcome->unexplained == 1 ? "unexplained outcome"
                                           : "unexplained outcomes",
                 outcome->unexplained ? "bad" : "");
    if (outcome->runs > 0)
        put_tile(html, number_short(figure, outcome->runs), "fuzzing runs",
                 "");
    size_t measured = results_count(results, RESULT_BENCH);
    if (measured > 0)
        put_tile(html, number_count(figure, (double)measured),
                 "measurements", "");
    text_put(html, "</div>\n");
}

void section_head(struct text *html, const struct results *results,
                  const struct outcome *outcome)
{
    struct text sentence = { 0 };
    outcome_sentence(outcome, &sentence);

    text_put(html, "<header>\n<p class=\"brand\">lastcall</p>\n");
    text_print(html, "<h1 class=\"%s\">", look_of(outcome->word));
    text_html(html, sentence.data);
    text_put(html, "</h1>\n");
    put_facts(html, results, outcome);
    put_tiles(html, results, outcome);
    put_stages(html, results);
    text_put(html, "</header>\n");
    text_free(&sentence);
}
