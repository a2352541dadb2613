/*
 * result.h - one measured figure as one line of JSON.
 *
 * {"question","subject","platform","params":{},"metric","unit","value","low",
 *  "high","n","clean","machine","revision"} and, where there are any,
 * "samples" (the value of each round that counts), "rounds" (how many there
 * were, with those that do not count), "histogram" ([[value,count],...]) with
 * "beyond" (values out of its range), "note" (how the figure must not be
 * taken), "warnings" (nouns of warnings.h), "exact" (true: it is the same
 * however often it is measured), or "skipped" (why there is no value, which
 * is then null).
 *
 * A unit that ends in /s is better when it is higher, any other when it is
 * lower.
 *
 * ownership  lines are new references, the caller's to release
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "histogram.h"

#define RESULT_WHY 256

struct result {
    const char *question;
    const char *subject;
    const char *platform;       /* NULL: linux                           */
    const char *metric;
    const char *unit;
    json_t     *params;         /* shared; NULL is an empty object       */
    const double *samples;      /* one or more, unless skipped           */
    size_t      samples_count;
    unsigned    rounds;         /* 0: as many as samples                 */
    bool        clean;
    const struct histogram *histogram;  /* or NULL                       */
    const char *skipped;        /* or NULL                               */
};

/* What runs under Wine, and the note that every line of it carries. */
#define RESULT_WINE "win32 under Wine"
#define RESULT_WINE_NOTE \
    "under Wine, to show that it works there: no performance claim"

/* Make the line of a result: value is the median of the samples, low and
 * high the bootstrap interval of it. */
json_t *result_line(const struct result *r);

/* The part of a line that every tool of this room gives: question, subject,
 * platform, params, metric, unit, machine, revision, and the note of what
 * runs under Wine. */
json_t *result_begin(const struct result *r);

/* Write a line, followed by a newline, at once. */
void result_print(const json_t *line, FILE *out);

/*
 * Read the lines of a file that have a question.
 *
 *   returns   an array, or NULL with a sentence in why
 */
json_t *result_read(const char *path, char why[RESULT_WHY]);

/* Has the line every parameter of the row, with the same value? */
bool result_has_params(const json_t *line, const json_t *row);

/* A field of a line, or what to take if it is not there or not of that kind. */
const char *result_word(const json_t *line, const char *key,
                        const char *otherwise);
double result_number(const json_t *line, const char *key, double otherwise);

/*
 * The samples of a line.
 *
 *   out       STATISTICS_SAMPLES_MAX slots
 *   returns   how many there are; a line without samples has its value
 */
size_t result_samples(const json_t *line, double *out);

/* Is more of this unit better? */
bool result_is_rate(const char *unit);

/*
 * What the line is of, apart from its figures, as text: two lines with the
 * same text can be compared. The caller frees it.
 */
char *result_key(const json_t *line);

#endif
