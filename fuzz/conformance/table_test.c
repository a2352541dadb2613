/*
 * table_test.c - the table is complete: every rule of the list is in it
 * once, and says all that a row needs.
 */
#include "conformance.h"

#include <string.h>

#include "../../loop/test.h"

/* The list, in its order; the table may have another. */
static const char *const ids[] = {
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11",
    "P12", "P13", "P14", "P15", "P16", "P17", "P18", "P19", "P20", "P21",
    "P22", "P23", "P24", "P25", "P26",
    "O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8", "O9", "O10", "O11",
    "O12", "O13",
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11",
    "C12", "C13", "C14",
    "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "D11",
    "D12", "D13", "D14", "D15", "D16",
    "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "N1", "N2", "N3", "N4",
    "T1", "T2", "T3", "T4", "T5", "T6",
    "X1", "X2", "X3", "X4", "X5", "X6", "X7",
};

#define IDS (sizeof ids / sizeof ids[0])

static unsigned count_of(const char *id)
{
    const struct rule *r;
    unsigned count = 0;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        count += !strcmp(r->id, id);
    return count;
}

static void every_rule_is_there_once(void)
{
    unsigned rules = 0;
    while (rule_at(rules))
        rules++;
    CHECK_EQ(IDS, rules);
    for (size_t i = 0; i < IDS; i++) {
        CHECK_EQ(1, count_of(ids[i]));
        CHECK(rule_find(ids[i]) != NULL);
    }
    CHECK(rule_find("P0") == NULL);
    CHECK(rule_find("") == NULL);
}

static void every_rule_says_what_and_whence(void)
{
    const struct rule *r;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++) {
        CHECK(r->statement && strlen(r->statement) > 10);
        CHECK(r->source && *r->source);
        CHECK(r->statement && !strpbrk(r->statement, "\t\n"));
        CHECK(r->statement && strlen(r->statement) < WORDS_SIZE);
    }
}

static int is_said(const struct announcement *a)
{
    switch (a->what) {
    case ANNOUNCED_HOLDS:
        return !a->seen && !a->why;
    case ANNOUNCED_DIFFERS:
        return a->seen && a->why;
    case ANNOUNCED_MAY:
        return !a->seen == !a->why;
    case ANNOUNCED_NOT_APPLICABLE:
        return !a->seen && a->why;
    }
    return 0;
}

/* A difference without a reason, or no word at all, is none. */
static void every_announcement_has_its_words(void)
{
    const struct rule *r;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        for (int c = 0; c < COLUMNS; c++)
            CHECK(is_said(&r->announced[c]));
}

/* What nobody tries must be announced so. The simulator's own parts are
 * linked here, so it is the simulator's columns that can be asked. */
static void what_is_not_tried_says_why(void)
{
    const struct rule *r;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        for (int c = COLUMN_SIM_WIN10; c <= COLUMN_SIM_LINUX; c++)
            CHECK(r->test || native_find(r->id) ||
                  r->announced[c].what == ANNOUNCED_NOT_APPLICABLE);
}

/* Ways are what faults and schedules bring about, so there must be some. */
static void ways_come_of_races(void)
{
    const struct rule *r;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++) {
        CHECK(!r->ways || r->races);
        CHECK(!r->ways || r->test);
        CHECK(!r->faults || r->races);
    }
}

int main(void)
{
    RUN(every_rule_is_there_once);
    RUN(every_rule_says_what_and_whence);
    RUN(every_announcement_has_its_words);
    RUN(what_is_not_tried_says_why);
    RUN(ways_come_of_races);
    return test_result(5);
}
