/*
 * Who watches sees what a program does, however little, and does not add to
 * it by looking.
 */
#include "../watch.h"

#include <math.h>
#include <stdbool.h>

#include "../../loop/test.h"

#define SECONDS 0.5

static struct watch watch(const char *script)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    struct watch w = { .argv = argv };
    watch_all(&w, 1, SECONDS);
    w.argv = NULL;
    return w;
}

static bool counts(const char *test, const struct watch *w)
{
    if (isnan(w->calls))
        test_skip(test, "this machine lets nobody count calls");
    return !isnan(w->calls);
}

static void a_program_that_waits_does_nothing(void)
{
    struct watch w = watch("echo idle; read nothing");
    CHECK_EQ(WATCH_DONE, w.end);
    CHECK(w.processor_ns == 0);
    CHECK(w.switches == 0);
    if (counts(__func__, &w))
        CHECK(w.calls == 0);
}

/* Written to a file that takes everything: one call a turn, and never a
 * wait. */
static void a_program_that_is_busy_is_seen(void)
{
    struct watch w = watch("echo idle; while :; do echo >/dev/null; done");
    CHECK_EQ(WATCH_DONE, w.end);
    CHECK(w.processor_ns > 1e6);
    if (counts(__func__, &w))
        CHECK(w.calls > 10);
}

/* A look at the clock every few milliseconds, as some loops have it, takes
 * next to no time. */
static void a_program_that_wakes_for_a_look_is_seen(void)
{
    struct watch w = watch("exec python3 -c 'import time; "
                           "print(\"idle\", flush=True)\n"
                           "while True: time.sleep(0.01)'");
    CHECK_EQ(WATCH_DONE, w.end);
    CHECK(w.processor_ns > 0);
    CHECK(w.processor_ns < SECONDS * 1e9 / 2);
    CHECK(w.switches >= 2);
    if (counts(__func__, &w))
        CHECK(w.calls >= 2);
}

static void a_thread_that_is_not_the_first_is_seen(void)
{
    struct watch w = watch("exec python3 -c 'import threading, time\n"
                           "def look():\n"
                           "  while True: time.sleep(0.01)\n"
                           "threading.Thread(target=look).start()\n"
                           "print(\"idle\", flush=True)\n"
                           "input()'");
    CHECK_EQ(WATCH_DONE, w.end);
    CHECK(w.switches >= 2);
    if (counts(__func__, &w))
        CHECK(w.calls >= 2);
}

static void several_are_watched_at_once(void)
{
    const char *const idle[] = { "/bin/sh", "-c", "echo idle; read nothing",
                                 NULL };
    const char *const busy[] = { "/bin/sh", "-c",
                                 "echo idle; while :; do :; done", NULL };
    struct watch w[] = { { .argv = idle }, { .argv = busy },
                         { .argv = idle } };
    watch_all(w, 3, SECONDS);
    CHECK(w[0].processor_ns == 0);
    CHECK(w[1].processor_ns > 0);
    CHECK(w[2].processor_ns == 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(WATCH_DONE, w[i].end);
}

static void a_program_that_ends_is_told(void)
{
    struct watch w = watch("exit 77");
    CHECK_EQ(WATCH_ENDED, w.end);
    CHECK_EQ(77, w.status);
    w = watch("kill -9 $$");
    CHECK_EQ(WATCH_ENDED, w.end);
    CHECK_EQ(-1, w.status);
}

static void a_program_that_is_missing_is_told(void)
{
    const char *const argv[] = { "/nowhere/at-all", NULL };
    struct watch w = { .argv = argv };
    watch_all(&w, 1, SECONDS);
    CHECK_EQ(WATCH_ENDED, w.end);
    CHECK_EQ(127, w.status);
}

int main(void)
{
    RUN(a_program_that_waits_does_nothing);
    RUN(a_program_that_is_busy_is_seen);
    RUN(a_program_that_wakes_for_a_look_is_seen);
    RUN(a_thread_that_is_not_the_first_is_seen);
    RUN(several_are_watched_at_once);
    RUN(a_program_that_ends_is_told);
    RUN(a_program_that_is_missing_is_told);
    return test_result(7);
}
