/*
 * rule.c - the table of rules, and what an observation means for one.
 */
#include "conformance.h"

#include <stddef.h>
#include <string.h>

static const struct rule_group *const groups[] = {
    &rules_port,  &rules_wait,   &rules_op,   &rules_cancel,
    &rules_close, &rules_device, &rules_time, &rules_end,
};

#define GROUPS (sizeof groups / sizeof groups[0])

const struct rule *rule_at(unsigned index)
{
    for (size_t i = 0; i < GROUPS; i++) {
        if (index < groups[i]->count)
            return &groups[i]->rule[index];
        index -= groups[i]->count;
    }
    return NULL;
}

const struct rule *rule_find(const char *id)
{
    const struct rule *r;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        if (!strcmp(r->id, id))
            return r;
    return NULL;
}

bool rule_applies(const struct rule *r, enum column column)
{
    return r->announced[column].what != ANNOUNCED_NOT_APPLICABLE &&
           (r->test || native_find(r->id));
}

/* Neither part hides what the other has seen. */
static void merge(struct observation *o, const struct observation *native)
{
    static char both[2 * WORDS_SIZE];
    uint32_t ways = o->ways | native->ways;
    if (!o->words) {
        *o = *native;
    } else if (native->words) {
        snprintf(both, sizeof both, "%s; %s", o->words, native->words);
        *o = (struct observation){ .words = both };
    }
    o->ways = ways;
}

void rule_run(const struct rule *r, struct observation *o)
{
    struct observation own = { 0 };
    rule_fn *native = native_find(r->id);
    if (r->test)
        r->test(o);
    if (native)
        native(&own);
    merge(o, &own);
}

void rule_print(FILE *out, const struct rule *r, const struct judgement *j)
{
    fprintf(out, "%s\t%s\t%s\t%s\n", r->id, outcome_name(j->outcome),
            j->words, r->statement);
    fflush(out);
}
