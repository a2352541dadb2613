/*
 * suite.c - the command bench: asks the questions, one after the other.
 *
 * The watchdog is here and the question is in a child: one that hangs is
 * ended when its time is over, what it has said before is kept, and the hang
 * is a result like any other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "child.h"
#include "command.h"
#include "export.h"
#include "machine.h"
#include "progress.h"
#include "question.h"
#include "result.h"
#include "revision.h"
#include "table.h"
#include "warnings.h"
#include "wine.h"

#define INTERRUPTED 130

static const char help[] =
"Usage: lastcall bench [QUESTION...] [options]\n"
"\n"
"Measure the loop, beside the bare wake-up or queue that no loop is faster\n"
"than. Without a question all are asked: a minute with --quick, else ten.\n"
"\n"
"  --peers         other loops as well: libuv, libevent, libev, GLib, Asio,\n"
"                  asyncio, Node\n"
"  --platform P    linux, the default; or win32: it works under Wine, and no\n"
"                  figure of it is a performance claim\n"
"  --quick         fewer and shorter rounds\n"
"  --seconds N     for each question, instead of its own time\n"
"  --json          one result a line on stdout, and nothing else\n"
"  --out FILE      write those lines to a file as well\n"
"  --hdr DIR       latencies for HdrHistogram's tools: .hgrm, and a .hlog\n"
"  --list          list the questions\n"
"\n"
"A figure is the median of rounds in which other processes left the machine\n"
"alone; where there were too few it is of all rounds, and noisy.\n"
"\n"
"Examples:\n"
"  ./lastcall bench --quick\n"
"  ./lastcall bench stop_latency --peers --seconds 30\n"
"  ./lastcall bench --json --out new.jsonl\n"
"  ./lastcall bench --platform win32 --peers --quick\n";

static const struct question *const questions[] = {
    &question_calibration,
    &question_post_throughput,
    &question_post_latency,
    &question_stop_latency,
    &question_start_up,
    &question_timer_cost,
    &question_op_throughput,
    &question_task_cost,
    &question_job_cost,
    &question_close_cost,
    &question_shutdown_strategies,
    &question_memory,
    &question_process_exit,
    &question_simulator_runs,
    &question_ports,
    &question_idle,
    &question_instructions,
    &question_self_check,
};

#define QUESTIONS (sizeof questions / sizeof questions[0])

static struct {
    bool    json;
    FILE   *out;
    json_t *lines;      /* of the question that is being asked           */
    char    doing[160]; /* what it said last                             */
    size_t  measured;   /* lines with a value, over all questions        */
} self;

static void take(json_t *line)
{
    warnings_take(line);
    json_array_append(self.lines, line);
    if (json_is_number(json_object_get(line, "value")))
        self.measured++;
    if (self.json)
        result_print(line, stdout);
    if (self.out)
        result_print(line, self.out);
    export_line(line);
}

static void note_line(void *unused, const char *text)
{
    (void)unused;
    if (strncmp(text, QUESTION_SAYS, strlen(QUESTION_SAYS)) == 0) {
        snprintf(self.doing, sizeof self.doing, "%s",
                 text + strlen(QUESTION_SAYS));
        progress_detail(self.doing);
        return;
    }
    json_t *line = json_loads(text, 0, NULL);
    if (json_is_object(line))
        take(line);
    json_decref(line);
}

struct asking {
    const struct question  *question;
    struct question_limits *limits;
};

static int ask(void *argument)
{
    const struct asking *asking = argument;
    if (asking->limits->wine && !asking->question->has_wine)
        return question_skip_wine(asking->question, "it is of Linux alone");
    if (asking->limits->wine && *asking->limits->no_wine)
        return question_skip_wine(asking->question,
                                  asking->limits->no_wine);
    return asking->question->run(asking->limits);
}

/* A question that did not come to its end is a result too. */
static void take_failure(const struct question *q, bool wine,
                         const struct child_result *ended)
{
    char why[64];
    if (ended->end == CHILD_HUNG)
        snprintf(why, sizeof why, "hung");
    else
        snprintf(why, sizeof why, "crashed by signal %d", ended->status);
    struct result result = { .question = q->name, .subject = "lastcall",
                             .platform = wine ? RESULT_WINE : NULL,
                             .metric = "came to its end", .unit = "",
                             .skipped = why };
    json_t *line = result_line(&result);
    json_object_set_new(line, "during", json_string(self.doing));
    take(line);
    json_decref(line);
    progress_wipe();
    fprintf(stderr, "lastcall bench: %s %s after %.0f s, in %s\n", q->name,
            why, ended->seconds, *self.doing ? self.doing : "its beginning");
}

static int status_of(const struct child_result *ended)
{
    switch (ended->end) {
    case CHILD_EXITED:      return ended->status == EXIT_CLEAN ||
                                   ended->status == EXIT_FINDING
                                       ? ended->status : EXIT_FAULT;
    case CHILD_CRASHED:
    case CHILD_HUNG:        return EXIT_FINDING;
    case CHILD_INTERRUPTED: return INTERRUPTED;
    case CHILD_FAILED:      break;
    }
    return EXIT_FAULT;
}

static double longest_round(const struct question_limits *limits)
{
    return limits->peers ? 240 : 20;
}

static int run_question(const struct question *q,
                        struct question_limits *limits, double seconds)
{
    struct asking asking = { q, limits };
    limits->seconds = seconds > 0    ? seconds
                      : limits->quick ? q->seconds_quick : q->seconds_full;

    /* A question may begin its last round when its time is over, and a round
     * with other loops takes as long as the slowest of them: each of their
     * programs has a deadline of its own. */
    struct child_options options = { .entry = ask, .argument = &asking,
                                     .group = true,
                                     .seconds_max = 2 * limits->seconds +
                                                    longest_round(limits) };
    struct load before = { .at = 0 }, after = { .at = 0 };
    self.lines = json_array();
    *self.doing = '\0';
    warnings_begin();
    machine_load(&before);
    progress_step("%s, %.0f s", q->name, limits->seconds);
    struct child_result ended = child_run(&options, note_line, NULL);
    machine_load(&after);
    progress_wipe();
    if (ended.end == CHILD_CRASHED || ended.end == CHILD_HUNG)
        take_failure(q, limits->wine, &ended);
    if (!self.json) {
        printf("%s: %s\n", q->name, q->asks);
        table_print(stdout, self.lines);
        warnings_print(stdout, &before, &after);
        putchar('\n');
        fflush(stdout);
    }
    json_decref(self.lines);
    return status_of(&ended);
}

static const struct question *find(const char *word)
{
    const char *names[QUESTIONS + 1] = { NULL };
    char name[64];
    snprintf(name, sizeof name, "%s", word);
    for (char *dash = strchr(name, '-'); dash; dash = strchr(dash, '-'))
        *dash = '_';
    for (size_t i = 0; i < QUESTIONS; i++) {
        names[i] = questions[i]->name;
        if (strcmp(name, names[i]) == 0)
            return questions[i];
    }
    const char *meant = nearest_word(name, names);
    fprintf(stderr, "lastcall bench: no question is called '%s'%s%s; see "
            "lastcall bench --list\n", word, meant ? ", did you mean " : "",
            meant ? meant : "");
    return NULL;
}

static int list_questions(void)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        printf("%-20s %s\n", questions[i]->name, questions[i]->asks);
    return EXIT_CLEAN;
}

/* The worst of two: a fault of the suite tells more than a finding. */
static int worse(int a, int b)
{
    return a > b ? a : b;
}

static bool is_chosen(const struct question *q,
                      const struct question **chosen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (chosen[i] == q)
            return true;
    return false;
}

static int run_all(const struct question **chosen, size_t count,
                   const struct question_limits *wanted, double seconds)
{
    static struct question_limits limits;
    limits = *wanted;
    char program[HOST_PATH], why[HOST_WHY];
    host_program(program);
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    snprintf(limits.folder, sizeof limits.folder, "%s", program);
    revision_root(limits.root);
    if (host_temporary_folder(limits.scratch, why) < 0) {
        fprintf(stderr, "lastcall bench: %s\n", why);
        return EXIT_FAULT;
    }

    if (limits.wine) {
        progress_step("starting Wine");
        wine_ready(limits.folder, limits.no_wine);
        progress_wipe();
    }
    if (!self.json) {
        char machine[MACHINE_NAME_MAX];
        machine_name(machine);
        printf("%s\n\n", machine);
    }
    /* Its lines are part of each file of results. */
    int status = EXIT_CLEAN;
    if (!limits.wine && !is_chosen(&question_calibration, chosen, count)) {
        status = run_question(&question_calibration, &limits, 0);
        self.measured = 0;
    }
    for (size_t i = 0; i < count && !host_interrupted(); i++)
        status = worse(status, run_question(chosen[i], &limits, seconds));
    host_remove_folder(limits.scratch);
    if (status == EXIT_CLEAN && self.measured == 0)
        return EXIT_NOTHING;
    return status;
}

int command_bench(int argc, char **argv)
{
    struct question_limits limits = { .quick = false };
    bool list = false;
    const char *out = NULL, *seconds_text = NULL, *hdr = NULL;
    const char *platform = "linux";
    const struct option_form forms[] = {
        { "quick", &limits.quick, NULL }, { "json", &self.json, NULL },
        { "peers", &limits.peers, NULL },
        { "list", &list, NULL },          { "out", NULL, &out },
        { "hdr", NULL, &hdr },            { "platform", NULL, &platform },
        { "seconds", NULL, &seconds_text }, { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    double seconds = 0;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (seconds_text && !option_seconds("seconds", seconds_text, &seconds))
        return EXIT_USAGE;
    limits.wine = strcmp(platform, "win32") == 0;
    if (!limits.wine && strcmp(platform, "linux") != 0) {
        fprintf(stderr, "lastcall bench: --platform is linux or win32, not "
                "'%s'\n", platform);
        return EXIT_USAGE;
    }
    if (list)
        return list_questions();

    const struct question *chosen[32];
    size_t count = 0;
    for (int i = 1; i < left && count < 32; i++) {
        chosen[count] = find(argv[i]);
        if (!chosen[count++])
            return EXIT_USAGE;
    }
    for (size_t i = 0; left == 1 && i < QUESTIONS; i++)
        if (!limits.wine || questions[i]->has_wine)
            chosen[count++] = questions[i];
    if (out && !(self.out = fopen(out, "w"))) {
        fprintf(stderr, "lastcall bench: cannot write %s\n", out);
        return EXIT_FAULT;
    }
    if (hdr && !export_open(hdr))
        return EXIT_FAULT;
    int status = run_all(chosen, count, &limits, seconds);
    if (!export_close())
        status = worse(status, EXIT_FAULT);
    if (self.out && fclose(self.out) != 0) {
        fprintf(stderr, "lastcall bench: %s could not be written\n", out);
        status = worse(status, EXIT_FAULT);
    }
    return status;
}
