/*
 * process_exit.c - how long does a whole process take that shuts its loop
 * down and ends, under each strategy, beside processes of other loops?
 *
 * Two figures. hyperfine runs the program from its start to the moment its
 * parent has seen it end; the floor is `true`, which does nothing, and what
 * differs by less than about 0.1 ms is not told apart. From the request to
 * the moment at which the process is gone: the child tells the time at which
 * it is asked (asked.h), the parent reads the same clock when the kernel has
 * told it of the end; the floor is a process that has no loop.
 *
 * Each strategy also says how many items it never told how they ended: that
 * is what the faster ones pay with.
 *
 * Of the others each ends in two ways, with timers pending: clean, all is
 * closed as its documentation tells to, which stands beside graceful; and
 * dirty, the process just ends, which stands beside abandon; Node by its
 * process.exit.
 *
 * source: hyperfine 1.15, its JSON export
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "asked.h"
#include "child.h"
#include "question.h"
#include "result.h"
#include "round.h"
#include "statistics.h"

#define PENDING 1000
#define PENDING_MANY 100000
#define COMMAND_MAX (QUESTION_PATH + 64)
#define WORDS_MAX 5
#define CHILD_SECONDS 20
#define INSTALL "hyperfine is not installed: apt-get install hyperfine"
#define START_TO_END "process, start to end"
#define ASKED_TO_GONE "process, request to gone"
#define MISSING 127             /* status of a program that is not there */

static const char *const strategies[] = { "stop", "graceful", "hooks",
                                          "deadline", "abandon" };
static const char *const works[] = { "none", "timers", "tasks", "posts" };

static const struct other {
    const char *name;           /* of the program                        */
    const char *subject;
    bool        is_slow;        /* to start                              */
} others[] = {
    { "libuv", "libuv", false },
    { "libevent", "libevent", false },
    { "libev", "libev", false },
    { "glib", "GLib", false },
    { "asio", "Asio", false },
    { "asyncio", "asyncio", true },
    { "node", "Node", true },
};

/* How another loop ends, and which of our strategies stands beside it. */
static const struct way {
    const char *measurement;    /* of its program                        */
    const char *name;
    const char *strategy;
} ways[] = {
    { "exit-clean", "clean", "graceful" },
    { "exit-dirty", "dirty", "abandon" },
};

#define COUNT(array) (sizeof (array) / sizeof (array)[0])
#define OURS (COUNT(strategies) * (COUNT(works) + 1))
#define OTHERS (COUNT(others) * COUNT(ways) * 2)
#define PROCESSES_MAX (OURS + OTHERS + 2)

struct process {
    const char *subject;
    const char *strategy;
    const char *work;
    unsigned    pending;
    bool        is_slow;
    char        path[COMMAND_MAX];
    char        number[16];
    const char *word[WORDS_MAX];    /* after the path, up to a NULL      */
    char        command[COMMAND_MAX];
    bool        has_failed;         /* it is not run again               */
    struct row *whole;              /* its two figures; NULL: not measured */
    struct row *gone;
};

static struct {
    const struct question_limits *limits;
    bool           has_hyperfine;
    struct process process[PROCESSES_MAX];
    size_t         processes;
    struct row     row[2 * PROCESSES_MAX];
    size_t         rows;
    bool           failed;      /* one of ours                           */
} self;

/* How often is a process run for one row in a round? */
static unsigned runs_of(const struct process *process)
{
    if (process->is_slow)
        return 2;
    if (process->pending == PENDING_MANY)
        return self.limits->quick ? 3 : 6;
    return self.limits->quick ? 12 : 16;
}

/* From start to end, by hyperfine. */

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

static double measure_whole(const struct row *row, struct histogram *h)
{
    const struct process *process = row->of;
    char path[QUESTION_PATH + 16], runs[16], warm_up[16];
    snprintf(path, sizeof path, "%s/times.json", self.limits->scratch);
    snprintf(runs, sizeof runs, "%u", runs_of(process));
    snprintf(warm_up, sizeof warm_up, "%u", runs_of(process) / 4);
    const char *const argv[] = { "hyperfine", "-N", "--style", "none",
                                 "--warmup", warm_up,
                                 "--runs", runs, "--export-json", path,
                                 process->command, NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .group = true,
                                     .seconds_max = CHILD_SECONDS };
    struct child_result result = child_run(&options, NULL, NULL);
    if (result.end != CHILD_EXITED || result.status != 0)
        return NAN;
    json_t *times = read_times(path);
    double value = take_times(times, h);
    json_decref(times);
    return value;
}

/* From the request to the end. */

static bool ended_well(const struct child_result *ended)
{
    return ended->end == CHILD_EXITED && ended->status == 0;
}

static const char *why_ended(const struct child_result *ended)
{
    return ended->end == CHILD_HUNG ? "hung"
                                    : "the process did not end as it should";
}

static struct child_result run_process(const struct process *process,
                                       const char *last,
                                       void (*take)(void *, const char *),
                                       void *argument)
{
    const char *argv[WORDS_MAX + 3] = { process->path };
    size_t words = 1;
    for (size_t i = 0; i < WORDS_MAX && process->word[i]; i++)
        argv[words++] = process->word[i];
    argv[words] = last;
    struct child_options options = { .argv = argv,
                                     .seconds_max = CHILD_SECONDS };
    return child_run(&options, take, argument);
}

static bool is_ours(const struct process *process)
{
    return process->subject && strcmp(process->subject, "lastcall") == 0;
}

/* Other loops come and go with the machine, ours must work. */
static void note_failure(struct process *process,
                         const struct child_result *ended)
{
    struct result result = {
        .question = question_process_exit.name, .subject = process->subject,
        .metric = "came to its end", .unit = "",
        .params = process->gone->params, .skipped = why_ended(ended),
    };
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
    process->has_failed = true;
    self.failed = self.failed || is_ours(process);
}

static double measure_gone(const struct row *row, struct histogram *h)
{
    struct process *process =
        &self.process[(const struct process *)row->of - self.process];
    double taken[STATISTICS_SAMPLES_MAX];
    unsigned runs = runs_of(process), count = 0;
    while (count < runs && !process->has_failed) {
        uint64_t asked = 0;
        struct child_result ended =
            run_process(process, NULL, asked_take, &asked);
        if (!ended_well(&ended) || asked == 0) {
            note_failure(process, &ended);
            break;
        }
        histogram_record(h, ended.gone_at - asked);
        taken[count++] = (double)(ended.gone_at - asked);
    }
    return process->has_failed ? NAN : statistics_median(taken, count);
}

/* Losses. */

static void take_untold(void *argument, const char *line)
{
    double *count = argument;
    unsigned long number;
    if (sscanf(line, "untold %lu", &number) == 1)
        *count = (double)number;
}

/* Run once, outside of any measurement; the figure is a count. */
static void report_untold(const struct process *process)
{
    double untold = NAN;
    struct child_result ended =
        run_process(process, "--report", take_untold, &untold);
    struct result result = {
        .question = question_process_exit.name, .subject = process->subject,
        .metric = "never told how they ended", .unit = "items",
        .params = process->gone->params, .samples = &untold,
        .samples_count = 1, .clean = true,
    };
    if (!ended_well(&ended) || isnan(untold)) {
        result.skipped = why_ended(&ended);
        self.failed = true;
    }
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
}

/* Processes. */

/* hyperfine gets one command line, and cuts it at blanks. */
static void put_command(struct process *process)
{
    size_t used = (size_t)snprintf(process->command, COMMAND_MAX, "%s",
                                   process->path);
    for (size_t i = 0; i < WORDS_MAX && process->word[i]; i++) {
        LOOP_ASSERT(used < COMMAND_MAX);
        used += (size_t)snprintf(process->command + used, COMMAND_MAX - used,
                                 " %s", process->word[i]);
    }
    LOOP_ASSERT(used < COMMAND_MAX);
}

static struct process *add_process(const struct process *like,
                                   const char *name)
{
    LOOP_ASSERT(self.processes < PROCESSES_MAX);
    struct process *process = &self.process[self.processes++];
    *process = *like;
    snprintf(process->path, sizeof process->path, "%s/lastcall-bench-%s",
             self.limits->folder, name);
    snprintf(process->number, sizeof process->number, "%u",
             process->pending);
    return process;
}

static void add_ours(const char *strategy, const char *work,
                     unsigned pending)
{
    struct process like = { .subject = "lastcall", .strategy = strategy,
                            .work = work, .pending = pending };
    struct process *process = add_process(&like, "exit");
    process->word[0] = strategy;
    process->word[1] = work;
    process->word[2] = process->number;
}

static void add_other(const struct other *other, const struct way *way,
                      unsigned pending)
{
    char name[32];
    struct process like = { .subject = other->subject, .work = "timers",
                            .strategy = way->name, .pending = pending,
                            .is_slow = other->is_slow };
    snprintf(name, sizeof name, "peer-%s", other->name);
    struct process *process = add_process(&like, name);
    process->word[0] = way->measurement;
    process->word[1] = process->number;
    process->word[2] = "1";
}

static void add_all_of_ours(void)
{
    for (size_t w = 0; w < COUNT(works); w++)
        for (size_t s = 0; s < COUNT(strategies); s++)
            add_ours(strategies[s], works[w],
                     strcmp(works[w], "none") == 0 ? 0 : PENDING);
    for (size_t s = 0; s < COUNT(strategies); s++)
        add_ours(strategies[s], "timers", PENDING_MANY);
}

static void skip(const char *subject, const char *metric, const char *why)
{
    question_skip(&question_process_exit, subject, metric, "ns", why);
}

/* Why can this loop not be measured? NULL if it can. */
static const char *why_not(const struct other *other)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-peer-%s",
             self.limits->folder, other->name);
    const char *const argv[] = { path, "about", NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .seconds_max = CHILD_SECONDS };
    struct child_result ended = child_run(&options, NULL, NULL);
    if (ended_well(&ended))
        return NULL;
    return ended.end == CHILD_EXITED && ended.status == MISSING
               ? "it was not there when this was built; './lastcall bench "
                 "--peers' installs it"
               : why_ended(&ended);
}

static void add_all_others(void)
{
    static const unsigned pending[] = { PENDING, PENDING_MANY };
    for (size_t i = 0; i < COUNT(others); i++) {
        const char *why = why_not(&others[i]);
        if (why) {
            skip(others[i].subject, ASKED_TO_GONE, why);
            continue;
        }
        /* A second for each run would be the whole time of a quick one. */
        bool few = others[i].is_slow && self.limits->quick;
        for (size_t n = 0; n < (few ? 1 : COUNT(pending)); n++)
            for (size_t w = 0; w < COUNT(ways); w++)
                add_other(&others[i], &ways[w], pending[n]);
    }
}

/* Rows. */

static struct row *add_row(struct process *process, const char *metric,
                           double (*measure)(const struct row *,
                                             struct histogram *))
{
    struct row *row = &self.row[self.rows++];
    *row = (struct row){
        .subject = process->subject, .metric = metric, .unit = "ns",
        .params = !process->strategy ? json_object()
                  : json_pack("{s:s, s:s, s:i}", "strategy",
                              process->strategy, "work", process->work,
                              "pending", (int)process->pending),
        .has_histogram = true, .measure = measure, .of = process,
    };
    return row;
}

static struct row *add_floor_true(void)
{
    LOOP_ASSERT(self.processes < PROCESSES_MAX);
    struct process *process = &self.process[self.processes++];
    *process = (struct process){ .subject = ROW_FLOOR "true" };
    snprintf(process->command, sizeof process->command, "true");
    return add_row(process, START_TO_END, measure_whole);
}

static struct row *add_floor_return(void)
{
    struct process like = { .subject = ROW_FLOOR "no loop" };
    struct process *process = add_process(&like, "exit");
    process->word[0] = "none";
    process->gone = add_row(process, ASKED_TO_GONE, measure_gone);
    return process->gone;
}

static void add_rows(void)
{
    size_t measured = self.processes;
    if (self.has_hyperfine) {
        const struct row *floor = add_floor_true();
        for (size_t i = 0; i < measured; i++) {
            struct process *process = &self.process[i];
            put_command(process);
            process->whole = add_row(process, START_TO_END, measure_whole);
            process->whole->floor[0] = floor;
        }
    }
    const struct row *floor = add_floor_return();
    for (size_t i = 0; i < measured; i++) {
        struct process *process = &self.process[i];
        process->gone = add_row(process, ASKED_TO_GONE, measure_gone);
        process->gone->floor[0] = floor;
    }
}

/* Comparisons. */

/* Does this one of ours stand beside that of another loop? */
static bool stands_beside(const struct process *ours,
                          const struct process *other)
{
    if (!is_ours(ours) || is_ours(other) || !other->gone ||
        !other->work || strcmp(ours->work, other->work) != 0 ||
        ours->pending != other->pending)
        return false;
    for (size_t w = 0; w < COUNT(ways); w++)
        if (strcmp(ways[w].name, other->strategy) == 0)
            return strcmp(ways[w].strategy, ours->strategy) == 0;
    return false;
}

static void compare(const struct row *row, const struct row *other)
{
    if (!row || !other)
        return;
    json_t *line = round_compare(question_process_exit.name,
                                 "cost, lastcall : peer", row, other,
                                 ROUND_VALUE);
    json_object_set_new(json_object_get(line, "params"), "peer",
                        json_string(other->subject));
    result_print(line, stdout);
    json_decref(line);
}

static void compare_all(void)
{
    for (size_t i = 0; i < self.processes; i++)
        for (size_t k = 0; k < self.processes; k++) {
            const struct process *a = &self.process[i];
            const struct process *b = &self.process[k];
            if (!stands_beside(a, b))
                continue;
            compare(a->whole, b->whole);
            compare(a->gone, b->gone);
        }
}

static const char *why_no_hyperfine(void)
{
    static const char *const argv[] = { "hyperfine", "--version", NULL };
    struct child_options options = { .argv = argv, .quiet = true };
    struct child_result ended = child_run(&options, NULL, NULL);
    if (strchr(self.limits->folder, ' '))
        return "the build folder has a blank in its path";
    return ended_well(&ended) ? NULL : INSTALL;
}

static bool is_built(void)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-exit",
             self.limits->folder);
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

static int run(const struct question_limits *limits)
{
    const struct round_options options = {
        .rounds = limits->quick ? 6 : 15, .seconds = limits->seconds };
    self.limits = limits;
    if (!is_built()) {
        skip("lastcall", ASKED_TO_GONE, "lastcall-bench-exit is not built");
        return 0;
    }
    const char *missing = why_no_hyperfine();
    self.has_hyperfine = !missing;
    if (missing)
        skip("lastcall", START_TO_END, missing);
    add_all_of_ours();
    size_t ours = self.processes;
    if (limits->peers)
        add_all_others();
    add_rows();
    round_run(self.row, self.rows, &options);
    round_report(question_process_exit.name, self.row, self.rows);
    for (size_t i = 0; i < ours; i++)
        report_untold(&self.process[i]);
    compare_all();
    round_close(self.row, self.rows);
    return self.failed;
}

const struct question question_process_exit = {
    .name = "process_exit",
    .asks = "how long does a process take that shuts down and ends?",
    .seconds_quick = 5,
    .seconds_full = 30,
    .run = run,
};
