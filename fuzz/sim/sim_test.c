/*
 * Threads, time and the end of a run. This file is built as a subject is:
 * its atomics are decisions, its accesses are seen.
 */
#include <stdatomic.h>
#include <string.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/test.h"
#include "../trace.h"
#include "every.h"
#include "sim.h"

#define MILLISECOND 1000000u
#define GOLDEN 5602419095452195229

static const struct sim_options plain;

static struct os_thread threads[4];
static struct os_mutex  mutex;
static struct os_cond   cond;
static int              counter, seen[8];

/* Not static, or a compiler sees that one of them is never set. */
atomic_int flag, other_flag;

static void begin(struct sched *s)
{
    sim_begin(&plain, s, NULL);
    memset(threads, 0, sizeof threads);
    atomic_store(&flag, 0);
    atomic_store(&other_flag, 0);
    counter = 0;
    CHECK_EQ(0, os_mutex_open(&mutex));
    CHECK_EQ(0, os_cond_open(&cond));
}

static void start(unsigned i, const char *name, void (*entry)(void *))
{
    CHECK_EQ(0, os_thread_start(&threads[i], name, entry, NULL));
}

static void check_where(enum sim_end end, enum verdict v, const char *where)
{
    CHECK_EQ(SIM_FINDING, end);
    CHECK_EQ(v, sim_verdict());
    if (strcmp(where, sim_where()) != 0)
        test_fail(__FILE__, __LINE__, sim_where(), 0, 0, 0);
}

/* --- locks ------------------------------------------------------------ */

static void adds_unlocked(void *arg)
{
    (void)arg;
    int old = counter;
    atomic_load(&flag);
    counter = old + 1;
}

static void adds_locked(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    adds_unlocked(arg);
    os_mutex_unlock(&mutex);
}

static unsigned losses(void (*adds)(void *), unsigned *runs)
{
    struct every e;
    unsigned lost = 0;
    every_begin(&e);
    do {
        begin(&e.sched);
        start(0, "a", adds);
        start(1, "b", adds);
        start(2, "c", adds);
        CHECK_EQ(SIM_DONE, sim_run());
        lost += counter != 3;
    } while (every_next(&e));
    *runs = e.runs;
    return lost;
}

/*
 * Three threads add under a mutex, in every schedule; without the mutex some
 * schedule loses an addition, so the search does look between the accesses.
 */
static void a_mutex_excludes_in_every_schedule(void)
{
    unsigned runs;
    CHECK(losses(adds_unlocked, &runs) > 0);
    CHECK(runs >= 90);      /* 6! / (2! 2! 2!) orders of three pairs */
    CHECK_EQ(0, losses(adds_locked, &runs));
    CHECK(runs >= 90);
}

static void locks_twice(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    os_mutex_lock(&mutex);
}

static void unlocks_unlocked(void *arg)
{
    (void)arg;
    os_mutex_unlock(&mutex);
}

static void ends_locked(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
}

static void closes_locked(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    os_mutex_close(&mutex);
}

static void uses_closed(void *arg)
{
    (void)arg;
    os_mutex_close(&mutex);
    os_mutex_lock(&mutex);
}

static enum sim_end run_one(void (*entry)(void *))
{
    begin(calm());
    start(0, "one", entry);
    return sim_run();
}

static void misuse_of_a_mutex_is_found(void)
{
    check_where(run_one(locks_twice), VERDICT_DEADLOCK,
                "locks a mutex it holds");
    check_where(run_one(unlocks_unlocked), VERDICT_STALE_STATE,
                "unlocks a mutex it does not hold");
    check_where(run_one(ends_locked), VERDICT_STALE_STATE,
                "a thread ends with a mutex");
    check_where(run_one(closes_locked), VERDICT_STALE_STATE,
                "closes a mutex that is locked");
    check_where(run_one(uses_closed), VERDICT_STALE_STATE,
                "uses a mutex that is not open");
}

/* --- conditions and joins --------------------------------------------- */

static void waits_for_flag(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    while (counter == 0)
        os_cond_wait(&cond, &mutex, OS_FOREVER);
    os_mutex_unlock(&mutex);
}

static void signals_flag(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    counter = 1;
    os_cond_signal(&cond);
    os_mutex_unlock(&mutex);
}

/* The signal comes without the mutex, between the test and the wait. */
static void sets_and_signals_bare(void *arg)
{
    (void)arg;
    counter = 1;
    os_cond_signal(&cond);
}

static unsigned count_stuck(void (*signals)(void *))
{
    struct every e;
    unsigned stuck = 0;
    every_begin(&e);
    do {
        begin(&e.sched);
        start(0, "waiter", waits_for_flag);
        start(1, "signaller", signals);
        enum sim_end end = sim_run();
        CHECK(end == SIM_DONE || end == SIM_STUCK);
        stuck += end == SIM_STUCK;
    } while (every_next(&e));
    CHECK(e.runs > 4);
    return stuck;
}

/* The wake-up that is lost between test and wait is found, and the correct
 * twin never hangs. */
static void a_lost_wake_up_is_a_deadlock(void)
{
    CHECK_EQ(0, count_stuck(signals_flag));
    CHECK(count_stuck(sets_and_signals_bare) > 0);
}

static void waits_until(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    seen[0] = os_cond_wait(&cond, &mutex, os_now() + 5 * MILLISECOND);
    os_mutex_unlock(&mutex);
}

static void a_timed_wait_ends_and_says_so(void)
{
    CHECK_EQ(SIM_DONE, run_one(waits_until));
    CHECK_EQ(0, seen[0]);
    CHECK_EQ(SIM_EPOCH + 5 * MILLISECOND, ground_time());
}

static void broadcasts(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    counter = 1;
    os_cond_broadcast(&cond);
    os_mutex_unlock(&mutex);
}

static void broadcast_wakes_all_and_signal_one(void)
{
    for (int i = 0; i < 2; i++) {
        begin(calm());
        start(0, "x", waits_for_flag);
        start(1, "y", waits_for_flag);
        start(2, "z", i == 0 ? broadcasts : signals_flag);
        CHECK_EQ(i == 0 ? SIM_DONE : SIM_STUCK, sim_run());
    }
}

static void joins_the_next(void *arg)
{
    (void)arg;
    os_thread_join(&threads[1]);
    seen[0] = counter;
}

static void joins_twice(void *arg)
{
    joins_the_next(arg);
    joins_the_next(arg);
}

static void join_waits_for_the_end(void)
{
    struct every e;
    every_begin(&e);
    do {
        begin(&e.sched);
        start(0, "joiner", joins_the_next);
        start(1, "adder", adds_locked);
        CHECK_EQ(SIM_DONE, sim_run());
        CHECK_EQ(1, seen[0]);
    } while (every_next(&e));
    CHECK(e.runs > 3);

    begin(calm());
    start(0, "joiner", joins_twice);
    start(1, "adder", adds_locked);
    check_where(sim_run(), VERDICT_STALE_STATE, "joins a thread twice");
}

static void joins_itself(void *arg)
{
    (void)arg;
    os_thread_join(&threads[0]);
}

/* Who waits, for what, and who has it. */
static void a_deadlock_tells_who_waits_for_whom(void)
{
    struct ground_thread_info info;
    begin(calm());
    start(0, "waiter", waits_for_flag);
    start(1, "joiner", joins_itself);
    threads[0] = threads[1];
    CHECK_EQ(SIM_STUCK, sim_run());
    ground_thread_info(0, &info);
    CHECK_EQ(GROUND_BLOCKED_COND, info.state);
    CHECK_EQ(0, info.object);
    CHECK(!info.timed);
    CHECK(strcmp(info.name, "waiter") == 0);
    ground_thread_info(1, &info);
    CHECK_EQ(GROUND_BLOCKED_JOIN, info.state);
    CHECK_EQ(1, info.object);
    struct ground_left left;
    ground_left(&left);
    CHECK_EQ(2, left.threads);
    CHECK_EQ(0, left.mutexes_held);
}

static void locks_and_waits(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    os_thread_join(&threads[1]);
}

static void a_lock_cycle_names_the_holder(void)
{
    struct ground_thread_info info;
    begin(calm());
    start(0, "holder", locks_and_waits);
    start(1, "locker", adds_locked);
    CHECK_EQ(SIM_STUCK, sim_run());
    ground_thread_info(1, &info);
    CHECK_EQ(GROUND_BLOCKED_LOCK, info.state);
    CHECK_EQ(0, info.holder);
    os_mutex_lock(&mutex);      /* who looks from outside passes */
    os_mutex_unlock(&mutex);
}

/* --- time ------------------------------------------------------------- */

static void sleeps(void *arg)
{
    (void)arg;
    sim_sleep(os_now() + 7 * MILLISECOND);
    seen[0] = counter;
}

static void works(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        atomic_fetch_add(&flag, 1);
    CHECK_EQ(SIM_EPOCH, os_now());
    counter = 1;
}

/* Somebody works for a thousand decisions: the sleeper does not wake before
 * nothing else can run, however short its sleep. */
static void time_moves_only_when_nothing_can_run(void)
{
    begin(calm());
    start(0, "sleeper", sleeps);
    start(1, "worker", works);
    CHECK_EQ(SIM_DONE, sim_run());
    CHECK_EQ(1, seen[0]);
    CHECK_EQ(SIM_EPOCH + 7 * MILLISECOND, ground_time());
}

static int  idle_calls;
static bool idle_timed;

static bool set_free(bool timed)
{
    idle_calls++;
    idle_timed = timed;
    if (idle_calls > 1)
        return false;
    CHECK_EQ(SCHED_DEVICE, ground_thread());
    start(1, "late", signals_flag);
    return true;
}

/* Whoever has started the run is asked before it is stuck, and before time
 * moves. */
static void the_idle_call_comes_first(void)
{
    idle_calls = 0;
    sim_begin(&plain, calm(), set_free);
    CHECK_EQ(0, os_mutex_open(&mutex));
    CHECK_EQ(0, os_cond_open(&cond));
    counter = 0;
    start(0, "waiter", waits_for_flag);
    CHECK_EQ(SIM_DONE, sim_run());
    CHECK_EQ(1, idle_calls);
    CHECK(!idle_timed);

    idle_calls = 1;
    sim_begin(&plain, calm(), set_free);
    start(0, "sleeper", sleeps);
    CHECK_EQ(SIM_DONE, sim_run());
    CHECK_EQ(2, idle_calls);
    CHECK(idle_timed);
}

/* --- runs without an end ---------------------------------------------- */

static void spins_on_flag(void *arg)
{
    (void)arg;
    while (atomic_load(&flag) == 0)
        ;
}

static void spins_on_other(void *arg)
{
    (void)arg;
    while (atomic_load(&other_flag) == 0)
        os_thread_self();
}

static void sets_flag(void *arg)
{
    (void)arg;
    atomic_store(&flag, 1);
}

static void spins_and_counts(void *arg)
{
    (void)arg;
    while (atomic_load(&flag) == 0)
        counter++;
}

static void spins_and_counts_atomically(void *arg)
{
    (void)arg;
    while (atomic_load(&flag) == 0)
        atomic_fetch_add(&other_flag, 1);
}

static void spins_and_counts_in_a_register(void *arg)
{
    (void)arg;
    int turns = 0;
    while (atomic_load(&flag) == 0 && turns < 30000)
        turns++;
}

static void pauses_for_ever(void *arg)
{
    (void)arg;
    while (atomic_load(&flag) == 0)
        os_pause();
}

static void pauses_for_a_time(void *arg)
{
    (void)arg;
    uint64_t end = os_now() + 9000u * (uint64_t)MILLISECOND;
    while (atomic_load(&flag) == 0 && os_now() < end)
        os_pause();
}

static enum sim_end run_two(void (*first)(void *), void (*second)(void *))
{
    begin(calm());
    start(0, "first", first);
    start(1, "second", second);
    return sim_run();
}

/* Two threads that spin for ever are a livelock: the state comes back. */
static void a_state_that_comes_back_is_a_livelock(void)
{
    check_where(run_two(spins_on_flag, spins_on_other), VERDICT_LIVELOCK,
                "first, second run for ever");
    check_where(run_one(spins_on_flag), VERDICT_LIVELOCK, "one run for ever");
    check_where(run_one(pauses_for_ever), VERDICT_LIVELOCK,
                "one run for ever");
}

/*
 * A thread that counts somewhere is never twice in the same state; nothing
 * is proven, and nothing is claimed.
 */
static void a_spent_budget_is_not_a_finding(void)
{
    CHECK_EQ(SIM_BUDGET, run_two(spins_and_counts, spins_on_other));
    CHECK_EQ(VERDICT_CLEAN, sim_verdict());
    CHECK_EQ(SIM_BUDGET, run_one(spins_and_counts));
    CHECK_EQ(SIM_BUDGET, run_one(spins_and_counts_atomically));
    CHECK_EQ(SIM_DONE, run_one(spins_and_counts_in_a_register));
    CHECK_EQ(SIM_DONE, run_one(pauses_for_a_time));
}

static int statement;

/* Not instrumented, as a harness is not: nobody sees it count. */
__attribute__((no_sanitize("thread"))) static bool moves_on(void)
{
    trace_emit(TRACE_CALL, (unsigned)statement, 0);
    return ++statement < 200;
}

static void interprets(void *arg)
{
    (void)arg;
    while (moves_on())
        atomic_load(&other_flag);
    atomic_store(&flag, 1);
}

static void calls_for_ever(void *arg)
{
    (void)arg;
    while (atomic_load(&flag) == 0)
        trace_emit(TRACE_CALL, 7, 0);
}

/*
 * A harness that goes from statement to statement has a state of its own,
 * which only its trace shows; one that does the same for ever is a livelock.
 */
static void a_scenario_that_moves_on_is_not_a_livelock(void)
{
    statement = 0;
    CHECK_EQ(SIM_DONE, run_two(spins_on_flag, interprets));
    CHECK_EQ(200, statement);
    check_where(run_two(spins_on_other, calls_for_ever), VERDICT_LIVELOCK,
                "first, second run for ever");
}

/* The calm strategy starves the second thread; the fair phase does not. */
static void starvation_ends_in_the_fair_phase(void)
{
    CHECK_EQ(SIM_DONE, run_two(spins_on_flag, sets_flag));
    CHECK(sim_decisions() > 20000);
    CHECK(sim_decisions() < 20100);
}

/* --- where others can come in ------------------------------------------ */

static struct {
    void  (*primitive)(void);
    size_t  events;         /* in the trace when the primitive is called     */
    bool    between;        /* somebody came in before it took effect        */
    bool    calling;
} point;

static size_t event_count(void)
{
    size_t count;
    trace_events(&count, NULL);
    return count;
}

static void calls_primitive(void *arg)
{
    (void)arg;
    point.events = event_count();
    point.calling = true;
    point.primitive();
    point.calling = false;
}

static void looks_in(void *arg)
{
    (void)arg;
    struct ground_thread_info info;
    ground_thread_info(0, &info);
    if (point.calling && info.state == GROUND_READY &&
        event_count() == point.events)
        point.between = true;
}

static void runs_along(void *arg)
{
    (void)arg;
    atomic_load(&other_flag);
}

/* In some schedule, does the other thread run after the call was made and
 * before it has blocked, or done what its event in the trace says? */
static bool others_come_before(void (*primitive)(void))
{
    struct every e;
    point.between = false;
    every_begin(&e);
    do {
        begin(&e.sched);
        point.primitive = primitive;
        point.calling = false;
        start(0, "caller", calls_primitive);
        start(1, "joined", runs_along);
        start(2, "looker", looks_in);
        sim_run();
    } while (every_next(&e));
    CHECK(e.runs > 2);
    return point.between;
}

static void do_lock(void)
{
    os_mutex_lock(&mutex);
}

static void do_locked_first(void (*primitive)(void))
{
    os_mutex_lock(&mutex);
    point.events = event_count();
    primitive();
}

static void unlock_only(void)
{
    os_mutex_unlock(&mutex);
}

static void do_unlock(void)
{
    do_locked_first(unlock_only);
}

static void wait_only(void)
{
    os_cond_wait(&cond, &mutex, OS_FOREVER);
}

static void do_wait(void)
{
    do_locked_first(wait_only);
}

static void do_timed_wait(void)
{
    os_mutex_lock(&mutex);
    point.events = event_count();
    os_cond_wait(&cond, &mutex, os_now() + 1);
}

static void do_signal(void)
{
    os_cond_signal(&cond);
}

static void do_broadcast(void)
{
    os_cond_broadcast(&cond);
}

static void do_join(void)
{
    os_thread_join(&threads[1]);
}

static void do_start(void)
{
    start(3, "new", runs_along);
}

static void do_pause(void)
{
    os_pause();
}

static void do_sleep(void)
{
    sim_sleep(os_now() + 1);
}

static void do_console(void)
{
    ground_console(OS_CONSOLE_INTERRUPT);
}

static struct os_console console;

static void do_watch(void)
{
    os_console_watch(&console);
}

static void do_mutex_close(void)
{
    os_mutex_close(&mutex);
}

static void do_cond_close(void)
{
    os_cond_close(&cond);
}

static void nothing(void)
{
}

/* Every call that blocks, and every one that others can see. A call without
 * this is a bug that is never found. */
static void every_call_is_a_scheduling_point(void)
{
    CHECK(!others_come_before(nothing));
    CHECK(others_come_before(do_lock));
    CHECK(others_come_before(do_unlock));
    CHECK(others_come_before(do_wait));
    CHECK(others_come_before(do_timed_wait));
    CHECK(others_come_before(do_signal));
    CHECK(others_come_before(do_broadcast));
    CHECK(others_come_before(do_join));
    CHECK(others_come_before(do_start));
    CHECK(others_come_before(do_pause));
    CHECK(others_come_before(do_sleep));
    CHECK(others_come_before(do_console));
    CHECK(others_come_before(do_watch));
    CHECK(others_come_before(do_mutex_close));
    CHECK(others_come_before(do_cond_close));
}

static _Atomic uint8_t  atomic_8;
static _Atomic uint16_t atomic_16;
static _Atomic uint64_t atomic_64;

static void do_atomics(void *arg)
{
    (void)arg;
    uint16_t expected = 5;
    atomic_store(&atomic_8, 0x0f);
    CHECK_EQ(0x0f, atomic_fetch_and(&atomic_8, 0x3c));
    CHECK_EQ(0x0c, atomic_fetch_xor(&atomic_8, 0xff));
    CHECK_EQ(0xf3, atomic_fetch_or(&atomic_8, 0x0c));
    CHECK_EQ(0xff, atomic_fetch_add(&atomic_8, 2));
    CHECK_EQ(0x01, atomic_fetch_sub(&atomic_8, 2));
    CHECK_EQ(0xff, atomic_load(&atomic_8));
    atomic_store(&atomic_16, 6);
    CHECK(!atomic_compare_exchange_strong(&atomic_16, &expected, 7));
    CHECK_EQ(6, expected);
    CHECK(atomic_compare_exchange_weak(&atomic_16, &expected, 7));
    CHECK_EQ(7, atomic_exchange(&atomic_16, 8));
    atomic_store(&atomic_64, UINT64_MAX);
    CHECK(atomic_fetch_add(&atomic_64, 1) == UINT64_MAX);
    CHECK(atomic_load(&atomic_64) == 0);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_signal_fence(memory_order_seq_cst);
}

/* 15 operations and a fence, and the first decision: who begins. */
static void an_atomic_operation_is_one_decision(void)
{
    CHECK_EQ(SIM_DONE, run_one(do_atomics));
    CHECK_EQ(16, sim_decisions());
    CHECK_EQ(15, sim_local_step[0] - 1);
}

/* --- faults, console, findings ---------------------------------------- */

static void wakes_for_no_reason(void *arg)
{
    (void)arg;
    os_mutex_lock(&mutex);
    seen[os_cond_wait(&cond, &mutex, OS_FOREVER)]++;
    os_mutex_unlock(&mutex);
}

static unsigned ends(uint32_t faults, void (*entry)(void *), enum sim_end end)
{
    struct every e;
    unsigned count = 0;
    memset(seen, 0, sizeof seen);
    every_begin(&e);
    do {
        sim_begin(&(struct sim_options){ .faults = faults }, &e.sched, NULL);
        os_mutex_open(&mutex);
        os_cond_open(&cond);
        start(0, "a", entry);
        count += sim_run() == end;
    } while (every_next(&e));
    return count;
}

static void a_spurious_wake_needs_its_fault(void)
{
    CHECK_EQ(0, ends(0, wakes_for_no_reason, SIM_DONE));
    CHECK_EQ(1, ends(SIM_FAULT(SCHED_SPURIOUS), wakes_for_no_reason,
                     SIM_DONE));
    CHECK_EQ(1, seen[1]);
}

static void allocates(void *arg)
{
    (void)arg;
    seen[os_alloc(8) == NULL]++;
}

static void memory_runs_out_only_with_its_fault(void)
{
    CHECK_EQ(1, ends(0, allocates, SIM_DONE));
    CHECK_EQ(0, seen[1]);
    CHECK_EQ(2, ends(SIM_FAULT(SCHED_MEMORY), allocates, SIM_DONE));
    CHECK_EQ(1, seen[1]);
}

static void hears(struct os_console *c, enum os_console_event what)
{
    CHECK(c == &console);
    CHECK_EQ(OS_CONSOLE_TERMINATE, what);
    counter = 1;
    atomic_load(&flag);
    atomic_load(&flag);
    counter = 2;
}

static void watches(void *arg)
{
    (void)arg;
    console = (struct os_console){ .event = hears };
    CHECK_EQ(0, os_console_watch(&console));
    CHECK_EQ(1, ground_console(OS_CONSOLE_TERMINATE));
    os_console_ignore(&console);
    CHECK(counter != 1);
    seen[counter]++;
    counter = 3;
}

/* Nobody is inside the watcher, or will be, once ignore has returned. */
static void ignoring_the_console_waits_for_its_calls(void)
{
    struct every e;
    memset(seen, 0, sizeof seen);
    every_begin(&e);
    do {
        begin(&e.sched);
        start(0, "watcher", watches);
        CHECK_EQ(SIM_DONE, sim_run());
        CHECK_EQ(3, counter);
        CHECK_EQ(2, ground_thread_count());
    } while (every_next(&e));
    CHECK(seen[0] > 0);
    CHECK(seen[2] > 0);
}

static void asserts(void *arg)
{
    LOOP_ASSERT(arg != NULL);
}

static void an_assertion_of_the_subject_is_a_finding(void)
{
    check_where(run_one(asserts), VERDICT_ABORT, "sim_test.c: arg != NULL");
}

static void finds(void *arg)
{
    (void)arg;
    ground_finding(VERDICT_ORDER_BROKEN, "here");
    ground_finding(VERDICT_ABORT, "not here");
    counter = 1;
}

/* The first counts, and its thread does not go on. */
static void a_finding_ends_the_run(void)
{
    check_where(run_one(finds), VERDICT_ORDER_BROKEN, "here");
    CHECK_EQ(0, counter);
    CHECK(sim_frames()[0] == '\0');
}

static void starts_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(0, os_thread_start(&threads[1], "short", runs_along, NULL));
        os_thread_join(&threads[1]);
    }
    int started = 0;
    while (os_thread_start(&threads[1], "short", runs_along, NULL) == 0)
        started++;
    CHECK_EQ(30, started);
}

static void thread_numbers_come_back_when_they_must(void)
{
    CHECK_EQ(SIM_DONE, run_one(starts_many));
}

/* --- determinism ------------------------------------------------------- */

static uint64_t random_state;

static unsigned draws_thread(struct sched *s, uint32_t enabled,
                             unsigned current)
{
    (void)s;
    (void)current;
    unsigned skip = sched_below(&random_state,
                                (unsigned)__builtin_popcount(enabled));
    while (skip-- > 0)
        enabled &= enabled - 1;
    return (unsigned)__builtin_ctz(enabled);
}

static uint64_t hash_of_random_run(uint64_t seed)
{
    struct sched s = { .thread = draws_thread, .outcome = calm_outcome };
    random_state = seed;
    begin(&s);
    start(0, "a", waits_for_flag);
    start(1, "b", adds_locked);
    start(2, "c", sleeps);
    start(3, "d", signals_flag);
    sim_run();
    return trace_hash();
}

/* The same decisions give the same trace, in every build: the number below
 * holds for both compilers and all levels of optimization. */
static void the_same_decisions_give_the_same_trace(void)
{
    uint64_t all = 0;
    unsigned changes = 0;
    uint64_t last = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint64_t hash = hash_of_random_run(seed);
        CHECK(hash == hash_of_random_run(seed));
        all = all * 31 + hash;
        changes += hash != last;
        last = hash;
    }
    CHECK(changes > 50);
    CHECK_EQ(GOLDEN, (long long)all);
}

static void trace_lines_have_a_fixed_form(void)
{
    char line[128] = { 0 };
    FILE *out = fmemopen(line, sizeof line, "w");
    CHECK(out != NULL);
    run_one(adds_locked);
    size_t count;
    const struct trace_event *event = trace_events(&count, NULL);
    CHECK_EQ(4, count);
    trace_print(out, &event[0]);
    fputc('\n', out);
    trace_print(out, &event[1]);
    fclose(out);
    const char *expected = "1.000000000 device thread-start     0 0\n"
                           "1.000000000      0 lock             0 0";
    CHECK(strcmp(line, expected) == 0);
}

static uint64_t feedback_sum(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SIM_FEEDBACK_SIZE; i++)
        sum += sim_feedback[i];
    return sum;
}

/* A switch leaves a mark; a decision to go on leaves none. */
static void switches_are_counted_for_feedback(void)
{
    memset(sim_feedback, 0, sizeof sim_feedback);
    run_one(works);
    uint64_t alone = feedback_sum();
    memset(sim_feedback, 0, sizeof sim_feedback);
    hash_of_random_run(3);
    CHECK(alone <= 1);
    CHECK(feedback_sum() > alone + 3);
}

int main(void)
{
    RUN(a_mutex_excludes_in_every_schedule);
    RUN(misuse_of_a_mutex_is_found);
    RUN(a_lost_wake_up_is_a_deadlock);
    RUN(a_timed_wait_ends_and_says_so);
    RUN(broadcast_wakes_all_and_signal_one);
    RUN(join_waits_for_the_end);
    RUN(a_deadlock_tells_who_waits_for_whom);
    RUN(a_lock_cycle_names_the_holder);
    RUN(time_moves_only_when_nothing_can_run);
    RUN(the_idle_call_comes_first);
    RUN(a_state_that_comes_back_is_a_livelock);
    RUN(a_spent_budget_is_not_a_finding);
    RUN(a_scenario_that_moves_on_is_not_a_livelock);
    RUN(starvation_ends_in_the_fair_phase);
    RUN(every_call_is_a_scheduling_point);
    RUN(an_atomic_operation_is_one_decision);
    RUN(a_spurious_wake_needs_its_fault);
    RUN(memory_runs_out_only_with_its_fault);
    RUN(ignoring_the_console_waits_for_its_calls);
    RUN(an_assertion_of_the_subject_is_a_finding);
    RUN(a_finding_ends_the_run);
    RUN(thread_numbers_come_back_when_they_must);
    RUN(the_same_decisions_give_the_same_trace);
    RUN(trace_lines_have_a_fixed_form);
    RUN(switches_are_counted_for_feedback);
    return test_result(25);
}
