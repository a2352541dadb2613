/*
 * Lines are told apart by their fields, and the outcome of a night follows
 * from them.
 */
#include "results.h"

#include <math.h>
#include <string.h>

#include "../loop/test.h"
#include "curve.h"
#include "outcome.h"

static struct results read_lines(const char *lines)
{
    struct results results;
    struct text text = { 0 };
    results_open(&results);
    text_put(&text, lines);
    results_read(&results, &text);
    text_free(&text);
    return results;
}

static struct outcome outcome_of_lines(const char *lines)
{
    struct results results = read_lines(lines);
    struct outcome outcome = outcome_of(&results);
    results_free(&results);
    return outcome;
}

static void a_line_is_known_by_its_fields(void)
{
    static const char *const lines[RESULT_KINDS] = {
        [RESULT_NIGHTLY] = "{\"type\":\"nightly\"}\n",
        [RESULT_STAGE] = "{\"type\":\"stage\",\"stage\":\"fuzz\"}\n",
        [RESULT_DOCTOR] = "{\"type\":\"doctor\"}\n",
        [RESULT_END] = "{\"type\":\"end\"}\n",
        [RESULT_FINDING] = "{\"type\":\"finding\",\"path\":\"a\"}\n",
        [RESULT_ATTACHMENT] = "{\"type\":\"attachment\"}\n",
        [RESULT_PROGRESS] = "{\"type\":\"progress\"}\n",
        [RESULT_SUMMARY] = "{\"type\":\"summary\"}\n",
        [RESULT_REPLAY] = "{\"path\":\"a\",\"verdict\":\"b\"}\n",
        [RESULT_MUTANT] = "{\"question\":\"mutants\"}\n",
        [RESULT_BENCH] = "{\"question\":\"stop\",\"type\":\"x\"}\n",
        [RESULT_CONFORMANCE] = "{\"type\":\"conformance\"}\n",
        [RESULT_CONFORMANCE_SUMMARY] =
            "{\"type\":\"conformance-summary\"}\n",
        [RESULT_FIDELITY] = "{\"type\":\"fidelity\"}\n",
        [RESULT_OTHER] = "{\"type\":\"of a later version\"}\n",
    };
    for (int kind = 0; kind < RESULT_KINDS; kind++) {
        struct results results = read_lines(lines[kind]);
        CHECK_EQ(1, results_count(&results, (enum result_kind)kind));
        CHECK_EQ(0, results.unreadable);
        results_free(&results);
    }
}

/* A night that was killed leaves half a line; what stands before it counts. */
static void a_torn_line_is_told_from_an_unreadable_one(void)
{
    struct results results = read_lines("{\"type\":\"finding\"}\n"
                                        "[1]\nnoise\n\n"
                                        "{\"type\":\"finding\",\"verd");
    CHECK_EQ(1, results_count(&results, RESULT_FINDING));
    CHECK_EQ(2, results.unreadable);
    CHECK(results.torn);
    results_free(&results);
}

static void a_field_of_another_type_is_a_missing_field(void)
{
    json_t *line = json_loads("{\"a\":1,\"b\":\"x\",\"c\":null}", 0, NULL);
    CHECK(strcmp(result_string(line, "a", "none"), "none") == 0);
    CHECK(strcmp(result_string(line, "b", "none"), "x") == 0);
    CHECK(result_number(line, "a", 5) == 1);
    CHECK(result_number(line, "b", 5) == 5);
    CHECK(result_number(line, "c", 5) == 5);
    CHECK(result_number(NULL, "c", 5) == 5);
    json_decref(line);
}

#define NIGHT "{\"type\":\"nightly\"}\n"
#define DONE "{\"type\":\"stage\",\"stage\":\"fuzz\",\"state\":\"done\"," \
             "\"status\":0}\n"
#define END "{\"type\":\"end\",\"seconds\":5}\n"

static void the_status_follows_from_the_lines(void)
{
    static const struct {
        int               status;
        enum outcome_word word;
        const char       *lines;
    } nights[] = {
        { 0, OUTCOME_EMPTY, "" },
        { 0, OUTCOME_CLEAN, NIGHT DONE END },
        { 0, OUTCOME_MEASURED, "{\"question\":\"stop\"}\n" },
        { 130, OUTCOME_UNFINISHED, NIGHT DONE },
        { 130, OUTCOME_UNFINISHED,
          NIGHT "{\"type\":\"end\",\"interrupted\":true}\n" },
        { 1, OUTCOME_FOUND, NIGHT "{\"type\":\"finding\"}\n" },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"path\":\"a\",\"verdict\":\"deadlock\"}\n" END },
        { 0, OUTCOME_CLEAN,
          NIGHT "{\"path\":\"a\",\"verdict\":\"deadlock\","
                "\"expected\":\"deadlock\"}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"path\":\"a\",\"verdict\":\"clean\","
                "\"expected\":\"deadlock\"}\n" END },
        { 3, OUTCOME_FAULT,
          NIGHT "{\"type\":\"stage\",\"stage\":\"fuzz\","
                "\"state\":\"failed\"}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"stage\",\"stage\":\"mutants\","
                "\"state\":\"done\",\"status\":1}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"stage\",\"stage\":\"fuzz\","
                "\"state\":\"done\",\"status\":1}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"finding\"}\n"
                "{\"type\":\"stage\",\"stage\":\"fuzz\","
                "\"state\":\"failed\"}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"conformance\",\"outcome\":\"fails\"}\n" END },
        { 0, OUTCOME_CLEAN,
          NIGHT "{\"type\":\"conformance\",\"outcome\":\"differs\"}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"fidelity\",\"unexplained\":1}\n" END },
        { 0, OUTCOME_CLEAN,
          NIGHT "{\"type\":\"fidelity\",\"undecided\":1}\n" END },
        { 1, OUTCOME_FOUND,
          NIGHT "{\"type\":\"stage\",\"stage\":\"fuzz-linux\","
                "\"state\":\"done\",\"status\":1}\n" END },
        { 0, OUTCOME_CLEAN,
          NIGHT "{\"type\":\"stage\",\"stage\":\"fuzz-win32\","
                "\"state\":\"skipped\"}\n" END },
    };
    for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++) {
        struct outcome outcome = outcome_of_lines(nights[i].lines);
        CHECK_EQ(nights[i].status, outcome.status);
        CHECK_EQ(nights[i].word, outcome.word);
    }
}

static void one_bug_found_twice_is_one_finding(void)
{
    struct outcome outcome = outcome_of_lines(
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"a\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"b\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"a\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"abort\",\"where\":\"a\"}\n"
        "{\"type\":\"stage\",\"stage\":\"fuzz\",\"state\":\"done\","
        "\"status\":1}\n");
    struct text sentence = { 0 };
    CHECK_EQ(3, outcome.findings);
    outcome_sentence(&outcome, &sentence);
    CHECK(strcmp(sentence.data, "3 findings") == 0);
    text_free(&sentence);
}

/* What a stage's lines tell is not told again by its exit status. */
static void a_broken_rule_is_counted_once(void)
{
    struct outcome outcome = outcome_of_lines(
        "{\"type\":\"conformance\",\"rule\":\"P1\",\"outcome\":\"fails\"}\n"
        "{\"type\":\"conformance\",\"rule\":\"P2\",\"outcome\":\"holds\"}\n"
        "{\"type\":\"stage\",\"stage\":\"conformance\","
        "\"state\":\"done\",\"status\":1}\n"
        "{\"type\":\"fidelity\",\"unexplained\":2}\n"
        "{\"type\":\"fidelity\",\"unexplained\":-1}\n"
        "{\"type\":\"stage\",\"stage\":\"fidelity\","
        "\"state\":\"done\",\"status\":1}\n");
    struct text sentence = { 0 };
    outcome_sentence(&outcome, &sentence);
    CHECK(strcmp(sentence.data, "1 broken rule, 2 unexplained outcomes") == 0);
    text_free(&sentence);
}

static void a_curve_goes_through_its_percentiles(void)
{
    double  values[CURVE_POINTS];
    /* 100 values: 1..100, each once, in falling order. */
    json_t *histogram = json_array();
    for (int i = 100; i > 0; i--)
        json_array_append_new(histogram, json_pack("[i, i]", i, 1));

    int points = curve_of(histogram, values);
    CHECK(points > 0 && points < CURVE_POINTS);
    CHECK(values[0] == 1);
    CHECK(values[24] == 90);            /* rank 10: nine in ten           */
    CHECK(values[points - 1] == 100);
    for (int i = 1; i < points; i++)
        CHECK(values[i] >= values[i - 1]);
    CHECK(curve_percentile(histogram, 0) == 1);
    CHECK(curve_percentile(histogram, 0.5) == 50);
    CHECK(curve_percentile(histogram, 0.99) == 99);
    CHECK(curve_percentile(histogram, 1) == 100);
    json_decref(histogram);
}

static void what_is_no_histogram_has_no_curve(void)
{
    static const char *const texts[] = {
        "[]", "{}", "[[1,0]]", "[1,2]", "[[]]", "[[\"a\",\"b\"]]", "[[1,-1]]",
    };
    double values[CURVE_POINTS];
    CHECK_EQ(0, curve_of(NULL, values));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = json_loads(texts[i], 0, NULL);
        CHECK_EQ(0, curve_of(value, values));
        CHECK(isnan(curve_percentile(value, 0.5)));
        json_decref(value);
    }
}

int main(void)
{
    RUN(a_line_is_known_by_its_fields);
    RUN(a_torn_line_is_told_from_an_unreadable_one);
    RUN(a_field_of_another_type_is_a_missing_field);
    RUN(the_status_follows_from_the_lines);
    RUN(one_bug_found_twice_is_one_finding);
    RUN(a_broken_rule_is_counted_once);
    RUN(a_curve_goes_through_its_percentiles);
    RUN(what_is_no_histogram_has_no_curve);
    return test_result(8);
}
