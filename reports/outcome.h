/*
 * outcome.h - what a night has shown, in one word and one exit status.
 *
 * A finding outranks a fault of the suite: it is real whatever else broke,
 * and the page names the fault beside it.
 */
#ifndef REPORTS_OUTCOME_H
#define REPORTS_OUTCOME_H

#include <stddef.h>

#include "results.h"

enum outcome_word {
    OUTCOME_EMPTY,          /* nothing was run                          */
    OUTCOME_MEASURED,       /* benchmarks alone: no verdict             */
    OUTCOME_CLEAN,
    OUTCOME_UNFINISHED,     /* cut off, and clean until then            */
    OUTCOME_FAULT,          /* the suite itself failed                  */
    OUTCOME_FOUND,          /* a finding, a regression, a broken rule, or
                               a file whose verdict is not the expected
                               one                                      */
};

struct outcome {
    enum outcome_word word;
    size_t findings;        /* distinct: one per verdict and place      */
    size_t replayed;
    size_t unexpected;      /* replayed, with another verdict           */
    size_t broken;          /* rules that a platform does not hold to   */
    size_t unexplained;     /* real outcomes that the model rules out   */
    size_t regressions;     /* stages that say so by their exit status  */
    size_t faults;          /* stages that failed                       */
    size_t measured;        /* benchmark lines                          */
    double runs;            /* of the search, all strategies            */
    double seconds;         /* the night's length so far; 0 if unknown  */
    int    status;          /* exit: 0, 1, 3; 130 when interrupted      */
};

struct outcome outcome_of(const struct results *results);

/* Whether a replayed file's verdict is not the expected one. */
int outcome_is_unexpected(const json_t *replay);

/* Whether two findings are the same bug: verdict and place agree. */
int outcome_is_same(const json_t *finding, const json_t *other);

/* Append the outcome as a sentence without a full stop. */
void outcome_sentence(const struct outcome *outcome, struct text *text);

#endif
