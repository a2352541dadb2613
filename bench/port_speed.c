/*
 * port_speed.c - how fast is the loop over io_uring, and how fast over epoll?
 *
 *   burst            one thread posts bursts, one callback a post
 *   post to run      a post wakes a loop that has had nothing to do for 50 us
 *   stop to return   a stop does
 *   ops              reads and writes of one byte between two ends that are
 *                    both on the loop, across a socket pair, through a pipe
 *
 * The two ports are never in one program, so each measurement is a process:
 * one of port_child.c, linked with the one or with the other. They take turns
 * within each round, and what is compared is what is next to each other.
 *
 * A kernel may refuse a ring at any time, and the port then goes on over
 * epoll. Each process says what has driven it, and a figure of the wrong
 * engine is dropped.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../fuzz/command.h"
#include "child.h"
#include "machine.h"
#include "port_answer.h"
#include "port_child.h"
#include "question.h"
#include "result.h"
#include "round.h"

#define COMPARISON "cost, io_uring : linux"
#define CHILD_SECONDS 10
#define MISSING 127             /* status of a program that is not there */
#define LENGTH_QUICK "40"       /* of one measurement, in milliseconds   */
#define LENGTH_FULL "100"

struct port_program {
    const char *platform;
    const char *engine;
    char        path[QUESTION_PATH + 64];
};

static struct port_program programs[] = {
    { .platform = "linux", .engine = "epoll" },
    { .platform = "io_uring", .engine = "io_uring" },
};

enum { LINUX, IO_URING, PORTS };

struct measurement {
    const char *name;           /* for the program                       */
    const char *metric;
    const char *unit;
    const char *key;            /* the parameter; NULL: size of a burst  */
    const char *word;
};

static const struct measurement measurements[] = {
    { "burst", "burst", "posts/s", NULL, NULL },
    { "wake", "post to run", "ns", "loop", "idle 50 us" },
    { "stop", "stop to return", "ns", "loop", "idle 50 us" },
    { "socket", "ops", "ops/s", "device", "socket pair" },
    { "pipe", "ops", "ops/s", "device", "pipe" },
};

#define MEASUREMENTS (sizeof measurements / sizeof measurements[0])
#define ROWS (MEASUREMENTS * PORTS)

struct pair {
    const struct measurement  *measurement;
    const struct port_program *program;
};

static const char *length;
static bool        failed;      /* a program did not end as it should    */

static struct child_result start(const struct port_program *program,
                                 const char *name,
                                 struct port_answer *answer)
{
    const char *const argv[] = { program->path, name, length, NULL };
    struct child_options options = { .argv = argv,
                                     .seconds_max = CHILD_SECONDS };
    return child_run(&options, port_answer_take, answer);
}

static const char *how_it_ended(const struct child_result *ended)
{
    static char how[64];
    switch (ended->end) {
    case CHILD_HUNG:
        return "hung";
    case CHILD_CRASHED:
        snprintf(how, sizeof how, "crashed by signal %d", ended->status);
        return how;
    case CHILD_EXITED:
        snprintf(how, sizeof how, "ended with status %d", ended->status);
        return how;
    case CHILD_INTERRUPTED:
        return "was interrupted";
    case CHILD_FAILED:
        break;
    }
    return "could not be started";
}

/* A loop that hangs or crashes is a result, and nothing more is asked. */
static void report_failure(const struct row *row,
                           const struct child_result *ended)
{
    struct result result = {
        .question = question_ports.name, .subject = row->subject,
        .platform = row->platform, .metric = "came to its end", .unit = "",
        .params = json_pack("{s:s}", "of", row->metric),
        .skipped = how_it_ended(ended),
    };
    json_object_update(result.params, row->params);
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
    json_decref(result.params);
    failed = true;
}

static bool ended_well(const struct child_result *ended)
{
    return ended->end == CHILD_EXITED && ended->status == 0;
}

static double measure(const struct row *row, struct histogram *h)
{
    const struct pair *pair = row->of;
    struct port_answer answer;
    if (failed)
        return NAN;
    port_answer_open(&answer, h);
    struct child_result ended =
        start(pair->program, pair->measurement->name, &answer);
    if (!ended_well(&ended))
        report_failure(row, &ended);
    else if (strcmp(answer.engine, pair->program->engine) == 0)
        return answer.value;
    if (h)
        histogram_clear(h);
    return NAN;
}

static json_t *params_of(const struct measurement *m)
{
    return m->key ? json_pack("{s:s}", m->key, m->word)
                  : json_pack("{s:i}", "posts", (int)PORT_CHILD_POSTS);
}

static void fill(struct row *row, struct pair *pair,
                 const struct measurement *m,
                 const struct port_program *program)
{
    *pair = (struct pair){ m, program };
    *row = (struct row){
        .subject = "lastcall", .platform = program->platform,
        .metric = m->metric, .unit = m->unit, .params = params_of(m),
        .has_histogram = strcmp(m->unit, "ns") == 0, .measure = measure,
        .of = pair,
    };
}

/* Why can this port not be measured? NULL if it can. */
static const char *why_not(const struct port_program *program)
{
    static char why[160];
    const char *platform = program->platform;
    struct port_answer answer;
    port_answer_open(&answer, NULL);
    struct child_result ended = start(program, "engine", &answer);
    bool missing = ended.end == CHILD_EXITED && ended.status == MISSING;
    failed = failed || !(missing || ended_well(&ended));
    if (missing)
        snprintf(why, sizeof why, "lastcall-bench-port-%s is not built",
                 platform);
    else if (!ended_well(&ended))
        snprintf(why, sizeof why, "lastcall-bench-port-%s %s", platform,
                 how_it_ended(&ended));
    else if (strcmp(answer.engine, program->engine) != 0)
        snprintf(why, sizeof why, "the kernel refuses %s, the port falls "
                 "back to %s", program->engine, answer.engine);
    else
        return NULL;
    return why;
}

static void report_skip(const struct port_program *program, const char *why)
{
    struct result result = {
        .question = question_ports.name, .subject = "lastcall",
        .platform = program->platform, .metric = COMPARISON, .unit = "x",
        .skipped = why,
    };
    json_t *line = result_line(&result);
    result_print(line, stdout);
    json_decref(line);
}

/* Ports that can be measured; each that cannot is said once. */
static unsigned find_ports(const struct port_program *found[PORTS],
                           const struct question_limits *limits)
{
    unsigned count = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        struct port_program *program = &programs[i];
        snprintf(program->path, sizeof program->path,
                 "%s/lastcall-bench-port-%s", limits->folder,
                 program->platform);
        const char *why = why_not(program);
        if (why)
            report_skip(program, why);
        else
            found[count++] = program;
    }
    return count;
}

static void report_comparisons(const struct row *rows, unsigned rounds)
{
    for (unsigned i = 0; i < MEASUREMENTS; i++) {
        const struct row *pair = &rows[i * PORTS];
        json_t *line = round_compare(question_ports.name, COMPARISON,
                                     &pair[IO_URING], &pair[LINUX], rounds);
        result_print(line, stdout);
        json_decref(line);
    }
}

static int run(const struct question_limits *limits)
{
    static struct row rows[ROWS];
    static struct pair pairs[ROWS];
    const struct port_program *found[PORTS];
    const struct round_options options = {
        .rounds = limits->quick ? 7 : 15, .seconds = limits->seconds };

    if (machine_processors() < 2)
        return question_skip(&question_ports, "lastcall", COMPARISON, "x",
                             "it needs two processors");
    length = limits->quick ? LENGTH_QUICK : LENGTH_FULL;
    unsigned ports = find_ports(found, limits);
    unsigned count = 0;
    for (unsigned i = 0; i < MEASUREMENTS; i++)
        for (unsigned k = 0; k < ports; k++, count++)
            fill(&rows[count], &pairs[count], &measurements[i], found[k]);
    if (count == 0 || failed)
        return failed ? EXIT_FINDING : EXIT_CLEAN;
    unsigned rounds = round_run(rows, count, &options);
    round_report(question_ports.name, rows, count, rounds);
    if (ports == PORTS)
        report_comparisons(rows, rounds);
    round_close(rows, count);
    return failed ? EXIT_FINDING : EXIT_CLEAN;
}

const struct question question_ports = {
    .name = "ports",
    .asks = "how fast is the loop over io_uring, and how fast over epoll?",
    .seconds_quick = 6,
    .seconds_full = 18,
    .run = run,
};
