/*
 * run.h - one run of a scenario on real threads.
 *
 * The same scenario, the same harness and the same oracles as in the
 * simulator; the schedule is the system's, disturbed by noise. A run that
 * ends clean leaves the process as it was, and the next may follow in it. All
 * else ends the process: after a finding nothing is sure, and threads that
 * were abandoned on purpose cannot be ended. Whoever wants to go on starts
 * another process; the watchdog does.
 *
 * threads    one run at a time in a process, from its main thread
 */
#ifndef FUZZ_REAL_RUN_H
#define FUZZ_REAL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenario.h"
#include "../subject/subject.h"

/* How a run was ended, beside with a finding. */
enum run_end {
    RUN_DONE,       /* nothing is left; the process can go on                */
    RUN_LEFT,       /* threads or abandoned loops are left, and nobody owes
                       them anything                                         */
    RUN_BUDGET,     /* too many events, or too long, and no finding          */
};

struct run_limits {
    bool     expectations;      /* check returns=, expect-ran, ...           */
    uint64_t seed;              /* of the noise                              */
    uint64_t events_max;        /* 0: 100,000                                */
    uint32_t suspicion_ms;      /* how long a run must stand still before
                                   that is a finding; 0: 1,000               */
};

struct run_summary {
    enum run_end end;
    uint64_t     events;
    unsigned     threads;
};

/* Called once, when a run has a finding, on any thread: it ends the process
 * and does not return. */
typedef void run_finding_fn(enum verdict v, const char *where);

/* Prepare the process. */
void run_open(run_finding_fn *finding);

/* Execute one run; returns unless there is a finding. */
void run_scenario(const struct subject *subject, const struct scenario *s,
                  const struct run_limits *limits, struct run_summary *out);

/* ground.c */
void ground_open(void);

#endif
