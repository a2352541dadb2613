/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "../fuzz/host.h"

static char step[100];
static bool drawn;

static void draw(const char *detail)
{
    fprintf(stderr, "\r\033[K%.48s%s%.28s", step, *detail ? ": " : "",
            detail);
    fflush(stderr);
    drawn = true;
}

void progress_step(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(step, sizeof step, format, arguments);
    va_end(arguments);
    if (host_is_terminal(2))
        draw("");
    else
        fprintf(stderr, "%s\n", step);
}

void progress_detail(const char *text)
{
    if (host_is_terminal(2))
        draw(text);
}

void progress_wipe(void)
{
    if (drawn)
        fprintf(stderr, "\r\033[K");
    drawn = false;
}
