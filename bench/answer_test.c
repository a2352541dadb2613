/*
 * What a program says about a port arrives as it was, and nothing else is
 * taken for it.
 */
#include "answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../loop/test.h"

#define HIGHEST 1000000u
#define TEXT_MAX 4096

/* Through a file, a line at a time, as from a pipe. */
static void pass(const struct answer *from, struct answer *to)
{
    char line[TEXT_MAX];
    FILE *file = tmpfile();
    CHECK(file != NULL);
    if (!file)
        return;
    answer_print(from, file);
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        answer_take(to, line);
    }
    fclose(file);
}

static void an_answer_arrives_as_it_was(void)
{
    static const uint64_t values[] = { 1, 2047, 2048, 54321, HIGHEST };
    struct histogram sent, got;
    struct answer from, to;
    CHECK(histogram_open(&sent, HIGHEST));
    CHECK(histogram_open(&got, HIGHEST));
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k <= i; k++)
            histogram_record(&sent, values[i]);
    answer_open(&from, &sent);
    answer_open(&to, &got);
    snprintf(from.engine, sizeof from.engine, "io_uring");
    from.value = 12345.5;

    pass(&from, &to);
    CHECK(strcmp(to.engine, "io_uring") == 0);
    CHECK(to.value == 12345.5);
    CHECK_EQ(15, got.total);
    CHECK_EQ(0, got.beyond);
    CHECK_EQ(0, memcmp(sent.count, got.count,
                       sent.slots * sizeof *sent.count));
    histogram_close(&got);
    histogram_close(&sent);
}

/* Who reads a tail is told that it has been cut. */
static void values_out_of_range_are_still_counted(void)
{
    struct histogram sent, got;
    struct answer from, to;
    CHECK(histogram_open(&sent, HIGHEST));
    CHECK(histogram_open(&got, HIGHEST));
    histogram_record(&sent, HIGHEST);
    histogram_record(&sent, HIGHEST + 1000000);
    histogram_record(&sent, 5 * HIGHEST);
    answer_open(&from, &sent);
    answer_open(&to, &got);
    pass(&from, &to);
    CHECK_EQ(3, got.total);
    CHECK_EQ(2, got.beyond);
    histogram_close(&got);
    histogram_close(&sent);
}

/* A question must not take silence for a figure. */
static void an_answer_without_a_value_has_none(void)
{
    struct answer from, to;
    answer_open(&from, NULL);
    answer_open(&to, NULL);
    snprintf(from.engine, sizeof from.engine, "epoll");
    pass(&from, &to);
    CHECK(isnan(to.value));
    CHECK(strcmp(to.engine, "epoll") == 0);
}

static void other_lines_change_nothing(void)
{
    static const char *const lines[] = {
        "", "value", "value fast", "seen 12", "seen", "engine", "12 34",
        "what is the value 3" };
    struct histogram seen;
    struct answer a;
    CHECK(histogram_open(&seen, HIGHEST));
    answer_open(&a, &seen);
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        answer_take(&a, lines[i]);
    CHECK(isnan(a.value));
    CHECK_EQ(0, *a.engine);
    CHECK_EQ(0, seen.total);
    histogram_close(&seen);
}

static void a_histogram_may_be_unwanted(void)
{
    struct answer a;
    answer_open(&a, NULL);
    answer_take(&a, "seen 100 3");
    answer_take(&a, "value 100");
    CHECK(a.value == 100);
}

int main(void)
{
    RUN(an_answer_arrives_as_it_was);
    RUN(values_out_of_range_are_still_counted);
    RUN(an_answer_without_a_value_has_none);
    RUN(other_lines_change_nothing);
    RUN(a_histogram_may_be_unwanted);
    return test_result(5);
}
