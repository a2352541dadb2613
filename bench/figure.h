/*
 * figure.h - a figure as people read it: three digits and a scale.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#define FIGURE_MAX 64

/*
 * Write a value with its unit; both are scaled: 26400 ns is 26.4 us, and
 * 131000000 posts/s is 131 M posts/s.
 *
 *   unit      ns and s are times; any other keeps its name
 *   returns   out
 */
const char *figure(char out[FIGURE_MAX], double value, const char *unit);

/* The same without the unit's name: 131 M, 26.4 us. */
const char *figure_short(char out[FIGURE_MAX], double value,
                         const char *unit);

#endif
