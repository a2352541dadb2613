/*
 * main.c - lastcall-real: scenarios on the real threads of one platform.
 *
 * The programs of the suite start it; on Windows it is all there is, and
 * what it prints is meant to be read as well.
 */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "../host.h"
#include "plan.h"

static const char help[] =
"Usage: lastcall-real-PLATFORM fuzz [options] SCENARIO...\n"
"       lastcall-real-PLATFORM replay SCENARIO [options]\n"
"       lastcall-real-PLATFORM run [options] SCENARIO...\n"
"\n"
"Run scenarios on real threads, in child processes that are watched. fuzz\n"
"breeds new ones from those that are named; replay repeats one; run is what a\n"
"child does, unwatched if a person starts it.\n"
"\n"
"  --seconds N      how long\n"
"  --runs N         how many runs\n"
"  --seed N         where to start; default: another one each time\n"
"  --from N         the number of the first run\n"
"  --first          end at the first finding\n"
"  --only FILE      run: this scenario and no other\n"
"  --order FILE     follow these events as far as possible\n"
"  --expectations   check what the scenario's author expects\n"
"  --suspicion MS   how long a run must stand still to be a finding; 1000\n"
"  --save DIR       where findings go; default findings\n"
"\n"
"Exits 0 clean, 1 with a finding, 2 usage, 3 the suite's own fault.\n"
"\n"
"Example:\n"
"  lastcall-real-linux fuzz --seconds 60 corpus/scenario/*.scn\n";

struct words {
    const char *seconds, *runs, *seed, *from, *suspicion;
};

static bool read_numbers(const struct words *w, struct plan *plan)
{
    uint64_t suspicion = 0;
    plan->seed = host_seed() >> 16;
    bool good =
        (!w->seconds || option_seconds("seconds", w->seconds,
                                       &plan->seconds)) &&
        (!w->runs || option_number("runs", w->runs, &plan->runs)) &&
        (!w->seed || option_number("seed", w->seed, &plan->seed)) &&
        (!w->from || option_number("from", w->from, &plan->from)) &&
        (!w->suspicion || option_number("suspicion", w->suspicion,
                                        &suspicion));
    plan->suspicion_ms = (uint32_t)(suspicion ? suspicion : 1000);
    return good;
}

static int start(const char *command, struct plan *plan)
{
    static char program[HOST_PATH];
    if (plan_load(plan) < 0)
        return EXIT_USAGE;
    if (!strcmp(command, "run"))
        return child_main(plan);
    host_program(program);
    return !strcmp(command, "fuzz") ? parent_fuzz(plan, program)
                                    : parent_replay(plan, program);
}

int main(int argc, char **argv)
{
    struct words w = { 0 };
    struct plan plan = { .save = "findings" };
    const struct option_form forms[] = {
        { "seconds", NULL, &w.seconds },  { "runs", NULL, &w.runs },
        { "seed", NULL, &w.seed },        { "from", NULL, &w.from },
        { "suspicion", NULL, &w.suspicion },
        { "only", NULL, &plan.only },      { "order", NULL, &plan.order },
        { "save", NULL, &plan.save },      { "first", &plan.first, NULL },
        { "expectations", &plan.expectations, NULL }, { 0 },
    };
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        fputs(help, argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_CLEAN;
    }
    const char *command = argv[1];
    if (strcmp(command, "run") != 0 && strcmp(command, "fuzz") != 0 &&
        strcmp(command, "replay") != 0) {
        fprintf(stderr, "lastcall-real: unknown command '%s'; there are run, "
                "fuzz and replay\n", command);
        return EXIT_USAGE;
    }
    int left = options_read(argc - 1, argv + 1, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    argv[1 + left] = NULL;
    plan.corpus = (const char *const *)argv + 2;
    if (!strcmp(command, "replay"))
        plan.only = argv[2];
    if (!strcmp(command, "replay") && left != 2) {
        fprintf(stderr, "lastcall-real: replay takes one scenario\n");
        return EXIT_USAGE;
    }
    return read_numbers(&w, &plan) ? start(command, &plan) : EXIT_USAGE;
}
