/*
 * runner.h - one run: a scenario, on a subject, under a strategy.
 *
 * The runner is the interpreter of statements. Threads, callbacks, task
 * steps and jobs each execute their body through the subject seam; every
 * call and callback is told to the trace and to the oracle. A scenario may
 * leave a loop running for ever: when nothing can run and nothing is owed,
 * the runner raises every event, lets every peer close and stops every run,
 * so that each run is also a test of a stop from outside. When the last
 * thread has ended, it shuts down and destroys the loops that are open, and
 * the oracle looks at what is left.
 *
 * threads    one run at a time in a process
 */
#ifndef FUZZ_RUNNER_H
#define FUZZ_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"
#include "sim/sim.h"
#include "subject/subject.h"
#include "trace.h"

struct run_options {
    bool     expectations;  /* check returns=, expect-ran, expect-pending   */
    uint64_t seed;          /* what the strategy's run begins with          */
    uint32_t decisions_max; /* before the fair phase, and in it; 0: 20,000  */
    uint32_t objects_max;   /* of one kind that a run makes; 0: 64, the most.
                               What asks for more is skipped                */
};

struct run_result {
    enum verdict verdict;
    bool         budget;    /* too many decisions, and no finding           */
    uint32_t     decisions;
    uint64_t     trace_hash;
    char         where[160];
    char         frames[256];
};

/*
 * Execute one run.
 *
 *   s         borrowed until this returns
 *   out       filled in
 */
void runner_run(const struct subject *subject, const struct scenario *s,
                struct sched *sched, const struct run_options *options,
                struct run_result *out);

/* As above, under the scenario's own schedule exceptions. */
void runner_replay(const struct subject *subject, const struct scenario *s,
                   const struct run_options *options, struct run_result *out);

/* Name the object of a trace event of the last run: a fixed string or one
 * that is good until the fourth call after this one; NULL if it has none. */
const char *runner_label(const struct trace_event *event);

/* A number that changes when the contract's state does, in buckets: for
 * search strategies that look for new behaviour. Good after a run. */
uint64_t runner_behaviour(void);

#endif
