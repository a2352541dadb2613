/*
 * command_explain.c - explain and shrink: one finding, for people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "explain.h"
#include "finding.h"
#include "host.h"
#include "runner.h"

static struct scenario scenario;

static const char explain_help[] =
"Usage: lastcall explain FILE [--html F] [--width N]\n"
"\n"
"Run a scenario under its own schedule and tell what happened: a timeline\n"
"with a column a thread, what waits for what at the end, and the line of the\n"
"contract that broke.\n"
"\n"
"  --html F        write a self-contained page to F instead\n"
"  --width N       columns of the text; default 100\n"
"\n"
"Example:\n"
"  ./lastcall explain corpus/found/deadlock-1a2b3c4d.scn\n";

static void print_page(FILE *out, const void *what)
{
    explain_html(out, what);
}

static int write_page(const struct explain *x, const char *path)
{
    char why[HOST_WHY];
    size_t size;
    char *page = host_print(print_page, x, &size);
    int result = page ? host_write_file(path, page, size, why) : -1;
    if (!page)
        snprintf(why, sizeof why, "out of memory");
    if (result < 0)
        fprintf(stderr, "lastcall explain: %s\n", why);
    free(page);
    return result < 0 ? EXIT_FAULT : EXIT_CLEAN;
}

int command_explain(int argc, char **argv)
{
    const char *html = NULL, *width_text = "100";
    const struct option_form forms[] = {
        { "html", NULL, &html }, { "width", NULL, &width_text }, { 0 },
    };
    int left = options_read(argc, argv, forms, explain_help);
    uint64_t width;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (!option_number("width", width_text, &width))
        return EXIT_USAGE;
    if (left != 2) {
        fprintf(stderr, "lastcall explain: name one scenario; see lastcall "
                "explain --help\n");
        return EXIT_USAGE;
    }
    if (read_scenario(&scenario, argv[1]) < 0)
        return EXIT_USAGE;

    struct run_options options = { .expectations = true };
    struct run_result result;
    struct ground_thread_info threads[SCHED_THREADS_MAX];
    char command[HOST_PATH + 32];
    runner_replay(&subject_lastcall, &scenario, &options, &result);
    struct explain x = { .scenario = &scenario, .threads = threads,
        .verdict = result.verdict, .where = result.where,
        .frames = result.frames, .command = command,
        .width = (unsigned)width, .label = runner_label };
    x.events = trace_events(&x.count, &x.dropped);
    x.thread_count = ground_thread_count();
    for (unsigned t = 0; t < x.thread_count; t++)
        ground_thread_info(t, &threads[t]);
    program_command(command, sizeof command, "replay", argv[1]);
    if (html)
        return write_page(&x, html);
    explain_text(stdout, &x);
    return EXIT_CLEAN;
}

static const char shrink_help[] =
"Usage: lastcall shrink FILE [-o F | --output F]\n"
"\n"
"Find the smallest scenario and the calmest schedule that end with the same\n"
"verdict at the same place.\n"
"\n"
"  --output F      where to write it; default: standard output\n";

static void print_scenario(FILE *out, const void *what)
{
    scenario_print(out, what);
}

/* -o is what people type. */
static void long_output(int argc, char **argv)
{
    static char output[] = "--output";
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "-o"))
            argv[i] = output;
}

int command_shrink(int argc, char **argv)
{
    const char *output = NULL;
    const struct option_form forms[] = {
        { "output", NULL, &output }, { 0 },
    };
    long_output(argc, argv);
    int left = options_read(argc, argv, forms, shrink_help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (left != 2) {
        fprintf(stderr, "lastcall shrink: name one scenario; see lastcall "
                "shrink --help\n");
        return EXIT_USAGE;
    }
    if (read_scenario(&scenario, argv[1]) < 0)
        return EXIT_USAGE;
    struct run_options options = { .expectations = true };
    struct run_result result;
    runner_replay(&subject_lastcall, &scenario, &options, &result);
    if (result.verdict == VERDICT_CLEAN) {
        fprintf(stderr, "lastcall shrink: %s ends clean here: there is "
                "nothing to keep\n", argv[1]);
        return EXIT_NOTHING;
    }
    finding_shrink(&subject_lastcall, &scenario, &options, &result, NULL);
    scenario.expect = result.verdict;

    char why[HOST_WHY];
    size_t size;
    char *text = host_print(print_scenario, &scenario, &size);
    int status = EXIT_CLEAN;
    if (text && output) {
        if (host_write_file(output, text, size, why) < 0) {
            fprintf(stderr, "lastcall shrink: %s\n", why);
            status = EXIT_FAULT;
        }
    } else if (text) {
        fputs(text, stdout);
    }
    free(text);
    return text ? status : EXIT_FAULT;
}
