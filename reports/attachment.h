/*
 * attachment.h - the texts that belong to a finding's file.
 *
 * A scenario and its timeline are lines of the record like all else, so that
 * the page can be made where the corpus is not:
 *
 *   {"type":"attachment","path","name","text"}
 */
#ifndef REPORTS_ATTACHMENT_H
#define REPORTS_ATTACHMENT_H

#include <jansson.h>

#include "results.h"
#include "text.h"

#define ATTACHMENT_SCENARIO "scenario"
#define ATTACHMENT_TIMELINE "timeline"
#define ATTACHMENT_SIZE_MAX (64u * 1024)

/* A new line; bytes that are not UTF-8 are shown as question marks. */
json_t *attachment_line(const char *path, const char *name,
                        const struct text *content);

/* The text of a name for a path, or NULL. */
const char *attachment_text(const struct results *results, const char *path,
                            const char *name);

/*
 * Read the scenario file of a finding.
 *
 *   root     where else to look when the path is relative; may be NULL
 *   returns  a new line, or NULL when there is no such file or it is not
 *            text
 */
json_t *attachment_read(const char *path, const char *root);

#endif
