/*
 * sequence_test.c - bytes are sequences, and sequences are bytes.
 */
#include "sequence.h"

#include <string.h>

#include "../../loop/test.h"
#include "../sched/sched.h"

static void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sched_random(&seed);
}

/* Guards against a field that the byte form forgets. */
static void a_sequence_survives_being_bytes(void)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct sequence made, again;
        uint8_t bytes[SEQUENCE_SIZE];
        sequence_generate(&made, seed, seed % 2);
        size_t size = sequence_encode(&made, bytes);
        sequence_decode(&again, bytes, size);
        CHECK_EQ(made.count * STEP_SIZE, size);
        CHECK_EQ(made.count, again.count);
        CHECK_EQ(0, memcmp(made.step, again.step,
                           made.count * sizeof made.step[0]));
    }
}

/* Any bytes decode to steps that are in range, also those of a prefix; the
 * steps of a prefix are the first of the whole. */
static void every_prefix_of_any_bytes_is_a_sequence(void)
{
    uint8_t bytes[SEQUENCE_SIZE + 9];
    struct sequence whole, part;
    fill(bytes, sizeof bytes, 7);
    sequence_decode(&whole, bytes, sizeof bytes);
    CHECK_EQ(SEQUENCE_STEPS, whole.count);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        sequence_decode(&part, bytes, size);
        size_t count = size / STEP_SIZE;
        CHECK_EQ(count < SEQUENCE_STEPS ? count : SEQUENCE_STEPS,
                 part.count);
        for (unsigned i = 0; i < part.count; i++) {
            CHECK(part.step[i].verb < STEP_VERBS);
            CHECK_EQ(0, memcmp(&part.step[i], &whole.step[i],
                               sizeof part.step[i]));
        }
    }
}

/* Both sides of a comparison make the sequence from its seed. */
static void equal_seeds_make_equal_sequences(void)
{
    struct sequence one, other;
    unsigned same = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        sequence_generate(&one, seed, true);
        sequence_generate(&other, seed, true);
        CHECK_EQ(0, memcmp(&one, &other, sizeof one));
        sequence_generate(&other, seed + 1, true);
        same += memcmp(&one, &other, sizeof one) == 0;
    }
    CHECK_EQ(0, same);
}

/* A call that no sequence makes is compared with nothing. */
static void every_call_is_made_by_some_sequence(void)
{
    unsigned times[STEP_VERBS] = { 0 };
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct sequence s;
        sequence_generate(&s, seed, true);
        for (unsigned i = 0; i < s.count; i++)
            times[s.step[i].verb]++;
    }
    for (unsigned verb = 0; verb < STEP_VERBS; verb++)
        CHECK(times[verb] > 10);
}

int main(void)
{
    RUN(a_sequence_survives_being_bytes);
    RUN(every_prefix_of_any_bytes_is_a_sequence);
    RUN(equal_seeds_make_equal_sequences);
    RUN(every_call_is_made_by_some_sequence);
    return test_result(4);
}
