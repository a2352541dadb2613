/*
 * comparison.h - is a result better or worse than an older one?
 *
 * Two results differ if the ranks of their rounds do (Mann-Whitney) and the
 * interval of their ratio leaves 1 out by a margin. A result from a noisy
 * machine is not compared: it differs for reasons of its own. Where a row has
 * floors, the loop has changed only if it has against one of them too, for
 * otherwise the machine has.
 */
#ifndef BENCH_COMPARISON_H
#define BENCH_COMPARISON_H

#include <jansson.h>
#include <stdbool.h>

#include "statistics.h"

enum outcome { CANNOT_TELL, FASTER, SLOWER };

struct comparison {
    const json_t   *a;          /* the older line                        */
    const json_t   *b;
    enum outcome    outcome;
    double          ratio;      /* of cost, b to a: above 1 is slower    */
    struct interval interval;
    double          chance;     /* that it is chance                     */
    const char     *why;        /* it cannot be told; or ""              */
};

/*
 * Compare a line with the one of the same row in an older file.
 *
 *   line      one of b_lines
 *   returns   false if the older file has no such row
 *   owns      the comparison points into both files
 */
bool comparison_make(struct comparison *c, const json_t *line,
                     const json_t *a_lines, const json_t *b_lines);

/* Did the loop itself get slower? A floor does not count, nor does a row that
 * is a comparison with one: it moves with either side of it. */
bool comparison_is_regression(const struct comparison *c);

#endif
