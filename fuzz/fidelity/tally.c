#include "tally.h"

#include <stdlib.h>
#include <string.h>

static unsigned hash(const char *words)
{
    uint32_t h = 2166136261u;
    for (; *words; words++)
        h = (h ^ (uint8_t)*words) * 16777619u;
    return h % TALLY_SLOTS;
}

/* A slot holds the number of an entry, from 1. */
static struct tally_class *find(struct tally *t, const char *words)
{
    unsigned slot = hash(words);
    for (; t->slot[slot] > 0; slot = (slot + 1) % TALLY_SLOTS) {
        struct tally_class *c = &t->entry[t->slot[slot] - 1];
        if (!strcmp(c->words, words))
            return c;
    }
    if (t->count == TALLY_CLASSES)
        return NULL;
    struct tally_class *c = &t->entry[t->count++];
    t->slot[slot] = (uint16_t)t->count;
    *c = (struct tally_class){ 0 };
    strcpy(c->words, words);
    return c;
}

static void add(struct tally *t, enum tally_side side, const char *words)
{
    struct tally_class *c = find(t, words);
    if (c != NULL)
        c->count[side]++;
}

void tally_event(struct tally *t, enum tally_side side,
                 const struct record_event *e)
{
    char words[WORDS_SIZE];
    if (!words_of_call(e, words))
        return;
    add(t, side, words);
    for (int i = 0; e->verb == STEP_DEQUEUE && i < e->result; i++) {
        words_of_packet(&e->packet[i], words);
        add(t, side, words);
    }
}

static int compare(const void *left, const void *right)
{
    const struct tally_class *a = left, *b = right;
    return strcmp(a->words, b->words);
}

void tally_sort(struct tally *t)
{
    memset(t->slot, 0, sizeof t->slot);
    qsort(t->entry, t->count, sizeof t->entry[0], compare);
    for (unsigned i = 0; i < t->count; i++) {
        unsigned slot = hash(t->entry[i].words);
        while (t->slot[slot] > 0)
            slot = (slot + 1) % TALLY_SLOTS;
        t->slot[slot] = (uint16_t)(i + 1);
    }
}

unsigned tally_shown(const struct tally *t, enum tally_side side)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t->count; i++)
        count += t->entry[i].count[side] > 0;
    return count;
}

unsigned tally_never(const struct tally *t)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t->count; i++)
        count += t->entry[i].count[TALLY_REAL] == 0;
    return count;
}
