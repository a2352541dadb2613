/*
 * parent_test.c - the program for real threads, seen from outside: exit
 * status, lines on stderr, and what it leaves in a folder.
 *
 * A finding is made by a scenario whose author expects what cannot be: that
 * is the same in every run, on every machine.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/test.h"
#include "../host.h"
#include "../scenario.h"
#include "system.h"

#define LINES_MAX 512
#define ARGS_MAX 24
#define RUNS 40

static char program[HOST_PATH];
static char folder[HOST_PATH], good[HOST_PATH + 16], bad[HOST_PATH + 16],
    left[HOST_PATH + 16], found[HOST_PATH + 16];

static const char good_text[] =
    "# A loop that ends.\nscenario good\nloop main\n\nthread owner\n"
    "  open main\n  raise opened\n  run main mode=forever returns=stopped\n"
    "  close main returns=ok\n\nthread stopper\n  await opened\n"
    "  stop main\n";
static const char bad_text[] =
    "# A close that is never refused.\nscenario bad\nloop main\n\n"
    "thread owner\n  open main\n  close main returns=busy\n";
static const char left_text[] =
    "# A thread that stays.\nscenario left\nloop main\n\n"
    "thread owner\n  start looper\n  await opened\n  exit\n\n"
    "thread looper start=manual daemon=yes\n  open main\n  raise opened\n"
    "  run main mode=forever\n";

/* One start of the program. */
static struct told {
    int      status;
    unsigned lines;
    char     line[LINES_MAX][HOST_PATH + 256];
    bool     interrupt;         /* at the first progress                     */
    bool     has_summary;
    unsigned progress;
    struct {
        double   seconds;
        uint64_t runs, events, processes, budget;
        unsigned findings;
    }        summary;
} told;

static bool on_line(const char *line, void *arg)
{
    (void)arg;
    if (told.lines < LINES_MAX)
        snprintf(told.line[told.lines++], sizeof told.line[0], "%s", line);
    if (sscanf(line, "summary %lf %" SCNu64 " %" SCNu64 " %" SCNu64
               " %u %" SCNu64, &told.summary.seconds, &told.summary.runs,
               &told.summary.events, &told.summary.processes,
               &told.summary.findings, &told.summary.budget) == 6) {
        CHECK(!told.has_summary);
        told.has_summary = true;
    }
    told.progress += !strncmp(line, "progress ", 9);
    return !(told.interrupt && told.progress == 1 &&
             !strncmp(line, "progress ", 9));
}

/* The words of a command line, with blanks between them; @ stands for a file
 * that comes after the format. */
static void run(const char *words, ...)
{
    char *argv[ARGS_MAX] = { program }, why[HOST_WHY] = "";
    static char text[512];
    bool interrupt = told.interrupt;
    va_list files;
    int n = 1;
    va_start(files, words);
    snprintf(text, sizeof text, "%s", words);
    for (char *w = strtok(text, " "); w && n < ARGS_MAX - 1;
         w = strtok(NULL, " "))
        argv[n++] = !strcmp(w, "@") ? va_arg(files, char *) : w;
    va_end(files);
    memset(&told, 0, sizeof told);
    told.interrupt = interrupt;
    told.status = host_run(argv, on_line, NULL, why);
    told.interrupt = false;
    if (told.status < 0)
        printf("%s\n", why);
    CHECK(told.status >= 0);
}

static const char *only_line(const char *beginning)
{
    const char *line = NULL;
    for (unsigned i = 0; i < told.lines; i++)
        if (!strncmp(told.line[i], beginning, strlen(beginning))) {
            CHECK(line == NULL);
            line = told.line[i];
        }
    CHECK(line != NULL);
    return line ? line : "";
}

static unsigned count_lines(const char *beginning)
{
    unsigned count = 0;
    for (unsigned i = 0; i < told.lines; i++)
        count += !strncmp(told.line[i], beginning, strlen(beginning));
    return count;
}

/* What a program said that did other than expected. */
static void print_lines(void)
{
    for (unsigned i = 0; i < told.lines; i++)
        printf("  %s\n", told.line[i]);
}

/* A line about a finding. */
struct finding {
    char     verdict[64], path[HOST_PATH], where[256];
    uint64_t run;
};

static bool read_finding(const char *line, struct finding *f)
{
    double seconds;
    int at = 0;
    if (sscanf(line, "finding %63s %" SCNu64 " %lf %1023s %n", f->verdict,
               &f->run, &seconds, f->path, &at) != 4)
        return false;
    snprintf(f->where, sizeof f->where, "%s", line + at);
    return true;
}

/* Tests. */

static void clean_search_says_how_much_it_did(void)
{
    run("fuzz --runs 40 --from 5 --seed 3 --save @ @", found, good);
    CHECK_EQ(0, told.status);
    CHECK(told.has_summary);
    CHECK_EQ(RUNS, told.summary.runs);
    CHECK_EQ(0, told.summary.findings);
    CHECK_EQ(0, count_lines("finding "));
    CHECK(told.summary.events > RUNS);
    CHECK(told.summary.processes >= 1);
}

/* Nothing is left behind, so one process does it all. */
static void clean_replay_needs_one_process(void)
{
    run("replay @ --runs 40", good);
    CHECK_EQ(0, told.status);
    CHECK_EQ(RUNS, told.summary.runs);
    CHECK_EQ(1, told.summary.processes);
    CHECK_EQ(0, count_lines("replayed "));
}

/* Threads that were let go of cannot be ended but with their process. */
static void runs_that_leave_threads_behind_get_a_process_each(void)
{
    run("replay @ --runs 5", left);
    CHECK_EQ(0, told.status);
    CHECK_EQ(5, told.summary.runs);
    CHECK_EQ(5, told.summary.processes);
    CHECK_EQ(0, told.summary.findings);
}

/* A process that a finding has ended was one run, and the next begins with
 * the number after it: none is left out, none comes twice. */
static void every_run_between_from_and_runs_is_done_once(void)
{
    char line[64];
    run("replay @ --expectations --runs 4 --from 10", bad);
    CHECK_EQ(1, told.status);
    CHECK_EQ(4, count_lines("replayed "));
    for (unsigned i = 10; i < 14; i++) {
        snprintf(line, sizeof line, "replayed order-broken %u close", i);
        only_line(line);
    }
    CHECK_EQ(4, told.summary.runs);
    CHECK_EQ(4, told.summary.processes);
    CHECK_EQ(4, told.summary.findings);
}

static void check_saved(const struct finding *f)
{
    static struct scenario s;
    struct scenario_error error;
    char why[HOST_WHY], path[HOST_PATH], text[256] = "";
    CHECK_EQ(0, scenario_load(&s, f->path, &error));
    CHECK(!strcmp(verdict_name(s.expect), f->verdict));
    snprintf(path, sizeof path, "%s", f->path);
    char *end = strstr(path, ".scn");
    CHECK(end != NULL);
    if (!end)
        return;
    memcpy(end, ".txt", 4);
    static char report[131072];
    long size = host_read_file(path, report, sizeof report - 1, why);
    CHECK(size > 0);
    report[size > 0 ? size : 0] = '\0';
    snprintf(text, sizeof text, "%s: %s\n", f->verdict, f->where);
    CHECK(!strncmp(report, text, strlen(text)));
    snprintf(text, sizeof text, "run %" PRIu64 ",", f->run);
    CHECK(strstr(report, text) != NULL);
    CHECK(strstr(report, "noise ?") == NULL);
    CHECK(strstr(report, "verdict") != NULL);
}

/* One file for what is found again and again, and the run's number brings the
 * same scenario back to the same end. */
static void finding_is_saved_once_and_comes_back(void)
{
    static struct finding list[LINES_MAX];
    char again[128];
    unsigned count = 0;
    run("fuzz --runs 40 --seed 1 --expectations --save @ @", found, bad);
    CHECK_EQ(1, told.status);
    CHECK_EQ(RUNS, told.summary.runs);
    for (unsigned i = 0; i < told.lines; i++)
        count += read_finding(told.line[i], &list[count]);
    CHECK(count > 0);
    CHECK(told.summary.findings >= count);
    CHECK(told.summary.processes >= told.summary.findings);
    for (unsigned i = 0; i < count; i++) {
        check_saved(&list[i]);
        for (unsigned j = 0; j < i; j++)
            CHECK(strcmp(list[i].path, list[j].path) != 0);
    }
    snprintf(again, sizeof again, "fuzz --runs 1 --from %" PRIu64
             " --seed 1 --expectations --save @ @", list[0].run);
    run(again, found, bad);
    struct finding f = { 0 };
    CHECK(read_finding(only_line("finding "), &f));
    CHECK(!strcmp(f.path, list[0].path));
    CHECK(!strcmp(f.where, list[0].where));
    CHECK_EQ(1, told.summary.runs);
    run("replay @ --expectations --runs 1", list[0].path);
    only_line("replayed ");
    CHECK_EQ(1, told.status);
}

static void first_finding_ends_the_search(void)
{
    run("fuzz --runs 1000 --seed 1 --expectations --first --save @ @", found,
        bad);
    struct finding f = { 0 };
    CHECK_EQ(1, told.status);
    CHECK(read_finding(only_line("finding "), &f));
    CHECK_EQ(1, told.summary.findings);
    CHECK_EQ(f.run + 1, told.summary.runs);
}

/* What cannot be kept is told, and is a finding all the same. */
static void finding_that_cannot_be_saved_is_told(void)
{
    char under[HOST_PATH + 32];
    snprintf(under, sizeof under, "%s/folder", good);
    run("fuzz --runs 40 --seed 1 --expectations --first --save @ @", under,
        bad);
    struct finding f = { 0 };
    CHECK_EQ(1, told.status);
    CHECK(read_finding(only_line("finding "), &f));
    CHECK(!strcmp("-", f.path));
    only_line("scenario ");
}

/* A search that has no other end is ended from outside, and says how far it
 * came. */
static void interrupted_search_ends_with_a_summary(void)
{
    if (!system_knows_sleepers()) {
        test_skip("interrupt", "a program is not asked to end here");
        return;
    }
    told.interrupt = true;
    run("fuzz --seconds 3600 --save @ @", found, good);
    CHECK_EQ(0, told.status);
    CHECK(told.progress >= 1);
    CHECK(told.has_summary);
    CHECK(told.summary.runs > 0);
    CHECK(!strncmp(told.line[told.lines - 1], "summary ", 8));
}

static void time_ends_a_search(void)
{
    run("fuzz --seconds 1.5 --save @ @", found, good);
    CHECK_EQ(0, told.status);
    if (told.status != 0)
        print_lines();
    CHECK(told.summary.seconds >= 1.5);
    CHECK(told.progress >= 1);
}

static void check_usage(const char *words, const char *file)
{
    run(words, file);
    CHECK_EQ(2, told.status);
    CHECK(told.lines > 0);
    CHECK(!told.has_summary);
}

static void wrong_usage_is_told(void)
{
    char missing[HOST_PATH + 32];
    snprintf(missing, sizeof missing, "%s/missing.scn", folder);
    check_usage("", "");
    check_usage("search", "");
    check_usage("replay", "");
    check_usage("replay @ second.scn", good);
    check_usage("replay @", missing);
    check_usage("fuzz --runs few @", good);
    check_usage("fuzz --seconds 0 @", good);
    check_usage("fuzz --no-such-option @", good);
    run("--help");
    CHECK_EQ(0, told.status);
    run("fuzz --help");
    CHECK_EQ(0, told.status);
}

static void scenario_with_a_mistake_is_shown_with_its_line(void)
{
    char path[HOST_PATH + 32], line[HOST_PATH + 64], why[HOST_WHY];
    snprintf(path, sizeof path, "%s/mistake.scn", folder);
    CHECK_EQ(0, host_write_file(path, "scenario x\nlopp main\n", 21, why));
    check_usage("fuzz --runs 1 @", path);
    snprintf(line, sizeof line, "%s:2:", path);
    only_line(line);
}

/* Before anything runs. */

static bool find_program(const char *build)
{
    static const char *const name[] = { "linux", "win32", "win32.exe" };
    for (unsigned i = 0; i < sizeof name / sizeof name[0]; i++) {
        snprintf(program, sizeof program, "%s/lastcall-real-%s", build,
                 name[i]);
        FILE *file = fopen(program, "rb");
        if (file) {
            fclose(file);
            return true;
        }
    }
    fprintf(stderr, "parent_test: no lastcall-real in %s\n", build);
    return false;
}

static bool make_file(char *path, const char *name, const char *text)
{
    char why[HOST_WHY];
    snprintf(path, HOST_PATH + 16, "%s/%s", folder, name);
    return host_write_file(path, text, strlen(text), why) == 0;
}

int main(int argc, char **argv)
{
    char why[HOST_WHY];
    if (argc < 3 || !find_program(argv[2]) ||
        host_temporary_folder(folder, why) < 0)
        return 2;
    snprintf(found, sizeof found, "%s/found", folder);
    if (!make_file(good, "good.scn", good_text) ||
        !make_file(bad, "bad.scn", bad_text) ||
        !make_file(left, "left.scn", left_text))
        return 2;
    RUN(clean_search_says_how_much_it_did);
    RUN(clean_replay_needs_one_process);
    RUN(runs_that_leave_threads_behind_get_a_process_each);
    RUN(every_run_between_from_and_runs_is_done_once);
    RUN(finding_is_saved_once_and_comes_back);
    RUN(first_finding_ends_the_search);
    RUN(finding_that_cannot_be_saved_is_told);
    RUN(interrupted_search_ends_with_a_summary);
    RUN(time_ends_a_search);
    RUN(wrong_usage_is_told);
    RUN(scenario_with_a_mistake_is_shown_with_its_line);
    host_remove_folder(found);
    host_remove_folder(folder);
    return test_result(11);
}
