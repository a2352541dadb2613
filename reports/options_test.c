/*
 * Options are read the same in both spellings, and a slip changes nothing
 * silently.
 */
#include "options.h"

#include <string.h>

#include "../loop/test.h"
#include "nearest.h"

struct values {
    int         json;
    const char *out;
    double      minutes;
};

static int read_options(struct values *values, int argc, char **argv)
{
    const struct option options[] = {
        { "--json", OPTION_FLAG, &values->json },
        { "--out", OPTION_TEXT, &values->out },
        { "--minutes", OPTION_NUMBER, &values->minutes },
    };
    return options_read("test", options, 3, argc, argv);
}

static void both_spellings_of_a_value_are_the_same(void)
{
    struct values a = { 0 }, b = { 0 };
    char *apart[] = { "--out", "x", "--minutes", "1.5", "--json" };
    char *joined[] = { "--out=x", "--minutes=1.5", "--json" };
    CHECK_EQ(0, read_options(&a, 5, apart));
    CHECK_EQ(0, read_options(&b, 3, joined));
    CHECK(strcmp(a.out, "x") == 0 && strcmp(b.out, "x") == 0);
    CHECK(a.minutes == 1.5 && b.minutes == 1.5);
    CHECK(a.json && b.json);
}

static void other_arguments_come_to_the_front_in_order(void)
{
    struct values values = { 0 };
    char *argv[] = { "a", "--json", "-", "--", "--out" };
    CHECK_EQ(3, read_options(&values, 5, argv));
    CHECK(strcmp(argv[0], "a") == 0);
    CHECK(strcmp(argv[1], "-") == 0);
    CHECK(strcmp(argv[2], "--out") == 0);
}

static void a_wrong_option_is_refused(void)
{
    char *wrong[][2] = {
        { "--ouy", "x" },     { "--json=1", "x" },    { "--minutes", "ten" },
        { "--minutes", "-1" }, { "--minutes", "inf" }, { "x", "--out" },
        { "--out=", "x" },     { "-o", "x" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct values values = { 0 };
        CHECK_EQ(-1, read_options(&values, 2, wrong[i]));
    }
}

static void a_slip_finds_its_word_and_another_word_does_not(void)
{
    const char *const words[] = { "nightly", "report", "doctor" };
    CHECK(nearest("nigthly", words, 3) == words[0]);
    CHECK(nearest("reprot", words, 3) == words[1]);
    CHECK(nearest("bananas", words, 3) == NULL);
    CHECK(nearest("an-argument-of-more-than-thirty-one-letters", words, 3) ==
          NULL);
}

int main(void)
{
    RUN(both_spellings_of_a_value_are_the_same);
    RUN(other_arguments_come_to_the_front_in_order);
    RUN(a_wrong_option_is_refused);
    RUN(a_slip_finds_its_word_and_another_word_does_not);
    return test_result(4);
}
