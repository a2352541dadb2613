/*
 * watchdog_lines_test.c - lines are the same however a stream is cut.
 */
#include "watchdog_lines.h"

#include <string.h>

#include "../loop/test.h"

static char   heard[3 * LINES_MAX];
static size_t longest;

static void hear(const char *line, void *arg)
{
    size_t used = strlen(heard);
    ++*(int *)arg;
    if (strlen(line) > longest)
        longest = strlen(line);
    snprintf(heard + used, sizeof heard - used, "%s|", line);
}

static int take_in_pieces(const char *text, size_t piece)
{
    struct lines l = { .size = 0 };
    int count = 0;
    heard[0] = '\0';
    for (size_t at = 0, size = strlen(text); at < size; at += piece)
        lines_take(&l, text + at, size - at < piece ? size - at : piece,
                   hear, &count);
    lines_end(&l, hear, &count);
    return count;
}

/* Where a stream is cut makes no difference; a carriage return before a
 * newline is not part of a line, one inside is. */
static void lines_do_not_depend_on_pieces(void)
{
    const char text[] = "one\ntwo\r\n\nth\rree\nrest";
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        CHECK_EQ(5, take_in_pieces(text, piece));
        CHECK(!strcmp("one|two||th\rree|rest|", heard));
    }
}

/* A stream that ends with a newline has no line after it. */
static void end_after_a_newline_is_no_line(void)
{
    CHECK_EQ(1, take_in_pieces("one\n", 4));
    CHECK_EQ(0, take_in_pieces("", 1));
}

/* A line without an end takes no more memory than it may, and the next one
 * is whole. */
static void long_line_is_cut(void)
{
    static char text[2 * LINES_MAX];
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 6, "\nnext", 6);
    longest = 0;
    CHECK_EQ(2, take_in_pieces(text, 1000));
    CHECK_EQ(LINES_MAX, longest);
    CHECK(!strcmp("|next|", heard + LINES_MAX));
}

int main(void)
{
    RUN(lines_do_not_depend_on_pieces);
    RUN(end_after_a_newline_is_no_line);
    RUN(long_line_is_cut);
    return test_result(3);
}
