/*
 * answer.h - what a program that measures a peer tells its parent.
 *
 * Lines of a word and numbers on its stdout:
 *
 *   engine NAME            what waited for the kernel: see peers/peer_loop.h
 *   version TEXT           which release was measured
 *   value NUMBER           the figure
 *   seen VALUE COUNT       one for each slot of its histogram
 *   beyond COUNT           how many of these are above its highest
 *
 * ownership  the histogram is the caller's
 * threads    one at a time
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdio.h>

#include "histogram.h"

#define ANSWER_WORD 32

/* The highest time that its histogram tells apart: 100 s, in nanoseconds. */
#define ANSWER_HIGHEST UINT64_C(100000000000)

struct answer {
    char              engine[ANSWER_WORD];
    char              version[ANSWER_WORD];
    double            value;
    struct histogram *seen;     /* or NULL                               */
};

/* An answer to which nothing was said: no engine, and NaN. */
void answer_open(struct answer *a, struct histogram *seen);

/* Write the lines. A value that is NaN is not written. */
void answer_print(const struct answer *a, FILE *out);

/*
 * Take one line; what is no such line changes nothing.
 *
 *   answer    struct answer
 */
void answer_take(void *answer, const char *line);

#endif
