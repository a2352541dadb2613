/*
 * A line of results says what was measured, and comes back as it was written.
 */
#include "result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/test.h"
#include "figure.h"
#include "table.h"

static int same(const char *expected, const char *actual)
{
    if (strcmp(expected, actual) == 0)
        return 1;
    printf("    \"%s\", expected \"%s\"\n", actual, expected);
    return 0;
}

static struct result an_example(const double *samples, size_t count)
{
    return (struct result){ .question = "stop_latency",
                            .subject = "lastcall",
                            .metric = "stop to return", .unit = "ns",
                            .params = json_pack("{s:s}", "loop", "busy"),
                            .samples = samples, .samples_count = count,
                            .clean = true };
}

static void every_field_of_the_format_is_there(void)
{
    static const char *const keys[] = {
        "question", "subject", "platform", "params", "metric", "unit",
        "value", "low", "high", "n", "clean", "machine", "revision" };
    double samples[] = { 3, 1, 2 };
    struct result result = an_example(samples, 3);
    json_t *line = result_line(&result);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CHECK(json_object_get(line, keys[i]) != NULL);
    CHECK(json_number_value(json_object_get(line, "value")) == 2);
    CHECK_EQ(3, json_integer_value(json_object_get(line, "n")));
    CHECK(*result_word(line, "machine", ""));
    CHECK(*result_word(line, "revision", ""));
    CHECK(result_number(line, "low", 0) >= 1);
    CHECK(result_number(line, "high", 9) <= 3);
    json_decref(line);
    json_decref(result.params);
}

static void what_was_skipped_has_no_value_and_a_reason(void)
{
    struct result result = an_example(NULL, 0);
    result.skipped = "hung";
    json_t *line = result_line(&result);
    CHECK(json_is_null(json_object_get(line, "value")));
    CHECK(same("hung", result_word(line, "skipped", "")));
    double samples[4];
    CHECK_EQ(0, result_samples(line, samples));
    json_decref(line);
    json_decref(result.params);
}

static void a_histogram_is_kept_whole(void)
{
    double samples[] = { 5 };
    struct histogram h;
    CHECK(histogram_open(&h, 1000000));
    for (unsigned i = 0; i < 990; i++)
        histogram_record(&h, 5);
    for (unsigned i = 0; i < 10; i++)
        histogram_record(&h, 70000);
    histogram_record(&h, 2000000);
    struct result result = an_example(samples, 1);
    result.histogram = &h;
    json_t *line = result_line(&result);
    const json_t *bars = json_object_get(line, "histogram");
    CHECK_EQ(3, json_array_size(bars));
    CHECK(table_percentile(bars, 0.5) == 5);
    CHECK(table_percentile(bars, 0.995) ==
          (double)histogram_highest_like(70000));
    CHECK_EQ(1, json_integer_value(json_object_get(line, "beyond")));
    CHECK(isnan(table_percentile(NULL, 0.5)));
    json_decref(line);
    json_decref(result.params);
    histogram_close(&h);
}

/* The order in which parameters were written must not keep two results from
 * being compared, and another parameter must. */
static void two_lines_of_one_row_have_one_key(void)
{
    double samples[] = { 1 };
    struct result a = an_example(samples, 1), b = a, c = a;
    json_decref(a.params);
    a.params = json_pack("{s:i, s:s}", "threads", 1, "loop", "busy");
    b.params = json_pack("{s:s, s:i}", "loop", "busy", "threads", 1);
    c.params = json_pack("{s:s, s:i}", "loop", "busy", "threads", 2);
    json_t *lines[] = { result_line(&a), result_line(&b), result_line(&c) };
    char *keys[3];
    for (int i = 0; i < 3; i++)
        keys[i] = result_key(lines[i]);
    CHECK(same(keys[0], keys[1]));
    CHECK(strcmp(keys[0], keys[2]) != 0);
    for (int i = 0; i < 3; i++) {
        free(keys[i]);
        json_decref(lines[i]);
    }
    json_decref(a.params);
    json_decref(b.params);
    json_decref(c.params);
}

/* Two rows that only their platform tells apart. */
static json_t *lines_of(const char *first, const char *second)
{
    double samples[] = { 1 };
    struct result a = an_example(samples, 1), b = a;
    json_t *lines = json_array();
    a.platform = first;
    b.platform = second;
    json_array_append_new(lines, result_line(&a));
    json_array_append_new(lines, result_line(&b));
    json_decref(a.params);
    return lines;
}

static unsigned times_in_table(const char *word, json_t *lines)
{
    char text[512];
    unsigned times = 0;
    FILE *file = tmpfile();
    CHECK(file != NULL);
    if (!file)
        return 0;
    table_print(file, lines);
    rewind(file);
    while (fgets(text, sizeof text, file))
        times += strstr(text, word) != NULL;
    fclose(file);
    json_decref(lines);
    return times;
}

static void a_table_says_the_platform_where_it_differs(void)
{
    CHECK_EQ(1, times_in_table("linux", lines_of(NULL, "io_uring")));
    CHECK_EQ(1, times_in_table("io_uring", lines_of(NULL, "io_uring")));
    CHECK_EQ(0, times_in_table("linux", lines_of(NULL, "linux")));
}

static void a_line_comes_back_from_its_file(void)
{
    char why[RESULT_WHY];
    double samples[] = { 10, 30, 20 }, back[1024];
    const char *path = "result_test.jsonl";
    struct result result = an_example(samples, 3);
    json_t *line = result_line(&result);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    fprintf(file, "{\"type\":\"progress\"}\nnot a line\n");
    result_print(line, file);
    fclose(file);
    json_t *lines = result_read(path, why);
    remove(path);
    CHECK_EQ(1, json_array_size(lines));
    CHECK(json_equal(line, json_array_get(lines, 0)));
    CHECK_EQ(3, result_samples(json_array_get(lines, 0), back));
    CHECK(back[1] == 30);
    json_decref(lines);
    json_decref(line);
    json_decref(result.params);
}

static void a_file_without_results_is_refused_with_a_sentence(void)
{
    char why[RESULT_WHY] = "";
    CHECK(result_read("no/such/file", why) == NULL);
    CHECK(same("cannot read no/such/file", why));
}

static void more_of_a_rate_is_better(void)
{
    CHECK(result_is_rate("posts/s"));
    CHECK(!result_is_rate("ns"));
    CHECK(!result_is_rate("s"));
    CHECK(!result_is_rate(""));
}

static void figures_are_scaled_for_reading(void)
{
    char out[FIGURE_MAX];
    CHECK(same("26.4 us", figure(out, 26400, "ns")));
    CHECK(same("85 ns", figure(out, 85, "ns")));
    CHECK(same("1.00 ms", figure(out, 999700, "ns")));
    CHECK(same("2.50 s", figure(out, 2.5, "s")));
    CHECK(same("131 M posts/s", figure(out, 131e6, "posts/s")));
    CHECK(same("131 M", figure_short(out, 131e6, "posts/s")));
    CHECK(same("1.52 x", figure(out, 1.523, "x")));
    CHECK(same("-3.10 us", figure(out, -3100, "ns")));
    CHECK(same("0 ns", figure(out, 0, "ns")));
    CHECK(same("1.00 k items", figure(out, 999.99, "items")));
    CHECK(same("1000 items", figure(out, 1000, "items")));
    CHECK(same("-", figure(out, NAN, "ns")));
}

int main(void)
{
    RUN(every_field_of_the_format_is_there);
    RUN(what_was_skipped_has_no_value_and_a_reason);
    RUN(a_histogram_is_kept_whole);
    RUN(two_lines_of_one_row_have_one_key);
    RUN(a_table_says_the_platform_where_it_differs);
    RUN(a_line_comes_back_from_its_file);
    RUN(a_file_without_results_is_refused_with_a_sentence);
    RUN(more_of_a_rate_is_better);
    RUN(figures_are_scaled_for_reading);
    return test_result(9);
}
