/*
 * shrink.h - the smallest scenario and the calmest schedule that still show
 * the same thing.
 *
 * What is not needed goes in the order in which it costs least to try: whole
 * sections, runs of statements, single ones; then values become smaller and
 * faults are switched off; then the exceptions of the schedule go. That is
 * repeated until nothing changes. Exceptions name a thread and its own step,
 * so most of them still mean the same when a statement elsewhere is gone;
 * for those that do not, deletions are tried again with earlier steps.
 *
 * threads    one; the caller's
 * source     delta debugging: Zeller and Hildebrandt, 2002. It departs in
 *            that only deletions are tried, not the complements
 */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

#define SHRINK_TRIES_DEFAULT 20000u

struct shrink_progress {
    const char *phase;          /* what is being tried, a fixed word       */
    uint32_t    round;          /* from 1                                  */
    uint32_t    tries;
    uint32_t    statements;     /* of the smallest so far                  */
    uint32_t    exceptions;
};

struct shrink_options {
    /* Does s, run by replaying its own schedule, end with the same verdict
     * at the same place? s is in order, as scenario_repair leaves it. */
    bool (*reproduces)(const struct scenario *s, void *context);

    /* Called for each smaller one, and when a phase begins; may be NULL. */
    void (*progress)(const struct shrink_progress *p, void *context);

    void    *context;
    uint32_t tries_max;         /* 0: SHRINK_TRIES_DEFAULT                 */
};

/*
 * Shrink a scenario in place. Name, expected verdict and comments stay, but
 * for comments on what is gone.
 *
 *   result    the last progress; may be NULL
 *   returns   true if s is the smallest that was found; false, with s as it
 *             was, if it does not reproduce to begin with
 */
bool shrink_scenario(struct scenario *s, const struct shrink_options *options,
                     struct shrink_progress *result);

#endif
