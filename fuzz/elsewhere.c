#include "elsewhere.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "platform.h"
#include "runner.h"

#define WORDS 32
#define OTHERS_MAX 16

static struct {
    const struct elsewhere *e;
    bool     drawn;
    unsigned findings;
    char     latest[HOST_PATH];     /* path of the last finding              */
    uint64_t runs, wanted, replayed[VERDICTS];
    char     where[512];            /* of the first that was as expected     */
    double   line_told;
} self;

static void print_json(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void clear_line(void)
{
    if (self.drawn)
        fprintf(stderr, "\r\033[K");
    self.drawn = false;
}

/* What the other program says. */

struct counts {
    double        seconds;
    uint64_t      runs, events, processes, budget;
    unsigned      findings;
};

static json_t *counts_json(const char *type, const struct counts *c)
{
    return json_pack("{s:s, s:s, s:s, s:f, s:I, s:f, s:I, s:I, s:i}",
        "type", type, "platform", self.e->platform, "strategy", "noise",
        "seconds", c->seconds, "runs", (json_int_t)c->runs,
        "runs_per_second",
        c->seconds > 0 ? (double)c->runs / c->seconds : 0,
        "events", (json_int_t)c->events,
        "processes", (json_int_t)c->processes, "findings", (int)c->findings);
}

static void describe(FILE *out, const struct counts *c)
{
    fprintf(out, "%.0f s  %" PRIu64 " runs on %s  %.0f runs/s  %.1f M events"
            "  %" PRIu64 " processes  %u findings", c->seconds, c->runs,
            self.e->platform,
            c->seconds > 0 ? (double)c->runs / c->seconds : 0,
            (double)c->events / 1e6, c->processes, c->findings);
}

static void on_progress(const struct counts *c)
{
    if (self.e->json) {
        print_json(counts_json("progress", c));
    } else if (self.e->terminal) {
        fprintf(stderr, "\r\033[K");
        describe(stderr, c);
        self.drawn = true;
    } else if (c->seconds - self.line_told >= 10) {
        self.line_told = c->seconds;
        describe(stderr, c);
        fputc('\n', stderr);
    }
}

static void replay_command(char *out, size_t size, const char *path)
{
    program_command(out, size, "replay", path);
    size_t used = strlen(out);
    snprintf(out + used, size - used, " --platform %s --repeat 100",
             self.e->platform);
}

static void on_finding(const char *verdict, uint64_t run, double seconds,
                       const char *path, const char *where)
{
    char command[HOST_PATH + 64];
    bool saved = strcmp(path, "-") != 0;
    self.findings++;
    snprintf(self.latest, sizeof self.latest, "%s", saved ? path : "");
    replay_command(command, sizeof command, path);
    clear_line();
    if (self.e->json)
        print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I,"
                             " s:f, s:s}",
            "type", "finding", "platform", self.e->platform,
            "verdict", verdict, "where", where, "frames", "",
            "path", saved ? path : "", "replay", saved ? command : "",
            "strategy", "noise", "runs", (json_int_t)run, "seconds", seconds,
            "scenario", saved ? path : ""));
    else
        printf("%s: %s\n  on %s, run %" PRIu64 ", saved as %s\n", verdict,
               where, self.e->platform, run, saved ? path : "nothing");
    fflush(stdout);
}

static void on_summary(const struct counts *c)
{
    char command[HOST_PATH + 64];
    clear_line();
    if (self.e->json) {
        json_t *line = counts_json("summary", c);
        json_object_set_new(line, "budget_runs",
                            json_integer((json_int_t)c->budget));
        print_json(line);
        return;
    }
    describe(stdout, c);
    putchar('\n');
    if (c->budget > 0)
        printf("%" PRIu64 " runs were ended by their budget, which proves "
               "nothing\n", c->budget);
    if (*self.latest) {
        replay_command(command, sizeof command, self.latest);
        printf("%s\n", command);
    }
}

static void on_replayed(const char *verdict, const char *where)
{
    for (int v = 0; v < VERDICTS; v++)
        if (!strcmp(verdict, verdict_name((enum verdict)v))) {
            self.replayed[v]++;
            if (!*self.where)
                snprintf(self.where, sizeof self.where, "%s", where);
        }
}

/* Where a text of single words ends and the last, free text begins. */
static const char *rest(const char *line, int words)
{
    for (; words > 0 && line; words--) {
        line = strchr(line, ' ');
        line = line ? line + 1 : NULL;
    }
    return line ? line : "";
}

static bool on_line(const char *line, void *arg)
{
    struct counts c = { 0 };
    char verdict[64], path[HOST_PATH];
    uint64_t run;
    double seconds;
    (void)arg;
    if (sscanf(line, "progress %lf %" SCNu64 " %" SCNu64 " %" SCNu64 " %u",
               &c.seconds, &c.runs, &c.events, &c.processes,
               &c.findings) == 5) {
        if (self.wanted == 0)
            on_progress(&c);
    } else if (sscanf(line, "finding %63s %" SCNu64 " %lf %1023s", verdict,
                      &run, &seconds, path) == 4) {
        on_finding(verdict, run, seconds, path, rest(line, 5));
    } else if (sscanf(line, "replayed %63s", verdict) == 1) {
        on_replayed(verdict, rest(line, 3));
    } else if (sscanf(line, "summary %lf %" SCNu64 " %" SCNu64 " %" SCNu64
                      " %u %" SCNu64, &c.seconds, &c.runs, &c.events,
                      &c.processes, &c.findings, &c.budget) == 6) {
        self.runs = c.runs;
        if (self.wanted == 0)
            on_summary(&c);
    } else {
        clear_line();
        fprintf(stderr, "%s\n", line);
    }
    return true;
}

/* Starting it. */

struct command_line {
    char  *argv[WORDS + 1024];
    size_t count;
    char   text[8][32];
    size_t texts;
};

static void add(struct command_line *l, const char *word)
{
    if (l->count + 1 < sizeof l->argv / sizeof l->argv[0])
        l->argv[l->count++] = (char *)word;
    l->argv[l->count] = NULL;
}

static void add_number(struct command_line *l, const char *option, double n)
{
    char *text = l->text[l->texts++];
    snprintf(text, sizeof l->text[0], "%.15g", n);
    add(l, option);
    add(l, text);
}

static int begin(struct command_line *l, const struct elsewhere *e,
                 const char *command)
{
    char why[HOST_WHY];
    self.e = e;
    int count = platform_argv(e->platform, "real", l->argv, why);
    if (count < 0) {
        fprintf(stderr, "lastcall %s: %s\n", command, why);
        return -1;
    }
    l->count = (size_t)count;
    add(l, command);
    add_number(l, "--seed", (double)(e->seed & 0xffffffffffff));
    if (e->seconds > 0)
        add_number(l, "--seconds", e->seconds);
    if (e->runs > 0)
        add_number(l, "--runs", (double)e->runs);
    return 0;
}

static int run(struct command_line *l)
{
    char why[HOST_WHY];
    int status = host_run(l->argv, on_line, NULL, why);
    if (status < 0)
        fprintf(stderr, "lastcall: %s\n", why);
    clear_line();
    return status < 0 ? EXIT_FAULT : status;
}

int elsewhere_fuzz(const struct elsewhere *e)
{
    static struct command_line line;
    if (begin(&line, e, "fuzz") < 0)
        return EXIT_NOTHING;
    add(&line, "--save");
    add(&line, e->save);
    if (e->first)
        add(&line, "--first");
    for (size_t i = 0; i < e->path_count; i++)
        add(&line, e->path[i]);
    return run(&line);
}

/* Replay. */

static int write_order(const struct scenario *s, const char *path,
                       enum verdict *verdict)
{
    struct run_options options = { .expectations = true };
    struct run_result result;
    runner_replay(&subject_lastcall, s, &options, &result);
    *verdict = result.verdict;
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    size_t count;
    const struct trace_event *e = trace_events(&count, NULL);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%u %u %u %d\n", e[i].thread, e[i].kind, e[i].object,
                (int)e[i].value);
    return fclose(file);
}

static void tell_replayed(const struct elsewhere *e, enum verdict expected)
{
    uint64_t found = 0;
    for (int v = 0; v < VERDICTS; v++)
        found += self.replayed[v];
    self.replayed[VERDICT_CLEAN] = self.runs > found ? self.runs - found : 0;
    uint64_t same = self.replayed[expected];
    if (e->json) {
        json_t *verdicts = json_object();
        for (int v = 0; v < VERDICTS; v++)
            if (self.replayed[v] > 0)
                json_object_set_new(verdicts, verdict_name((enum verdict)v),
                    json_integer((json_int_t)self.replayed[v]));
        print_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}",
            "path", e->path[0], "platform", e->platform,
            "expected", verdict_name(expected), "runs",
            (json_int_t)self.runs, "reproduced", (json_int_t)same,
            "verdicts", verdicts));
        return;
    }
    printf("%s: %s in %" PRIu64 " of %" PRIu64 " runs on %s\n", e->path[0],
           verdict_name(expected), same, self.runs, e->platform);
    for (int v = 0; v < VERDICTS; v++)
        if (self.replayed[v] > 0 && v != (int)expected)
            printf("  %" PRIu64 " of them %s\n", self.replayed[v],
                   verdict_name((enum verdict)v));
    if (*self.where)
        printf("  where: %s\n", self.where);
}

int elsewhere_replay(const struct elsewhere *e, const struct scenario *s)
{
    static struct command_line line;
    char folder[HOST_PATH], order[HOST_PATH + 16], why[HOST_WHY];
    enum verdict expected;
    if (begin(&line, e, "replay") < 0)
        return EXIT_NOTHING;
    if (host_temporary_folder(folder, why) < 0) {
        fprintf(stderr, "lastcall replay: %s\n", why);
        return EXIT_FAULT;
    }
    snprintf(order, sizeof order, "%s/order", folder);
    bool steered = write_order(s, order, &expected) == 0;
    if (s->expect != VERDICT_CLEAN)
        expected = s->expect;
    self.runs = 0;
    self.wanted = e->runs;
    memset(self.replayed, 0, sizeof self.replayed);
    self.where[0] = '\0';
    add(&line, "--expectations");
    if (steered) {
        add(&line, "--order");
        add(&line, order);
    }
    add(&line, e->path[0]);
    int status = run(&line);
    host_remove_folder(folder);
    if (status >= EXIT_USAGE)
        return status;
    tell_replayed(e, expected);
    bool clean = expected == VERDICT_CLEAN;
    uint64_t same = self.replayed[expected];
    return (clean ? same == self.runs : same > 0) ? EXIT_CLEAN : EXIT_FINDING;
}
