/*
 * witness_test.c - a program that nobody watches runs as if it were.
 */
#include "witness.h"

#include "../loop/test.h"

static bool dumped;

static void dump(void *unused)
{
    (void)unused;
    dumped = true;
}

/* Every call is allowed without a parent, and none does anything. */
static void unwatched_calls_do_nothing(void)
{
    CHECK(!witness_watched());
    witness_open(dump, NULL);
    CHECK(!witness_watched());
    witness_progress(1);
    witness_expect(1000);
    witness_line("nobody reads this");
    witness_finding(VERDICT_DEADLOCK, "nowhere");
    witness_main_returned();
    witness_close();
    CHECK(!witness_watched());
    CHECK(!dumped);
}

int main(void)
{
    RUN(unwatched_calls_do_nothing);
    return test_result(1);
}
