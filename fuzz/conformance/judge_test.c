/*
 * judge_test.c - no departure from a rule goes unnoticed, and no
 * announcement outlives what it announces.
 */
#include "conformance.h"

#include <string.h>

#include "../../loop/test.h"

static const struct announcement plain = { .what = ANNOUNCED_HOLDS };
static const struct announcement differs = DIFFERS("is red", "old paint");
static const struct announcement may = MAY_DIFFER("is red", "as it likes");
static const struct announcement nowhere = NOT_HERE("has no colour");

static struct observation seen(const char *words)
{
    struct observation o = { 0 };
    observe(&o, words == NULL, words);
    return o;
}

static void check(enum outcome outcome, const char *words,
                  const struct announcement *announced,
                  const struct observation *o)
{
    struct judgement j = judge(announced, o);
    CHECK_EQ(outcome, j.outcome);
    if (strcmp(words, j.words) != 0)
        test_fail(__FILE__, __LINE__, j.words, 0, 0, 0);
}

static void rule_that_holds_is_said_to(void)
{
    struct observation o = seen(NULL);
    check(OUTCOME_HOLDS, "", &plain, &o);
}

static void unannounced_difference_fails(void)
{
    struct observation o = seen("is red");
    check(OUTCOME_FAILS, "is red", &plain, &o);
}

static void announced_difference_is_told_with_its_reason(void)
{
    struct observation o = seen("is red");
    check(OUTCOME_DIFFERS, "is red: old paint", &differs, &o);
}

/* An announcement of one difference is no leave for another one. */
static void other_difference_than_announced_fails(void)
{
    struct observation o = seen("is blue");
    check(OUTCOME_FAILS, "is blue", &differs, &o);
    check(OUTCOME_FAILS, "is blue", &may, &o);
}

static void announced_difference_that_does_not_show_fails(void)
{
    struct observation o = seen(NULL);
    check(OUTCOME_FAILS, "is announced and does not show: is red", &differs,
          &o);
}

static void difference_that_may_show_need_not(void)
{
    struct observation o = seen(NULL);
    check(OUTCOME_HOLDS, "", &may, &o);
    o = seen("is red");
    check(OUTCOME_DIFFERS, "is red: as it likes", &may, &o);
}

static void what_is_not_applicable_is_not_judged(void)
{
    check(OUTCOME_NOT_APPLICABLE, "has no colour", &nowhere, NULL);
}

/* A rule whose test is missing must not look like one that holds. */
static void rule_without_test_fails(void)
{
    check(OUTCOME_FAILS, "there is no test", &plain, NULL);
    check(OUTCOME_FAILS, "there is no test", &differs, NULL);
}

/* Only where that was announced may a test give up. */
static void what_could_not_be_tried_fails_unless_it_may(void)
{
    struct observation o = { 0 };
    observe_nothing(&o, "no light");
    check(OUTCOME_NOT_APPLICABLE, "no light", &may, &o);
    check(OUTCOME_FAILS, "no light", &plain, &o);
    check(OUTCOME_FAILS, "no light", &differs, &o);
}

static void first_observation_counts(void)
{
    struct observation o = { 0 };
    observe(&o, true, "is green");
    observe_eq(&o, 1, 1, "are green");
    CHECK(o.words == NULL);
    observe_eq(&o, 2, 3, "are blue");
    observe(&o, false, "is red");
    observe_nothing(&o, "no light");
    CHECK(!o.unseen);
    check(OUTCOME_FAILS, "are blue (3 instead of 2)", &plain, &o);
}

static void ways_add_up(void)
{
    struct observation o = { 0 };
    observe_way(&o, 1);
    observe_way(&o, 4);
    CHECK_EQ(5, o.ways);
}

int main(void)
{
    RUN(rule_that_holds_is_said_to);
    RUN(unannounced_difference_fails);
    RUN(announced_difference_is_told_with_its_reason);
    RUN(other_difference_than_announced_fails);
    RUN(announced_difference_that_does_not_show_fails);
    RUN(difference_that_may_show_need_not);
    RUN(what_is_not_applicable_is_not_judged);
    RUN(rule_without_test_fails);
    RUN(what_could_not_be_tried_fails_unless_it_may);
    RUN(first_observation_counts);
    RUN(ways_add_up);
    return test_result(11);
}
