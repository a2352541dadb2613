/*
 * explain.h - one run as a person can read it: who did what when, what waits
 * for what at the end, and which line of the contract broke.
 *
 * Two forms of the same content: text for a terminal or a bug report, and
 * one HTML file that needs nothing else. Both collapse what seldom matters:
 * locks that nobody had to wait for, atomics, a call that returned before
 * anything else happened.
 *
 * A row is marked as a preemption when the thread that ran before it could
 * have gone on. The trace does not say so in words: it is inferred from what
 * that thread did before and after, so a thread that merely pauses in a spin
 * is marked too.
 *
 * ownership  everything in struct explain is borrowed for the call
 * errors     none; what is missing from the trace is left out
 */
#ifndef FUZZ_EXPLAIN_H
#define FUZZ_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scenario.h"
#include "sim/sim.h"
#include "trace.h"
#include "verdict.h"

struct explain {
    const struct scenario        *scenario;     /* names; NULL: numbers only */
    const struct trace_event     *events;
    size_t                        count;
    uint64_t                      dropped;      /* as from trace_events      */
    const struct ground_thread_info *threads;   /* at the end of the run     */
    unsigned                      thread_count;
    enum verdict                  verdict;
    const char                   *where;        /* as sim_where; may be NULL */
    const char                   *frames;       /* as sim_frames; or NULL    */
    const char                   *command;      /* runs it again; or NULL    */
    unsigned                      width;        /* of the text; 0: 120       */
    size_t                        rows_max;     /* the last ones; 0: all     */

    /*
     * Name the object of an event, such as the callback behind an instance
     * number; NULL, or a result of NULL, leaves the number. The result is
     * good until the next call.
     */
    const char *(*label)(const struct trace_event *e);
};

/* Write the text form, at most width columns wide; at least 60 are used. */
void explain_text(FILE *out, const struct explain *x);

/* Write the HTML form: one file, light and dark, no network. */
void explain_html(FILE *out, const struct explain *x);

/* What a verdict breaks. */
struct explain_contract {
    unsigned    number;     /* in loop/loop.h; 0: no numbered line          */
    const char *sentence;   /* never NULL                                   */
};

struct explain_contract explain_contract(enum verdict v);

#endif
