/*
 * question.h - what is measured: one question a file.
 *
 * A question runs in a process of its own, since what it measures may hang,
 * crash, or leave threads behind. It prints result lines to its stdout, which
 * its parent reads, and says with question_say what it is at, so that a
 * parent that has to end it can tell what it hung in.
 */
#ifndef BENCH_QUESTION_H
#define BENCH_QUESTION_H

#include <stdbool.h>

#include "result.h"

#define QUESTION_PATH 1024
#define QUESTION_FACTOR "times the floor"
#define QUESTION_LOSS "lost, "  /* how a metric begins that is a loss of the
                                   row with the same parameters            */
#define CALIBRATION_READ "clock, one reading"
#define CALIBRATION_STEP "clock, least step"

struct question_limits {
    bool   quick;
    bool   peers;               /* other loops as well                   */
    double seconds;             /* to spend                              */
    bool   wine;                /* programs for Windows instead of others */
    char   no_wine[RESULT_WHY]; /* why they cannot be asked; empty: they can */
    char   folder[QUESTION_PATH];   /* where the programs of the suite are */
    char   root[QUESTION_PATH]; /* of the source                         */
    char   scratch[QUESTION_PATH];  /* a folder for files that are not kept,
                                   removed by the parent: a question that is
                                   ended cannot do it                    */
};

struct question {
    const char *name;
    const char *asks;           /* a sentence                            */
    double      seconds_quick;
    double      seconds_full;
    bool        has_wine;               /* it has programs for Windows   */

    /* Print the lines; the exit status of the process: 0, or 1 if something
     * that was measured hung or crashed, of which a line tells. */
    int (*run)(const struct question_limits *limits);
};

extern const struct question question_calibration;
extern const struct question question_post_throughput;
extern const struct question question_post_latency;
extern const struct question question_stop_latency;
extern const struct question question_start_up;
extern const struct question question_timer_cost;
extern const struct question question_op_throughput;
extern const struct question question_task_cost;
extern const struct question question_job_cost;
extern const struct question question_close_cost;
extern const struct question question_shutdown_strategies;
extern const struct question question_memory;
extern const struct question question_process_exit;
extern const struct question question_simulator_runs;
extern const struct question question_ports;
extern const struct question question_idle;
extern const struct question question_instructions;
extern const struct question question_self_check;

/* Say what is being done, for progress and for a watchdog. */
void question_say(const char *format, ...);

/* Print one line that says why there is nothing to say, on Linux or under
 * Wine. Returns 0. */
int question_skip(const struct question *q, const char *subject,
                  const char *metric, const char *unit, const char *why);
int question_skip_wine(const struct question *q, const char *why);

/* The line by which question_say reaches the parent begins with this. */
#define QUESTION_SAYS "# "

#endif
