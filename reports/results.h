/*
 * results.h - the lines of one or more result files, sorted by what they are.
 *
 * A line tells its kind by its fields, not by the tool that wrote it, so that
 * the record of a night, the output of one benchmark and a mixture of both
 * are read the same way. Lines that a night adds itself have a "type":
 *
 *   nightly   {"type","started","machine","revision","seed","minutes"}
 *   stage     {"type","stage","state","why","command","status","seconds"}
 *   doctor    {"type","name","state","value","advice"}
 *   end       {"type","status","seconds","interrupted"}
 *   attachment, see attachment.h
 *
 * A fuzz line has the types progress, finding and summary, and says on which
 * platform, sim when it does not; a replayed file has "path" and "verdict"; a
 * measurement has "question", and one of the question mutants or detection
 * tells of planted bugs. What the platforms are held to are
 *
 *   conformance          {"type","rule","statement","platform","outcome",
 *                        "words"}, with the outcomes holds, differs,
 *                        not-applicable and fails
 *   conformance-summary  {"type","platform","holds","differs",
 *                        "not_applicable","fails"}
 *   fidelity             {"type","platform","sequences","outcomes",
 *                        "unexplained","undecided","classes","never_shown",
 *                        "seconds"}
 *
 * ownership  results_free; all JSON values are borrowed from the results
 * errors     a line that is not an object is counted, never dropped silently
 */
#ifndef REPORTS_RESULTS_H
#define REPORTS_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum result_kind {
    RESULT_NIGHTLY,
    RESULT_STAGE,
    RESULT_DOCTOR,
    RESULT_END,
    RESULT_FINDING,
    RESULT_PROGRESS,
    RESULT_SUMMARY,
    RESULT_ATTACHMENT,
    RESULT_REPLAY,
    RESULT_MUTANT,
    RESULT_BENCH,
    RESULT_CONFORMANCE,
    RESULT_CONFORMANCE_SUMMARY,
    RESULT_FIDELITY,
    RESULT_OTHER,       /* an object of a later version: kept, not shown */
    RESULT_KINDS,
};

struct results {
    json_t *lines[RESULT_KINDS];    /* arrays of objects, in file order    */
    size_t  unreadable;             /* lines that are no JSON object       */
    bool    torn;                   /* the last line has no end: the writer
                                       was killed                          */
};

/* Begin with nothing; results_free ends. */
void results_open(struct results *results);

/* What a line is. */
enum result_kind result_kind(const json_t *line);

/* Take one parsed line; the results share it. */
void results_add(struct results *results, json_t *line);

/* Read lines out of a text; a torn one at its end is told apart. */
void results_read(struct results *results, const struct text *content);

/* How many lines there are of a kind, and the i-th of them. */
size_t  results_count(const struct results *results, enum result_kind kind);
json_t *results_line(const struct results *results, enum result_kind kind,
                     size_t i);

/* The latest line of a kind, or NULL. */
json_t *results_last(const struct results *results, enum result_kind kind);

/* The latest line of a stage, or NULL. */
json_t *results_stage(const struct results *results, const char *stage);

void results_free(struct results *results);

/*
 * A field of a line, whatever is in it: the string, or the fallback if there
 * is none or it is of another type.
 */
const char *result_string(const json_t *line, const char *key,
                          const char *fallback);
double result_number(const json_t *line, const char *key, double fallback);

/* Where a line of the search is from: its platform, or "sim". */
const char *result_platform(const json_t *line);

/* Whether the field is there and says no; a missing field says nothing. */
bool result_denies(const json_t *line, const char *key);

#endif
