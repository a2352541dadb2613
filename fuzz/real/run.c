#include "run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../oracle.h"
#include "../trace.h"
#include "../witness.h"
#include "../world.h"
#include "noise.h"
#include "order.h"
#include "seam.h"
#include "system.h"
#include "threads.h"

#define EVENTS_MAX 100000u
#define SUSPICION_MS 1000u
#define MILLISECOND 1000000u
#define LOOK_NS 50000u              /* between two looks at the threads      */
#define STILL_NS 200000u            /* so long still: nothing can run        */
#define LOOK_UNSURE_NS 1000000u     /* where the system does not tell, so    */
#define STILL_UNSURE_NS 4000000u    /* that more of it says no more          */
#define RUN_NS 60000000000u         /* longer than the watchdog is patient   */

static struct {
    run_finding_fn *finding;
    atomic_flag     found;
    atomic_bool     has_finding;
    bool            suspecting;     /* findings are noted, and not told      */
    bool            suspicious;
    const struct run_limits *limits;
    uint64_t        began;
    uint64_t        still_since;    /* when the threads last moved           */
    uint64_t        moves;          /* and how far they had come             */
    uint64_t        events_before;
    unsigned        handles;        /* of the process, after the last run    */
    unsigned        runs;
} run = { .found = ATOMIC_FLAG_INIT };

/* Findings. */

bool ground_found(void)
{
    return atomic_load(&run.has_finding);
}

/* The first one ends the process; other threads wait here for that. */
void ground_finding(enum verdict v, const char *where)
{
    if (run.suspecting) {
        run.suspicious = true;
        return;
    }
    atomic_store(&run.has_finding, true);
    while (atomic_flag_test_and_set(&run.found))
        system_nap(MILLISECOND);
    trace_emit(TRACE_VERDICT, 0, (int)v);
    run.finding(v, where);
    system_end(3);
}

/* The subject's own assertion, or the platform's. */
void loop_check_failed(const char *file, int line, const char *expression)
{
    char where[160];
    const char *slash = strrchr(file, '/');
    const char *back = strrchr(file, '\\');
    if (back > slash)
        slash = back;
    (void)line;
    snprintf(where, sizeof where, "%s: %s", slash ? slash + 1 : file,
             expression);
    run.suspecting = false;
    ground_finding(VERDICT_ABORT, where);
    abort();
}

/* Is there anything to be found? Asked without telling. */
static bool suspects(void (*ask)(bool), bool argument)
{
    run.suspecting = true;
    run.suspicious = false;
    ask(argument);
    run.suspecting = false;
    return run.suspicious;
}

/*
 * When nothing can run.
 *
 * All threads wait at a seam, and the system says that they sleep: then only
 * the harness can move things on. But a thread that was woken sleeps until
 * it is given a processor, so what would be a finding has to stay as it is
 * for long before it is believed; what merely helps a run along (stopping
 * it, moving the clock) does no harm when it comes early.
 */
static bool stands_still(uint64_t *until)
{
    uint64_t now = system_now();
    uint64_t moves = atomic_load(&threads_moves);
    if (moves != run.moves || noise_holds_strangers() ||
        !threads_all_wait(until)) {
        run.moves = moves;
        run.still_since = now;
        return false;
    }
    uint64_t enough = system_knows_sleepers() ? STILL_NS : STILL_UNSURE_NS;
    return now - run.still_since >= enough && system_all_asleep() &&
           atomic_load(&threads_moves) == run.moves;
}

static bool still_for(uint32_t ms)
{
    return system_now() - run.still_since >= (uint64_t)ms * MILLISECOND;
}

static bool believes(void)
{
    return still_for(run.limits->suspicion_ms ? run.limits->suspicion_ms
                                              : SUSPICION_MS);
}

enum idle { IDLE_GOES_ON, IDLE_STUCK };

/* The harness has been entered, and nothing moves. */
static enum idle on_still(uint64_t until)
{
    bool timed = until != OS_FOREVER;
    if (suspects(oracle_idle, timed)) {
        if (believes())
            oracle_idle(timed);
        return IDLE_GOES_ON;
    }
    if (timed) {
        seam_pass_time(until);
        return IDLE_GOES_ON;
    }
    if (world_idle(false))
        return IDLE_GOES_ON;
    if (suspects(world_judge, true) && !believes())
        return IDLE_GOES_ON;
    world_judge(true);
    return IDLE_STUCK;
}

static enum idle look(void)
{
    uint64_t until;
    if (!stands_still(&until))
        return IDLE_GOES_ON;
    ground_enter();
    enum idle idle = IDLE_GOES_ON;
    if (atomic_load(&threads_moves) == run.moves)
        idle = on_still(until);
    ground_leave();
    return idle;
}

/*
 * What a sanitizer that is linked in leaves to us. The harness keeps blocks
 * of its own until the next run forgets them, and a run that is given up
 * leaves its threads where they are; what the loop leaks is counted at the
 * seams, in every build.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}

/* One run. */

static bool is_over_budget(void)
{
    uint64_t max = run.limits->events_max ? run.limits->events_max
                                          : EVENTS_MAX;
    return atomic_load(&threads_moves) - run.events_before > max ||
           system_now() - run.began > RUN_NS;
}

static enum run_end watch(void)
{
    run.still_since = system_now();
    run.moves = atomic_load(&threads_moves);
    while (threads_alive() > 0) {
        if (look() == IDLE_STUCK)
            return RUN_LEFT;
        if (is_over_budget())
            return RUN_BUDGET;
        witness_progress(atomic_load(&threads_moves));
        system_nap(system_knows_sleepers() ? LOOK_NS : LOOK_UNSURE_NS);
    }
    return RUN_DONE;
}

/* What nobody has joined was started by the harness: a loop joins its workers
 * when it is destroyed at the latest, and each thread is joined once. */
static void join_own(void)
{
    for (unsigned i = 0; i < ground_thread_count(); i++)
        if (atomic_load(&threads[i].state) == GROUND_ENDED &&
            !atomic_load(&threads[i].joined) && threads[i].handle)
            seam_thread_join(threads[i].handle);
}

/* The last thread leaves alone what another was still in a call to, such as
 * a stop that came from outside. Now nobody is. */
static void destroy_rest(void)
{
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (world_usable(loop) && world.finishes > 0 &&
            oracle_is_closed(loop)) {
            world.loop_destroyed[loop] = true;
            world.subject->destroy(loop);
        }
}

/* As the system counts them: what the account at the seams has missed. */
static void check_handles(void)
{
    unsigned handles = system_handles();
    if (system_knows_sleepers() && run.runs++ > 0 && handles > run.handles)
        ground_finding(VERDICT_LEAKED_HANDLE, "process has more handles");
    run.handles = handles;
}

void run_open(run_finding_fn *finding)
{
    run.finding = finding;
    ground_open();
    system_console_begin();
}

void run_scenario(const struct subject *subject, const struct scenario *s,
                  const struct run_limits *limits, struct run_summary *out)
{
    struct run_options options = { .expectations = limits->expectations };
    run.limits = limits;
    run.began = system_now();
    run.events_before = atomic_load(&threads_moves);
    threads_begin();
    seam_begin();
    trace_reset();
    order_begin();
    noise_begin(limits->seed);
    ground_enter();
    world_begin(subject, s, &options);
    world_start_threads();
    ground_leave();
    out->end = watch();
    noise_end();
    out->events = atomic_load(&threads_moves) - run.events_before;
    out->threads = ground_thread_count();
    if (out->end != RUN_DONE)
        return;
    ground_enter();
    world_close_peers();
    destroy_rest();
    world_judge(false);
    ground_leave();
    join_own();
    if (world.finishes > 0 && !world.exited && oracle_all_closed())
        check_handles();
    else
        out->end = RUN_LEFT;
}
