/*
 * words.h - outcomes in words: the classes that are counted, and the story
 * of a record for a person.
 */
#ifndef FUZZ_FIDELITY_WORDS_H
#define FUZZ_FIDELITY_WORDS_H

#include <stdio.h>

#include "model.h"

#define WORDS_SIZE 128

/*
 * The class of a call's outcome: the call, its situation, its result, as
 * "cancel read, packet to come: marked".
 *
 *   returns   false if the event was skipped, and has no outcome
 */
bool words_of_call(const struct record_event *e, char out[WORDS_SIZE]);

/* The same for one packet of a dequeue: "packet of read on pipe reader,
 * cancelled: aborted, nothing". */
void words_of_packet(const struct record_packet *k, char out[WORDS_SIZE]);

/*
 * Print a record step by step, the step where the model parts from it marked
 * and both outcomes of it shown.
 */
void words_story(FILE *out, const struct record *r,
                 const struct model_result *result);

#endif
