/*
 * night.h - a night's work while it goes on: where its results go, and what
 * they are so far.
 *
 * A line takes one way through here, in this order: to standard output, if a
 * person or a program is to see it at once; to the record; to the results in
 * memory, of which the page is made. So a finding is out before a disk can
 * refuse it.
 *
 * ownership  night_close
 */
#ifndef REPORTS_NIGHT_H
#define REPORTS_NIGHT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "progress.h"
#include "record.h"
#include "results.h"
#include "text.h"

struct night {
    FILE           *output;         /* findings, or with json all lines     */
    bool            json;
    struct text     folder;         /* of the results                       */
    double          start;          /* host_seconds                         */
    struct record   record;
    int             record_error;   /* 0 until the record refused a line    */
    struct results  results;
    struct progress progress;
};

/*
 * Begin.
 *
 *   folder   made if it is not there; a record in it is put aside
 *   returns  0, or an errno after a message on standard error; then there is
 *            nothing to close
 */
int night_open(struct night *night, const char *folder, FILE *output,
               bool json);

/* Seconds since night_open. */
double night_seconds(const struct night *night);

/*
 * Take one result; "at" is added to it, seconds since the beginning.
 *
 *   line     the caller's reference is used up
 *   returns  0, or an errno when the record refuses; the first time it says
 *            so on standard error
 */
int night_add(struct night *night, json_t *line);

/* Write the page; returns 0, or an errno after a message. */
int night_write_page(struct night *night);

/* Append the path of a file in the folder. */
void night_path(const struct night *night, const char *name,
                struct text *path);

void night_close(struct night *night);

#endif
