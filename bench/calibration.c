/*
 * calibration.c - what is in each figure that is not of what it measures?
 *
 * The clock: the least that two readings of it differ by, what one costs, and
 * how often one was before another that came earlier. The harness: what a
 * program of a peer says when it measures nothing, the way any figure goes.
 * It is asked before each run of the suite, whatever else is asked.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "../fuzz/command.h"
#include "../loop/os.h"
#include "answer.h"
#include "child.h"
#include "clock.h"
#include "question.h"
#include "result.h"
#include "statistics.h"

#define ROUNDS 9
#define READINGS 20000
#define CHILD_SECONDS 20

static void print(const char *metric, const char *unit,
                  const double *samples, size_t count,
                  const struct histogram *h, bool clean)
{
    struct result result = {
        .question = question_calibration.name, .subject = "harness",
        .metric = metric, .unit = unit, .samples = samples,
        .samples_count = count, .clean = clean, .histogram = h,
    };
    if (count == 0)
        result.skipped = "lastcall-bench-peer-linux cannot be asked: "
                         "./lastcall build";
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
}

/* A round of readings: what one costs, the least step, and how many were
 * before the one before. */
static double read_clock(double *resolution, double *back)
{
    uint64_t began = os_now(), last = began, least = UINT64_MAX;
    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t now = os_now();
        *back += now < last;
        if (now > last && now - last < least)
            least = now - last;
        last = now;
    }
    *resolution = (double)least;
    return (double)(last - began) / READINGS;
}

static void calibrate_clock(void)
{
    double cost[ROUNDS], resolution[ROUNDS], back = 0;
    for (int i = 0; i < ROUNDS; i++)
        cost[i] = read_clock(&resolution[i], &back);
    print(CALIBRATION_READ, "ns", cost, ROUNDS, NULL, true);
    print(CALIBRATION_STEP, "ns", resolution, ROUNDS, NULL, true);
    print("clock, steps back", "steps", &back, 1, NULL, true);
}

/* The first round warms up. */
static void calibrate_harness(const char *folder)
{
    char program[QUESTION_PATH + 32];
    double value[ROUNDS];
    size_t count = 0;
    struct histogram all;
    snprintf(program, sizeof program, "%s/lastcall-bench-peer-linux",
             folder);
    if (!histogram_open(&all, UINT64_C(1000000000)))
        return;
    const char *const argv[] = { program, "nothing", "0", "2", NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .seconds_max = CHILD_SECONDS };
    for (int i = 0; i <= ROUNDS; i++) {
        struct answer answer;
        answer_open(&answer, i > 0 ? &all : NULL);
        struct child_result ended = child_run(&options, answer_take,
                                              &answer);
        if (i > 0 && ended.end == CHILD_EXITED && !isnan(answer.value))
            value[count++] = answer.value;
    }
    print("empty measurement", "ns", value, count, count ? &all : NULL,
          true);
    histogram_close(&all);
}

static int run(const struct question_limits *limits)
{
    calibrate_clock();
    calibrate_harness(limits->folder);
    return EXIT_CLEAN;
}

const struct question question_calibration = {
    .name = "calibration",
    .asks = "what is in each figure of the clock and of the harness?",
    .seconds_quick = 0.5,
    .seconds_full = 0.5,
    .run = run,
};
