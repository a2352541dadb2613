/*
 * export.h - the histograms of result lines as files for HdrHistogram's tools.
 *
 * threads    one export at a time
 */
#ifndef BENCH_EXPORT_H
#define BENCH_EXPORT_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Begin to export into a folder: one .hgrm a row, and latencies.hlog with all
 * of them, tagged. Values of .hgrm are microseconds.
 *
 *   folder    is made if it is not there
 *   returns   false, and says why on stderr
 */
bool export_open(const char *folder);

/* Export a line that has a histogram; another changes nothing. */
void export_line(const json_t *line);

/* Returns false if something could not be written, and says so. */
bool export_close(void);

#endif
