/*
 * A suite that is blind fails its check of itself. The program that works a
 * known time is a script here.
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

#define COMMAND_MAX 2400
#define LINE_MAX_SIZE 65536
#define NOTHING (-1)            /* others kept the machine busy          */

static const char *build;

static void write_program(const char *folder, const char *script)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-peer-linux", folder);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fprintf(file, "#!/bin/sh\necho engine epoll\n%s\n", script);
    fclose(file);
    CHECK_EQ(0, chmod(path, 0700));
}

static void note(const json_t *line, double *seen, double *alarms)
{
    const char *metric = result_word(line, "metric", "");
    if (strcmp(result_word(json_object_get(line, "params"), "rounds", ""),
               "side by side") != 0)
        return;
    if (strstr(metric, "slowdown of 5 %"))
        *seen = result_number(line, "value", NAN);
    if (strstr(metric, "no slowdown"))
        *alarms = result_number(line, "value", NAN);
}

/* Ask beside a program; returns the exit status. */
static int ask(const char *script, double *seen, double *alarms)
{
    static char text[LINE_MAX_SIZE];
    char folder[HOST_PATH], why[HOST_WHY], command[COMMAND_MAX];
    *seen = *alarms = NAN;
    CHECK_EQ(0, host_temporary_folder(folder, why));
    write_program(folder, script);
    snprintf(command, sizeof command, "cp '%s/lastcall-bench' '%s/' && "
             "'%s/lastcall-bench' bench self_check --json --seconds 3 "
             "2>/dev/null", build, folder, folder);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    while (out && fgets(text, sizeof text, out)) {
        json_t *line = json_loads(text, 0, NULL);
        note(line, seen, alarms);
        json_decref(line);
    }
    int status = out ? pclose(out) : -1;
    host_remove_folder(folder);
    CHECK(WIFEXITED(status));
    return isnan(*seen) ? NOTHING : WEXITSTATUS(status);
}

static void check(const char *name, const char *script, int status,
                  double seen, double alarms)
{
    double seen_here, alarms_here;
    int ended = ask(script, &seen_here, &alarms_here);
    if (ended == NOTHING) {
        test_skip(name, "other processes keep the machine busy");
        return;
    }
    CHECK_EQ(status, ended);
    CHECK(seen_here == seen);
    CHECK(alarms_here == alarms);
}

static void what_is_planted_is_seen(void)
{
    check(__func__, "echo value $2", EXIT_CLEAN, 1, 0);
}

static void a_suite_that_is_blind_fails(void)
{
    check(__func__, "echo value 1000", EXIT_FINDING, 0, 0);
}

static void what_got_faster_was_not_slowed_down(void)
{
    check(__func__, "echo value $((1000000000 / $2))", EXIT_FINDING, 0, 0);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: self_check_test BUILD\n");
        return 1;
    }
    build = argv[1];
    RUN(what_is_planted_is_seen);
    RUN(a_suite_that_is_blind_fails);
    RUN(what_got_faster_was_not_slowed_down);
    return test_result(3);
}
