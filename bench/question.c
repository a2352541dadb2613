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

int question_skip(const struct question *q, const char *subject,
                  const char *metric, const char *unit, const char *why)
{
    struct result result = { .question = q->name, .subject = subject,
                             .metric = metric, .unit = unit,
                             .skipped = why };
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
    return 0;
}
