/*
 * self_check.c - does this suite see a slowdown of 5 % on this machine, and
 * none where there is none?
 *
 * A callback of our loop takes 20 us, and then 5 % more. Both are measured as
 * any row is, in processes of their own and round by round, and go the way of
 * two result files that are compared. A trial makes three such files: twice
 * the same, and the slower one. Their rounds are side by side, as those of
 * two loops in one run are, or one file comes after the other, as two runs of
 * the suite do, between which the machine may change its mind.
 *
 * A trial during which others used the machine is dropped. What was seen in
 * the others is a share, with the interval that so many trials allow. Side by
 * side it is a finding if that interval lies beyond the bound; one after the
 * other it says what to expect of a comparison here, which is why the rows of
 * the suite have floors in the same rounds.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "../loop/check.h"
#include "answer.h"
#include "child.h"
#include "comparison.h"
#include "machine.h"
#include "question.h"
#include "result.h"
#include "round.h"
#include "statistics.h"

#define CALLBACK_NS 20000
#define PROBE 10000             /* multiplications of the first callback */
#define PLANTED 1.05
#define SEEN_MIN 0.9            /* of the slowdowns                      */
#define ALARMS_MAX 0.05         /* where there is none                   */
#define ROUNDS 7
#define ROUND_MS "3"
#define TRIALS_MAX 512
#define TRIALS_MIN 8
#define CHILD_SECONDS 20
#define FILES 3                 /* of a trial                            */
#define SECONDS_MAX 2           /* of one                                */

#define METRIC_SEEN "slowdown of 5 %, seen"
#define METRIC_ALARMS "no slowdown, difference seen"

/* What the trials of one way have brought. */
struct shares {
    const char *way;
    double seen[TRIALS_MAX];        /* 1 or 0                            */
    double alarm[TRIALS_MAX];
    double planted_ratio[TRIALS_MAX];
    double plain_ratio[TRIALS_MAX];
    size_t count;
    size_t trials;              /* with those that were dropped          */
};

static struct {
    char          program[QUESTION_PATH + 32];
    unsigned      plain;        /* multiplications                       */
    unsigned      planted;
    struct shares together;
    struct shares apart;
} s = { .together.way = "side by side",
        .apart.way = "one after the other" };

static double measure_work(unsigned count, struct histogram *h)
{
    struct answer answer;
    char number[16];
    snprintf(number, sizeof number, "%u", count);
    const char *const argv[] = { s.program, "work", number, ROUND_MS, NULL };
    struct child_options options = { .argv = argv,
                                     .seconds_max = CHILD_SECONDS };
    answer_open(&answer, h);
    struct child_result ended = child_run(&options, answer_take, &answer);
    return ended.end == CHILD_EXITED && ended.status == 0 ? answer.value
                                                          : NAN;
}

static double measure(const struct row *row, struct histogram *h)
{
    return measure_work(*(const unsigned *)row->of, h);
}

/* How many multiplications take the time of a callback? */
static bool calibrate(void)
{
    double ns = measure_work(PROBE, NULL);
    if (isnan(ns))
        return false;
    s.plain = (unsigned)(CALLBACK_NS / ns * PROBE);
    s.planted = (unsigned)(s.plain * PLANTED + 0.5);
    return true;
}

/* All rows have the same key, as those of two runs have. */
static void fill(struct row *row, const unsigned *work)
{
    *row = (struct row){
        .subject = "lastcall", .metric = "post to end of a callback",
        .unit = "ns", .params = json_object(), .has_histogram = true,
        .measure = measure, .of = work,
    };
}

/* Measure rows in the same rounds, and make a file of each. */
static void measure_files(struct row *rows, size_t count, json_t **file)
{
    const struct round_options options = { .rounds = ROUNDS,
                                           .seconds = SECONDS_MAX };
    round_run(rows, count, &options);
    for (size_t i = 0; i < count; i++) {
        file[i] = json_array();
        json_array_append_new(
            file[i], round_line(question_self_check.name, &rows[i]));
    }
    round_close(rows, count);
}

static struct comparison compare(const json_t *a, const json_t *b)
{
    struct comparisons all;
    comparisons_open(&all, a, b);
    LOOP_ASSERT(all.count == 1);
    struct comparison c = all.of[0];
    comparisons_close(&all);
    return c;
}

static void take(struct shares *out, const struct comparison *planted,
                 const struct comparison *plain)
{
    size_t i = out->count++;
    out->seen[i] = comparison_is_regression(planted);
    out->alarm[i] = plain->outcome != CANNOT_TELL;
    out->planted_ratio[i] = planted->ratio;
    out->plain_ratio[i] = plain->ratio;
}

static void measure_trial(const struct shares *out, json_t **file)
{
    const unsigned *const work[FILES] = { &s.plain, &s.plain, &s.planted };
    struct row rows[FILES];
    for (size_t i = 0; i < FILES; i++)
        fill(&rows[i], work[i]);
    if (out == &s.together) {
        measure_files(rows, FILES, file);
        return;
    }
    for (size_t i = 0; i < FILES; i++) {
        size_t which = (i + out->trials) % FILES;
        measure_files(&rows[which], 1, &file[which]);
    }
}

/* A round is too short for the ticks in which the kernel counts, a whole
 * trial is not. */
static void try(struct shares *out)
{
    json_t *file[FILES];
    struct load before, after;
    bool known = machine_load(&before);
    measure_trial(out, file);
    known = machine_load(&after) && known;
    struct comparison plain = compare(file[0], file[1]);
    struct comparison planted = compare(file[0], file[2]);
    if (known && round_is_clean(&before, &after) && plain.is_tested &&
        planted.is_tested)
        take(out, &planted, &plain);
    out->trials++;
    for (size_t i = 0; i < FILES; i++)
        json_decref(file[i]);
}

/* Reporting. */

static json_t *line_of(const struct shares *s, const char *metric,
                       const char *unit, const double *samples)
{
    char why[128];
    struct result result = {
        .question = question_self_check.name, .subject = "lastcall",
        .metric = metric, .unit = unit, .samples = samples,
        .samples_count = s->count, .rounds = (unsigned)s->trials,
        .clean = true,
        .params = json_pack("{s:s}", "rounds", s->way),
    };
    snprintf(why, sizeof why, "cannot tell: other processes left %zu of %zu "
             "trials alone, %d are needed", s->count, s->trials, TRIALS_MIN);
    if (s->count < TRIALS_MIN)
        result.skipped = why;
    json_t *line = result_line(&result);
    json_decref(result.params);
    return line;
}

static void print(json_t *line)
{
    result_print(line, stdout);
    json_decref(line);
}

static size_t count_of(const double *hits, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += hits[i] > 0;
    return found;
}

/* Its value is a share of trials, and no median. */
static struct interval report_share(const struct shares *s,
                                    const char *metric, const double *hits)
{
    json_t *line = line_of(s, metric, "share", hits);
    size_t found = count_of(hits, s->count);
    struct interval i = statistics_share(found, s->count);
    if (s->count >= TRIALS_MIN) {
        json_object_set_new(line, "value",
                            json_real((double)found / (double)s->count));
        json_object_set_new(line, "low", json_real(i.low));
        json_object_set_new(line, "high", json_real(i.high));
    }
    print(line);
    return i;
}

/* Is a share surely out of its bounds? */
static bool report(const struct shares *s)
{
    struct interval seen = report_share(s, METRIC_SEEN, s->seen);
    struct interval alarms = report_share(s, METRIC_ALARMS, s->alarm);
    if (s->count < TRIALS_MIN)
        return false;
    print(line_of(s, "cost, planted : plain", "x", s->planted_ratio));
    print(line_of(s, "cost, plain : plain", "x", s->plain_ratio));
    return seen.high < SEEN_MIN || alarms.low > ALARMS_MAX;
}

static int run(const struct question_limits *limits)
{
    double end = host_seconds() + limits->seconds;
    snprintf(s.program, sizeof s.program, "%s/lastcall-bench-peer-linux",
             limits->folder);
    if (!calibrate())
        return question_skip(&question_self_check, "lastcall", METRIC_SEEN,
                             "share", "lastcall-bench-peer-linux cannot be "
                             "asked: ./lastcall build");
    do {
        try(&s.together);
        try(&s.apart);
    } while (s.apart.trials < TRIALS_MAX && host_seconds() < end);
    bool beyond = report(&s.together);
    report(&s.apart);
    return beyond ? EXIT_FINDING : EXIT_CLEAN;
}

const struct question question_self_check = {
    .name = "self_check",
    .asks = "is a slowdown of 5 % seen on this machine, and none where there "
            "is none?",
    .seconds_quick = 3,
    .seconds_full = 20,
    .run = run,
};
