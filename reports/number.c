/*
 * number.c - see number.h.
 */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *number_count(char *out, double count)
{
    if (!(fabs(count) < 1e15)) {
        snprintf(out, NUMBER_MAX, "%.3g", count);
        return out;
    }

    char digits[32];
    int size = snprintf(digits, sizeof digits, "%.0f", fabs(count));
    char *to = out;
    if (count <= -0.5)
        *to++ = '-';
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            *to++ = ' ';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

/* How many digits after the point make three in all. */
static int decimals(double magnitude)
{
    if (magnitude >= 99.95)
        return 0;
    return magnitude >= 9.995 ? 1 : 2;
}

static int is_small_whole(double value)
{
    return fabs(value) < 1000 && value == floor(value);
}

static const char *three_digits(char *out, double value)
{
    static const char *const scale[] = { "", " k", " M", " G", " T" };

    if (fabs(value) < 0.0995 || fabs(value) >= 1e15) {
        snprintf(out, NUMBER_MAX, "%.3g", value);
        return out;
    }

    int step = 0;
    while (fabs(value) >= 999.5 && step < 4) {
        value /= 1000;
        step++;
    }
    snprintf(out, NUMBER_MAX, "%.*f%s", decimals(fabs(value)), value,
             scale[step]);
    return out;
}

const char *number_short(char *out, double value)
{
    if (!is_small_whole(value))
        return three_digits(out, value);
    snprintf(out, NUMBER_MAX, "%.0f", value);
    return out;
}

double number_unit_ns(const char *unit)
{
    static const struct { const char *name; double ns; } units[] = {
        { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "ms", 1e6 },
        { "s", 1e9 },  { "min", 60e9 },
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ns;
    }
    return 0;
}

static const char *time_quantity(char *out, double ns)
{
    static const struct { const char *name; double ns; } steps[] = {
        { "s", 1e9 }, { "ms", 1e6 }, { "\xc2\xb5s", 1e3 }, { "ns", 1 },
    };
    size_t step = 0;
    while (step < 3 && fabs(ns) < 0.9995 * steps[step].ns)
        step++;

    /* Whole nanoseconds stay whole; elsewhere 24 µs beside 24.1 µs would
     * look like a coarser figure. */
    char value[NUMBER_MAX];
    if (step == 3)
        number_short(value, ns);
    else
        three_digits(value, ns / steps[step].ns);
    snprintf(out, NUMBER_MAX, "%.60s %s", value, steps[step].name);
    return out;
}

const char *number_quantity(char *out, double value, const char *unit)
{
    double ns = number_unit_ns(unit);
    if (ns > 0 && value != 0)
        return time_quantity(out, value * ns);

    char text[NUMBER_MAX];
    number_short(text, value);
    snprintf(out, NUMBER_MAX, "%.40s%s%.40s", text, *unit ? " " : "", unit);
    return out;
}

const char *number_duration(char *out, double seconds)
{
    if (seconds < 59.5) {
        snprintf(out, NUMBER_MAX, seconds < 9.95 ? "%.1f s" : "%.0f s",
                 seconds);
        return out;
    }
    double whole = floor(seconds + 0.5);
    double hours = floor(whole / 3600);
    double minutes = floor(fmod(whole, 3600) / 60);
    if (hours > 0)
        snprintf(out, NUMBER_MAX, "%.0f h %.0f min", hours, minutes);
    else if (fmod(whole, 60) > 0)
        snprintf(out, NUMBER_MAX, "%.0f min %.0f s", minutes,
                 fmod(whole, 60));
    else
        snprintf(out, NUMBER_MAX, "%.0f min", minutes);
    return out;
}
