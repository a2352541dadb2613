/*
 * A program that is run gives all of its lines, and leaves nothing behind.
 */
#include "process.h"

#include <string.h>

#include "../loop/test.h"
#include "text.h"

static int keep_line(void *argument, const char *line, size_t size)
{
    struct text *text = argument;
    text_add(text, line, size);
    text_put(text, "|");
    return strncmp(line, "enough", 6) == 0;
}

static struct process_result run_shell(const char *script, double seconds_max,
                                       struct text *lines)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    struct process_options options = { .argv = argv, .errors = "",
                                       .seconds_max = seconds_max,
                                       .grace = 0.05 };
    return process_run(&options, keep_line, NULL, lines);
}

static int says(const struct text *text, const char *expected)
{
    return text->data && strcmp(text->data, expected) == 0;
}

/* The last line is the one that is lost when the end of a pipe and the end
 * of a program are mixed up. */
static void the_last_line_arrives_without_its_newline(void)
{
    struct text lines = { 0 };
    struct process_result result =
        run_shell("echo one; echo; printf two; exit 4", 0, &lines);
    CHECK_EQ(PROCESS_EXITED, result.end);
    CHECK_EQ(4, result.status);
    CHECK(!result.lingering);
    CHECK(says(&lines, "one||two|"));
    text_free(&lines);
}

static void a_long_line_arrives_whole(void)
{
    struct text lines = { 0 };
    struct process_result result =
        run_shell("head -c 300000 /dev/zero | tr '\\0' x; echo; echo end", 0,
                  &lines);
    CHECK_EQ(PROCESS_EXITED, result.end);
    CHECK_EQ(300000 + 5, lines.size);
    CHECK(strcmp(lines.data + 300000, "|end|") == 0);
    text_free(&lines);
}

static void a_signal_is_told_from_an_exit(void)
{
    struct text lines = { 0 };
    struct process_result result = run_shell("kill -9 $$", 0, &lines);
    CHECK_EQ(PROCESS_SIGNALLED, result.end);
    CHECK_EQ(9, result.status);
    text_free(&lines);
}

static void a_program_that_is_not_there_is_told_from_one_that_failed(void)
{
    const char *argv[] = { "./there-is-no-such-program", NULL };
    struct process_options options = { .argv = argv };
    struct process_result result = process_run(&options, NULL, NULL, NULL);
    CHECK_EQ(PROCESS_FAILED, result.end);
    CHECK(result.status > 0);
}

/* The three ways to hang: for ever, deaf to being asked, and by a child that
 * keeps the pipe open after its parent is gone. */
static void no_way_to_hang_outlives_the_deadline(void)
{
    static const char *const scripts[] = {
        "while :; do :; done",
        "trap '' INT TERM; echo deaf; while :; do :; done",
        "sh -c 'trap \"\" INT; while :; do :; done' & wait",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct text lines = { 0 };
        struct process_result result = run_shell(scripts[i], 0.05, &lines);
        CHECK_EQ(PROCESS_DEADLINE, result.end);
        CHECK(result.seconds < 30);
        text_free(&lines);
    }
}

static void an_orphan_is_killed_and_reported(void)
{
    struct text lines = { 0 };
    struct process_result result =
        run_shell("sh -c 'while :; do :; done' & echo gone", 0, &lines);
    CHECK_EQ(PROCESS_EXITED, result.end);
    CHECK(result.lingering);
    CHECK(says(&lines, "gone|"));
    text_free(&lines);
}

/* Guards against telling one full disk a thousand times. */
static void a_refused_line_is_the_last_one_told(void)
{
    struct text lines = { 0 };
    struct process_result result =
        run_shell("echo enough; echo more; while :; do :; done", 0, &lines);
    CHECK_EQ(PROCESS_REFUSED, result.end);
    CHECK(says(&lines, "enough|"));
    text_free(&lines);
}

int main(void)
{
    RUN(the_last_line_arrives_without_its_newline);
    RUN(a_long_line_arrives_whole);
    RUN(a_signal_is_told_from_an_exit);
    RUN(a_program_that_is_not_there_is_told_from_one_that_failed);
    RUN(no_way_to_hang_outlives_the_deadline);
    RUN(an_orphan_is_killed_and_reported);
    RUN(a_refused_line_is_the_last_one_told);
    return test_result(7);
}
