#include "guided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

#define NAME "target_shutdown"

/* What is read from the child's lines. */
struct watch {
    struct search_state          *state;
    const struct search_listener *listener;
    uint64_t                      runs_before;
    double                        told;
    char                          artifact[HOST_PATH];
};

/* The program beside this one; a planted bug's has the same ending. */
static void target_path(char out[HOST_PATH])
{
    static const char own[] = "lastcall-fuzz";
    char program[HOST_PATH];
    host_program(program);
    char *name = strrchr(program, '/');
    name = name ? name + 1 : program;
    const char *ending = strncmp(name, own, sizeof own - 1)
        ? "" : name + sizeof own - 1;
    char kept[64];
    snprintf(kept, sizeof kept, "%s", ending);
    *name = '\0';
    snprintf(out, HOST_PATH, "%.900s" NAME "%s", program, kept);
}

bool guided_is_built(void)
{
    char path[HOST_PATH], why[HOST_WHY];
    char byte;
    target_path(path);
    return host_read_file(path, &byte, 0, why) != -1 ||
           strstr(why, "larger") != NULL;
}

static int write_seeds(const struct scenario *seeds, size_t count,
                       const char *folder, char why[HOST_WHY])
{
    for (size_t i = 0; i < count; i++) {
        static const uint8_t calm[4];
        uint8_t bytes[INPUT_MAX];
        char path[HOST_PATH];
        size_t size = input_encode(&seeds[i], calm, sizeof calm, bytes,
                                   sizeof bytes);
        snprintf(path, sizeof path, "%.900s/seed-%03zu", folder, i);
        if (host_write_file(path, bytes, size, why) < 0)
            return -1;
    }
    return 0;
}

/* libFuzzer's lines: "#4096 pulse cov: 1 ft: 99 ..." and, at the end, "Test
 * unit written to PATH". */
static bool on_line(const char *line, void *arg)
{
    struct watch *w = arg;
    const char *written = strstr(line, "Test unit written to ");
    if (written)
        snprintf(w->artifact, sizeof w->artifact, "%s", written + 21);
    if (line[0] == '#' && line[1] >= '0' && line[1] <= '9') {
        struct search_state *s = w->state;
        s->runs = w->runs_before + strtoull(line + 1, NULL, 10);
        s->seconds = host_seconds() - s->began;
        if (s->seconds - w->told >= 0.5) {
            w->told = s->seconds;
            w->listener->progress(s);
        }
    }
    return !host_interrupted();
}

/* Turn the input that ended the child into a finding. */
static void note_artifact(struct search_state *s, const char *path,
                          const struct search_listener *listener)
{
    static struct scenario scenario;
    uint8_t bytes[INPUT_MAX];
    char why[HOST_WHY];
    struct input in;
    struct run_options options = { 0 };
    struct run_result result;
    long size = host_read_file(path, bytes, sizeof bytes, why);
    if (size < 0)
        return;
    input_decode(&scenario, &in, bytes, (size_t)size);
    runner_run(s->findings.subject, &scenario,
               sched_record(sched_guided(in.schedule, in.schedule_size)),
               &options, &result);
    s->verdicts[result.verdict]++;
    if (result.verdict == VERDICT_CLEAN)
        return;
    struct finding *f = finding_note(&s->findings, &scenario, &options,
                                     &result, listener->shrinking);
    if (f)
        listener->found(s, f);
}

static int run_child(struct watch *w, const char *folder, double seconds,
                     uint64_t seed, char why[HOST_WHY])
{
    char path[HOST_PATH], prefix[HOST_PATH + 32], time[48], random[48];
    char corpus[HOST_PATH];
    char length[] = "-max_len=384", control[] = "-len_control=0";
    /* Entropic's bookkeeping would take a third of the time: there are
     * thousands of features here, and none of them is rare for long. */
    char plain[] = "-entropic=0";
    char leaks[] = "-detect_leaks=0", report[] = "-report_slow_units=1000";
    target_path(path);
    snprintf(prefix, sizeof prefix, "-artifact_prefix=%.900s/", folder);
    snprintf(time, sizeof time, "-max_total_time=%.0f",
             seconds < 1 ? 1 : seconds);
    snprintf(random, sizeof random, "-seed=%u",
             (unsigned)(seed & 0x7fffffff) + 1);
    snprintf(corpus, sizeof corpus, "%s", folder);
    char *argv[] = { path, prefix, time, random, length, control, plain,
                     leaks, report, corpus, NULL };
    return host_run(argv, on_line, w, why);
}

int guided_run(struct search_state *s, const struct scenario *seeds,
               size_t count, double seconds, uint64_t seed,
               const struct search_listener *listener, char why[HOST_WHY])
{
    char folder[HOST_PATH];
    struct watch w = { .state = s, .listener = listener,
                       .runs_before = s->runs };
    if (host_temporary_folder(folder, why) < 0)
        return -1;
    int result = write_seeds(seeds, count, folder, why);
    if (result == 0)
        result = run_child(&w, folder, seconds, seed, why);
    if (w.artifact[0])
        note_artifact(s, w.artifact, listener);
    s->seconds = host_seconds() - s->began;
    host_remove_folder(folder);
    return result < 0 ? -1 : 0;
}
