/*
 * tally.h - how often each class of outcomes was seen, on a real port and in
 * the model.
 */
#ifndef FUZZ_FIDELITY_TALLY_H
#define FUZZ_FIDELITY_TALLY_H

#include "words.h"

#define TALLY_CLASSES 1024
#define TALLY_SLOTS 4096

enum tally_side { TALLY_REAL, TALLY_MODEL, TALLY_SIDES };

struct tally_class {
    char     words[WORDS_SIZE];
    uint64_t count[TALLY_SIDES];
};

struct tally {
    unsigned           count;
    uint16_t           slot[TALLY_SLOTS];
    struct tally_class entry[TALLY_CLASSES];
};

/* Count an event's outcomes, whose situation is filled in. */
void tally_event(struct tally *t, enum tally_side side,
                 const struct record_event *e);

/* Put the classes in the order of their words. */
void tally_sort(struct tally *t);

/* How many classes one side has shown, and of the model's how many the real
 * port never did. */
unsigned tally_shown(const struct tally *t, enum tally_side side);
unsigned tally_never(const struct tally *t);

#endif
