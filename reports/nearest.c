/*
 * nearest.c - see nearest.h.
 */
#include "nearest.h"

#include <string.h>

#define WORD_MAX 31

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

static unsigned distance(const char *from, const char *to)
{
    unsigned row[WORD_MAX + 1];
    size_t size = strlen(to);
    for (size_t i = 0; i <= size; i++)
        row[i] = (unsigned)i;

    for (size_t i = 0; from[i]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < size; k++) {
            unsigned change = corner + (from[i] != to[k]);
            corner = row[k + 1];
            row[k + 1] = smallest(change, row[k] + 1, row[k + 1] + 1);
        }
    }
    return row[size];
}

const char *nearest(const char *written, const char *const *words,
                    size_t count)
{
    const char *best = NULL;
    unsigned    edits = 0;

    if (strlen(written) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        unsigned d = distance(written, words[i]);
        if (!best || d < edits) {
            best = words[i];
            edits = d;
        }
    }

    /* Past a third of the letters it is another word, not a slip. */
    return best && edits <= 1 + strlen(best) / 3 ? best : NULL;
}
