/*
 * round.h - rows that are measured side by side, round after round.
 *
 * A round measures each row of a group once, so that whatever the machine does
 * to one row it does to its floor too; the order rotates. The first round of
 * each warms up and does not count. A measurement during which others used the
 * processors is dirty: rounds are added until each row has enough clean ones or
 * the time is over, each time of the group that has had the least of its share
 * of the time so far. A row that takes much longer than the quickest of its
 * group sits out some rounds, so that most of the time is not spent on what is
 * slow anyway; so does one that is asked seldom, unless it takes no time to
 * speak of. A row with too few clean rounds reports all it has and says so.
 *
 * units      seconds; values in the row's own unit
 * ownership  rows are the caller's; what a round adds to them is released by
 *            round_close
 */
#ifndef BENCH_ROUND_H
#define BENCH_ROUND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "histogram.h"
#include "machine.h"

#define ROUNDS_MAX 64
#define ROUNDS_CLEAN_MIN 3      /* below that, dirty ones count too      */
#define ROW_FLOORS_MAX 3
#define ROUND_TAIL_METRIC ", 99th percentile"
#define ROW_FLOOR "floor "      /* how the subject of a floor begins     */

struct row {
    const char *subject;
    const char *platform;       /* NULL: linux                           */
    const char *metric;
    const char *unit;
    json_t     *params;         /* the row's reference                   */
    unsigned    group;          /* has those that are compared; they are
                                   next to each other                    */
    const struct row *floor[ROW_FLOORS_MAX];    /* of the same rounds    */
    bool        has_histogram;
    bool        has_tail;       /* of each round's histogram, the 99th
                                   percentile is a figure of its own     */
    bool        is_exact;       /* counted, not timed: one round will do */
    bool        is_seldom;      /* others of its group need more rounds  */
    unsigned    share;          /* of a group's first row: so many times
                                   the rounds and the time of one that
                                   has 1, or 0                           */
    bool        is_silent;      /* round_report leaves it out            */

    /* Measure once. Values go to h, which is empty and NULL without
     * has_histogram; the value of the round is returned, NaN if there is
     * none. */
    double    (*measure)(const struct row *row, struct histogram *h);
    const void *of;             /* for measure                           */

    /* What the rounds have brought. */
    unsigned    rounds;         /* without the first                     */
    unsigned    times;          /* that it was measured                  */
    double      took;           /* seconds of all                        */
    double      value[ROUNDS_MAX];
    double      tail[ROUNDS_MAX];       /* NaN if there were too few     */
    bool        clean[ROUNDS_MAX];
    bool        sat_out[ROUNDS_MAX];
    unsigned    clean_count;
    struct histogram quiet;     /* of clean rounds                       */
    struct histogram all;
};

struct round_options {
    unsigned rounds;            /* clean ones wanted                     */
    double   seconds;           /* begin no round that would end later   */
    unsigned most;              /* clean or not; 0: ROUNDS_MAX           */
    bool     is_warm;           /* no round is needed to warm up         */
};

/* Measure rounds: one of each group at least. */
void round_run(struct row *rows, size_t count,
               const struct round_options *options);

/*
 * Print the lines of the rows to stdout: each row's own figure, and how it
 * compares to each of its floors in the same rounds: as a factor of cost, and
 * for times as a difference.
 */
void round_report(const char *question, const struct row *rows,
                  size_t count);

/* Which of a row's figures: what its rounds have brought, or their tails? */
enum round_figure { ROUND_VALUE, ROUND_TAIL };

/* The line of a row's own figure, the caller's to release. */
json_t *round_line(const char *question, const struct row *row);

/*
 * Compare a row with another one of the same rounds that is no floor of it:
 * how many times its cost, where the value of twice the rate is half the cost.
 *
 *   metric    what the comparison is called; the metric of the row becomes the
 *             parameter "of", before those that the row has
 *   returns   the line, the caller's to release
 */
json_t *round_compare(const char *question, const char *metric,
                      const struct row *row, const struct row *other,
                      enum round_figure figure);

void round_close(struct row *rows, size_t count);

/*
 * Did others leave the machine alone between two readings?
 *
 *   returns   true if they used less than 5 % of one processor, and the host
 *             took less than 2 %, one tick of the clock in doubt
 */
bool round_is_clean(const struct load *before, const struct load *after);

#endif
