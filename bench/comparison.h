/*
 * comparison.h - what is better or worse than in an older file of results?
 *
 * Two results differ if the ranks of their rounds do (Mann-Whitney) and the
 * interval of their ratio leaves 1 out by a margin. A result from a noisy
 * machine is not compared: it differs for reasons of its own. Where a row has
 * floors, the loop has changed only if it has against one of them too, for
 * otherwise the machine has.
 *
 * Hundreds of rows are compared at once, so that one in a hundred chances
 * comes up in any two files. What counts to somebody who is to look into each
 * row that is called slower is how many of those are worth it, and that an
 * alarm is rare when nothing has changed: both is what Benjamini and Hochberg
 * hold to 5 %. (Holm holds the chance of a single false alarm to 5 %, which
 * costs most of what a row of nine rounds could show.) The rows that decide
 * on a regression are adjusted by themselves, so that measuring more peers
 * does not make them blind.
 *
 * A line that is exact, the same however often it is measured, is compared
 * without any of that.
 */
#ifndef BENCH_COMPARISON_H
#define BENCH_COMPARISON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "statistics.h"

#define COMPARISON_CHANCE 0.05

enum outcome { CANNOT_TELL, FASTER, SLOWER };

struct comparison {
    const json_t   *a;          /* the older line                        */
    const json_t   *b;
    enum outcome    outcome;
    double          ratio;      /* of cost, b to a: above 1 is slower    */
    struct interval interval;
    double          above;      /* how likely a round of b costs more    */
    double          chance;     /* that it is chance, by itself          */
    double          adjusted;   /* for how many were compared            */
    const char     *why;        /* it cannot be told; or ""              */
    bool            is_tested;  /* it took part in what is adjusted for  */
    bool            is_own;     /* decides on a regression               */
};

struct comparisons {
    struct comparison *of;      /* in the order of the lines of b        */
    size_t count;
    size_t alone;               /* lines of b that a does not have       */
    size_t tested;              /* how many were told by their ranks     */
    size_t tested_own;          /* of which may be a regression          */
    size_t called[3];           /* how many have which outcome           */
    double expected;            /* of those faster or slower, by chance  */
};

/*
 * Compare each line with the one of the same row in an older file.
 *
 *   owns      the comparisons point into both
 */
void comparisons_open(struct comparisons *c, const json_t *a_lines,
                      const json_t *b_lines);
void comparisons_close(struct comparisons *c);

/* Did the loop itself get slower? Another loop does not count, nor does a row
 * that compares ours with one, or with a floor: it moves with either side. */
bool comparison_is_regression(const struct comparison *c);

#endif
