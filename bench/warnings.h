/*
 * warnings.h - what makes a figure doubtful, and what to do about it.
 *
 * Each line gets an array of the nouns below under "warnings", if there are
 * any; for people each is said once at the end of a question, with how many
 * figures it is about.
 *
 *   outliers       a round far off the others, by ten times their spread
 *   first round    and it is the first, and slower
 *   clock          less than ten readings of the clock
 *   dirty rounds   others used the machine in some, which were left out
 *   noisy          in so many that they were not
 *   out of range   a histogram has values above its highest
 *   governor       the processor changes its frequency with its load
 *   turbo          or with its temperature
 *
 * threads    one question at a time
 * source     hyperfine, its warnings and modified Z-score: distance from the
 *            median over the median distance, above 14.826
 */
#ifndef BENCH_WARNINGS_H
#define BENCH_WARNINGS_H

#include <jansson.h>
#include <stdio.h>

#include "machine.h"

/* Begin a question. */
void warnings_begin(void);

/* Look at a line, and add to it. The lines of the calibration tell about the
 * clock, and carry what is wrong with the machine. */
void warnings_take(json_t *line);

/*
 * Say what there was, once each.
 *
 *   before, after   the load around the question
 */
void warnings_print(FILE *out, const struct load *before,
                    const struct load *after);

#endif
