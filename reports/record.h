/*
 * record.h - results as JSON Lines, appended as they arrive.
 *
 * Each line is written with one call, so that a program killed at any moment
 * leaves whole lines and at most one torn one at the end. A line that must
 * not be lost with the machine is forced to the disk before record_add
 * returns.
 *
 * ownership  record_close
 * threads    one
 * errors     0, or an errno
 */
#ifndef REPORTS_RECORD_H
#define REPORTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct record {
    int file;
};

/* Begin to append to a file; it is made if it is not there. */
int record_open(struct record *record, const char *path);

/*
 * Append one line.
 *
 *   line  size bytes without a newline
 *   keep  return only when the disk has it
 */
int record_add(struct record *record, const char *line, size_t size,
               bool keep);

/* Force all lines to the disk and end; also after an error. */
int record_close(struct record *record);

#endif
