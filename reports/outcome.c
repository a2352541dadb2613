/*
 * outcome.c - see outcome.h.
 */
#include "outcome.h"

#include <string.h>

int outcome_is_unexpected(const json_t *replay)
{
    const char *verdict = result_string(replay, "verdict", "");
    const char *expected = result_string(replay, "expected", NULL);
    return strcmp(verdict, expected ? expected : "clean") != 0;
}

int outcome_is_same(const json_t *finding, const json_t *other)
{
    return strcmp(result_string(finding, "verdict", ""),
                  result_string(other, "verdict", "")) == 0 &&
           strcmp(result_string(finding, "where", ""),
                  result_string(other, "where", "")) == 0;
}

static size_t distinct_findings(const struct results *results)
{
    size_t distinct = 0;
    for (size_t i = 0; i < results_count(results, RESULT_FINDING); i++) {
        const json_t *line = results_line(results, RESULT_FINDING, i);
        size_t k = 0;
        while (!outcome_is_same(
                   line, results_line(results, RESULT_FINDING, k)))
            k++;
        distinct += k == i;
    }
    return distinct;
}

static void count_replays(const struct results *results,
                          struct outcome *outcome)
{
    outcome->replayed = results_count(results, RESULT_REPLAY);
    for (size_t i = 0; i < outcome->replayed; i++) {
        if (outcome_is_unexpected(results_line(results, RESULT_REPLAY, i)))
            outcome->unexpected++;
    }
}

static void count_platforms(const struct results *results,
                            struct outcome *outcome)
{
    for (size_t i = 0; i < results_count(results, RESULT_CONFORMANCE); i++)
        outcome->broken += strcmp(
            result_string(results_line(results, RESULT_CONFORMANCE, i),
                          "outcome", ""), "fails") == 0;
    for (size_t i = 0; i < results_count(results, RESULT_FIDELITY); i++) {
        double count = result_number(
            results_line(results, RESULT_FIDELITY, i), "unexplained", 0);
        if (count > 0 && count < 1e15)
            outcome->unexplained += (size_t)count;
    }
}

/* Status 1 of these stages is what their own lines tell already. */
static bool is_told(const struct outcome *outcome, const char *stage)
{
    if (strncmp(stage, "fuzz", 4) == 0)
        return outcome->findings > 0;
    if (strcmp(stage, "conformance") == 0)
        return outcome->broken > 0;
    if (strcmp(stage, "fidelity") == 0)
        return outcome->unexplained > 0;
    return strcmp(stage, "replay") == 0 && outcome->unexpected > 0;
}

static bool is_state(const json_t *stage, const char *state)
{
    return strcmp(result_string(stage, "state", ""), state) == 0;
}

/* The stages that have begun and never ended are those of a night that was
 * killed. */
static bool count_stages(const struct results *results,
                         struct outcome *outcome)
{
    bool cut = false;
    for (size_t i = 0; i < results_count(results, RESULT_STAGE); i++) {
        const json_t *line = results_line(results, RESULT_STAGE, i);
        const char   *stage = result_string(line, "stage", "");
        const json_t *last = results_stage(results, stage);
        outcome->faults += is_state(line, "failed");
        outcome->regressions += is_state(line, "done") &&
                                result_number(line, "status", 0) == 1 &&
                                !is_told(outcome, stage);
        cut = cut || is_state(line, "interrupted") ||
              (line == last && is_state(line, "started"));
    }
    return cut;
}

static void add_up_search(const struct results *results,
                          struct outcome *outcome)
{
    for (size_t i = 0; i < results_count(results, RESULT_SUMMARY); i++)
        outcome->runs += result_number(
            results_line(results, RESULT_SUMMARY, i), "runs", 0);
}

/* The word when nothing went wrong. */
static enum outcome_word calm_word(const struct results *results)
{
    enum outcome_word word = OUTCOME_EMPTY;
    for (int kind = 0; kind < RESULT_KINDS; kind++) {
        if (kind == RESULT_DOCTOR || kind == RESULT_OTHER ||
            results_count(results, (enum result_kind)kind) == 0)
            continue;
        if (kind != RESULT_BENCH)
            return OUTCOME_CLEAN;
        word = OUTCOME_MEASURED;
    }
    return word;
}

static void decide(struct outcome *outcome, bool cut,
                   const struct results *results)
{
    if (outcome->findings || outcome->unexpected || outcome->broken ||
        outcome->unexplained || outcome->regressions) {
        outcome->word = OUTCOME_FOUND;
        outcome->status = 1;
    } else if (outcome->faults) {
        outcome->word = OUTCOME_FAULT;
        outcome->status = 3;
    } else if (cut) {
        outcome->word = OUTCOME_UNFINISHED;
        outcome->status = 130;
    } else {
        outcome->word = calm_word(results);
    }
}

struct outcome outcome_of(const struct results *results)
{
    struct outcome outcome = { 0 };
    outcome.findings = distinct_findings(results);
    outcome.measured = results_count(results, RESULT_BENCH);
    count_replays(results, &outcome);
    count_platforms(results, &outcome);
    add_up_search(results, &outcome);
    bool cut = count_stages(results, &outcome);

    const json_t *end = results_last(results, RESULT_END);
    outcome.seconds = result_number(end, "seconds", 0);
    cut = cut || json_is_true(json_object_get(end, "interrupted")) ||
          (results_count(results, RESULT_NIGHTLY) > 0 && !end);
    decide(&outcome, cut, results);
    return outcome;
}

static void add_part(struct text *text, size_t count, const char *one,
                     const char *many)
{
    if (count > 0)
        text_print(text, "%s%zu %s", text->size ? ", " : "", count,
                   count == 1 ? one : many);
}

void outcome_sentence(const struct outcome *outcome, struct text *text)
{
    struct text parts = { 0 };
    switch (outcome->word) {
    case OUTCOME_EMPTY:
        text_put(text, "Nothing was run");
        break;
    case OUTCOME_MEASURED:
        add_part(&parts, outcome->measured, "measurement", "measurements");
        text_put(text, parts.data);
        break;
    case OUTCOME_CLEAN:
        text_put(text, "Clean");
        break;
    case OUTCOME_UNFINISHED:
        text_put(text, "Clean, but cut off before its end");
        break;
    case OUTCOME_FAULT:
    case OUTCOME_FOUND:
        add_part(&parts, outcome->findings, "finding", "findings");
        add_part(&parts, outcome->unexpected, "unexpected verdict",
                 "unexpected verdicts");
        add_part(&parts, outcome->broken, "broken rule", "broken rules");
        add_part(&parts, outcome->unexplained, "unexplained outcome",
                 "unexplained outcomes");
        add_part(&parts, outcome->regressions, "failed check",
                 "failed checks");
        add_part(&parts, outcome->faults, "stage that could not be run",
                 "stages that could not be run");
        text_put(text, parts.data ? parts.data : "");
        break;
    }
    text_free(&parts);
}
