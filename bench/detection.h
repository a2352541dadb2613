/*
 * detection.h - one planted bug under one strategy, searched over and over.
 *
 * For each planted bug there is a copy of the fuzzer beside this program,
 * linked with the loop that has the bug in it. It is run until its first
 * finding, again and again with other seeds.
 */
#ifndef BENCH_DETECTION_H
#define BENCH_DETECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "../fuzz/host.h"
#include "patch.h"

#define DETECTION_TRIALS_MAX 100
#define DETECTION_INTERRUPTED 130

struct detection_options {
    uint64_t trials;
    uint64_t seed;              /* of the first; each trial has its own  */
    double   seconds;           /* of a trial, at most                   */
    char     folder[HOST_PATH]; /* where the programs are                */
    char     corpus[HOST_PATH + 32];    /* to start from; "": none       */
    char     kept[HOST_PATH];   /* where findings go                     */
};

struct detection {
    const struct patch *patch;
    const char *strategy;

    /* What the trials have brought. */
    unsigned trials;
    unsigned found;
    unsigned other;             /* of which with a verdict not declared  */
    char     got[PATCH_VERDICT_MAX];    /* the last of those             */
    double   runs[DETECTION_TRIALS_MAX];        /* of those that found   */
    double   cpu_seconds[DETECTION_TRIALS_MAX];
    const char *skipped;        /* why there were no more trials; or NULL */
    int      status;            /* 0, or the exit status this calls for  */
};

bool detection_is_built(const struct patch *patch,
                        const struct detection_options *options);

/* Run the trials; d has a patch, a strategy, and is otherwise zero. */
void detection_run(struct detection *d,
                   const struct detection_options *options);

#endif
