/*
 * stage.h - one program of a night, from its first line to its end.
 *
 * A stage is told by two lines of the record: one when it starts, which is
 * all that is left of it when the machine dies, and one that says how it
 * ended:
 *
 *   done         it ran to its end; "status" 1 says that it found something
 *   cut          its time was over; what it printed is kept
 *   skipped      there is nothing to run
 *   failed       the suite's own fault; "why" names it
 *   interrupted  a person or a supervisor ended the night
 */
#ifndef REPORTS_STAGE_H
#define REPORTS_STAGE_H

#include "night.h"

struct stage {
    const char        *name;            /* also of its log file           */
    const char *const *argv;
    double             seconds_max;     /* then it is asked to end        */
    double             seconds_shown;   /* for people; 0: no limit shown  */
    bool               must_end;        /* to be cut is a fault           */
    bool               optional;        /* status 2, which is a command it
                                           does not know, is no fault     */
};

/* Run a stage; returns 0, or an errno when the record refuses. */
int stage_run(struct night *night, const struct stage *stage);

/* Record that a stage is not run. */
int stage_skip(struct night *night, const char *name, const char *why);

/* Record a stage that needs no program. */
int stage_done(struct night *night, const char *name, double seconds);

/* Record that a stage cannot be run. */
int stage_fail(struct night *night, const char *name, const char *why);

#endif
