/*
 * idle.c - what does a loop do that has nothing to do?
 *
 * A loop is open for ten seconds, with nobody inside, with one thread and
 * with four: the time that its process uses, how often a thread of it goes to
 * a processor or leaves it, and how many calls it makes to the kernel. All
 * should be nothing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../loop/check.h"
#include "peers.h"
#include "result.h"
#include "watch.h"

#define SECONDS 10
#define SECONDS_QUICK 1
#define HAS_NONE 77             /* status of a loop for fewer threads    */

static const char *const thread_counts[] = { "0", "1", "4" };

#define COUNTS (sizeof thread_counts / sizeof thread_counts[0])
#define WATCHES_MAX (PEERS_MAX * COUNTS)

/* A loop with so many threads inside. */
struct idler {
    const struct peers_program *program;
    const char *threads;
    const char *argv[5];
};

static struct peers_program programs[PEERS_MAX];
static struct idler         idlers[WATCHES_MAX];
static struct watch         watches[WATCHES_MAX];

static void fill(size_t index, const struct peers_program *program,
                 const char *threads)
{
    idlers[index] = (struct idler){
        .program = program, .threads = threads,
        .argv = { program->path, "idle", threads, "1", NULL },
    };
    watches[index] = (struct watch){ .argv = idlers[index].argv };
}

static const char *why_not(const struct watch *w, double value)
{
    switch (w->end) {
    case WATCH_DONE:   return isnan(value) ? "this machine lets nobody count "
                                             "them (ptrace)" : NULL;
    case WATCH_ENDED:  return "it ended before it was idle";
    case WATCH_LATE:   return "it did not become idle";
    case WATCH_FAILED: break;
    }
    return "it could not be started";
}

/* What is nothing once is nothing each time. */
static void report(const struct idler *idler, const struct watch *w,
                   const char *metric, const char *unit, double value)
{
    struct result result = {
        .question = question_idle.name, .subject = idler->program->subject,
        .platform = idler->program->platform, .metric = metric, .unit = unit,
        .params = json_pack("{s:i, s:f}", "threads",
                            (int)strtol(idler->threads, NULL, 10), "seconds",
                            w->seconds),
        .samples = &value, .samples_count = 1, .clean = true,
        .skipped = why_not(w, value),
    };
    json_t *line = result_line(&result);
    if (!result.skipped)
        json_object_set_new(line, "exact", json_true());
    result_print(line, stdout);
    json_decref(line);
    json_decref(result.params);
}

static bool has_none(const struct watch *w)
{
    return w->end == WATCH_ENDED && w->status == HAS_NONE;
}

static void report_all(size_t count, const char *metric, const char *unit,
                       double (*value)(const struct watch *w))
{
    for (size_t i = 0; i < count; i++)
        if (!has_none(&watches[i]))
            report(&idlers[i], &watches[i], metric, unit,
                   value(&watches[i]));
}

static double calls(const struct watch *w)
{
    return w->calls;
}

static double switches(const struct watch *w)
{
    return w->switches;
}

static double processor_ns(const struct watch *w)
{
    return w->processor_ns;
}

/* Other loops come and go with the machine, ours must become idle. */
static int status_of(size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (watches[i].end != WATCH_DONE &&
            !strcmp(idlers[i].program->subject, "lastcall"))
            return EXIT_FINDING;
    return EXIT_CLEAN;
}

static int run(const struct question_limits *limits)
{
    size_t count = 0;
    size_t found = peers_find(&question_idle, limits, programs);
    for (size_t i = 0; i < found; i++)
        for (size_t k = 0; k < COUNTS; k++)
            fill(count++, &programs[i], thread_counts[k]);
    LOOP_ASSERT(count <= WATCHES_MAX);
    question_say("%zu loops that have nothing to do", count);
    watch_all(watches, count, limits->quick ? SECONDS_QUICK : SECONDS);
    report_all(count, "system calls of an idle loop", "calls", calls);
    report_all(count, "processor time of an idle loop", "ns", processor_ns);
    report_all(count, "context switches of an idle loop", "switches",
               switches);
    return status_of(count);
}

const struct question question_idle = {
    .name = "idle",
    .asks = "what does a loop do that has nothing to do?",
    .seconds_quick = 3,
    .seconds_full = 21,
    .run = run,
};
