/*
 * source.h - which scenario comes next on real threads.
 *
 * A number names a scenario: the same seed, number and written scenarios give
 * the same one in every process, so that a process that has died, or hangs,
 * leaves nothing behind that has to be rescued but a number.
 */
#ifndef FUZZ_REAL_SOURCE_H
#define FUZZ_REAL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenario.h"

#define SOURCE_WRITTEN_MAX 512

/* Add a scenario that a person wrote; false if there are too many, or if it
 * is there to show another verdict than clean. */
bool source_add(const struct scenario *s);

/*
 * The scenario of a number: a written one, one bred from them, or a new one.
 *
 *   as_written    it is one that a person wrote; may be NULL
 */
void source_scenario(struct scenario *out, uint64_t seed, uint64_t number,
                     bool *as_written);

/* The seed of a number's noise. */
uint64_t source_noise(uint64_t seed, uint64_t number);

#endif
