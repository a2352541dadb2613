/*
 * How long a process takes to end, asked of programs that a test has
 * written: each figure is there, what is missing is one line, and one of ours
 * that does not end as it should is a finding.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "../loop/test.h"
#include "result.h"

#define COMMAND_MAX 1200
#define LINE_MAX_SIZE 65536
#define OURS 25                 /* strategies, each with five works      */
#define WAYS 4                  /* of another loop: two, with two counts */
#define OTHERS 7

/* No test waits for hyperfine: it is not found in this path. */
#define PATH "PATH=/nowhere"
#define ENDS "echo asked 1; test \"$4\" = --report && echo untold 3\nexit 0"

static const char *build;

struct count {
    unsigned gone;              /* figures from request to gone          */
    unsigned untold;            /* counts of three                       */
    unsigned compared;
    unsigned skipped;
    unsigned failed;            /* "came to its end"                     */
};

/* And not of what is asked before any other. */
static bool is_of_question(const json_t *line)
{
    return strcmp(result_word(line, "question", ""), "process_exit") == 0;
}

static void count_line(struct count *count, const json_t *line)
{
    const char *metric = result_word(line, "metric", "");
    const char *subject = result_word(line, "subject", "");
    bool skipped = json_object_get(line, "skipped") != NULL;
    bool failed = strcmp(metric, "came to its end") == 0;
    count->failed += failed;
    count->skipped += skipped && !failed && is_of_question(line);
    count->gone += !skipped && strncmp(subject, "floor", 5) != 0 &&
                   strcmp(metric, "process, request to gone") == 0;
    count->untold += strcmp(metric, "never told how they ended") == 0 &&
                     result_number(line, "value", NAN) == 3;
    count->compared += strcmp(metric, "cost, lastcall : peer") == 0;
}

static struct count ask_question(const char *folder, int status)
{
    static char text[LINE_MAX_SIZE];
    char command[COMMAND_MAX];
    struct count count = { 0 };
    snprintf(command, sizeof command, PATH " '%s/lastcall-bench' bench "
             "process_exit --peers --json --quick --seconds 0.1 2>/dev/null",
             folder);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    while (out && fgets(text, sizeof text, out)) {
        json_t *line = json_loads(text, 0, NULL);
        CHECK(json_is_object(line));
        count_line(&count, line);
        json_decref(line);
    }
    int ended = out ? pclose(out) : -1;
    CHECK(WIFEXITED(ended));
    CHECK_EQ(status, WEXITSTATUS(ended));
    return count;
}

static void write_program(const char *folder, const char *name,
                          const char *script)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-%s", folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    CHECK_EQ(0, chmod(path, 0700));
}

/* Ask where the programs do what these scripts do. */
static struct count ask_of(const char *ours, const char *libuv, int status)
{
    char folder[HOST_PATH], why[HOST_WHY], command[2 * COMMAND_MAX];
    CHECK_EQ(0, host_temporary_folder(folder, why));
    snprintf(command, sizeof command, "cp '%s/lastcall-bench' '%s/'", build,
             folder);
    CHECK_EQ(0, system(command));
    write_program(folder, "exit", ours);
    if (libuv)
        write_program(folder, "peer-libuv", libuv);
    struct count count = ask_question(folder, status);
    host_remove_folder(folder);
    return count;
}

static void without_hyperfine_the_other_figure_is_there(void)
{
    struct count count = ask_of(ENDS, NULL, EXIT_CLEAN);
    CHECK_EQ(OURS, count.gone);
    CHECK_EQ(OURS, count.untold);
    CHECK_EQ(1 + OTHERS, count.skipped);
    CHECK_EQ(0, count.failed);
}

static void another_loop_is_measured_and_compared(void)
{
    struct count count = ask_of(ENDS, ENDS, EXIT_CLEAN);
    CHECK_EQ(OURS + WAYS, count.gone);
    CHECK_EQ(WAYS, count.compared);
    CHECK_EQ(OTHERS, count.skipped);
}

static void another_loop_that_crashes_costs_no_row_of_ours(void)
{
    struct count count = ask_of(
        ENDS, "test $1 = about && exit 0\nkill -SEGV $$", EXIT_CLEAN);
    CHECK_EQ(OURS, count.gone);
    CHECK_EQ(WAYS, count.failed);
}

static void one_of_ours_that_crashes_is_a_finding_and_costs_no_other(void)
{
    struct count count = ask_of(
        "test \"$1\" = stop && kill -SEGV $$\n" ENDS, NULL, EXIT_FINDING);
    CHECK_EQ(OURS - OURS / 5, count.gone);
    CHECK_EQ(OURS / 5, count.failed);
}

/* There is nothing to measure from. */
static void a_process_that_does_not_tell_when_it_was_asked_is_a_finding(void)
{
    struct count count = ask_of("echo untold 3", NULL, EXIT_FINDING);
    CHECK_EQ(0, count.gone);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: process_exit_test BUILD\n");
        return 1;
    }
    build = argv[1];
    RUN(without_hyperfine_the_other_figure_is_there);
    RUN(another_loop_is_measured_and_compared);
    RUN(another_loop_that_crashes_costs_no_row_of_ours);
    RUN(one_of_ours_that_crashes_is_a_finding_and_costs_no_other);
    RUN(a_process_that_does_not_tell_when_it_was_asked_is_a_finding);
    return test_result(5);
}
