/*
 * A child that misbehaves is ended by its parent, which says how it was.
 */
#include "../child.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../loop/os.h"
#include "../../loop/test.h"

struct seen {
    char     last[64];
    unsigned lines;
};

static void note(void *argument, const char *line)
{
    struct seen *seen = argument;
    snprintf(seen->last, sizeof seen->last, "%s", line);
    seen->lines++;
}

static struct child_result run(int (*entry)(void *), struct seen *seen,
                               double seconds_max)
{
    struct child_options options = { .entry = entry, .group = true,
                                     .quiet = true,
                                     .seconds_max = seconds_max };
    *seen = (struct seen){ .lines = 0 };
    return child_run(&options, note, seen);
}

static int speak(void *argument)
{
    (void)argument;
    printf("one\ntwo\nlast without an end");
    return 7;
}

static void a_status_and_every_line_arrive(void)
{
    struct seen seen;
    struct child_result result = run(speak, &seen, 60);
    CHECK_EQ(CHILD_EXITED, result.end);
    CHECK_EQ(7, result.status);
    CHECK_EQ(3, seen.lines);
    CHECK(strcmp(seen.last, "last without an end") == 0);
}

static int hang(void *argument)
{
    (void)argument;
    signal(SIGTERM, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (printf("still here\n") > 0)
        pause();
    return 0;
}

static void a_child_that_hangs_is_killed_and_its_words_are_kept(void)
{
    struct seen seen;
    struct child_result result = run(hang, &seen, 0.3);
    CHECK_EQ(CHILD_HUNG, result.end);
    CHECK(result.seconds >= 0.3);
    CHECK(strcmp(seen.last, "still here") == 0);
}

static int spin(void *argument)
{
    volatile unsigned turns = 1;
    (void)argument;
    while (turns > 0)
        turns = 1;
    return 0;
}

static void a_child_that_spins_is_killed_and_its_time_is_known(void)
{
    struct seen seen;
    struct child_result result = run(spin, &seen, 0.3);
    CHECK_EQ(CHILD_HUNG, result.end);
    CHECK(result.cpu_seconds > 0);
}

static int crash(void *argument)
{
    (void)argument;
    raise(SIGKILL);
    return 0;
}

static void a_child_that_crashes_is_told_by_its_signal(void)
{
    struct seen seen;
    struct child_result result = run(crash, &seen, 60);
    CHECK_EQ(CHILD_CRASHED, result.end);
    CHECK_EQ(SIGKILL, result.status);
}

/* The grandchild inherits the pipe: to wait for the pipe's end would be to
 * wait for a process that never ends. */
static int leave_someone(void *argument)
{
    (void)argument;
    if (fork() == 0)
        hang(NULL);
    return 0;
}

static void what_outlives_a_child_does_not_keep_its_parent(void)
{
    struct seen seen;
    struct child_result result = run(leave_someone, &seen, 60);
    CHECK_EQ(CHILD_EXITED, result.end);
    CHECK(result.seconds < 30);
}

static int speak_much(void *argument)
{
    (void)argument;
    for (int i = 0; i < 300000; i++)
        putchar('a');
    printf("\nend\n");
    return 0;
}

static void a_line_may_be_long(void)
{
    struct seen seen;
    struct child_result result = run(speak_much, &seen, 60);
    CHECK_EQ(CHILD_EXITED, result.end);
    CHECK_EQ(2, seen.lines);
    CHECK(strcmp(seen.last, "end") == 0);
}

static void a_program_that_is_not_there_exits_with_127(void)
{
    const char *argv[] = { "/nowhere/no-such-program", NULL };
    struct child_options options = { .argv = argv, .quiet = true };
    struct child_result result = child_run(&options, NULL, NULL);
    CHECK_EQ(CHILD_EXITED, result.end);
    CHECK_EQ(127, result.status);
}

static int tell_time(void *argument)
{
    (void)argument;
    printf("%" PRIu64 "\n", os_now());
    return 0;
}

/* From a moment that a child tells to the moment at which it is gone. */
static void the_end_of_a_child_is_on_the_clock_that_it_has_too(void)
{
    struct seen seen;
    struct child_result result = run(tell_time, &seen, 60);
    uint64_t told = strtoull(seen.last, NULL, 10);
    CHECK(told > 0);
    CHECK(result.gone_at > told);
    CHECK(result.gone_at <= os_now());
}

int main(void)
{
    RUN(a_status_and_every_line_arrive);
    RUN(a_child_that_hangs_is_killed_and_its_words_are_kept);
    RUN(a_child_that_spins_is_killed_and_its_time_is_known);
    RUN(a_child_that_crashes_is_told_by_its_signal);
    RUN(what_outlives_a_child_does_not_keep_its_parent);
    RUN(a_line_may_be_long);
    RUN(a_program_that_is_not_there_exits_with_127);
    RUN(the_end_of_a_child_is_on_the_clock_that_it_has_too);
    return test_result(8);
}
