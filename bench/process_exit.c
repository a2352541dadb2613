/*
 * process_exit.c - how long does a whole process take that shuts its loop
 * down and ends, under each strategy?
 *
 * hyperfine runs the program of exit_child.c, from its start to the moment
 * its parent has seen it end; the floor is `true`, which does nothing. Each
 * strategy also says how many items it never told how they ended: that is
 * what the faster ones pay with.
 *
 * hyperfine cannot tell apart what differs by less than about 0.1 ms.
 *
 * source: hyperfine 1.15, its JSON export
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "child.h"
#include "question.h"
#include "result.h"
#include "round.h"
#include "statistics.h"

#define PENDING 1000
#define COMMAND_MAX (QUESTION_PATH + 64)
#define CHILD_SECONDS 20
#define INSTALL "hyperfine is not installed: apt-get install hyperfine"

static const char *const strategies[] = { "stop", "graceful", "hooks",
                                          "deadline", "abandon" };
static const char *const works[] = { "none", "timers", "tasks", "posts" };

#define STRATEGIES (sizeof strategies / sizeof strategies[0])
#define WORKS (sizeof works / sizeof works[0])
#define ROWS (STRATEGIES * WORKS + 1)

struct process {
    const char *strategy;
    const char *work;
    unsigned    pending;
    char        command[COMMAND_MAX];
};

static struct process processes[ROWS];
static const char    *folder;
static const char    *runs;         /* of hyperfine, for one row in a round */

static json_t *read_times(const char *path)
{
    json_t *all = json_load_file(path, 0, NULL);
    json_t *first = json_array_get(json_object_get(all, "results"), 0);
    json_t *times = json_incref(json_object_get(first, "times"));
    json_decref(all);
    return times;
}

/* The median of the times, all of which go to the histogram. */
static double take_times(const json_t *times, struct histogram *h)
{
    double taken[STATISTICS_SAMPLES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(times); i++) {
        double seconds = json_number_value(json_array_get(times, i));
        histogram_record(h, (uint64_t)(seconds * 1e9));
        if (count < STATISTICS_SAMPLES_MAX)
            taken[count++] = seconds * 1e9;
    }
    return statistics_median(taken, count);
}

static double measure(const struct row *row, struct histogram *h)
{
    const struct process *process = row->of;
    char path[QUESTION_PATH + 16];
    snprintf(path, sizeof path, "%s/times.json", folder);
    const char *const argv[] = { "hyperfine", "-N", "--style", "none",
                                 "--warmup", "3", "--runs", runs,
                                 "--export-json", path, process->command,
                                 NULL };
    struct child_options options = { .argv = argv, .quiet = true };
    struct child_result result = child_run(&options, NULL, NULL);
    if (result.end != CHILD_EXITED || result.status != 0)
        return NAN;
    json_t *times = read_times(path);
    double value = take_times(times, h);
    json_decref(times);
    return value;
}

static void note_count(void *argument, const char *line)
{
    double *count = argument;
    *count = strtod(line, NULL);
}

/* Run once, outside of any measurement; the figure is a count. */
static void report_untold(const struct process *process, json_t *params)
{
    char program[COMMAND_MAX], pending[16];
    double untold = NAN;
    snprintf(program, sizeof program, "%.*s",
             (int)strcspn(process->command, " "), process->command);
    snprintf(pending, sizeof pending, "%u", process->pending);
    const char *const argv[] = { program, process->strategy, process->work,
                                 pending, "--report", NULL };
    struct child_options options = { .argv = argv,
                                     .seconds_max = CHILD_SECONDS };
    struct child_result ended = child_run(&options, note_count, &untold);
    struct result result = {
        .question = question_process_exit.name, .subject = "lastcall",
        .metric = "never told how they ended", .unit = "items",
        .params = params, .samples = &untold, .samples_count = 1,
        .clean = true,
    };
    if (ended.end == CHILD_HUNG)
        result.skipped = "hung";
    else if (ended.end != CHILD_EXITED || ended.status != 0 || isnan(untold))
        result.skipped = "the process did not end as it should";
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
}

static void fill(struct row *row, struct process *process,
                 const char *program, const char *strategy,
                 const char *work)
{
    int written;
    bool idle = strcmp(work, "none") == 0;
    *process = (struct process){ .strategy = strategy, .work = work,
                                 .pending = idle ? 0 : PENDING };
    written = snprintf(process->command, sizeof process->command,
                       "%s %s %s %u", program, strategy, work,
                       process->pending);
    LOOP_ASSERT(written < COMMAND_MAX);
    *row = (struct row){
        .subject = "lastcall", .metric = "process, start to end",
        .unit = "ns",
        .params = json_pack("{s:s, s:s, s:i}", "strategy", strategy, "work",
                            work, "pending", (int)process->pending),
        .has_histogram = true, .measure = measure, .of = process,
    };
}

static void fill_floor(struct row *row, struct process *process)
{
    *process = (struct process){ .strategy = "", .work = "" };
    snprintf(process->command, sizeof process->command, "true");
    *row = (struct row){
        .subject = "floor true", .metric = "process, start to end",
        .unit = "ns", .params = json_object(), .has_histogram = true,
        .measure = measure, .of = process,
    };
}

/* Two words of the command line are told apart by a blank. */
static const char *why_not(const char *program)
{
    static const char *const argv[] = { "hyperfine", "--version", NULL };
    struct child_options options = { .argv = argv, .quiet = true };
    struct child_result result = child_run(&options, NULL, NULL);
    FILE *file = fopen(program, "r");
    if (!file)
        return "lastcall-bench-exit is not built";
    fclose(file);
    if (strchr(program, ' '))
        return "the build folder has a blank in its path";
    return result.end == CHILD_EXITED && result.status == 0 ? NULL : INSTALL;
}

static int run(const struct question_limits *limits)
{
    static struct row rows[ROWS];
    char program[COMMAND_MAX];
    const struct round_options options = {
        .rounds = limits->quick ? 6 : 15, .seconds = limits->seconds };

    snprintf(program, sizeof program, "%s/lastcall-bench-exit",
             limits->folder);
    const char *missing = why_not(program);
    if (missing)
        return question_skip(&question_process_exit, "lastcall",
                             "process, start to end", "ns", missing);
    folder = limits->scratch;
    runs = limits->quick ? "12" : "40";
    fill_floor(&rows[ROWS - 1], &processes[ROWS - 1]);
    for (size_t i = 0; i < ROWS - 1; i++) {
        fill(&rows[i], &processes[i], program, strategies[i % STRATEGIES],
             works[i / STRATEGIES]);
        rows[i].floor[0] = &rows[ROWS - 1];
    }
    unsigned rounds = round_run(rows, ROWS, &options);
    round_report(question_process_exit.name, rows, ROWS, rounds);
    for (size_t i = 0; i < ROWS - 1; i++)
        report_untold(&processes[i], rows[i].params);
    round_close(rows, ROWS);
    return 0;
}

const struct question question_process_exit = {
    .name = "process_exit",
    .asks = "how long does a process take that shuts down and ends?",
    .seconds_quick = 6,
    .seconds_full = 50,
    .run = run,
};
