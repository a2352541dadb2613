/*
 * finding.h - a run that ended badly, made small, kept once per bucket.
 *
 * A bucket is a verdict and where. A finding is first replayed from its
 * recorded schedule; one that does not come again is the suite's own fault
 * and is reported as such. Then it is shrunk, written to its folder, and
 * only then told to anyone, so that what was told is never lost.
 */
#ifndef FUZZ_FINDING_H
#define FUZZ_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"
#include "runner.h"

#define FINDINGS_MAX 256

struct finding {
    enum verdict verdict;
    char         where[160];
    char         frames[256];
    char         path[HOST_PATH];   /* "" if it could not be written         */
    uint64_t     times;             /* how often the bucket was hit          */
};

struct findings {
    const struct subject *subject;
    const char           *folder;   /* where files go                        */
    size_t                count;
    struct finding        list[FINDINGS_MAX];
    char                  why[HOST_WHY];    /* of the last file not written  */
    char                 *unsaved;          /* and its text; else NULL       */
};

/*
 * Take note of a run that was recorded (sched_record) and ended with a
 * verdict.
 *
 *   s         the scenario of the run; its own schedule is ignored
 *   options   as for the run
 *   shrinking called now and then with the tries so far; may be NULL
 *   returns   the finding if its bucket is new, else NULL
 */
struct finding *finding_note(struct findings *f, const struct scenario *s,
                             const struct run_options *options,
                             const struct run_result *result,
                             void (*shrinking)(unsigned tries));

/*
 * Make a scenario with its schedule as small as can be, verdict and where
 * kept.
 *
 *   s         in: reproduces; out: smaller, reproduces
 */
void finding_shrink(const struct subject *subject, struct scenario *s,
                    const struct run_options *options,
                    const struct run_result *expected,
                    void (*shrinking)(unsigned tries));

#endif
