/*
 * main.c - lastcall-fuzz: fuzz, replay, explain, shrink and what they need.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "sim/sim.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "fuzz",    command_fuzz,    "search for schedules that break the loop" },
    { "replay",  command_replay,  "run scenarios and say their verdicts"     },
    { "explain", command_explain, "tell what happened in one of them"        },
    { "shrink",  command_shrink,  "make one as small as can be"              },
    { "verify",  command_verify,  "run every schedule within a bound"        },
    { "corpus",  command_corpus,  "check, list and convert scenarios"        },
    { "conformance", command_conformance,
      "hold every platform to the rules of completion ports" },
    { "fidelity", command_fidelity,
      "compare the simulated kernel with real completion ports" },
    { "trace",   command_trace,   "print traces, to compare two builds"      },
    { "speed",   command_speed,   "measure runs a second"                    },
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void usage(FILE *out)
{
    fputs("Usage: lastcall-fuzz COMMAND [options]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].what);
    fputs("\nEach has --help.\n", out);
}

static int unknown(const char *word)
{
    const char *list[COMMANDS + 1] = { NULL };
    for (size_t i = 0; i < COMMANDS; i++)
        list[i] = commands[i].name;
    const char *meant = nearest_word(word, list);
    fprintf(stderr, "lastcall-fuzz: no command '%s'%s%s; see lastcall-fuzz "
            "--help\n", word, meant ? ", did you mean " : "",
            meant ? meant : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return EXIT_CLEAN;
    }
    host_catch_interrupt();
    sim_catch_faults();
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}
