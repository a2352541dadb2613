/*
 * main.c - lastcall-report: report, nightly, doctor.
 */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "nearest.h"
#include "nightly.h"
#include "report.h"

struct command {
    const char *name;
    int       (*main)(int argc, char **argv);
    const char *purpose;
};

static const struct command commands[] = {
    { "nightly", nightly_main,
      "replay, search, look for planted bugs, measure, and write a page" },
    { "report", report_main, "write results as one HTML page" },
    { "doctor", doctor_main, "say what this machine can run" },
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(void)
{
    puts("usage: ./lastcall COMMAND [options]\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].purpose);
    puts("\nexamples\n"
         "  ./lastcall nightly --minutes 10\n"
         "  ./lastcall report --out page.html\n"
         "  ./lastcall doctor\n"
         "  ./lastcall nightly --help");
}

static int refuse(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;

    fprintf(stderr, "lastcall-report: there is no command \"%s\"\n", name);
    const char *meant = nearest(name, names, COMMANDS);
    if (meant)
        fprintf(stderr, "Did you mean %s?\n", meant);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        print_help();
        return 0;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 2, argv + 2);
    }
    return refuse(argv[1]);
}
