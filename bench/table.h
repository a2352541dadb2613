/*
 * table.h - result lines as a table for people.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <jansson.h>
#include <stdio.h>

/*
 * Print the lines of one question: a table for each metric, in which each
 * row says how many times its floor it costs. Lines that only compare rows
 * with their floors are not printed again by themselves.
 */
void table_print(FILE *out, const json_t *lines);

/* The value that a share of a histogram's values does not exceed; NaN without
 * a histogram. */
double table_percentile(const json_t *histogram, double share);

#endif
