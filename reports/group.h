/*
 * group.h - measurements that can be compared: of one question, metric and
 * unit, and of one case.
 *
 * A case is what was asked for: the parameters that are words, such as what
 * the loop does meanwhile, and the numbers. What rows are compared by, such
 * as the strategy or the floor, is no part of it but of a row's label; and a
 * number with three values or more is the group's sweep: rows that differ in
 * it alone are one series.
 *
 * ownership  groups_close; lines are borrowed from the results
 */
#ifndef REPORTS_GROUP_H
#define REPORTS_GROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "results.h"
#include "text.h"

struct group_row {
    const json_t *line;
    const char   *subject;
    struct text   label;        /* parameters that differ, sweep left out */
    double        value;        /* NAN when there is none                 */
    double        sweep;        /* 0 when the group has none              */
    int           series;       /* from 0, in order of first appearance   */
};

struct group {
    const char       *question;
    const char       *metric;
    const char       *unit;
    struct text       common;       /* parameters that all rows share,
                                       the platform among them            */
    const char       *sweep;        /* name of the parameter, or NULL     */
    bool              higher;       /* more is better                     */
    double            best;
    double            largest;      /* of value and high, for bars        */
    struct group_row *rows;         /* the best first; in a sweep by series,
                                       then by its value                  */
    size_t            count;
};

struct groups {
    struct group *group;        /* by words, then by numbers, as they came */
    size_t        count;
};

/* Make the groups of all measurements. */
void groups_open(struct groups *groups, const struct results *results);

void groups_close(struct groups *groups);

#endif
