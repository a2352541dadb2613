/*
 * main.c - lastcall-bench: the commands that measure.
 */
#include <stdio.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "command.h"

static const char help[] =
"Usage: lastcall COMMAND [options]\n"
"\n"
"  bench      measure how fast a loop goes quiet\n"
"  compare    say what differs between two result files\n"
"  mutants    how soon is each planted bug found?\n"
"\n"
"Examples:\n"
"  ./lastcall bench --quick\n"
"  ./lastcall bench stop_latency --json --out new.jsonl\n"
"  ./lastcall compare old.jsonl new.jsonl\n"
"  ./lastcall mutants --strategy portfolio,pct --trials 5\n"
"\n"
"Each command has its own --help. Exit status: 0 clean, 1 a regression, a\n"
"hang or a missed bug, 2 usage, 3 a fault of the suite, 77 nothing to run.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "bench", command_bench },
    { "compare", command_compare },
    { "mutants", command_mutants },
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static int refuse(const char *word)
{
    const char *names[COMMANDS + 1] = { NULL };
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *meant = nearest_word(word, names);
    fprintf(stderr, "lastcall-bench: unknown command '%s'%s%s; see "
            "lastcall-bench --help\n", word, meant ? ", did you mean " : "",
            meant ? meant : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        fputs(help, stdout);
        return EXIT_CLEAN;
    }
    host_catch_interrupt();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return refuse(argv[1]);
}
