/*
 * parent.c - the process that watches: it starts one child after the other,
 * keeps what they find, and says how it goes, on stderr line by line:
 *
 *   progress SECONDS RUNS EVENTS PROCESSES FINDINGS
 *   finding VERDICT RUN SECONDS PATH WHERE      PATH - if it was not saved
 *   replayed VERDICT RUN WHERE                  a repetition that ended so
 *   summary SECONDS RUNS EVENTS PROCESSES FINDINGS BUDGET
 *
 * RUN is a run's number, from which plan_scenario makes its scenario again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../host.h"
#include "../scenario_form.h"
#include "../watchdog.h"
#include "plan.h"
#include "system.h"

#define BUCKETS_MAX 256
#define ARGS_MAX 1024
#define TEXT_SIZE 65536
#define EVENTS_SIZE 32768
#define STALL_MS 20000
#define SECOND 1e9

struct bucket {
    enum verdict verdict;
    char         where[WATCHDOG_WHERE];
};

static struct parent {
    const struct plan *plan;
    const char       *program;
    bool              replays;
    uint64_t          began;
    double            told;         /* seconds                               */
    uint64_t          next;         /* run                                   */
    uint64_t          at;           /* the child's                           */
    uint64_t          events;       /* of earlier children                   */
    uint64_t          events_now;   /* of this one                           */
    uint64_t          processes;
    uint64_t          budget;
    bool              ended;        /* the child did all that was asked      */
    bool              has_begun;    /* a run                                 */
    unsigned          findings;
    unsigned          count;
    struct bucket     bucket[BUCKETS_MAX];
    char              noise[32];
    char              last[EVENTS_SIZE];    /* events that a child told      */
    size_t            last_size;
} parent;

static double seconds(void)
{
    return (double)(system_now() - parent.began) / SECOND;
}

static uint64_t runs(void)
{
    return parent.next - parent.plan->from;
}

static void tell_progress(void)
{
    double now = seconds();
    if (now - parent.told < 0.5)
        return;
    parent.told = now;
    fprintf(stderr, "progress %.2f %" PRIu64 " %" PRIu64 " %" PRIu64 " %u\n",
            now, runs(), parent.events + parent.events_now, parent.processes,
            parent.findings);
}

/* A child's lines. */

static void keep_event(const char *line)
{
    size_t size = strlen(line);
    if (parent.last_size + size + 2 > sizeof parent.last)
        return;
    memcpy(parent.last + parent.last_size, line, size);
    parent.last_size += size;
    parent.last[parent.last_size++] = '\n';
    parent.last[parent.last_size] = '\0';
}

static void on_line(const char *line, void *arg)
{
    (void)arg;
    if (!strncmp(line, "event ", 6)) {
        keep_event(line + 6);
    } else if (sscanf(line, "at %" SCNu64, &parent.at) == 1) {
        parent.has_begun = true;
    } else if (sscanf(line, "left %" SCNu64 " %" SCNu64, &parent.at,
                      &parent.events_now) == 2) {
        /* Where it goes on is known by `at`. */
    } else if (sscanf(line, "budget %" SCNu64 " %" SCNu64, &parent.at,
                      &parent.events_now) == 2) {
        parent.budget++;
    } else if (sscanf(line, "end %" SCNu64 " %" SCNu64, &parent.at,
                      &parent.events_now) == 2) {
        parent.ended = true;
    } else if (sscanf(line, "done %" SCNu64 " %" SCNu64, &parent.next,
                      &parent.events_now) == 2) {
        tell_progress();
    } else {
        sscanf(line, "noise %31s", parent.noise);
    }
}

/* Findings. */

static bool is_known(enum verdict v, const char *where)
{
    for (unsigned i = 0; i < parent.count; i++)
        if (parent.bucket[i].verdict == v &&
            !strcmp(parent.bucket[i].where, where))
            return true;
    if (parent.count < BUCKETS_MAX) {
        struct bucket *b = &parent.bucket[parent.count++];
        b->verdict = v;
        snprintf(b->where, sizeof b->where, "%s", where);
    }
    return false;
}

static unsigned hash_of(const char *text)
{
    unsigned hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static void write_text(const char *path, const char *text)
{
    char why[HOST_WHY];
    if (host_write_file(path, text, strlen(text), why) < 0)
        fprintf(stderr, "lastcall: %s\n", why);
}

/* What a person wants to know beside the scenario. */
static void write_report(const char *path, uint64_t number,
                         const struct watchdog_report *report)
{
    static char text[EVENTS_SIZE + TEXT_SIZE];
    snprintf(text, sizeof text,
             "%s: %s\nhow it ended: %s (%s)\nseed %" PRIu64 ", run %" PRIu64
             ", noise %s\n\nwhat happened last (time, thread, event, object, "
             "value)\n%s\nstate\n%s\nstacks\n%s",
             verdict_name(report->verdict), report->where,
             watchdog_end_name(report->end), report->what, parent.plan->seed,
             number, *parent.noise ? parent.noise : "?", parent.last,
             report->dump ? report->dump : "not told\n",
             report->stacks ? report->stacks : "not taken\n");
    write_text(path, text);
}

/* Returns the path of the scenario; "-" if it could not be kept. */
static const char *save(uint64_t number, const struct watchdog_report *report)
{
    static struct scenario s;
    static char path[HOST_PATH], beside[HOST_PATH], text[TEXT_SIZE];
    char why[HOST_WHY];
    plan_scenario(parent.plan, number, &s);
    s.expect = report->verdict;
    snprintf(path, sizeof path, "%s/%s-%08x.scn", parent.plan->save,
             verdict_name(report->verdict), hash_of(report->where));
    snprintf(beside, sizeof beside, "%s/%s-%08x.txt", parent.plan->save,
             verdict_name(report->verdict), hash_of(report->where));
    size_t size = scenario_write(&s, text, sizeof text);
    if (size == 0 || host_make_folder(parent.plan->save, why) < 0 ||
        host_write_file(path, text, size, why) < 0) {
        fprintf(stderr, "lastcall: %s; this is the scenario:\n%s\n",
                size ? why : "the scenario is too long", text);
        return "-";
    }
    write_report(beside, number, report);
    return path;
}

static void note_finding(const struct watchdog_report *report)
{
    const char *verdict = verdict_name(report->verdict);
    parent.findings++;
    if (parent.replays) {
        fprintf(stderr, "replayed %s %" PRIu64 " %s\n", verdict, parent.at,
                report->where);
        return;
    }
    if (is_known(report->verdict, report->where))
        return;
    const char *path = save(parent.at, report);
    fprintf(stderr, "finding %s %" PRIu64 " %.2f %s %s\n", verdict,
            parent.at, seconds(), path, report->where);
}

/* Children. */

/* The words of a child's command line live until the next one is made. */
static char **command_line(void)
{
    static char *argv[ARGS_MAX];
    static char word[6][32];
    const struct plan *plan = parent.plan;
    uint64_t left = plan->runs ? plan->from + plan->runs - parent.next : 0;
    double time = plan->seconds > 0 ? plan->seconds - seconds() : 0;
    int n = 0;
    snprintf(word[0], sizeof word[0], "%" PRIu64, plan->seed);
    snprintf(word[1], sizeof word[1], "%" PRIu64, parent.next);
    snprintf(word[2], sizeof word[2], "%" PRIu64, left);
    snprintf(word[3], sizeof word[3], "%.2f", time > 0.01 ? time : 0.01);
    snprintf(word[4], sizeof word[4], "%u", (unsigned)plan->suspicion_ms);
    const char *const fixed[] = { parent.program, "run", "--seed", word[0],
        "--from", word[1], "--suspicion", word[4] };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        argv[n++] = (char *)fixed[i];
    const char *const more[][2] = {
        { "--runs", left ? word[2] : NULL },
        { "--seconds", plan->seconds > 0 ? word[3] : NULL },
        { "--only", plan->only }, { "--order", plan->order },
    };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (more[i][1]) {
            argv[n++] = (char *)more[i][0];
            argv[n++] = (char *)more[i][1];
        }
    if (plan->expectations)
        argv[n++] = "--expectations";
    for (const char *const *path = plan->corpus;
         path && *path && !plan->only && n < ARGS_MAX - 1; path++)
        argv[n++] = (char *)*path;
    argv[n] = NULL;
    return argv;
}

static bool interrupted(void *arg)
{
    (void)arg;
    return host_interrupted();
}

/* Returns false when there is nothing more to do. */
static bool watch_child(int *status)
{
    struct watchdog_options options = {
        .stall_ms = STALL_MS, .interrupted = interrupted, .line = on_line };
    struct watchdog_report report = { 0 };
    parent.ended = parent.has_begun = false;
    parent.events_now = 0;
    parent.last_size = 0;
    parent.last[0] = parent.noise[0] = '\0';
    parent.at = parent.next;
    parent.processes++;
    if (watchdog_run(command_line(), &options, &report) < 0) {
        fprintf(stderr, "lastcall: %s\n", report.what);
        *status = 3;
        watchdog_report_free(&report);
        return false;
    }
    bool goes_on = report.end != WATCHDOG_INTERRUPTED && !parent.ended;
    parent.next = parent.ended ? parent.at : parent.at + 1;
    parent.events += parent.events_now;
    parent.events_now = 0;
    if (report.verdict != VERDICT_CLEAN) {
        note_finding(&report);
        goes_on &= parent.has_begun && !parent.plan->first;
    }
    if (report.verdict != VERDICT_CLEAN && !parent.has_begun)
        *status = 3;
    watchdog_report_free(&report);
    return goes_on;
}

static bool is_over(void)
{
    const struct plan *plan = parent.plan;
    return host_interrupted() ||
           (plan->runs > 0 && parent.next >= plan->from + plan->runs) ||
           (plan->seconds > 0 && seconds() >= plan->seconds);
}

static int watch_all(const struct plan *plan, const char *program)
{
    int status = 0;
    parent.plan = plan;
    parent.program = program;
    parent.next = plan->from;
    parent.began = system_now();
    host_catch_interrupt();
    while (!is_over() && watch_child(&status))
        tell_progress();
    fprintf(stderr, "summary %.2f %" PRIu64 " %" PRIu64 " %" PRIu64
            " %u %" PRIu64 "\n", seconds(), runs(), parent.events,
            parent.processes, parent.findings, parent.budget);
    return status ? status : parent.findings > 0;
}

int parent_fuzz(const struct plan *plan, const char *program)
{
    return watch_all(plan, program);
}

int parent_replay(const struct plan *plan, const char *program)
{
    parent.replays = true;
    return watch_all(plan, program);
}
