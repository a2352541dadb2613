/*
 * Figures keep their meaning when they are shortened for reading.
 */
#include "number.h"

#include <math.h>
#include <string.h>

#include "../loop/test.h"

static int same(const char *expected, const char *actual)
{
    if (strcmp(expected, actual) == 0)
        return 1;
    printf("    \"%s\", expected \"%s\"\n", actual, expected);
    return 0;
}

static void counts_are_grouped_by_three(void)
{
    char out[NUMBER_MAX];
    CHECK(same("0", number_count(out, 0)));
    CHECK(same("999", number_count(out, 999)));
    CHECK(same("1 000", number_count(out, 1000)));
    CHECK(same("12 345 678", number_count(out, 12345678)));
    CHECK(same("-1 234", number_count(out, -1234)));
    CHECK(same("1e+20", number_count(out, 1e20)));
    CHECK(same("inf", number_count(out, INFINITY)));
}

/* 999.7 must read 1.00 k, not 1000: rounding happens before the scale. */
static void short_figures_round_into_the_next_scale(void)
{
    char out[NUMBER_MAX];
    CHECK(same("7", number_short(out, 7)));
    CHECK(same("1.00 k", number_short(out, 999.7)));
    CHECK(same("48.2 k", number_short(out, 48210)));
    CHECK(same("188 M", number_short(out, 188e6)));
    CHECK(same("10.0", number_short(out, 9.996)));
    CHECK(same("0.000123", number_short(out, 0.000123)));
    CHECK(same("-1.50", number_short(out, -1.5)));
}

static void times_are_shown_in_the_unit_that_fits(void)
{
    char out[NUMBER_MAX];
    CHECK(same("26.4 \xc2\xb5s", number_quantity(out, 26400, "ns")));
    CHECK(same("999 ns", number_quantity(out, 999, "ns")));
    CHECK(same("7 ns", number_quantity(out, 7, "ns")));
    CHECK(same("24.0 \xc2\xb5s", number_quantity(out, 24, "us")));
    CHECK(same("1.50 ms", number_quantity(out, 1500, "us")));
    CHECK(same("2.50 s", number_quantity(out, 2500, "ms")));
    CHECK(same("0 ns", number_quantity(out, 0, "ns")));
    CHECK(same("131 M ops/s", number_quantity(out, 131e6, "ops/s")));
    CHECK(same("3", number_quantity(out, 3, "")));
}

static void durations_read_as_people_say_them(void)
{
    char out[NUMBER_MAX];
    CHECK(same("0.4 s", number_duration(out, 0.42)));
    CHECK(same("10 s", number_duration(out, 9.96)));
    CHECK(same("1 min", number_duration(out, 59.7)));
    CHECK(same("9 min 58 s", number_duration(out, 597.9)));
    CHECK(same("3 h 5 min", number_duration(out, 11100)));
}

int main(void)
{
    RUN(counts_are_grouped_by_three);
    RUN(short_figures_round_into_the_next_scale);
    RUN(times_are_shown_in_the_unit_that_fits);
    RUN(durations_read_as_people_say_them);
    return test_result(4);
}
