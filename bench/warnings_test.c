/*
 * A figure that is doubtful says why, and one that is not says nothing.
 */
#include "warnings.h"

#include <string.h>

#include "../loop/test.h"
#include "question.h"

#define ROUNDS 9

static json_t *line_of(const char *question, const char *unit, double value,
                       double first, double last)
{
    json_t *samples = json_array();
    for (int i = 0; i < ROUNDS; i++)
        json_array_append_new(
            samples, json_real(i == 0            ? first
                               : i == ROUNDS - 1 ? last : value + i % 3));
    return json_pack("{s:s, s:s, s:s, s:f, s:i, s:i, s:b, s:o}", "question",
                     question, "metric", CALIBRATION_READ, "unit", unit,
                     "value", value, "n", ROUNDS, "rounds", ROUNDS, "clean",
                     1, "samples", samples);
}

/* Is the noun the only warning; or, if it is NULL, is there none? */
static int warns_of(json_t *line, const char *noun)
{
    warnings_take(line);
    const json_t *warnings = json_object_get(line, "warnings");
    const char *first = json_string_value(json_array_get(warnings, 0));
    int right = noun ? json_array_size(warnings) == 1 && first &&
                           !strcmp(first, noun)
                     : warnings == NULL;
    json_decref(line);
    return right;
}

static void calibrate(double reading_ns)
{
    json_t *line = line_of(question_calibration.name, "ns", reading_ns,
                           reading_ns, reading_ns);
    warnings_take(line);
    json_decref(line);
    warnings_begin();
}

static json_t *plain(void)
{
    json_t *line = line_of("stop_latency", "ns", 1000, 1001, 1000);
    json_object_set_new(line, "metric", json_string("stop to return"));
    return line;
}

static json_t *with_samples(const char *unit, double first, double last)
{
    json_t *line = line_of("stop_latency", unit, 1000, first, last);
    json_object_set_new(line, "metric", json_string("stop to return"));
    return line;
}

static void a_figure_without_doubt_says_nothing(void)
{
    calibrate(40);
    CHECK(warns_of(plain(), NULL));
}

static void a_round_far_off_is_an_outlier(void)
{
    CHECK(warns_of(with_samples("ns", 1001, 2000), "outliers"));
    CHECK(warns_of(with_samples("ns", 1001, 1008), NULL));
}

/* Of a rate the slower is the lower one; a fast one is an outlier only. */
static void a_slow_first_round_is_told_from_others(void)
{
    CHECK(warns_of(with_samples("ns", 2000, 1000), "first round"));
    CHECK(warns_of(with_samples("posts/s", 100, 1000), "first round"));
    CHECK(warns_of(with_samples("posts/s", 2000, 1000), "outliers"));
}

static void rounds_that_were_left_out_are_told(void)
{
    json_t *line = plain();
    json_object_set_new(line, "rounds", json_integer(ROUNDS + 1));
    CHECK(warns_of(line, "dirty rounds"));
    line = plain();
    json_object_set_new(line, "clean", json_false());
    CHECK(warns_of(line, "noisy"));
}

static void a_time_near_that_of_a_reading_is_told(void)
{
    json_t *line = plain();
    calibrate(40);
    json_object_set_new(line, "histogram", json_array());
    CHECK(warns_of(line, NULL));
    calibrate(101);
    line = plain();
    json_object_set_new(line, "histogram", json_array());
    CHECK(warns_of(line, "clock"));
    calibrate(40);
}

static void values_out_of_range_are_told(void)
{
    json_t *line = plain();
    json_object_set_new(line, "beyond", json_integer(1));
    CHECK(warns_of(line, "out of range"));
}

static void what_has_no_value_is_not_warned_of(void)
{
    json_t *line = plain();
    json_object_set_new(line, "value", json_null());
    json_object_set_new(line, "clean", json_false());
    CHECK(warns_of(line, NULL));
}

/* Three figures with outliers are one warning. */
static void each_warning_is_said_once(void)
{
    char text[4096] = "";
    struct load idle = { .at = 0 };
    FILE *out = fmemopen(text, sizeof text, "w");
    warnings_begin();
    for (int i = 0; i < 3; i++)
        CHECK(warns_of(with_samples("ns", 1001, 2000), "outliers"));
    warnings_print(out, &idle, &idle);
    fclose(out);
    const char *first = strstr(text, "warning: outliers (3 figures)");
    CHECK(first != NULL);
    CHECK(first && !strstr(first + 1, "warning"));
}

static void what_others_used_is_said(void)
{
    char text[4096] = "";
    struct load before = { .at = 0 };
    struct load after = { .at = 10, .busy = 8, .own = 3, .stolen = 1 };
    FILE *out = fmemopen(text, sizeof text, "w");
    warnings_begin();
    warnings_print(out, &before, &after);
    fclose(out);
    CHECK(strstr(text, "other programs used 0.50 processors") != NULL);
    CHECK(strstr(text, "the host took 0.10 processors") != NULL);
}

int main(void)
{
    RUN(a_figure_without_doubt_says_nothing);
    RUN(a_round_far_off_is_an_outlier);
    RUN(a_slow_first_round_is_told_from_others);
    RUN(rounds_that_were_left_out_are_told);
    RUN(a_time_near_that_of_a_reading_is_told);
    RUN(values_out_of_range_are_told);
    RUN(what_has_no_value_is_not_warned_of);
    RUN(each_warning_is_said_once);
    RUN(what_others_used_is_said);
    return test_result(9);
}
