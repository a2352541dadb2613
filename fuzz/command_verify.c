/*
 * command_verify.c - every schedule of a scenario within a bound.
 *
 * The bound is on departures from the calm default: choosing another thread
 * than the calm one, or another outcome than 0. With a bound of k this
 * covers every schedule with at most k preemptions that keeps to the lowest
 * thread where one has to be chosen, and more. Each run is replayed from its
 * list of departures and shows where one more could be made after the last.
 *
 * source     iterative context bounding, Musuvathi and Qadeer, 2007; it
 *            departs in counting every departure alike
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"
#include "host.h"
#include "runner.h"

#define CHOICES_MAX 4096
#define BOUND_MAX 4

static const char help[] =
"Usage: lastcall verify FILE [--preemptions K] [--runs N]\n"
"\n"
"Run every schedule of a scenario that departs at most K times from the calm\n"
"one, and say whether that was all of them.\n"
"\n"
"  --preemptions K  0 to 4; default 2\n"
"  --runs N         give up after so many; default 2000000\n";

/* A place where a run could have gone another way. */
struct choice {
    uint32_t enabled;       /* threads; 0: an outcome                       */
    uint8_t  taken;
    uint8_t  count;         /* outcome: how many there are                  */
};

static struct {
    struct choice choice[CHOICES_MAX];
    unsigned      count;
    bool          overflow;
    unsigned      path[BOUND_MAX];      /* choices that depart, by index    */
    uint8_t       target[BOUND_MAX];
    unsigned      depth;
    uint64_t      runs, runs_max;
    bool          cut;
} v;

static struct scenario scenario;

static void note(uint32_t enabled, unsigned count, unsigned taken)
{
    if (v.count == CHOICES_MAX) {
        v.overflow = true;
        return;
    }
    v.choice[v.count++] = (struct choice){ enabled, (uint8_t)taken,
                                           (uint8_t)count };
}

/* What the path says for this choice, or the calm answer. */
static unsigned follow(unsigned calm)
{
    for (unsigned i = 0; i < v.depth; i++)
        if (v.path[i] == v.count)
            return v.target[i];
    return calm;
}

static void bound_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    (void)seed;
    v.count = 0;
}

static unsigned bound_thread(struct sched *s, uint32_t enabled,
                             unsigned current)
{
    (void)s;
    unsigned taken = follow(sched_calm(enabled, current));
    if (!(enabled >> taken & 1))
        taken = sched_calm(enabled, current);
    note(enabled, 0, taken);
    return taken;
}

static unsigned bound_outcome(struct sched *s, enum sched_outcome what,
                              unsigned count)
{
    (void)s;
    (void)what;
    unsigned taken = follow(0);
    note(0, count, taken);
    return taken;
}

static struct sched bound = {
    .name = "bound", .begin = bound_begin, .thread = bound_thread,
    .outcome = bound_outcome,
};

static bool run(struct run_result *result)
{
    struct run_options options = { .expectations = true };
    v.runs++;
    runner_run(&subject_lastcall, &scenario, sched_record(&bound), &options,
               result);
    return result->verdict == scenario.expect;
}

/* Try everything that departs from the run at hand after its last departure,
 * `left` times at most. Returns false at the first finding. */
static bool explore(unsigned left, struct run_result *result)
{
    if (v.runs >= v.runs_max || host_interrupted()) {
        v.cut = true;
        return true;
    }
    if (!run(result))
        return false;
    if (left == 0)
        return true;
    unsigned count = v.count, first = v.depth ? v.path[v.depth - 1] + 1 : 0;
    if (first >= count)
        return true;
    struct choice *copy = malloc((count - first) * sizeof *copy);
    if (!copy)
        return true;
    memcpy(copy, v.choice + first, (count - first) * sizeof *copy);
    bool good = true;
    v.depth++;
    for (unsigned i = 0; good && i < count - first; i++) {
        v.path[v.depth - 1] = first + i;
        unsigned targets = copy[i].enabled ? 32 : copy[i].count;
        for (unsigned t = 0; good && t < targets; t++) {
            if (t == copy[i].taken ||
                (copy[i].enabled && !(copy[i].enabled >> t & 1)))
                continue;
            v.target[v.depth - 1] = (uint8_t)t;
            good = explore(left - 1, result);
        }
    }
    v.depth -= good;
    free(copy);
    return good;
}

static int tell_finding(const struct run_result *result)
{
    static struct findings findings;
    struct run_options options = { .expectations = true };
    findings.subject = &subject_lastcall;
    findings.folder = *program_mutant() ? "build/findings" : "corpus/found";
    struct finding *f = finding_note(&findings, &scenario, &options, result,
                                     NULL);
    printf("%s: %s, after %llu schedules\n", verdict_name(result->verdict),
           result->where, (unsigned long long)v.runs);
    if (f && *f->path) {
        char command[HOST_PATH + 64];
        program_command(command, sizeof command, "replay", f->path);
        puts(command);
    }
    return EXIT_FINDING;
}

int command_verify(int argc, char **argv)
{
    const char *bound_text = "2", *runs_text = "2000000";
    const struct option_form forms[] = {
        { "preemptions", NULL, &bound_text }, { "runs", NULL, &runs_text },
        { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    uint64_t k;
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (!option_number("preemptions", bound_text, &k) ||
        !option_number("runs", runs_text, &v.runs_max))
        return EXIT_USAGE;
    if (left != 2 || k > BOUND_MAX) {
        fprintf(stderr, "lastcall verify: name one scenario and at most %d "
                "preemptions; see lastcall verify --help\n", BOUND_MAX);
        return EXIT_USAGE;
    }
    if (read_scenario(&scenario, argv[1]) < 0)
        return EXIT_USAGE;
    scenario.exception_count = 0;
    struct run_result result;
    if (!explore((unsigned)k, &result))
        return tell_finding(&result);
    bool complete = !v.cut && !v.overflow;
    printf("%s: clean in %llu schedules with at most %llu departures, %s\n",
           argv[1], (unsigned long long)v.runs, (unsigned long long)k,
           complete ? "complete" : "not complete: --runs or an interrupt "
                                   "ended it");
    return EXIT_CLEAN;
}
