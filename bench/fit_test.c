/*
 * A line is found where there is one, and one is not seen in what grows
 * faster.
 */
#include "fit.h"

#include <math.h>
#include <stdbool.h>

#include "../loop/test.h"

#define POINTS 4

static const double sizes[POINTS] = { 1, 1000, 100000, 1000000 };

static bool is_near(double value, double wanted)
{
    return fabs(value - wanted) <= 1e-6 * fabs(wanted);
}

/* The base is seen beside a million items, although it is a thousandth. */
static void a_line_is_found(void)
{
    double time[POINTS];
    for (int i = 0; i < POINTS; i++)
        time[i] = 4000 + 20 * sizes[i];
    struct fit fit = fit_line(sizes, time, POINTS);
    CHECK(is_near(fit.base, 4000));
    CHECK(is_near(fit.slope, 20));
    CHECK(fit.miss < 1e-6);
}

/* A tenth more in one point is a tenth, shared by the others. */
static void a_disturbed_line_misses_a_little(void)
{
    double time[POINTS];
    for (int i = 0; i < POINTS; i++)
        time[i] = (4000 + 20 * sizes[i]) * (i == 2 ? 1.1 : 1);
    struct fit fit = fit_line(sizes, time, POINTS);
    CHECK(fit.slope > 20);
    CHECK(fit.slope < 22);
    CHECK(fit.miss > 0.01);
    CHECK(fit.miss < 0.1);
}

static void a_square_is_no_line(void)
{
    double time[POINTS];
    for (int i = 0; i < POINTS; i++)
        time[i] = 4000 + 0.01 * sizes[i] * sizes[i];
    CHECK(fit_line(sizes, time, POINTS).miss > 0.5);
}

static void one_point_is_no_line(void)
{
    static const double same[] = { 1000, 1000 }, time[] = { 10, 20 };
    CHECK(isnan(fit_line(same, time, 1).slope));
    CHECK(isnan(fit_line(same, time, 2).slope));
    CHECK(isnan(fit_line(same, time, 0).slope));
}

int main(void)
{
    RUN(a_line_is_found);
    RUN(a_disturbed_line_misses_a_little);
    RUN(a_square_is_no_line);
    RUN(one_point_is_no_line);
    return test_result(4);
}
