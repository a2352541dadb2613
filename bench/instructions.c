/*
 * instructions.c - how many instructions does each thing take?
 *
 * Callgrind executes a program instruction by instruction and counts them,
 * so that neither the machine nor what else runs on it matters: the figure is
 * the same each time, and one instruction more in a post is seen. It says
 * nothing about the kernel's part, about caches, or about threads that meet.
 *
 * (A timer that fires may meet another reading of the clock, which costs or
 * saves an instruction: its counts are not exact, and say so.)
 *
 * Each figure is the difference between so many and twice as many, divided by
 * how many more there were, so that what is done once is not in it. Counting
 * is repeated; where the repeats differ they are the interval.
 *
 * source: Valgrind's manual, Callgrind, --zero-before and --dump-after
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "answer.h"
#include "child.h"
#include "peers.h"
#include "result.h"

#define NUMBER "400"
#define SECONDS_MAX 60
#define PARTS_MAX 64
#define REPEATS_MAX 5
#define WHAT_MAX 48
#define PATH_MAX_SIZE (QUESTION_PATH + 80)
#define MISSING 127
#define METRIC "executed"
#define UNIT "instructions"

/* What one run of a program has counted, in its order. */
struct count {
    struct answer answer;
    size_t        parts;
    unsigned      number[PARTS_MAX];
    char          what[PARTS_MAX][WHAT_MAX];
    double        total[PARTS_MAX];
};

static struct count counts[REPEATS_MAX];

static void note(void *argument, const char *line)
{
    struct count *c = argument;
    unsigned number;
    char what[WHAT_MAX];
    answer_take(&c->answer, line);
    if (c->parts == PARTS_MAX ||
        sscanf(line, "counted %u %47[^\n]", &number, what) != 2)
        return;
    c->number[c->parts] = number;
    memcpy(c->what[c->parts++], what, sizeof what);
}

/* The dumps are numbered from 1. */
static double read_total(const char *out, size_t part)
{
    char path[PATH_MAX_SIZE + 16], line[256];
    double total = NAN;
    snprintf(path, sizeof path, "%s.%zu", out, part + 1);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "totals: %lf", &total) == 1)
            break;
    if (file)
        fclose(file);
    remove(path);
    return total;
}

/* Valgrind of this age cannot read what clang tells debuggers, and gives up;
 * the names of functions are enough. */
static const char *strip(const char *from, const char *to)
{
    const char *const argv[] = { "objcopy", "--strip-debug", from, to, NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .seconds_max = SECONDS_MAX };
    struct child_result ended = child_run(&options, NULL, NULL);
    if (ended.end == CHILD_EXITED && ended.status == 0)
        return NULL;
    return ended.status == MISSING
               ? "objcopy is not installed: apt-get install binutils"
               : "it is no program that callgrind can count";
}

static const char *count_once(const char *program, const char *out,
                              struct count *c)
{
    static char why[96];
    char file[PATH_MAX_SIZE + 32];
    snprintf(file, sizeof file, "--callgrind-out-file=%s", out);
    const char *const argv[] = { "valgrind", "--tool=callgrind", file,
                                 "--zero-before=counting_begins",
                                 "--dump-after=counted_*", program, "count",
                                 NUMBER, "1", NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .seconds_max = SECONDS_MAX };
    c->parts = 0;
    answer_open(&c->answer, NULL);
    struct child_result ended = child_run(&options, note, c);
    if (ended.end == CHILD_EXITED && ended.status == MISSING)
        return "valgrind is not installed: apt-get install valgrind";
    if (ended.end == CHILD_HUNG)
        return "hung";
    if (ended.end != CHILD_EXITED || ended.status != 0) {
        snprintf(why, sizeof why, "it did not come to its end below valgrind "
                 "(%d)", ended.status);
        return why;
    }
    for (size_t i = 0; i < c->parts; i++)
        c->total[i] = read_total(out, i);
    return NULL;
}

/* Counts of the same thing: the last two are of the number and of twice it,
 * the first has warmed up. */
static double each_of(const struct count *c, size_t last)
{
    for (size_t i = last; i-- > 0;)
        if (!strcmp(c->what[i], c->what[last]))
            return (c->total[last] - c->total[i]) /
                   (c->number[last] - c->number[i]);
    return NAN;
}

static bool is_last(const struct count *c, size_t part)
{
    for (size_t i = part + 1; i < c->parts; i++)
        if (!strcmp(c->what[i], c->what[part]))
            return false;
    return true;
}

static void print(const struct peers_program *program, json_t *params,
                  const double *samples, size_t count, const char *skipped)
{
    bool exact = true;
    for (size_t i = 0; i < count; i++)
        exact = exact && samples[i] == samples[0];
    struct result result = {
        .question = question_instructions.name, .subject = program->subject,
        .platform = program->platform, .metric = METRIC, .unit = UNIT,
        .params = params, .samples = samples, .samples_count = count,
        .clean = true, .skipped = skipped,
    };
    json_t *line = result_line(&result);
    if (!skipped)
        json_object_set_new(line, "exact", json_boolean(exact));
    result_print(line, stdout);
    json_decref(line);
    json_decref(params);
}

static void report(const struct peers_program *program, unsigned repeats,
                   size_t part)
{
    double samples[REPEATS_MAX];
    for (unsigned i = 0; i < repeats; i++)
        samples[i] = each_of(&counts[i], part);
    if (isfinite(samples[0]))
        print(program, json_pack("{s:s}", "of", counts[0].what[part]),
              samples, repeats, NULL);
}

static const char *count_all(const struct peers_program *program,
                             const char *scratch, unsigned repeats)
{
    char copy[PATH_MAX_SIZE], out[PATH_MAX_SIZE];
    const char *name = strrchr(program->path, '/');
    snprintf(copy, sizeof copy, "%s%.60s", scratch, name);
    snprintf(out, sizeof out, "%s/callgrind", scratch);
    const char *why = strip(program->path, copy);
    for (unsigned i = 0; !why && i < repeats; i++) {
        question_say("%s%s%s, repeat %u", program->subject,
                     program->platform ? " on " : "",
                     program->platform ? program->platform : "", i + 1);
        why = count_once(copy, out, &counts[i]);
        if (!why && program->engine &&
            strcmp(counts[i].answer.engine, program->engine) != 0)
            why = "below valgrind the kernel refuses it, and the port falls "
                  "back to epoll";
    }
    return why;
}

static int run(const struct question_limits *limits)
{
    struct peers_program programs[PEERS_MAX];
    unsigned repeats = limits->quick ? 2 : REPEATS_MAX;
    size_t found = peers_find(&question_instructions, limits, programs);
    int status = EXIT_CLEAN;
    for (size_t i = 0; i < found; i++) {
        const char *why = count_all(&programs[i], limits->scratch, repeats);
        if (why) {
            print(&programs[i], json_object(), NULL, 0, why);
            status = !strcmp(why, "hung") ? EXIT_FINDING : status;
            continue;
        }
        for (size_t part = 0; part < counts[0].parts; part++)
            if (is_last(&counts[0], part))
                report(&programs[i], repeats, part);
    }
    return status;
}

const struct question question_instructions = {
    .name = "instructions",
    .asks = "how many instructions does each thing take?",
    .seconds_quick = 4,
    .seconds_full = 30,
    .run = run,
};
