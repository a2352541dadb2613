#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../loop/check.h"
#include "../trace.h"
#include "arena.h"
#include "frames.h"
#include "livelock.h"
#include "machine.h"

#define DECISIONS_MAX 20000u
#define WHERE_SIZE FRAMES_SIZE
#define DEVICE_SITE 0x5eedu

struct machine machine = { .current = SCHED_DEVICE };
uint32_t       sim_local_step[SCHED_THREADS_MAX];
uint8_t        sim_feedback[SIM_FEEDBACK_SIZE];

static char finding_where[FRAMES_SIZE];
static char finding_frames[FRAMES_SIZE];

extern const uint8_t __executable_start[];

void machine_failed(const char *file, const char *expression)
{
    fprintf(stderr, "%s: the simulator is used wrongly: %s\n", file,
            expression);
    abort();
}

void *machine_map(uintptr_t address, size_t size)
{
    void *memory = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                            MAP_FIXED_NOREPLACE,
                        -1, 0);
    MACHINE_ASSERT(memory == (void *)address);
    return memory;
}

void sim_begin(const struct sim_options *options, struct sched *sched,
               sim_idle_fn *idle)
{
    struct machine *m = &machine;
    MACHINE_ASSERT(sched != NULL);
    MACHINE_ASSERT(m->current == SCHED_DEVICE || !m->active);
    memset(m->thread, 0, m->thread_count * sizeof m->thread[0]);
    m->thread[SCHED_DEVICE].site = __executable_start;
    memset(sim_local_step, 0, sizeof sim_local_step);
    m->enabled = 0;
    m->alone = 0;
    m->decisions = 0;
    m->decisions_max =
        options->decisions_max == 0 ? DECISIONS_MAX : options->decisions_max;
    m->current = SCHED_DEVICE;
    m->last = 0;
    m->timed = 0;
    m->faults = options->faults;
    m->live = 0;
    m->thread_count = 0;
    m->serial = 0;
    m->now = SIM_EPOCH;
    m->profile = options->profile;
    m->fair = false;
    m->sched = sched;
    m->idle = idle;
    m->verdict = VERDICT_CLEAN;
    m->active = true;
    finding_where[0] = '\0';
    finding_frames[0] = '\0';
    arena_reset();
    trace_reset();
    kernel_begin();
    port_begin();
    os_begin();
}

/* Count the pair of places; the multiplier spreads it over the table. */
static inline void feed_back(uintptr_t from, uintptr_t to)
{
    uint32_t a = (uint32_t)(from - (uintptr_t)__executable_start);
    uint32_t b = (uint32_t)(to - (uintptr_t)__executable_start);
    uint64_t pair = (a * UINT64_C(0x9e3779b97f4a7c15) ^ b) *
                    UINT64_C(0xbf58476d1ce4e5b9);
    uint8_t *count = &sim_feedback[pair >> 52];
    if (*count != UINT8_MAX)
        ++*count;
}

static void feed_back_device(unsigned thread)
{
    feed_back((uintptr_t)machine.thread[thread].site,
              (uintptr_t)__executable_start + DEVICE_SITE);
}

static inline void enter(unsigned next)
{
    struct machine *m = &machine;
    feed_back((uintptr_t)m->thread[m->last].site,
              (uintptr_t)m->thread[next].site);
    m->current = next;
    m->last = next;
    m->alone = m->fair ? 0 : UINT32_C(1) << next;
}

static void go_outside(unsigned me)
{
    machine.current = SCHED_DEVICE;
    machine.alone = 0;
    fiber_switch(&machine.thread[me].fiber, &machine.outside);
}

/*
 * Decide who goes on after me. The device is one of those who can be chosen;
 * it has its turn at once, on the stack of whoever asks, and then the
 * question is asked again as if it had interrupted me.
 */
static unsigned pick(unsigned me)
{
    struct machine *m = &machine;
    for (;;) {
        uint32_t enabled = m->enabled;
        unsigned next;
        if (enabled == 0)
            return MACHINE_NOBODY;
        if ((enabled & (enabled - 1)) == 0)
            next = (unsigned)__builtin_ctz(enabled);
        else
            next = m->sched->thread(m->sched, enabled, me);
        MACHINE_ASSERT(next < SCHED_THREADS_MAX && (enabled >> next & 1));
        m->decisions++;
        sim_local_step[me]++;
        if (next != SCHED_DEVICE)
            return next;

        unsigned current = m->current;
        m->current = SCHED_DEVICE;
        sim_local_step[SCHED_DEVICE]++;
        feed_back_device(me);
        kernel_turn();
        m->current = current;
        if (m->verdict != VERDICT_CLEAN)
            return MACHINE_NOBODY;
    }
}

/* Leave the thread that runs to whoever is next, if it is another one. */
static void leave(unsigned me)
{
    struct machine *m = &machine;
    unsigned next = MACHINE_NOBODY;
    if (m->decisions < m->decisions_max && !m->fair)
        next = pick(me);
    if (next == me)
        return;
    if (next == MACHINE_NOBODY) {
        go_outside(me);
    } else {
        enter(next);
        fiber_switch(&m->thread[me].fiber, &m->thread[next].fiber);
    }
}

void machine_decide(void)
{
    if (machine_inside())
        leave(machine.current);
}

bool machine_block(enum ground_state why, unsigned object, uint64_t until)
{
    struct machine *m = &machine;
    MACHINE_ASSERT(machine_inside());
    unsigned me = m->current;
    struct thread *t = &m->thread[me];
    t->state = (uint8_t)why;
    t->object = (uint16_t)object;
    t->until = until;
    t->woken = false;
    m->enabled &= ~(UINT32_C(1) << me);
    if (until != MACHINE_FOREVER)
        m->timed |= UINT32_C(1) << me;
    leave(me);
    return t->woken;
}

static void make_ready(unsigned thread, bool woken)
{
    struct machine *m = &machine;
    m->thread[thread].state = GROUND_READY;
    m->thread[thread].woken = woken;
    m->enabled |= UINT32_C(1) << thread;
    m->timed &= ~(UINT32_C(1) << thread);
}

void machine_wake(unsigned thread)
{
    MACHINE_ASSERT(thread < SCHED_DEVICE);
    if (machine.thread[thread].state != GROUND_ENDED)
        make_ready(thread, true);
}

void machine_wake_all(uint32_t threads)
{
    for (; threads != 0; threads &= threads - 1)
        machine_wake((unsigned)__builtin_ctz(threads));
}

unsigned machine_outcome(enum sched_outcome what, unsigned count)
{
    struct machine *m = &machine;
    if (!(m->faults >> what & 1) || count < 2)
        return 0;

    /* Outside any thread it is the harness that asks for memory. */
    if (what == SCHED_MEMORY && m->current == SCHED_DEVICE)
        return 0;
    unsigned outcome = m->sched->outcome(m->sched, what, count);
    MACHINE_ASSERT(outcome < count);
    return outcome;
}

static void thread_end(unsigned me)
{
    struct thread *t = &machine.thread[me];
    if (t->held > 0)
        MACHINE_MISUSE(VERDICT_STALE_STATE, "a thread ends with a mutex");
    trace_emit(TRACE_THREAD_END, me, 0);
    t->state = GROUND_ENDED;
    machine.live--;
    machine.enabled &= ~(UINT32_C(1) << me);
    machine_wake_all(t->joiners);
    leave(me);
}

static void thread_main(void)
{
    unsigned me = machine.current;
    machine.thread[me].entry(machine.thread[me].argument);
    thread_end(me);
    machine_failed(__FILE__, "a thread that has ended runs");
}

/* A number nobody has had, or, when there are none left, one whose thread
 * has ended and was joined. */
static unsigned free_number(void)
{
    struct machine *m = &machine;
    if (m->thread_count < SCHED_DEVICE)
        return m->thread_count++;
    for (unsigned i = 0; i < m->thread_count; i++) {
        if (m->thread[i].state == GROUND_ENDED && m->thread[i].released)
            return i;
    }
    return MACHINE_NOBODY;
}

unsigned machine_start(const char *name, void (*entry)(void *argument),
                       void *argument)
{
    struct machine *m = &machine;
    MACHINE_ASSERT(m->active);
    MACHINE_ASSERT(name != NULL);
    unsigned number = free_number();
    if (number == MACHINE_NOBODY)
        return MACHINE_NOBODY;
    struct thread *t = &m->thread[number];
    *t = (struct thread){
        .name = name, .entry = entry, .argument = argument,
        .site = __executable_start, .serial = ++m->serial };
    fiber_open(&t->fiber, number, thread_main);
    m->enabled |= UINT32_C(1) << number;
    m->live++;
    trace_emit(TRACE_THREAD_START, number, 0);
    return number;
}

static bool time_comes(void)
{
    struct machine *m = &machine;
    uint64_t earliest = MACHINE_FOREVER;
    for (uint32_t s = m->timed; s != 0; s &= s - 1) {
        uint64_t until = m->thread[__builtin_ctz(s)].until;
        earliest = until < earliest ? until : earliest;
    }
    if (earliest == MACHINE_FOREVER)
        return false;
    if (earliest > m->now) {
        m->now = earliest;
        trace_emit(TRACE_TIME, 0, 0);
    }
    for (uint32_t s = m->timed; s != 0; s &= s - 1) {
        unsigned thread = (unsigned)__builtin_ctz(s);
        if (m->thread[thread].until <= m->now)
            make_ready(thread, false);
    }
    return true;
}

/* Nothing can run: whoever has started the run may have something to do,
 * then time moves. Returns false if neither helps. */
static bool idle(void)
{
    struct machine *m = &machine;
    if (m->idle != NULL && m->idle(m->timed != 0)) {
        if (m->fair)
            livelock_begin();
        if (m->enabled != 0)
            return true;
    }
    return m->verdict != VERDICT_CLEAN || time_comes();
}

static void begin_fair_phase(void)
{
    struct machine *m = &machine;
    m->fair = true;
    m->faults = 0;
    m->decisions_max += m->decisions;
    livelock_forget();
}

/* The next in turn. A round is over when the turn comes back to the lowest;
 * then the state is looked at. */
static unsigned next_in_turn(void)
{
    struct machine *m = &machine;
    uint32_t later = m->enabled & ~((UINT32_C(2) << m->last) - 1);
    if (later != 0)
        return (unsigned)__builtin_ctz(later);
    if (livelock_proven()) {
        char where[WHERE_SIZE];
        livelock_where(where, sizeof where);
        ground_finding(VERDICT_LIVELOCK, where);
        return MACHINE_NOBODY;
    }
    return (unsigned)__builtin_ctz(m->enabled);
}

static void take_turn(void)
{
    struct machine *m = &machine;
    unsigned next = next_in_turn();
    if (next == MACHINE_NOBODY)
        return;
    livelock_note_turn(next, m->enabled);
    m->decisions++;
    if (next == SCHED_DEVICE) {
        m->last = SCHED_DEVICE;
        kernel_turn();
    } else {
        sim_local_step[next]++;
        enter(next);
        fiber_switch(&m->outside, &m->thread[next].fiber);
    }
}

static void take_step(void)
{
    struct machine *m = &machine;
    unsigned next = pick(m->last);
    if (next == MACHINE_NOBODY)
        return;
    enter(next);
    fiber_switch(&m->outside, &m->thread[next].fiber);
}

static enum sim_end run(void)
{
    struct machine *m = &machine;
    for (;;) {
        if (m->verdict != VERDICT_CLEAN)
            return SIM_FINDING;
        if (m->live == 0)
            return SIM_DONE;
        if (m->enabled == 0) {
            if (!idle())
                return SIM_STUCK;
            continue;
        }
        bool spent = m->decisions >= m->decisions_max;
        if (spent && m->fair)
            return SIM_BUDGET;
        if (spent)
            begin_fair_phase();
        if (m->fair)
            take_turn();
        else
            take_step();
    }
}

enum sim_end sim_run(void)
{
    MACHINE_ASSERT(machine.active);
    MACHINE_ASSERT(!machine_inside());

    /* What the caller did before was not decided by anybody. */
    machine.decisions = 0;
    sim_local_step[SCHED_DEVICE] = 0;
    enum sim_end end = run();
    machine.active = false;
    return end;
}

void ground_finding(enum verdict v, const char *where)
{
    struct machine *m = &machine;

    /* Also when the run is over: only then is it known what is left. */
    if (m->verdict == VERDICT_CLEAN) {
        m->verdict = v;
        finding_where[0] = '\0';
        strncat(finding_where, where, sizeof finding_where - 1);
        trace_emit(TRACE_VERDICT, 0, (int)v);
    }
    if (machine_inside())
        go_outside(m->current);
}

void machine_misuse(enum verdict v, const char *where, const void *site,
                    void *frame)
{
    char innermost[FRAMES_SIZE];
    if (!machine.active)
        return;
    if (machine.verdict == VERDICT_CLEAN) {
        frames_name(site, frame, finding_frames, innermost);
        ground_finding(v, where != NULL ? where : innermost);
    } else {
        ground_finding(v, "");
    }
}

/* The subject's own assertion. */
void loop_check_failed(const char *file, int line, const char *expression)
{
    char where[WHERE_SIZE];
    const char *slash = strrchr(file, '/');
    snprintf(where, sizeof where, "%s: %s", slash == NULL ? file : slash + 1,
             expression);
    if (machine.active && machine_inside())
        machine_misuse(VERDICT_ABORT, where, MACHINE_SITE,
                       __builtin_frame_address(0));
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    abort();
}

enum verdict sim_verdict(void)
{
    return machine.verdict;
}

const char *sim_where(void)
{
    return finding_where;
}

const char *sim_frames(void)
{
    return finding_frames;
}

uint32_t sim_decisions(void)
{
    return machine.decisions;
}

void ground_thread_info(unsigned thread, struct ground_thread_info *out)
{
    MACHINE_ASSERT(thread < machine.thread_count);
    const struct thread *t = &machine.thread[thread];
    out->name = t->name;
    out->state = (enum ground_state)t->state;
    out->object = t->object;
    out->timed = machine.timed >> thread & 1;
    out->holder = out->state == GROUND_BLOCKED_LOCK ? os_holder(t->object)
                                                    : MACHINE_NOBODY;
}

void sim_sleep(uint64_t until)
{
    machine_yield(MACHINE_SITE);
    if (until > machine.now)
        machine_block(GROUND_BLOCKED_PAUSE, 0, until);
}

void sim_lend(const void *memory, size_t size)
{
    arena_lend(memory, size);
}

void sim_return(const void *memory, size_t size)
{
    arena_return(memory, size);
}

void ground_left(struct ground_left *out)
{
    memset(out, 0, sizeof *out);
    out->allocations = arena_live();
    out->threads = machine.live;
    kernel_left(out);
    port_left(out);
    os_left(out);
}

size_t sim_oldest_allocation(void)
{
    return arena_oldest();
}
