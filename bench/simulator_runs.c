/*
 * simulator_runs.c - how many complete runs a second does the simulator make?
 *
 * `lastcall-fuzz speed` measures each scenario of the corpus, a little of
 * each in every round. The figure of the suite is the median scenario.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/host.h"
#include "child.h"
#include "question.h"
#include "result.h"
#include "round.h"
#include "statistics.h"

#define SCENARIOS_MAX 256
#define METRIC "runs of the simulator"
#define UNIT "runs/s"
#define SLICE_MIN 0.02      /* seconds; below, starting is what is measured */
#define SLICE_MAX 0.5

static struct {
    char   path[SCENARIOS_MAX][HOST_PATH];
    size_t count;
    char   program[QUESTION_PATH + 16];
    char   seconds[32];     /* of one scenario in one round              */
} s;

static void note_rate(void *argument, const char *text)
{
    double *rate = argument;
    json_t *line = json_loads(text, 0, NULL);
    if (*result_word(line, "scenario", ""))
        *rate = result_number(line, "runs_per_second", NAN);
    json_decref(line);
}

static double measure(const struct row *row, struct histogram *unused)
{
    const char *const argv[] = { s.program, "speed", "--json", "--seconds",
                                 s.seconds, row->of, NULL };
    struct child_options options = { .argv = argv, .quiet = true };
    double rate = NAN;
    (void)unused;
    child_run(&options, note_rate, &rate);
    return rate;
}

static void add_scenario(const char *path, void *unused)
{
    size_t size = strlen(path);
    (void)unused;
    if (size > 4 && strcmp(path + size - 4, ".scn") == 0 &&
        s.count < SCENARIOS_MAX)
        snprintf(s.path[s.count++], HOST_PATH, "%s", path);
}

static void name_of(char *out, size_t size, const char *path)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    snprintf(out, size, "%.*s", (int)(strlen(name) - 4), name);
}

static void fill(struct row *row, const char *path)
{
    char name[128];
    name_of(name, sizeof name, path);
    *row = (struct row){
        .subject = "lastcall", .metric = METRIC, .unit = UNIT,
        .params = json_pack("{s:s}", "scenario", name),
        .measure = measure, .of = path,
    };
}

/* A median is not moved by a few: three in four must have been clean. */
static bool is_clean(const struct row *rows, unsigned round)
{
    size_t clean = 0;
    for (size_t i = 0; i < s.count; i++)
        clean += rows[i].clean[round];
    return 4 * clean >= 3 * s.count;
}

static double median_of_round(const struct row *rows, unsigned round)
{
    double rates[SCENARIOS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s.count; i++)
        if (!isnan(rows[i].value[round]))
            rates[count++] = rows[i].value[round];
    return statistics_median(rates, count);
}

static size_t collect(const struct row *rows, bool clean, double *medians)
{
    size_t count = 0;
    for (unsigned i = 0; i < rows[0].rounds; i++) {
        double median = median_of_round(rows, i);
        if (!isnan(median) && (!clean || is_clean(rows, i)))
            medians[count++] = median;
    }
    return count;
}

static void report_median(const struct row *rows)
{
    double medians[ROUNDS_MAX];
    size_t count = collect(rows, true, medians);
    bool clean = count >= ROUNDS_CLEAN_MIN;
    if (!clean)
        count = collect(rows, false, medians);
    struct result result = {
        .question = question_simulator_runs.name, .subject = "lastcall",
        .metric = METRIC ", median scenario", .unit = UNIT,
        .params = json_pack("{s:i}", "scenarios", (int)s.count),
        .samples = medians, .samples_count = count, .clean = clean,
        .rounds = rows[0].rounds,
    };
    if (count == 0)
        result.skipped = "no scenario was run";
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
    json_decref(result.params);
}

/* Each scenario gets the same share of the time, for so many rounds. */
static void set_slice(double seconds, unsigned rounds)
{
    double slice = seconds / (double)s.count / (rounds + 1) - 0.01;
    snprintf(s.seconds, sizeof s.seconds, "%.3f",
             fmin(SLICE_MAX, fmax(SLICE_MIN, slice)));
}

static int run(const struct question_limits *limits)
{
    static struct row rows[SCENARIOS_MAX];
    char folder[QUESTION_PATH + 32], why[HOST_WHY];
    const struct round_options options = { .rounds = limits->quick ? 5 : 15,
                                           .seconds = limits->seconds };

    snprintf(s.program, sizeof s.program, "%s/lastcall-fuzz",
             limits->folder);
    snprintf(folder, sizeof folder, "%s/corpus/scenario", limits->root);
    FILE *file = fopen(s.program, "r");
    if (!file)
        return question_skip(&question_simulator_runs, "lastcall", METRIC,
                             UNIT, "lastcall-fuzz is not built beside this "
                             "program: ./lastcall build");
    fclose(file);
    if (host_list_folder(folder, add_scenario, NULL, why) < 0 || !s.count)
        return question_skip(&question_simulator_runs, "lastcall", METRIC,
                             UNIT, "corpus/scenario has no scenarios");
    set_slice(limits->seconds, options.rounds);
    for (size_t i = 0; i < s.count; i++)
        fill(&rows[i], s.path[i]);
    round_run(rows, s.count, &options);
    report_median(rows);
    round_report(question_simulator_runs.name, rows, s.count);
    round_close(rows, s.count);
    return 0;
}

const struct question question_simulator_runs = {
    .name = "simulator_runs",
    .asks = "how many runs a second does the simulator make?",
    .seconds_quick = 3,
    .seconds_full = 15,
    .run = run,
};
