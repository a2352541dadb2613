#include "runner.h"

#include <stdio.h>
#include <string.h>

#include "oracle.h"
#include "peer.h"
#include "world.h"

/* Ending a run. */

static void close_peers(void)
{
    for (unsigned n = 0; n < world.count[I_HANDLE]; n++) {
        struct instance *i = &world.instance[I_HANDLE][n];
        if (i->far == PORT_NO_HANDLE)
            continue;
        peer_close(i->far);
        i->far = PORT_NO_HANDLE;
    }
}

/* Shut down and destroy what is still open, on the last thread. */
static void finish(void)
{
    world.finishes++;
    trace_emit(TRACE_PHASE, 0, 2);
    close_peers();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++) {
        if (!world_usable(loop) || oracle_is_used(loop))
            continue;
        if (!oracle_is_closed(loop))
            execute_shutdown(loop, SHUTDOWN_DEADLINE, FINISH_WITHIN);

        /* A daemon thread may still be in a call: then the memory stays. */
        if (!oracle_is_closed(loop) || world.calls[loop] > 0)
            continue;
        world.loop_destroyed[loop] = true;
        world.subject->destroy(loop);
    }
}

static void thread_main(void *arg)
{
    unsigned thread = (unsigned)(uintptr_t)arg;
    unsigned first, end;
    struct context c = { .kind = BODY_THREAD };
    execute_body(ST_THREAD, thread, &c);
    bool daemon = world_body(ST_THREAD, thread, &first, &end) &&
                  world.scenario->statement[first - 1].c == 1;
    world.exited |= c.exited;
    os_mutex_lock(&world.lock);
    world.ended[thread] = true;
    os_cond_broadcast(&world.changed);
    os_mutex_unlock(&world.lock);
    if (!daemon && --world.alive == 0 && !world.exited)
        finish();
}

void world_start_thread(unsigned thread)
{
    unsigned first, end;
    if (world.started[thread] ||
        !world_body(ST_THREAD, thread, &first, &end))
        return;
    const struct statement *st = &world.scenario->statement[first - 1];
    world.started[thread] = true;
    world.alive += st->c != 1;
    const char *name = world_name(KIND_THREAD, thread);
    if (!name)
        name = "thread";
    if (os_thread_start(&world.thread[thread], name, thread_main,
                        (void *)(uintptr_t)thread) < 0) {
        world.started[thread] = false;
        world.alive -= st->c != 1;
    }
}

/* When nothing can run. */

static void rescue_main(void *arg)
{
    (void)arg;
    trace_emit(TRACE_PHASE, 0, 1);
    os_mutex_lock(&world.lock);
    memset(world.raised, true, sizeof world.raised);
    os_cond_broadcast(&world.changed);
    os_mutex_unlock(&world.lock);
    close_peers();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++) {
        if (!world_usable(loop) || oracle_runs_unasked(loop) == 0)
            continue;
        world.calls[loop]++;
        oracle_stop_begins(loop);
        oracle_stop_ended(loop, world.subject->stop(loop));
        world.calls[loop]--;
    }
    world.rescuing = false;
}

static bool can_rescue(void)
{
    if (world.rescuing)
        return false;
    for (unsigned event = 0; event < 8; event++)
        if (!world.raised[event])
            return true;
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (world_usable(loop) && oracle_runs_unasked(loop) > 0)
            return true;
    return false;
}

/* A worker may have kept a loop in use when the last thread ended. */
static bool can_finish(void)
{
    if (world.alive > 0 || world.finishes == 0 || world.finishes > 4)
        return false;
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (world_usable(loop) && !oracle_is_used(loop))
            return true;
    return false;
}

static void finish_main(void *arg)
{
    (void)arg;
    finish();
}

static bool start_helper(const char *name, void (*entry)(void *))
{
    return world.helpers < HELPERS_MAX &&
           sim_thread_count() < SCHED_DEVICE &&
           os_thread_start(&world.helper[world.helpers++], name, entry,
                           NULL) == 0;
}

static bool on_idle(bool timed)
{
    oracle_idle(timed);
    if (sim_verdict() != VERDICT_CLEAN || timed || world.exited)
        return false;
    if (can_finish())
        return start_helper("finish", finish_main);
    if (!can_rescue())
        return false;
    world.rescuing = start_helper("rescue", rescue_main);
    world.unjudged = !world.rescuing;
    return world.rescuing;
}

static bool any_worker(void)
{
    struct sim_thread_info info;
    for (unsigned t = 0; t < sim_thread_count(); t++) {
        sim_thread_info(t, &info);
        if (info.state != SIM_ENDED && !strcmp(info.name, "worker") &&
            !(world.waiting >> t & 1))
            return true;
    }
    return false;
}

static bool any_open(void)
{
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (world.loop_open[loop] && !oracle_is_closed(loop))
            return true;
    return false;
}

static bool any_thread(void)
{
    for (unsigned thread = 0; thread < THREADS; thread++) {
        unsigned first, end;
        if (world.started[thread] && !world.ended[thread] &&
            world_body(ST_THREAD, thread, &first, &end) &&
            world.scenario->statement[first - 1].c != 1)
            return true;
    }
    return false;
}

/*
 * After `exit`, whoever is left keeps the process: a worker of a loop that
 * was closed; and, where the scenario is as its author wrote it, any worker
 * and any thread that is no daemon.
 */
static void check_exit(void)
{
    bool written = world.options->expectations;
    if (any_worker() && (written || !any_open()))
        sim_finding(VERDICT_LINGERING_PROCESS, "a worker stays after main");
    if (any_thread() && written)
        sim_finding(VERDICT_LINGERING_PROCESS, "a thread stays after main");
}

/* One run. */

static void reset(const struct subject *subject, const struct scenario *s,
                  const struct run_options *options)
{
    world_forget();
    memset(world.loop_begun, 0, sizeof world.loop_begun);
    memset(world.loop_open, 0, sizeof world.loop_open);
    memset(world.loop_destroyed, 0, sizeof world.loop_destroyed);
    memset(world.calls, 0, sizeof world.calls);
    memset(world.started, 0, sizeof world.started);
    memset(world.ended, 0, sizeof world.ended);
    memset(world.raised, 0, sizeof world.raised);
    memset(world.ran, 0, sizeof world.ran);
    memset(&world.lock, 0, sizeof world.lock);
    memset(&world.changed, 0, sizeof world.changed);
    memset(&world.never, 0, sizeof world.never);
    world.alive = world.helpers = 0;
    world.finishes = 0;
    world.waiting = 0;
    world.exited = world.rescuing = world.unjudged = false;
    world_find_bodies(s);
    world.subject = subject;
    world.scenario = s;
    world.options = options;
    world.objects_max = options->objects_max ? options->objects_max
                                         : INSTANCES_MAX;
    subject->reset(callback_run);
    oracle_reset(subject);
}

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

static void start_threads(const struct scenario *s)
{
    for (unsigned thread = 0; thread < THREADS; thread++) {
        unsigned first, end;
        if (world_body(ST_THREAD, thread, &first, &end) &&
            s->statement[first - 1].b != 1)
            world_start_thread(thread);
    }
}

static bool all_destroyed(void)
{
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (world_usable(loop))
            return false;
    return true;
}

static void judge(enum sim_end end)
{
    if (end == SIM_STUCK && world.exited)
        check_exit();
    else if (end == SIM_STUCK && !world.unjudged)
        oracle_stuck(world.waiting);
    else if (end == SIM_DONE && world.finishes > 0 && all_destroyed())
        oracle_end();
}

void runner_run(const struct subject *subject, const struct scenario *s,
                struct sched *sched, const struct run_options *options,
                struct run_result *out)
{
    struct sim_options sim = sim_options_of(s);
    sim.decisions_max = options->decisions_max;
    sim_begin(&sim, sched, on_idle);
    reset(subject, s, options);
    if (sched->begin)
        sched->begin(sched, options->seed);
    os_mutex_open(&world.lock);
    os_cond_open(&world.changed);
    os_cond_open(&world.never);
    start_threads(s);
    enum sim_end end = sim_run();
    judge(end);
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
