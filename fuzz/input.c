#include "input.h"

#include <string.h>

#define RECORD 8

void input_decode(struct scenario *out, struct input *in,
                  const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    if (size > INPUT_MAX)
        size = INPUT_MAX;
    while (at < size && bytes[at] != SCENARIO_END)
        at += RECORD;
    if (at > size)
        at = size;
    scenario_from_bytes(out, bytes, at);
    at = at + RECORD < size ? at + RECORD : size;
    in->schedule = bytes + at;
    in->schedule_size = size - at;
}

size_t input_encode(const struct scenario *s, const uint8_t *schedule,
                    size_t schedule_size, uint8_t *out, size_t cap)
{
    size_t size = scenario_to_bytes(s, out, cap);

    /* Without the end record, what follows would be read as statements. */
    if (size < RECORD || out[size - RECORD] != SCENARIO_END)
        return size;

    /* Choices are read from the back: what must go, goes from the front. */
    if (schedule_size > cap - size) {
        schedule += schedule_size - (cap - size);
        schedule_size = cap - size;
    }
    memmove(out + size, schedule, schedule_size);
    return size + schedule_size;
}
