/*
 * port_answer.h - what a program that measures a port tells its parent.
 *
 * Lines of a word and numbers on its stdout:
 *
 *   engine NAME            what drove the port: see engine.h
 *   value NUMBER           the figure
 *   seen VALUE COUNT       one for each slot of its histogram
 *
 * ownership  the histogram is the caller's
 * threads    one at a time
 */
#ifndef BENCH_PORT_ANSWER_H
#define BENCH_PORT_ANSWER_H

#include <stdio.h>

#include "engine.h"
#include "histogram.h"

struct port_answer {
    char              engine[ENGINE_NAME_MAX];
    double            value;
    struct histogram *seen;     /* or NULL                               */
};

/* An answer to which nothing was said: no engine, and NaN. */
void port_answer_open(struct port_answer *a, struct histogram *seen);

/* Write the lines. A value that is NaN is not written. */
void port_answer_print(const struct port_answer *a, FILE *out);

/*
 * Take one line; what is no such line changes nothing.
 *
 *   answer    struct port_answer
 */
void port_answer_take(void *answer, const char *line);

#endif
