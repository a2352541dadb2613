#include "watchdog_transcript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_MAX 8192

static int make_room(struct transcript *t, size_t more)
{
    if (t->size + more + 1 <= t->cap)
        return 0;
    size_t cap = 2 * (t->size + more + 1);
    char *text = realloc(t->text, cap);
    if (text == NULL)
        return -1;
    t->text = text;
    t->cap = cap;
    return 0;
}

void transcript_print(struct transcript *t, const char *format, ...)
{
    char text[PRINT_MAX];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (size < 0)
        return;
    size_t length = (size_t)size < sizeof text ? (size_t)size
                                               : sizeof text - 1;
    if (make_room(t, length) < 0)
        return;
    memcpy(t->text + t->size, text, length);
    t->size += length;
    t->text[t->size] = '\0';
}
