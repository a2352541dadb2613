/*
 * command_replay.c - replay, trace and speed: scenarios run as they are.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "elsewhere.h"
#include "host.h"
#include "platform.h"
#include "runner.h"

static const char replay_help[] =
"Usage: lastcall replay PATH... [--platform P] [--repeat N] [--json]\n"
"\n"
"Run each scenario under its own schedule and say its verdict. A path may be\n"
"a scenario, text or binary, an input that libFuzzer has written, or a folder\n"
"of such files. Exits 1 if a verdict is not the expected one.\n"
"\n"
"  --repeat N      run each N times; in the simulator every run must be the\n"
"                  same\n"
"  --platform P    sim; or linux, io_uring or win32: on real threads, steered\n"
"                  by delays towards the order that the simulator records,\n"
"                  saying how often the verdict came\n"
"  --json          one JSON object a line\n"
"\n"
"Examples:\n"
"  ./lastcall replay corpus/scenario\n"
"  ./lastcall replay corpus/found/deadlock-1a2b3c4d.scn --repeat 100\n"
"  ./lastcall replay finding.scn --platform linux --repeat 100\n";

static struct scenario scenario;

struct replayed {
    struct run_result result;
    enum verdict      expected;
    bool              same;         /* every repetition was                 */
};

static void replay_one(struct replayed *r, uint64_t repeat)
{
    struct run_options options = { .expectations = true };
    r->same = true;
    r->expected = scenario.expect;
    runner_replay(&subject_lastcall, &scenario, &options, &r->result);
    for (uint64_t i = 1; i < repeat && !host_interrupted(); i++) {
        struct run_result again;
        runner_replay(&subject_lastcall, &scenario, &options, &again);
        r->same &= again.verdict == r->result.verdict &&
                   again.trace_hash == r->result.trace_hash;
    }
}

static void print_json(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void print_replayed(const char *path, const struct replayed *r,
                           bool json)
{
    const char *verdict = verdict_name(r->result.verdict);
    char hash[20];
    snprintf(hash, sizeof hash, "%016llx",
             (unsigned long long)r->result.trace_hash);
    if (json) {
        print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b}",
            "path", path, "verdict", verdict,
            "expected", verdict_name(r->expected),
            "trace_hash", hash, "where", r->result.where,
            "drift", (int)sched_replay_drift(), "same", r->same));
        return;
    }
    printf("%s: %s", path, verdict);
    if (r->result.verdict != VERDICT_CLEAN)
        printf(": %s%s%s", r->result.where, *r->result.frames ? " in " : "",
               r->result.frames);
    if (r->result.verdict != r->expected)
        printf(" (expected %s)", verdict_name(r->expected));
    if (sched_replay_drift() > 0)
        printf(" (drifted: %zu of %u exceptions could not be taken)",
               sched_replay_drift(), (unsigned)scenario.exception_count);
    if (!r->same)
        printf(" (not the same each time)");
    putchar('\n');
}

static int replay_elsewhere(const char *platform, char path[1024],
                            uint64_t repeat, bool json)
{
    struct elsewhere e = { .platform = platform, .runs = repeat,
        .seed = host_seed() >> 16, .json = json, .path_count = 1,
        .path = (char (*)[1024])path };
    return elsewhere_replay(&e, &scenario);
}

int command_replay(int argc, char **argv)
{
    bool json = false;
    const char *repeat_text = "1", *platform = "sim";
    const struct option_form forms[] = {
        { "json", &json, NULL }, { "repeat", NULL, &repeat_text },
        { "platform", NULL, &platform }, { 0 },
    };
    int left = options_read(argc, argv, forms, replay_help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    uint64_t repeat;
    if (!option_number("repeat", repeat_text, &repeat))
        return EXIT_USAGE;
    if (!platform_is_known(platform)) {
        const char *meant = nearest_word(platform, platform_name);
        fprintf(stderr, "lastcall replay: there is no platform '%s'%s%s\n",
                platform, meant ? ", did you mean " : "", meant ? meant : "");
        return EXIT_USAGE;
    }
    if (left < 2) {
        fprintf(stderr, "lastcall replay: name a scenario; see lastcall "
                "replay --help\n");
        return EXIT_USAGE;
    }
    struct path_list list;
    if (read_paths(&list, left, argv) < 0)
        return EXIT_USAGE;
    int status = list.count > 0 ? EXIT_CLEAN : EXIT_NOTHING;
    if (list.count == 0)
        fprintf(stderr, "lastcall replay: no scenario there\n");
    for (size_t i = 0; i < list.count && !host_interrupted(); i++) {
        struct replayed r;
        if (read_scenario(&scenario, list.path[i]) < 0) {
            status = EXIT_USAGE;
            continue;
        }
        if (strcmp(platform, "sim") != 0) {
            int other = replay_elsewhere(platform, list.path[i], repeat,
                                         json);
            status = other > status ? other : status;
            continue;
        }
        replay_one(&r, repeat);
        print_replayed(list.path[i], &r, json);
        if (status == EXIT_CLEAN &&
            (r.result.verdict != r.expected || !r.same))
            status = r.same ? EXIT_FINDING : EXIT_FAULT;
    }
    free(list.path);
    return status;
}

/* trace */

static const char trace_help[] =
"Usage: lastcall trace PATH... [--hash]\n"
"\n"
"Print the trace of each scenario under its own schedule, and then under a\n"
"sample of seeded strategies its hash. Two builds must print the same.\n"
"\n"
"  --hash          the hashes only\n";

static void print_trace(void)
{
    size_t count;
    uint64_t dropped;
    const struct trace_event *e = trace_events(&count, &dropped);
    if (dropped > 0)
        printf("%llu older events are not kept\n",
               (unsigned long long)dropped);
    for (size_t i = 0; i < count; i++) {
        trace_print(stdout, &e[i]);
        putchar('\n');
    }
}

static void print_hashes(const char *path)
{
    static const char *const strategy[] = { "random", "sticky", "pct" };
    for (unsigned i = 0; i < 30; i++) {
        struct run_options options = { .seed = i };
        struct run_result result;
        runner_run(&subject_lastcall, &scenario, sched_find(strategy[i % 3]),
                   &options, &result);
        printf("%s %s %u %s %u %016llx\n", path, strategy[i % 3], i,
               verdict_name(result.verdict), (unsigned)result.decisions,
               (unsigned long long)result.trace_hash);
    }
}

int command_trace(int argc, char **argv)
{
    bool only_hash = false;
    const struct option_form forms[] = {
        { "hash", &only_hash, NULL }, { 0 },
    };
    int left = options_read(argc, argv, forms, trace_help);
    struct path_list list;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (read_paths(&list, left, argv) < 0)
        return EXIT_USAGE;
    int status = EXIT_CLEAN;
    for (size_t i = 0; i < list.count; i++) {
        struct run_options options = { .expectations = true };
        struct run_result result;
        if (read_scenario(&scenario, list.path[i]) < 0) {
            status = EXIT_USAGE;
            continue;
        }
        runner_replay(&subject_lastcall, &scenario, &options, &result);
        if (!only_hash)
            print_trace();
        printf("%s own %s %u %016llx\n", list.path[i],
               verdict_name(result.verdict), (unsigned)result.decisions,
               (unsigned long long)result.trace_hash);
        print_hashes(list.path[i]);
    }
    free(list.path);
    return status;
}

/* speed */

static const char speed_help[] =
"Usage: lastcall speed PATH... [--seconds N] [--json]\n"
"\n"
"Measure complete runs a second of each scenario under the sticky strategy,\n"
"and their median.\n"
"\n"
"  --seconds N     for each scenario; default 0.2\n"
"  --json          one JSON object a line\n";

struct speed {
    uint64_t runs;
    uint64_t decisions;
    double   seconds;
};

static struct speed measure(double seconds)
{
    struct speed speed = { 0 };
    struct sched *sched = sched_find("sticky");
    double began = host_seconds();
    while (speed.seconds < seconds && !host_interrupted()) {
        for (unsigned i = 0; i < 200; i++) {
            struct run_options options = { .seed = speed.runs };
            struct run_result result;
            runner_run(&subject_lastcall, &scenario, sched, &options,
                       &result);
            speed.runs++;
            speed.decisions += result.decisions;
        }
        speed.seconds = host_seconds() - began;
    }
    return speed;
}

static int compare_rates(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_speed(const char *path, const struct speed *s, bool json)
{
    double rate = (double)s->runs / s->seconds;
    double decisions = (double)s->decisions / (double)s->runs;
    if (json)
        print_json(json_pack("{s:s, s:I, s:f, s:f, s:f}", "scenario", path,
            "runs", (json_int_t)s->runs, "seconds", s->seconds,
            "runs_per_second", rate, "decisions", decisions));
    else
        printf("%9.0f runs/s %6.0f decisions a run  %s\n", rate, decisions,
               path);
}

int command_speed(int argc, char **argv)
{
    bool json = false;
    const char *seconds_text = "0.2";
    const struct option_form forms[] = {
        { "json", &json, NULL }, { "seconds", NULL, &seconds_text }, { 0 },
    };
    int left = options_read(argc, argv, forms, speed_help);
    double seconds;
    struct path_list list;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (!option_seconds("seconds", seconds_text, &seconds) ||
        read_paths(&list, left, argv) < 0)
        return EXIT_USAGE;
    double *rate = calloc(list.count + 1, sizeof *rate);
    size_t count = 0;
    for (size_t i = 0; rate && i < list.count && !host_interrupted(); i++) {
        if (read_scenario(&scenario, list.path[i]) < 0)
            continue;
        struct speed s = measure(seconds);
        print_speed(list.path[i], &s, json);
        rate[count++] = (double)s.runs / s.seconds;
    }
    if (count > 0) {
        qsort(rate, count, sizeof *rate, compare_rates);
        double median = (rate[(count - 1) / 2] + rate[count / 2]) / 2;
        if (json)
            print_json(json_pack("{s:f, s:f, s:f, s:i}", "median", median,
                "low", rate[0], "high", rate[count - 1],
                "scenarios", (int)count));
        else
            printf("%9.0f runs/s, the median of %zu scenarios\n", median,
                   count);
    }
    free(rate);
    free(list.path);
    return count > 0 ? EXIT_CLEAN : EXIT_NOTHING;
}
