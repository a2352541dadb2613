/*
 * command_fuzz.c - fuzz: search, show progress, keep what is found.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "elsewhere.h"
#include "guided.h"
#include "host.h"
#include "platform.h"
#include "search.h"

#define SEEDS_MAX 512

static const char help[] =
"Usage: lastcall fuzz [options]\n"
"\n"
"Search for scenarios and schedules that break the contract of shutdown. A\n"
"finding is shrunk and saved before it is told; the last line says how to run\n"
"it again. Exits 1 if anything was found.\n"
"\n"
"  --strategy S    all (portfolio, then guided), portfolio, sticky, pct,\n"
"                  random, or guided (libFuzzer); default all\n"
"  --seconds N     how long; default 60, or no limit with --runs\n"
"  --runs N        how many runs\n"
"  --seed N        where to start; default: another one each time\n"
"  --first         end at the first finding\n"
"  --jobs N        so many processes, each with its own seed; default 1\n"
"  --mutant ID     search the loop with this planted bug, such as m003\n"
"  --target T      shutdown, the only one so far\n"
"  --platform P    sim; or linux, io_uring or win32: real threads, disturbed\n"
"                  by noise, to which --strategy, --target and --jobs mean\n"
"                  nothing\n"
"  --corpus DIR    scenarios to start from; default corpus/scenario and\n"
"                  corpus/found\n"
"  --save DIR      where findings go; default corpus/found, for a planted bug\n"
"                  build/findings/ID\n"
"  --json          one JSON object a line: progress, finding, summary\n"
"\n"
"Examples:\n"
"  ./lastcall fuzz --seconds 60\n"
"  ./lastcall fuzz --mutant m003 --first\n"
"  ./lastcall fuzz --strategy pct --runs 1000000 --seed 1\n";

static struct {
    bool         json;
    bool         terminal;
    bool         drawn;         /* a progress line stands on the terminal    */
    double       line_told;
    const char  *strategy;
    const char  *mutant;        /* of this program, or ""                    */
    struct scenario *seeds;
    size_t       seeds_count;
} self;

/* What a person sees. */

static void clear_line(void)
{
    if (self.drawn)
        fprintf(stderr, "\r\033[K");
    self.drawn = false;
}

static void print_json(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void describe(char *out, size_t size, const struct search_state *s)
{
    double rate = s->seconds > 0 ? (double)s->runs / s->seconds : 0;
    int n = snprintf(out, size, "%.0f s  %.1f M runs  %.0f runs/s  "
                     "%llu behaviours  %zu findings", s->seconds,
                     (double)s->runs / 1e6, rate,
                     (unsigned long long)s->behaviours, s->findings.count);
    if (s->unseen >= 0 && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "  unseen %.3f %%",
                 s->unseen * 100);
}

static void on_progress(const struct search_state *s)
{
    char text[160];
    if (self.json) {
        print_json(json_pack("{s:s, s:s, s:f, s:I, s:f, s:I, s:i, s:f, s:s}",
            "type", "progress", "platform", "sim", "seconds", s->seconds,
            "runs", (json_int_t)s->runs,
            "runs_per_second", (double)s->runs / s->seconds,
            "behaviours", (json_int_t)s->behaviours,
            "findings", (int)s->findings.count, "unseen", s->unseen,
            "strategy", self.strategy));
        return;
    }
    describe(text, sizeof text, s);
    if (self.terminal) {
        fprintf(stderr, "\r\033[K%.100s", text);
        self.drawn = true;
    } else if (s->seconds - self.line_told >= 10) {
        self.line_told = s->seconds;
        fprintf(stderr, "%s\n", text);
    }
}

static void replay_command(char *out, size_t size, const struct finding *f)
{
    program_command(out, size, "replay", f->path);
}

static void on_found(const struct search_state *s, const struct finding *f)
{
    char command[HOST_PATH + 64];
    replay_command(command, sizeof command, f);
    clear_line();
    if (self.json) {
        print_json(json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:s, s:s*}",
            "type", "finding", "platform", "sim",
            "verdict", verdict_name(f->verdict),
            "where", f->where, "frames", f->frames, "path", f->path,
            "replay", command, "strategy", self.strategy,
            "runs", (json_int_t)s->runs,
            "seconds", host_seconds() - s->began,
            "scenario", f->path, "text", s->findings.unsaved));
        return;
    }
    printf("%s: %s%s%s\n  after %llu runs, saved as %s\n",
           verdict_name(f->verdict), f->where, *f->frames ? " in " : "",
           f->frames, (unsigned long long)s->runs,
           *f->path ? f->path : "nothing");
    if (s->findings.unsaved)
        printf("%s", s->findings.unsaved);
    fflush(stdout);
    if (!*f->path)
        fprintf(stderr, "lastcall fuzz: %s; the scenario is printed above, "
                "--save names another folder\n", s->findings.why);
}

static void on_shrinking(unsigned tries)
{
    if (!self.terminal || self.json)
        return;
    fprintf(stderr, "\r\033[Kshrinking: %u tries", tries);
    self.drawn = true;
}

static const struct search_listener listener = {
    .progress = on_progress, .found = on_found, .shrinking = on_shrinking,
};

static void print_summary(const struct search_state *s)
{
    clear_line();
    if (self.json) {
        json_t *verdicts = json_object();
        for (int v = 0; v < VERDICTS; v++)
            if (s->verdicts[v] > 0)
                json_object_set_new(verdicts, verdict_name((enum verdict)v),
                                    json_integer((json_int_t)s->verdicts[v]));
        print_json(json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:I, s:i, s:I,"
                             " s:o}",
            "type", "summary", "platform", "sim", "strategy", self.strategy,
            "runs", (json_int_t)s->runs, "seconds", s->seconds,
            "runs_per_second",
            s->seconds > 0 ? (double)s->runs / s->seconds : 0,
            "behaviours", (json_int_t)s->behaviours,
            "findings", (int)s->findings.count,
            "budget_runs", (json_int_t)s->budget_runs,
            "verdicts", verdicts));
        return;
    }
    char text[160];
    describe(text, sizeof text, s);
    printf("%s\n", text);
    if (s->budget_runs > 0)
        printf("%llu runs ended by their budget of decisions, which proves "
               "nothing\n", (unsigned long long)s->budget_runs);
    if (s->findings.count > 0) {
        char command[HOST_PATH + 64];
        replay_command(command, sizeof command,
                       &s->findings.list[s->findings.count - 1]);
        printf("%s\n", command);
    }
}

/* What to start from. */

static bool add_seeds(const char *folder, bool required)
{
    char path[] = "fuzz", name[HOST_PATH];
    char *argv[] = { path, name };
    struct path_list list;
    snprintf(name, sizeof name, "%s", folder);
    if (!host_is_folder(folder)) {
        if (required)
            fprintf(stderr, "lastcall fuzz: %s is no folder of scenarios\n",
                    folder);
        return !required;
    }
    if (read_paths(&list, 2, argv) < 0)
        return false;
    for (size_t i = 0; i < list.count && self.seeds_count < SEEDS_MAX; i++) {
        struct scenario *s = &self.seeds[self.seeds_count];
        if (read_scenario(s, list.path[i]) == 0 && search_add(s))
            self.seeds_count++;
    }
    free(list.path);
    return true;
}

struct limits {
    double   seconds;
    uint64_t runs, seed, jobs;
};

static bool read_limits(struct limits *l, const char *seconds,
                        const char *runs, const char *seed, const char *jobs)
{
    *l = (struct limits){ .seconds = runs ? 0 : 60, .jobs = 1 };
    if (!seed)
        l->seed = host_seed() >> 16;
    return (!seconds || option_seconds("seconds", seconds, &l->seconds)) &&
           (!runs || option_number("runs", runs, &l->runs)) &&
           (!seed || option_number("seed", seed, &l->seed)) &&
           (!jobs || option_number("jobs", jobs, &l->jobs));
}

static bool one_of(const char *option, const char *word,
                   const char *const *list)
{
    for (const char *const *at = list; *at; at++)
        if (!strcmp(word, *at))
            return true;
    const char *meant = nearest_word(word, list);
    fprintf(stderr, "lastcall fuzz: --%s cannot be '%s'%s%s\n", option, word,
            meant ? ", did you mean " : "", meant ? meant : "");
    return false;
}

/* Search on real threads: the scenarios to breed from are handed over. */
static int search_elsewhere(const char *platform, const struct limits *l,
                            const char *corpus, const char *save, bool first)
{
    struct path_list list;
    char path[] = "fuzz", written[] = "corpus/scenario", found[] =
        "corpus/found", given[HOST_PATH];
    snprintf(given, sizeof given, "%s", corpus ? corpus : "");
    char *both[] = { path, written, found }, *one[] = { path, given };
    if (read_paths(&list, corpus ? 2 : 3, corpus ? one : both) < 0)
        return EXIT_USAGE;
    struct elsewhere e = { .platform = platform, .seconds = l->seconds,
        .runs = l->runs, .seed = l->seed, .first = first, .json = self.json,
        .terminal = host_is_terminal(2), .save = save, .path = list.path,
        .path_count = list.count };
    int status = elsewhere_fuzz(&e);
    free(list.path);
    return status;
}

static int search(struct search_state *s, struct search_options *options,
                  const struct limits *l, const char *strategy)
{
    char why[HOST_WHY] = "";
    bool guided = !strcmp(strategy, "guided");
    bool both = !strcmp(strategy, "all") && l->seconds > 0 && l->runs == 0;
    if (guided && !guided_is_built()) {
        fprintf(stderr, "lastcall fuzz: target_shutdown is not built: it "
                "needs clang and libclang-rt-14-dev\n");
        return EXIT_NOTHING;
    }
    both = both && guided_is_built();
    s->began = host_seconds();
    s->unseen = -1;     /* until search_run can tell */
    if (!guided) {
        options->seconds = both ? l->seconds * 2 / 3 : l->seconds;
        search_run(s, options, &listener);
    }
    bool enough = host_interrupted() ||
                  (options->first && s->findings.count > 0);
    double rest = l->seconds - (host_seconds() - s->began);
    if ((guided || both) && !enough && rest > 0 &&
        guided_run(s, self.seeds, self.seeds_count, rest, l->seed, &listener,
                   why) < 0) {
        fprintf(stderr, "lastcall fuzz: %s\n", why);
        return EXIT_FAULT;
    }
    print_summary(s);
    return s->findings.count > 0 ? EXIT_FINDING : EXIT_CLEAN;
}

int command_fuzz(int argc, char **argv)
{
    static const char *const strategies[] = { "all", "portfolio", "sticky",
        "pct", "random", "guided", NULL };
    static const char *const targets[] = { "shutdown", NULL };
    const char *strategy = "all", *seconds = NULL, *runs = NULL;
    const char *seed = NULL, *jobs = NULL, *mutant = NULL, *save = NULL;
    const char *target = "shutdown", *platform = "sim", *corpus = NULL;
    bool first = false;
    const struct option_form forms[] = {
        { "json", &self.json, NULL },     { "first", &first, NULL },
        { "strategy", NULL, &strategy },  { "seconds", NULL, &seconds },
        { "runs", NULL, &runs },          { "seed", NULL, &seed },
        { "jobs", NULL, &jobs },          { "mutant", NULL, &mutant },
        { "save", NULL, &save },          { "target", NULL, &target },
        { "platform", NULL, &platform },  { "corpus", NULL, &corpus }, { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    struct limits l;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (left > 1) {
        fprintf(stderr, "lastcall fuzz: takes no '%s'; see lastcall fuzz "
                "--help\n", argv[1]);
        return EXIT_USAGE;
    }
    if (!read_limits(&l, seconds, runs, seed, jobs) ||
        !one_of("strategy", strategy, strategies) ||
        !one_of("target", target, targets) ||
        !one_of("platform", platform, platform_name))
        return EXIT_USAGE;

    static char folder[HOST_PATH];
    self.mutant = program_mutant();
    snprintf(folder, sizeof folder, *self.mutant ? "build/findings/%s"
             : "corpus/found", self.mutant);
    if (!save)
        save = folder;
    if (strcmp(platform, "sim") != 0)
        return search_elsewhere(platform, &l, corpus, save, first);
    self.strategy = strategy;
    self.terminal = host_is_terminal(2);
    if (mutant && strcmp(mutant, self.mutant) != 0) {
        fprintf(stderr, "lastcall fuzz: this program is not the one for "
                "mutant '%s': ./lastcall fuzz --mutant builds and runs it; "
                "fuzz/mutants/README.md lists them\n", mutant);
        return EXIT_USAGE;
    }
    static struct search_state state;
    state.findings.subject = &subject_lastcall;
    state.findings.folder = save;
    char why[HOST_WHY];
    if (host_make_folder(state.findings.folder, why) < 0) {
        fprintf(stderr, "lastcall fuzz: %s; --save names another folder\n",
                why);
        return EXIT_FAULT;
    }
    self.seeds = calloc(SEEDS_MAX, sizeof *self.seeds);
    if (!self.seeds ||
        !(corpus ? add_seeds(corpus, true)
                 : add_seeds("corpus/scenario", false) &&
                       add_seeds("corpus/found", false)))
        return EXIT_USAGE;
    if (l.jobs > 1) {
        int job = host_split((unsigned)(l.jobs < 64 ? l.jobs : 64));
        if (job < 0)
            return -1 - job;
        sim_catch_faults();     /* a timer is not inherited */
        l.seed += (uint64_t)job;
        self.terminal = self.terminal && job == 0;
    }
    if (!self.json && self.terminal)
        fprintf(stderr, "seed %llu, %zu scenarios to start from\n",
                (unsigned long long)l.seed, self.seeds_count);
    struct search_options options = {
        .strategy = !strcmp(strategy, "all") ? "portfolio" : strategy,
        .seed = l.seed, .runs = l.runs, .first = first };
    int status = search(&state, &options, &l, strategy);
    free(self.seeds);
    return status;
}
