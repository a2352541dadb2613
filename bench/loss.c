/*
 * loss.c - see loss.h.
 */
#include "loss.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *word;
    const char *name;
    const char *unit;
} kinds[LOSS_KINDS] = {
    { "not-run", "never run", "items" },
    { "untold", "never told", "items" },
    { "bytes", "never arrived", "B" },
    { "descriptors", "left open", "descriptors" },
    { "threads", "left alive", "threads" },
    { "memory", "left in memory", "B" },
};

void loss_open(struct ending *e)
{
    *e = (struct ending){ .took = NAN };
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        e->lost[kind] = NAN;
}

void loss_print(enum loss_kind kind, long long number, FILE *out)
{
    fprintf(out, "lost %s %lld\n", kinds[kind].word, number);
}

static void take_loss(struct ending *e, const char *word, double number)
{
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        if (strcmp(word, kinds[kind].word) == 0)
            e->lost[kind] = number;
}

void loss_take(void *ending, const char *line)
{
    struct ending *e = ending;
    char word[LOSS_WORD];
    double number;
    if (sscanf(line, "engine %31s", word) == 1)
        memcpy(e->engine, word, sizeof word);
    else if (sscanf(line, "took %lf", &number) == 1)
        e->took = number;
    else if (sscanf(line, "lost %31s %lf", word, &number) == 2)
        take_loss(e, word, number);
}

const char *loss_name(enum loss_kind kind)
{
    return kinds[kind].name;
}

const char *loss_unit(enum loss_kind kind)
{
    return kinds[kind].unit;
}
