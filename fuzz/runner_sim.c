/*
 * runner_sim.c - a run in the simulator, under a strategy.
 */
#include "runner.h"

#include <stdio.h>

#include "world.h"

static struct sim_options sim_options_of(const struct scenario *s)
{
    struct sim_options options = { .profile = SIM_WIN10 };
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->statement[i].op != ST_KERNEL)
            continue;
        options.profile = (enum sim_profile)(s->statement[i].a % 3);
        options.faults = s->statement[i].value;
        break;
    }
    return options;
}

void runner_run(const struct subject *subject, const struct scenario *s,
                struct sched *sched, const struct run_options *options,
                struct run_result *out)
{
    struct sim_options sim = sim_options_of(s);
    sim.decisions_max = options->decisions_max;
    sim_begin(&sim, sched, world_idle);
    if (sched->begin)
        sched->begin(sched, options->seed);
    world_begin(subject, s, options);
    world_start_threads();
    enum sim_end end = sim_run();
    if (end == SIM_STUCK || end == SIM_DONE)
        world_judge(end == SIM_STUCK);
    if (sched->end)
        sched->end(sched, sim_decisions());

    out->verdict = sim_verdict();
    out->budget = end == SIM_BUDGET;
    out->decisions = sim_decisions();
    out->trace_hash = trace_hash();
    snprintf(out->where, sizeof out->where, "%s", sim_where());
    snprintf(out->frames, sizeof out->frames, "%s", sim_frames());
}

void runner_replay(const struct subject *subject, const struct scenario *s,
                   const struct run_options *options, struct run_result *out)
{
    runner_run(subject, s, sched_replay(s->exception, s->exception_count),
               options, out);
}
