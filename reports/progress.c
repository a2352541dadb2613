/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "host.h"

#define TERMINAL_SECONDS 0.5
#define LOG_SECONDS 60

void progress_open(struct progress *progress)
{
    *progress = (struct progress){ .terminal = host_is_terminal(stderr) };
}

static double pause_of(const struct progress *progress)
{
    return progress->terminal ? TERMINAL_SECONDS : LOG_SECONDS;
}

static void put_clock(char *out, size_t size, double seconds)
{
    int whole = (int)seconds;
    snprintf(out, size, "%d:%02d", whole / 60, whole % 60);
}

static void put_line(const struct progress *progress, char *out, size_t size)
{
    char since[32], limit[32] = "";
    put_clock(since, sizeof since, host_seconds() - progress->start);
    if (progress->seconds_max > 0)
        put_clock(limit, sizeof limit, progress->seconds_max);
    snprintf(out, size, "%-13s %s%s%s%s%s", progress->stage, since,
             *limit ? " of " : "", limit, *progress->news ? "  " : "",
             progress->news);
}

static void show(struct progress *progress)
{
    char line[80];
    put_line(progress, line, sizeof line);
    fprintf(stderr, progress->terminal ? "\r\033[K%s" : "%s\n", line);
    fflush(stderr);
    progress->shown = progress->terminal;
}

void progress_begin(struct progress *progress, const char *stage,
                    double seconds_max)
{
    progress_wipe(progress);
    snprintf(progress->stage, sizeof progress->stage, "%s", stage);
    progress->news[0] = '\0';
    progress->seconds_max = seconds_max;
    progress->start = host_seconds();
    progress->next = progress->start + pause_of(progress);
    if (!progress->terminal)
        show(progress);
}

void progress_news(struct progress *progress, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(progress->news, sizeof progress->news, format, arguments);
    va_end(arguments);
}

void progress_tick(struct progress *progress)
{
    double now = host_seconds();
    if (now < progress->next)
        return;
    progress->next = now + pause_of(progress);
    show(progress);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list arguments;
    progress_wipe(progress);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void progress_wipe(struct progress *progress)
{
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
