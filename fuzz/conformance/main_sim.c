/*
 * main_sim.c - the rules on the simulated kernel, in one profile.
 *
 * usage: lastcall-conformance-sim PROFILE [--rule ID]
 *
 * Prints a line for each rule: rule, outcome, words and statement, with tabs
 * between.
 * Exits with 1 if one fails.
 */
#include <stdio.h>
#include <string.h>

#include "../../loop/os.h"
#include "../sim/sim.h"
#include "conformance.h"

#define SEEDS 100       /* of each strategy */

static const struct {
    const char      *name;
    enum sim_profile profile;
    enum column      column;
} profiles[] = {
    { "win10", SIM_WIN10, COLUMN_SIM_WIN10 },
    { "wine8", SIM_WINE8, COLUMN_SIM_WINE8 },
    { "linux", SIM_LINUX, COLUMN_SIM_LINUX },
};

#define PROFILES (sizeof profiles / sizeof profiles[0])

struct run {
    const struct rule *rule;
    struct observation observation;
};

static void enter(void *arg)
{
    struct run *run = arg;
    rule_run(run->rule, &run->observation);
}

/* A run that has not come to its end is an observation of its own: the
 * simulator's verdict is what an announcement has to name. */
static void note_end(struct observation *o, enum sim_end end)
{
    static char found[WORDS_SIZE];
    switch (end) {
    case SIM_DONE:
        break;
    case SIM_STUCK:
        *o = (struct observation){ .words = "hung: nothing can run" };
        break;
    case SIM_BUDGET:
        *o = (struct observation){ .words = "hung: it goes on for ever" };
        break;
    case SIM_FINDING:
        snprintf(found, sizeof found, "%s: %s", verdict_name(sim_verdict()),
                 sim_where());
        *o = (struct observation){ .words = found };
        break;
    }
}

static struct observation run_once(const struct rule *r,
                                   enum sim_profile profile,
                                   struct sched *sched, uint64_t seed)
{
    struct sim_options options = { .profile = profile, .faults = r->faults };
    struct run run = { .rule = r };
    struct os_thread thread = { { 0 } };
    if (sched->begin)
        sched->begin(sched, seed);
    sim_begin(&options, sched, NULL);
    if (os_thread_start(&thread, "rule", enter, &run) < 0)
        observe(&run.observation, false, "set-up: no thread");
    note_end(&run.observation, sim_run());
    if (sched->end)
        sched->end(sched, sim_decisions());
    return run.observation;
}

/* Says which schedule it was, for who wants to see it again. */
static void run_seeds(const struct rule *r, enum sim_profile profile,
                      struct sched *sched, struct observation *total)
{
    static char words[WORDS_SIZE];
    for (uint64_t seed = 1; seed <= SEEDS && !total->words; seed++) {
        struct observation o = run_once(r, profile, sched, seed);
        o.ways |= total->ways;
        *total = o;
        if (!o.words)
            continue;
        snprintf(words, sizeof words, "%s, under %s from %u", o.words,
                 sched->name, (unsigned)seed);
        total->words = words;
    }
}

static struct observation run_rule(const struct rule *r,
                                   enum sim_profile profile)
{
    struct observation o = run_once(r, profile, sched_calm_default(), 0);
    if (r->races) {
        run_seeds(r, profile, sched_random_walk(), &o);
        run_seeds(r, profile, sched_pct(), &o);
    }
    observe(&o, (o.ways & r->ways) == r->ways,
            "a legal outcome never comes");
    return o;
}

static bool check_rule(const struct rule *r, size_t at)
{
    enum column column = profiles[at].column;
    struct observation o;
    bool applies = rule_applies(r, column);
    if (applies)
        o = run_rule(r, profiles[at].profile);
    struct judgement j = judge(&r->announced[column], applies ? &o : NULL);
    rule_print(stdout, r, &j);
    return j.outcome != OUTCOME_FAILS;
}

static int check_all(size_t at, const char *only)
{
    const struct rule *r;
    bool good = true;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        if (!only || !strcmp(only, r->id))
            good = check_rule(r, at) && good;
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *only = argc == 4 && !strcmp(argv[2], "--rule") ? argv[3]
                                                               : NULL;
    for (size_t i = 0; i < PROFILES && (argc == 2 || only); i++)
        if (!strcmp(argv[1], profiles[i].name) && (!only || rule_find(only)))
            return check_all(i, only);
    fputs("usage: lastcall-conformance-sim win10|wine8|linux [--rule ID]\n",
          stderr);
    return 2;
}
