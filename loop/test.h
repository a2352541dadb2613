/*
 * test.h - the few words that tests in every room share.
 *
 * A test program is a main that calls its tests with RUN and returns
 * test_result(). A failed check prints where and what, and the program goes
 * on, so that one run shows every failure. A part that cannot run here is
 * reported with test_skip.
 */
#ifndef LOOP_TEST_H
#define LOOP_TEST_H

#include <stdio.h>

static int test_failures;
static int test_skips;

#define CHECK(expression)                                                   \
    ((expression) ? (void)0                                                 \
                  : test_fail(__FILE__, __LINE__, #expression, 0, 0, 0))

#define CHECK_EQ(expected, actual)                                          \
    test_check_eq(__FILE__, __LINE__, #actual, (long long)(expected),       \
                  (long long)(actual))

#define RUN(test)                                                           \
    do {                                                                    \
        int test_before = test_failures;                                    \
        test();                                                             \
        printf("%s %s\n", test_failures == test_before ? "ok  " : "FAIL",   \
               #test);                                                      \
    } while (0)

static inline void test_fail(const char *file, int line, const char *what,
                             int has_values, long long expected,
                             long long actual)
{
    test_failures++;
    if (has_values)
        printf("%s:%d: %s is %lld, expected %lld\n", file, line, what,
               actual, expected);
    else
        printf("%s:%d: not true: %s\n", file, line, what);
}

static inline void test_check_eq(const char *file, int line,
                                 const char *what, long long expected,
                                 long long actual)
{
    if (expected != actual)
        test_fail(file, line, what, 1, expected, actual);
}

static inline void test_skip(const char *what, const char *why)
{
    test_skips++;
    printf("skip %s: %s\n", what, why);
}

/* The exit status of the program: 0 passed, 1 failed, 77 all skipped. */
static inline int test_result(int tests)
{
    if (test_failures)
        return 1;
    return tests > 0 && test_skips == tests ? 77 : 0;
}

#endif
