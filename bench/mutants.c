/*
 * mutants.c - the command mutants: how soon is each planted bug found?
 *
 * A bug may show in several ways, so each counts as found, but one must be
 * what its patch declares. A control must not be found at all: that is how
 * false alarms are measured.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "command.h"
#include "detection.h"
#include "figure.h"
#include "patch.h"
#include "progress.h"
#include "result.h"
#include "revision.h"
#include "statistics.h"

#define PATCHES_MAX 256
#define STRATEGIES_MAX 8

static const char help[] =
"Usage: lastcall mutants [MUTANT...] [options]\n"
"\n"
"Search each planted bug until it is found, over and over with other seeds:\n"
"the detection table. Runs and processor time are medians over the trials\n"
"that found it, then the least and the most; the time includes shrinking what\n"
"was found. Exits 1 if a bug is found by no strategy, or never with the\n"
"verdict that its patch declares, or if a control is flagged.\n"
"\n"
"  --strategy S,...  portfolio, sticky, pct, random, guided or all; default\n"
"                    portfolio,sticky,pct,random, with --quick portfolio\n"
"  --trials N        of each bug under each strategy; default 5\n"
"  --seconds N       for a trial, at most; default 5\n"
"  --quick           2 trials of 1.5 seconds\n"
"  --seed N          of the first trial; default 1\n"
"  --patches DIR     the planted bugs; default fuzz/mutants\n"
"  --json            one result a line on stdout, and nothing else\n"
"\n"
"Examples:\n"
"  ./lastcall mutants --quick\n"
"  ./lastcall mutants m003 canary --trials 20\n"
"  ./lastcall mutants --strategy pct,random --seconds 20 --json\n";

static const char *const strategy_names[] = { "all", "portfolio", "sticky",
                                              "pct", "random", "guided",
                                              NULL };

static struct {
    struct patch patches[PATCHES_MAX];
    size_t       patches_count;
    int          width;                 /* of the longest name           */
    char         strategies_text[128];
    const char  *strategies[STRATEGIES_MAX];
    size_t       strategies_count;
    bool         json;
    struct detection_options search;
} self;

/* What a person or a program reads. */

static double least(const double *values, unsigned count)
{
    double result = NAN;
    for (unsigned i = 0; i < count; i++)
        result = fmin(values[i], result);
    return result;
}

static double most(const double *values, unsigned count)
{
    double result = NAN;
    for (unsigned i = 0; i < count; i++)
        result = fmax(values[i], result);
    return result;
}

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void print_json(const struct detection *d, const char *metric,
                       const char *unit, const double *values)
{
    struct result result = {
        .question = "mutants", .subject = "lastcall", .metric = metric,
        .unit = unit,
        .params = json_pack("{s:s, s:s, s:s}", "mutant", d->patch->name,
                            "strategy", d->strategy, "verdict",
                            d->patch->verdict),
    };
    json_t *line = result_begin(&result), *samples = json_array();
    for (unsigned i = 0; i < d->found; i++)
        json_array_append_new(samples, json_real(values[i]));
    json_object_set_new(line, "value",
        number_or_null(statistics_median(values, d->found)));
    json_object_set_new(line, "low", number_or_null(least(values, d->found)));
    json_object_set_new(line, "high", number_or_null(most(values, d->found)));
    json_object_set_new(line, "n", json_integer((json_int_t)d->trials));
    json_object_set_new(line, "found", json_integer((json_int_t)d->found));
    json_object_set_new(line, "other", json_integer((json_int_t)d->other));
    json_object_set_new(line, "got", d->other > 0 ? json_string(d->got)
                        : d->found > 0 ? json_string(d->patch->verdict)
                                       : json_null());
    json_object_set_new(line, "clean", json_true());
    json_object_set_new(line, "samples", samples);
    if (d->skipped)
        json_object_set_new(line, "skipped", json_string(d->skipped));
    result_print(line, stdout);
    json_decref(line);
    json_decref(result.params);
}

static void print_spread(const double *values, unsigned count,
                         const char *unit)
{
    char value[FIGURE_MAX], low[FIGURE_MAX], high[FIGURE_MAX];
    char range[2 * FIGURE_MAX + 8];
    snprintf(range, sizeof range, "(%s .. %s)",
             figure_short(low, least(values, count), unit),
             figure_short(high, most(values, count), unit));
    printf("  %8s %-22s",
           figure_short(value, statistics_median(values, count), unit),
           count > 0 ? range : "");
}

static void print_row(const struct detection *d)
{
    printf("%-*s %-20s %-10s", self.width, d->patch->name, d->patch->verdict,
           d->strategy);
    if (d->skipped) {
        printf(" skipped: %s\n", d->skipped);
        return;
    }
    printf(" %3u of %-3u", d->found, d->trials);
    print_spread(d->runs, d->found, "runs");
    print_spread(d->cpu_seconds, d->found, "s");
    if (d->other > 0)
        printf("  got %s, %u of %u", d->got, d->other, d->found);
    putchar('\n');
    fflush(stdout);
}

static void print(const struct detection *d)
{
    progress_wipe();
    if (!self.json) {
        print_row(d);
        return;
    }
    print_json(d, "runs to first detection", "runs", d->runs);
    print_json(d, "processor time to first detection", "s", d->cpu_seconds);
}

/* All of them. */

struct tally {
    unsigned bugs, bugs_found;
    unsigned controls, controls_flagged;
    unsigned wrong;             /* found, never as declared              */
    unsigned missing;           /* not built                             */
    int      status;
};

static void search_patch(const struct patch *patch, struct tally *tally)
{
    bool found = false, declared = false, counts = false;
    for (size_t i = 0; i < self.strategies_count; i++) {
        static struct detection d;
        d = (struct detection){ .patch = patch,
                                .strategy = self.strategies[i] };
        if (host_interrupted()) {
            tally->status = DETECTION_INTERRUPTED;
            return;
        }
        progress_step("%s, %s", patch->name, d.strategy);
        detection_run(&d, &self.search);
        print(&d);
        counts = counts || d.trials > 0;
        found = found || d.found > 0;
        declared = declared || d.found > d.other;
        if (d.status > tally->status)
            tally->status = d.status;
    }
    if (!counts)
        return;
    if (patch->control) {
        tally->controls++;
        tally->controls_flagged += found;
    } else {
        tally->bugs++;
        tally->bugs_found += found;
        tally->wrong += found && !declared;
    }
}

static int end(const struct tally *t)
{
    if (!self.json)
        printf("%u of %u planted bugs found, %u never as declared, "
               "%u of %u controls flagged, %u not built\n", t->bugs_found,
               t->bugs, t->wrong, t->controls_flagged, t->controls,
               t->missing);
    if (t->status != EXIT_CLEAN)
        return t->status;
    if (t->bugs_found < t->bugs || t->wrong > 0 || t->controls_flagged > 0)
        return EXIT_FINDING;
    return t->missing > 0 || t->bugs + t->controls == 0 ? EXIT_NOTHING
                                                        : EXIT_CLEAN;
}

static int search_all(void)
{
    struct tally tally = { .status = EXIT_CLEAN };
    for (size_t i = 0; i < self.patches_count; i++)
        tally.missing += !detection_is_built(&self.patches[i], &self.search);
    if (tally.missing == self.patches_count) {
        fprintf(stderr, "lastcall mutants: no planted bug is built: "
                "./lastcall build does it, or meson configure "
                "-Dmutants=true in the build folder\n");
        return EXIT_NOTHING;
    }
    if (!self.json)
        printf("%-*s %-20s %-10s %10s  %8s %-22s  %8s\n", self.width,
               "planted bug", "must be", "strategy", "found", "runs",
               "(least .. most)", "time");
    for (size_t i = 0; i < self.patches_count && !host_interrupted(); i++)
        if (detection_is_built(&self.patches[i], &self.search))
            search_patch(&self.patches[i], &tally);
    return end(&tally);
}

/* The command line. */

static void add_patch(const char *path, void *unused)
{
    (void)unused;
    struct patch *patch = &self.patches[self.patches_count];
    if (self.patches_count < PATCHES_MAX && patch_read(patch, path))
        self.patches_count++;
}

static bool is_wanted(const struct patch *patch, char **words, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(words[i], patch->id) || !strcmp(words[i], patch->name))
            return true;
    return count == 0;
}

static bool is_known(const char *word)
{
    const char *ids[PATCHES_MAX + 1] = { NULL };
    for (size_t i = 0; i < self.patches_count; i++) {
        ids[i] = self.patches[i].id;
        if (is_wanted(&self.patches[i], (char *[]){ (char *)word }, 1))
            return true;
    }
    const char *meant = nearest_word(word, ids);
    fprintf(stderr, "lastcall mutants: there is no planted bug '%s'%s%s\n",
            word, meant ? ", did you mean " : "", meant ? meant : "");
    return false;
}

static bool choose_patches(const char *folder, char **words, int count)
{
    char why[HOST_WHY];
    if (host_list_folder(folder, add_patch, NULL, why) < 0) {
        fprintf(stderr, "lastcall mutants: %s; --patches names another\n",
                why);
        return false;
    }
    for (int i = 0; i < count; i++)
        if (!is_known(words[i]))
            return false;
    size_t kept = 0;
    for (size_t i = 0; i < self.patches_count; i++)
        if (is_wanted(&self.patches[i], words, count))
            self.patches[kept++] = self.patches[i];
    self.patches_count = kept;
    for (size_t i = 0; i < kept; i++) {
        int width = (int)strlen(self.patches[i].name);
        self.width = width > self.width ? width : self.width;
    }
    return true;
}

static bool is_strategy(const char *word)
{
    for (const char *const *name = strategy_names; *name; name++)
        if (strcmp(word, *name) == 0)
            return true;
    const char *meant = nearest_word(word, strategy_names);
    fprintf(stderr, "lastcall mutants: there is no strategy '%s'%s%s\n",
            word, meant ? ", did you mean " : "", meant ? meant : "");
    return false;
}

static bool choose_strategies(const char *text)
{
    snprintf(self.strategies_text, sizeof self.strategies_text, "%s", text);
    for (char *word = strtok(self.strategies_text, ","); word;
         word = strtok(NULL, ",")) {
        if (!is_strategy(word) || self.strategies_count == STRATEGIES_MAX)
            return false;
        self.strategies[self.strategies_count++] = word;
    }
    return self.strategies_count > 0;
}

/* The searches start from the scenarios of the source, wherever this is
 * called from, so that the table is of one corpus. */
static void find_places(char patches[HOST_PATH + 32])
{
    char root[REVISION_PATH];
    revision_root(root);
    snprintf(patches, HOST_PATH + 32, "%s/fuzz/mutants", root);
    char *corpus = self.search.corpus;
    snprintf(corpus, sizeof self.search.corpus, "%s/corpus/scenario", root);
    if (!host_is_folder(corpus))
        *corpus = '\0';
    host_program(self.search.folder);
    char *slash = strrchr(self.search.folder, '/');
    if (slash)
        *slash = '\0';
}

static int run(void)
{
    char why[HOST_WHY];
    if (host_temporary_folder(self.search.kept, why) < 0) {
        fprintf(stderr, "lastcall mutants: %s\n", why);
        return EXIT_FAULT;
    }
    int status = search_all();
    host_remove_folder(self.search.kept);
    return status;
}

int command_mutants(int argc, char **argv)
{
    bool quick = false;
    const char *strategies = NULL, *trials = NULL, *seconds = NULL;
    const char *seed = NULL, *patches = NULL;
    const struct option_form forms[] = {
        { "quick", &quick, NULL },        { "json", &self.json, NULL },
        { "strategy", NULL, &strategies }, { "trials", NULL, &trials },
        { "seconds", NULL, &seconds },    { "seed", NULL, &seed },
        { "patches", NULL, &patches },    { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;

    char folder[HOST_PATH + 32];
    find_places(folder);
    self.search.trials = quick ? 2 : 5;
    self.search.seconds = quick ? 1.5 : 5;
    self.search.seed = 1;
    if (!strategies)
        strategies = quick ? "portfolio" : "portfolio,sticky,pct,random";
    struct detection_options *o = &self.search;
    if ((trials && !option_number("trials", trials, &o->trials)) ||
        (seed && !option_number("seed", seed, &o->seed)) ||
        (seconds && !option_seconds("seconds", seconds, &o->seconds)) ||
        !choose_strategies(strategies))
        return EXIT_USAGE;
    if (self.search.trials < 1 || self.search.trials > DETECTION_TRIALS_MAX) {
        fprintf(stderr, "lastcall mutants: --trials takes 1 to %d\n",
                DETECTION_TRIALS_MAX);
        return EXIT_USAGE;
    }
    if (!choose_patches(patches ? patches : folder, argv + 1, left - 1))
        return EXIT_USAGE;
    return run();
}
