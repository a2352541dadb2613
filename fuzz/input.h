/*
 * input.h - a libFuzzer input: bare statements from the front, up to a
 * record whose first byte is SCENARIO_END; the schedule after it, read from
 * the back by sched_guided. So an edit on one side does not shift the other,
 * and every prefix is valid.
 *
 * A file of this kind is told from a scenario by what it is not: it has
 * neither the magic of the binary form nor text.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "scenario.h"

#define INPUT_MAX 8192      /* bytes; more is cut off                       */

struct input {
    const uint8_t *schedule;
    size_t         schedule_size;
};

/* Read an input; *in points into bytes. Never fails. */
void input_decode(struct scenario *out, struct input *in,
                  const uint8_t *bytes, size_t size);

/* Write a scenario and a schedule's bytes; returns the size, at most cap. */
size_t input_encode(const struct scenario *s, const uint8_t *schedule,
                    size_t schedule_size, uint8_t *out, size_t cap);

#endif
