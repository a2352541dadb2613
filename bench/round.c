/*
 * round.c - see round.h.
 */
#include "round.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/host.h"
#include "../loop/check.h"
#include "answer.h"
#include "question.h"
#include "result.h"

#define OTHERS_MAX 0.05
#define STOLEN_MAX 0.02
#define TICK 0.01           /* the grain in which the kernel counts     */

bool round_is_clean(const struct load *before, const struct load *after)
{
    double length = after->at - before->at;
    double others = after->busy - before->busy - (after->own - before->own);
    double stolen = after->stolen - before->stolen;
    return others < OTHERS_MAX * length + TICK &&
           stolen < STOLEN_MAX * length + TICK;
}

static void open_rows(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        row->clean_count = 0;
        if (!row->has_histogram)
            continue;
        bool opened = histogram_open(&row->quiet, ANSWER_HIGHEST) &&
                      histogram_open(&row->all, ANSWER_HIGHEST);
        LOOP_ASSERT(opened);
    }
}

void round_close(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(rows[i].params);
        rows[i].params = NULL;
        if (!rows[i].has_histogram)
            continue;
        histogram_close(&rows[i].quiet);
        histogram_close(&rows[i].all);
    }
}

static void keep(struct row *row, unsigned round, double value, bool clean,
                 const struct histogram *h)
{
    row->value[round] = value;
    row->clean[round] = clean && !isnan(value);
    row->clean_count += row->clean[round];
    if (!row->has_histogram)
        return;
    histogram_add(&row->all, h);
    if (row->clean[round])
        histogram_add(&row->quiet, h);
}

/* What is about to be measured: where it hung, if it does not come back. */
static void tell(const struct row *row, unsigned round)
{
    char *params = json_dumps(row->params, JSON_COMPACT);
    question_say("round %u, %s%s%s, %s %s", round, row->subject,
                 row->platform ? " on " : "",
                 row->platform ? row->platform : "", row->metric,
                 params ? params : "");
    free(params);
}

/* Measure one row; the warm-up round is not kept. */
static void measure(struct row *row, unsigned round, bool warm_up,
                    struct histogram *h)
{
    struct load before, after;
    tell(row, warm_up ? 0 : round + 1);
    histogram_clear(h);
    bool known = machine_load(&before);
    double value = row->measure(row, row->has_histogram ? h : NULL);
    known = machine_load(&after) && known;
    if (!warm_up)
        keep(row, round, value, row->is_exact ||
             (known && round_is_clean(&before, &after)), h);
}

static bool brings_values(const struct row *row, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        if (!isnan(row->value[i]))
            return true;
    return false;
}

/* A row that never brings a value is not waited for. */
static bool has_enough(const struct row *rows, size_t count, unsigned rounds,
                       unsigned wanted)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].clean_count < wanted && brings_values(&rows[i], rounds))
            return false;
    return true;
}

unsigned round_run(struct row *rows, size_t count,
                   const struct round_options *options)
{
    struct histogram h;
    double end = host_seconds() + options->seconds;
    unsigned round = 0;
    unsigned most = options->most ? options->most : ROUNDS_MAX;
    bool opened = histogram_open(&h, ANSWER_HIGHEST);
    LOOP_ASSERT(opened);
    LOOP_ASSERT(count > 0);
    open_rows(rows, count);

    for (size_t i = 0; i < count; i++)
        measure(&rows[i], 0, true, &h);
    /* One round at least: a question has an answer, if a dirty one. */
    do {
        for (size_t i = 0; i < count; i++)
            measure(&rows[(i + round) % count], round, false, &h);
        round++;
    } while (round < most && host_seconds() < end &&
             !has_enough(rows, count, round, options->rounds));
    histogram_close(&h);
    return round;
}

/* Reporting. */

/* The rounds of a figure: those that count, in which all rows it is made
 * from are there. */
struct figures {
    double   value[ROUNDS_MAX];
    size_t   count;
    bool     clean;
};

typedef double combine(double value, double floor, bool rate);

static double just_value(double value, double floor, bool rate)
{
    (void)floor;
    (void)rate;
    return value;
}

/* Of a rate the reciprocal: twice the floor is twice the cost. */
static double factor(double value, double floor, bool rate)
{
    return rate ? floor / value : value / floor;
}

static double difference(double value, double floor, bool rate)
{
    (void)rate;
    return value - floor;
}

static void collect(struct figures *out, const struct row *row,
                    const struct row *floor, unsigned rounds, bool clean,
                    combine *of)
{
    out->count = 0;
    out->clean = clean;
    for (unsigned i = 0; i < rounds; i++) {
        if (clean && !(row->clean[i] && floor->clean[i]))
            continue;
        double value = of(row->value[i], floor->value[i],
                          result_is_rate(row->unit));
        if (isfinite(value))
            out->value[out->count++] = value;
    }
}

static void choose(struct figures *out, const struct row *row,
                   const struct row *floor, unsigned rounds, combine *of)
{
    collect(out, row, floor, rounds, true, of);
    if (out->count < ROUNDS_CLEAN_MIN && !row->is_exact)
        collect(out, row, floor, rounds, false, of);
}

static json_t *line_of(struct result *result, const struct figures *figures)
{
    result->samples = figures->value;
    result->samples_count = figures->count;
    result->clean = figures->clean;
    if (figures->count == 0)
        result->skipped = "no round brought a value";
    return result_line(result);
}

static void print(struct result *result, const struct figures *figures)
{
    json_t *line = line_of(result, figures);
    result_print(line, stdout);
    json_decref(line);
}

json_t *round_line(const char *question, const struct row *row,
                   unsigned rounds)
{
    struct figures figures;
    choose(&figures, row, row, rounds, just_value);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = row->metric, .unit = row->unit,
        .params = row->params, .rounds = rounds,
        .histogram = !row->has_histogram ? NULL
                     : figures.clean ? &row->quiet : &row->all,
    };
    return line_of(&result, &figures);
}

static void report_row(const char *question, const struct row *row,
                       unsigned rounds)
{
    json_t *line = round_line(question, row, rounds);
    result_print(line, stdout);
    json_decref(line);
}

static void report_against(const char *question, const struct row *row,
                           const struct row *floor, unsigned rounds,
                           combine *of, const char *what, const char *unit)
{
    char metric[128];
    struct figures figures;
    LOOP_ASSERT(strncmp(floor->subject, ROW_FLOOR, strlen(ROW_FLOOR)) == 0);
    choose(&figures, row, floor, rounds, of);
    snprintf(metric, sizeof metric, "%s, %s", row->metric, what);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = metric, .unit = unit,
        .params = json_deep_copy(row->params), .rounds = rounds,
    };
    json_object_set_new(result.params, "floor",
                        json_string(floor->subject + strlen(ROW_FLOOR)));
    print(&result, &figures);
    json_decref(result.params);
}

static void report_floors(const char *question, const struct row *row,
                          unsigned rounds)
{
    for (int i = 0; i < ROW_FLOORS_MAX && row->floor[i]; i++) {
        report_against(question, row, row->floor[i], rounds, factor,
                       QUESTION_FACTOR, "x");
        if (strcmp(row->unit, "ns") == 0)
            report_against(question, row, row->floor[i], rounds, difference,
                           "over the floor", "ns");
    }
}

void round_report(const char *question, const struct row *rows, size_t count,
                  unsigned rounds)
{
    for (size_t i = 0; i < count; i++)
        if (!rows[i].is_silent)
            report_row(question, &rows[i], rounds);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].is_silent)
            report_floors(question, &rows[i], rounds);
}

json_t *round_compare(const char *question, const char *metric,
                      const struct row *row, const struct row *other,
                      unsigned rounds)
{
    struct figures figures;
    choose(&figures, row, other, rounds, factor);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = metric, .unit = "x",
        .params = json_pack("{s:s}", "of", row->metric), .rounds = rounds,
    };
    json_object_update(result.params, row->params);
    json_t *line = line_of(&result, &figures);
    json_decref(result.params);
    return line;
}
