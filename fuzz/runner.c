/*
 * runner.c - a run from its first thread to its judgement, on any ground.
 */
#include <string.h>

#include "oracle.h"
#include "peer.h"
#include "world.h"

/* Ending a run. */

void world_close_peers(void)
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
    world_close_peers();
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
    ground_enter();
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
    ground_leave();
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
    ground_enter();
    trace_emit(TRACE_PHASE, 0, 1);
    os_mutex_lock(&world.lock);
    memset(world.raised, true, sizeof world.raised);
    os_cond_broadcast(&world.changed);
    os_mutex_unlock(&world.lock);
    world_close_peers();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++) {
        if (!world_usable(loop) || oracle_runs_unasked(loop) == 0)
            continue;
        world.calls[loop]++;
        oracle_stop_begins(loop);
        oracle_stop_ended(loop, world.subject->stop(loop));
        world.calls[loop]--;
    }
    world.rescuing = false;
    ground_leave();
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
    ground_enter();
    finish();
    ground_leave();
}

static bool start_helper(const char *name, void (*entry)(void *))
{
    return world.helpers < HELPERS_MAX &&
           ground_thread_count() < GROUND_THREADS_MAX &&
           os_thread_start(&world.helper[world.helpers++], name, entry,
                           NULL) == 0;
}

bool world_idle(bool timed)
{
    oracle_idle(timed);
    if (ground_found() || timed || world.exited)
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
    struct ground_thread_info info;
    for (unsigned t = 0; t < ground_thread_count(); t++) {
        ground_thread_info(t, &info);
        if (info.state != GROUND_ENDED && !strcmp(info.name, "worker") &&
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
        ground_finding(VERDICT_LINGERING_PROCESS, "a worker stays after main");
    if (any_thread() && written)
        ground_finding(VERDICT_LINGERING_PROCESS, "a thread stays after main");
}

/* One run. */

void world_begin(const struct subject *subject, const struct scenario *s,
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
    memset(world.telling, 0, sizeof world.telling);
    world.exited = world.rescuing = world.unjudged = false;
    world_find_bodies(s);
    world.subject = subject;
    world.scenario = s;
    world.options = options;
    world.objects_max = options->objects_max ? options->objects_max
                                         : INSTANCES_MAX;
    subject->reset(callback_run);
    oracle_reset(subject);
    os_mutex_open(&world.lock);
    os_cond_open(&world.changed);
    os_cond_open(&world.never);
}

void world_start_threads(void)
{
    const struct scenario *s = world.scenario;
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

void world_judge(bool stuck)
{
    if (stuck && world.exited)
        check_exit();
    else if (stuck && !world.unjudged)
        oracle_stuck(world.waiting);
    else if (!stuck && world.finishes > 0 && all_destroyed())
        oracle_end();
}
