/*
 * judge.c - what was seen against what was announced.
 */
#include "conformance.h"

#include <string.h>

void observe(struct observation *o, bool as_ruled, const char *words)
{
    if (!as_ruled && !o->words)
        o->words = words;
}

void observe_eq(struct observation *o, long long expected, long long actual,
                const char *words)
{
    if (expected == actual || o->words)
        return;
    o->words = words;
    o->numbered = true;
    o->expected = expected;
    o->actual = actual;
}

void observe_way(struct observation *o, uint32_t way)
{
    o->ways |= way;
}

void observe_nothing(struct observation *o, const char *words)
{
    if (o->words)
        return;
    o->words = words;
    o->unseen = true;
}

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_HOLDS:
        return "holds";
    case OUTCOME_DIFFERS:
        return "differs";
    case OUTCOME_NOT_APPLICABLE:
        return "not-applicable";
    case OUTCOME_FAILS:
        return "fails";
    }
    return "fails";
}

static struct judgement say(enum outcome outcome, const char *words,
                            const char *more)
{
    struct judgement j = { .outcome = outcome };
    snprintf(j.words, sizeof j.words, "%s%s%s", words,
             *words && *more ? ": " : "", more);
    return j;
}

/* What nobody announced is told with its numbers, which an announcement
 * would not have. */
static struct judgement unannounced(const struct observation *o)
{
    struct judgement j = { .outcome = OUTCOME_FAILS };
    if (o->numbered)
        snprintf(j.words, sizeof j.words, "%s (%lld instead of %lld)",
                 o->words, o->actual, o->expected);
    else
        snprintf(j.words, sizeof j.words, "%s", o->words);
    return j;
}

struct judgement judge(const struct announcement *announced,
                       const struct observation *o)
{
    if (announced->what == ANNOUNCED_NOT_APPLICABLE)
        return say(OUTCOME_NOT_APPLICABLE, announced->why, "");
    if (!o)
        return say(OUTCOME_FAILS, "there is no test", "");
    if (o->unseen && announced->what == ANNOUNCED_MAY)
        return say(OUTCOME_NOT_APPLICABLE, o->words, "");
    if (!o->words && announced->what != ANNOUNCED_DIFFERS)
        return say(OUTCOME_HOLDS, "", "");
    if (!o->words)
        return say(OUTCOME_FAILS, "is announced and does not show",
                   announced->seen);
    if (o->unseen || !announced->seen ||
        strcmp(o->words, announced->seen) != 0)
        return unannounced(o);
    return say(OUTCOME_DIFFERS, o->words, announced->why);
}
