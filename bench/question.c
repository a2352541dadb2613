/*
 * question.c - see question.h.
 */
#include "question.h"

#include <stdarg.h>
#include <stdio.h>

#include "result.h"

void question_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs(QUESTION_SAYS, stdout);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

static int skip(const struct result *result)
{
    json_t *line = result_line(result);
    result_print(line, stdout);
    json_decref(line);
    return 0;
}

int question_skip(const struct question *q, const char *subject,
                  const char *metric, const char *unit, const char *why)
{
    struct result result = { .question = q->name, .subject = subject,
                             .metric = metric, .unit = unit,
                             .skipped = why };
    return skip(&result);
}

int question_skip_wine(const struct question *q, const char *why)
{
    struct result result = { .question = q->name, .subject = "lastcall",
                             .platform = RESULT_WINE,
                             .metric = "came to its end", .unit = "",
                             .skipped = why };
    return skip(&result);
}
