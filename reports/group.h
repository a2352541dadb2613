/*
 * group.h - measurements that can be compared: one question, metric and unit.
 *
 * Parameters that all rows of a group share are told once; the others make
 * up a row's label. When one of those is a number with three values or more,
 * it is the group's sweep: rows that differ in it alone are one series.
 *
 * ownership  group_free; lines are borrowed from the results
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
    struct text       common;       /* parameters that all rows share     */
    const char       *sweep;        /* name of the parameter, or NULL     */
    bool              higher;       /* more is better                     */
    double            best;
    double            largest;      /* of value and high, for bars        */
    struct group_row *rows;         /* the best first; in a sweep by series,
                                       then by its value                  */
    size_t            count;
};

/*
 * Make the next group.
 *
 *   first    in: the index of a benchmark line to begin from; out: where to
 *            go on
 *   returns  false when there is none left
 */
bool group_next(struct group *group, const struct results *results,
                size_t *first);

void group_free(struct group *group);

#endif
