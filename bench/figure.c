/*
 * figure.c - see figure.h.
 */
#include "figure.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PLAIN_MAX 10000     /* whole counts below it are written out     */

struct scale {
    double      from;
    const char *word;
};

static const struct scale times[] = { { 1, "s" }, { 1e-3, "ms" },
                                      { 1e-6, "us" }, { 0, "ns" } };
static const struct scale counts[] = { { 1e9, " G" }, { 1e6, " M" },
                                       { 1e3, " k" }, { 0, "" } };

/* Three digits, without an exponent. */
static int print_digits(char *out, double value)
{
    double size = fabs(value);
    int after = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (value == floor(value) && size < PLAIN_MAX)
        after = 0;
    return snprintf(out, FIGURE_MAX, "%.*f", after, value);
}

/* 999.7 ns counts as 1000: rounding comes before the scale is chosen. */
static const struct scale *scale_of(const struct scale *list, double size)
{
    if (list == counts && size < PLAIN_MAX && size == floor(size))
        return &counts[3];
    while (list->from > 0 && size < list->from * 0.9995)
        list++;
    return list;
}

static double seconds_in(const char *unit)
{
    return !strcmp(unit, "ns") ? 1e-9 : !strcmp(unit, "s") ? 1 : 0;
}

static const char *put(char out[FIGURE_MAX], double value,
                         const char *unit, const char *name)
{
    double seconds = seconds_in(unit);
    if (isnan(value)) {
        snprintf(out, FIGURE_MAX, "-");
        return out;
    }
    const struct scale *scale =
        seconds > 0 ? scale_of(times, fabs(value * seconds))
                    : scale_of(counts, fabs(value));
    double unscaled = seconds > 0 ? value * seconds : value;
    double divisor = scale->from > 0 ? scale->from : seconds > 0 ? 1e-9 : 1;
    int size = print_digits(out, unscaled / divisor);
    if (seconds > 0)
        snprintf(out + size, FIGURE_MAX - (size_t)size, " %s", scale->word);
    else
        snprintf(out + size, FIGURE_MAX - (size_t)size, "%s%s%.30s",
                 scale->word, *name ? " " : "", name);
    return out;
}

const char *figure(char out[FIGURE_MAX], double value, const char *unit)
{
    return put(out, value, unit, unit);
}

const char *figure_short(char out[FIGURE_MAX], double value,
                         const char *unit)
{
    return put(out, value, unit, "");
}
