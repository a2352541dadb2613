/*
 * Each strategy against small models of shutdown bugs, stepped here without
 * a simulator: threads are program counters, and a step is one atomic
 * operation.
 */
#include <stdlib.h>
#include <string.h>

#include "../../loop/check.h"
#include "../../loop/test.h"
#include "../sim/sim.h"
#include "sched.h"

/* The strategies ask the simulator for these two; here is the smallest one. */
uint32_t        sim_local_step[SCHED_THREADS_MAX];
static unsigned running;

unsigned ground_thread(void)
{
    return running;
}

_Noreturn void loop_check_failed(const char *file, int line,
                                 const char *expression)
{
    printf("%s:%d: %s\n", file, line, expression);
    abort();
}

/* ---- the models --------------------------------------------------------- */

#define ENDED 99
#define LOG_MAX 4096

struct model;

struct model_kind {
    const char *name;
    unsigned    threads;
    bool (*enabled)(const struct model *m, unsigned thread);
    void (*step)(struct model *m, unsigned thread);
};

struct model {
    const struct model_kind *kind;
    struct sched            *sched;
    int  size;                  /* N or L, see each model                    */
    int  pc[SCHED_THREADS_MAX];
    int  count[SCHED_THREADS_MAX];
    int  queue, stop, flag, semaphore, mutex_held, sleeping, woken;
    bool failed;
    unsigned coarse;            /* decisions that share one local step       */
    unsigned asked;
    uint32_t decisions;
    size_t   log_count;
    uint8_t  log[LOG_MAX];      /* all answers, in order                     */
};

static bool always(const struct model *m, unsigned thread)
{
    return m->pc[thread] != ENDED;
}

static void decided(struct model *m, unsigned answer)
{
    if (m->log_count < LOG_MAX)
        m->log[m->log_count++] = (uint8_t)answer;
    if (++m->asked % m->coarse == 0)
        sim_local_step[running]++;
    m->decisions++;
}

static unsigned outcome(struct model *m, enum sched_outcome what,
                        unsigned count)
{
    unsigned answer = m->sched->outcome(m->sched, what, count);
    LOOP_ASSERT(answer < count);
    decided(m, answer);
    return answer;
}

/* A wake that is sent only if none is on its way. */
static void wake_step(struct model *m, unsigned thread, int first, int after)
{
    if (m->pc[thread] == first) {
        m->pc[thread] = m->flag ? after : first + 1;
        m->flag = 1;
    } else {
        m->semaphore++;
        m->pc[thread] = after;
    }
}

/*
 * coalesce: the loop clears the wake flag after its drain. A stop that falls
 * between the look at the stop flag and the clearing is lost, unless one of
 * the posts comes later still.
 */
static bool coalesce_enabled(const struct model *m, unsigned thread)
{
    if (thread == 0 && m->pc[0] == 0)
        return m->semaphore > 0;
    return always(m, thread);
}

static void coalesce_loop(struct model *m)
{
    switch (m->pc[0]) {
    case 0: m->semaphore--; m->pc[0] = 1; break;
    case 1: m->pc[0] = m->stop ? ENDED : 2; break;
    case 2: m->queue = 0; m->pc[0] = 3; break;
    default: m->flag = 0; m->pc[0] = 0; break;
    }
}

static void coalesce_post(struct model *m)
{
    if (m->pc[1] == 0) {
        m->queue++;
        m->pc[1] = 1;
        return;
    }
    wake_step(m, 1, 1, 3);
    if (m->pc[1] == 3)
        m->pc[1] = ++m->count[1] == m->size ? ENDED : 0;
}

static void coalesce_step(struct model *m, unsigned thread)
{
    if (thread == 0) {
        coalesce_loop(m);
    } else if (thread == 1) {
        coalesce_post(m);
    } else if (m->pc[2] == 0) {
        m->stop = 1;
        m->pc[2] = 1;
    } else {
        wake_step(m, 2, 1, ENDED);
    }
}

static const struct model_kind coalesce = {
    "coalesce", 3, coalesce_enabled, coalesce_step,
};

/*
 * cvstop: stop is set, and the condition signalled, without the mutex. The
 * signal is lost between the loop's look at the flag and its wait, unless
 * one of the posts comes later still.
 */
static bool cvstop_enabled(const struct model *m, unsigned thread)
{
    bool locks = m->pc[thread] == 0;
    if (thread == 0 && m->pc[0] == 4)
        return m->woken && !m->mutex_held;
    if (thread < 2 && locks)
        return !m->mutex_held;
    return always(m, thread);
}

static void cvstop_signal(struct model *m)
{
    if (m->sleeping)
        m->woken = 1;
}

static void cvstop_loop(struct model *m)
{
    switch (m->pc[0]) {
    case 0: m->mutex_held = 1; m->pc[0] = 1; break;
    case 1: m->pc[0] = m->stop ? 6 : 2; break;
    case 2: m->pc[0] = m->queue > 0 ? 5 : 3; break;
    case 3: m->mutex_held = 0; m->sleeping = 1; m->pc[0] = 4; break;
    case 4:
        m->mutex_held = 1;
        m->sleeping = m->woken = 0;
        m->pc[0] = 1;
        break;
    case 5: m->queue = 0; m->pc[0] = 7; break;
    case 6: m->mutex_held = 0; m->pc[0] = ENDED; break;
    default: m->mutex_held = 0; m->pc[0] = 0; break;
    }
}

static void cvstop_post(struct model *m)
{
    switch (m->pc[1]) {
    case 0: m->mutex_held = 1; m->pc[1] = 1; break;
    case 1: m->queue++; m->pc[1] = 2; break;
    case 2: m->mutex_held = 0; m->pc[1] = 3; break;
    default:
        cvstop_signal(m);
        m->pc[1] = ++m->count[1] == m->size ? ENDED : 0;
        break;
    }
}

static void cvstop_step(struct model *m, unsigned thread)
{
    if (thread == 0) {
        cvstop_loop(m);
    } else if (thread == 1) {
        cvstop_post(m);
    } else if (m->pc[2] == 0) {
        m->stop = 1;
        m->pc[2] = 1;
    } else {
        cvstop_signal(m);
        m->pc[2] = ENDED;
    }
}

static const struct model_kind cvstop = {
    "cvstop", 3, cvstop_enabled, cvstop_step,
};

/*
 * handshake: thread 0 opens a window of one step, L times in a row; thread 1
 * needs four steps inside each of them and has few to waste. Each window
 * takes two preemptions, so no small depth suffices.
 */
static void handshake_window(struct model *m)
{
    if (m->pc[0] < 4) {
        m->flag = ++m->pc[0] == 4;
    } else {
        m->pc[0] = m->queue > m->count[0] ? 0 : ENDED;
        m->count[0]++;
        m->flag = 0;
        if (m->pc[0] == 0 && m->count[0] == m->size) {
            m->failed = true;
            m->pc[0] = ENDED;
        }
    }
}

static void handshake_step(struct model *m, unsigned thread)
{
    if (thread == 0) {
        handshake_window(m);
        return;
    }
    m->pc[1] = m->flag ? m->pc[1] + 1 : 0;
    if (m->pc[1] == 4) {
        m->queue++;
        m->flag = 0;
        m->pc[1] = 0;
    }
    if (++m->count[1] == 16 * m->size)
        m->pc[1] = ENDED;
}

static const struct model_kind handshake = {
    "handshake", 2, always, handshake_step,
};

/* spin: thread 0 looks at a flag until thread 1 has set it. */
static void spin_step(struct model *m, unsigned thread)
{
    if (thread == 1) {
        m->flag = ++m->count[1] == m->size;
        m->pc[1] = m->flag ? ENDED : 0;
    } else if (m->flag) {
        m->pc[0] = ENDED;
    }
}

static const struct model_kind spin = { "spin", 2, always, spin_step };

/* kernel: four threads, each step of which asks for outcomes as well. */
static void kernel_step(struct model *m, unsigned thread)
{
    unsigned sum = outcome(m, SCHED_CANCEL, 4);
    sum += outcome(m, SCHED_PICK_OP, 2 + thread);
    if (sum % 2 == 1)
        sum += outcome(m, SCHED_CANCEL, 4);
    m->count[thread] += 1 + (sum > 2);
    if (m->count[thread] >= m->size)
        m->pc[thread] = ENDED;
}

static bool kernel_enabled(const struct model *m, unsigned thread)
{
    /* Threads wait for their neighbour now and then, so that there are
     * decisions whose current thread is blocked. */
    if (m->count[thread] % 3 == 2 && m->pc[(thread + 1) % 4] != ENDED)
        return m->count[(thread + 1) % 4] % 3 != 2 &&
               m->pc[thread] != ENDED;
    return always(m, thread);
}

static const struct model_kind kernel = {
    "kernel", 4, kernel_enabled, kernel_step,
};

/* ---- running them ------------------------------------------------------- */

#define DECISIONS_MAX 20000

static uint32_t enabled_set(const struct model *m)
{
    uint32_t set = 0;
    for (unsigned t = 0; t < m->kind->threads; t++) {
        if (m->pc[t] != ENDED && m->kind->enabled(m, t))
            set |= UINT32_C(1) << t;
    }
    return set;
}

static void run_to_end(struct model *m)
{
    uint32_t set;
    while ((set = enabled_set(m)) != 0 && m->decisions < DECISIONS_MAX) {
        unsigned next = (unsigned)__builtin_ctz(set);
        if ((set & (set - 1)) != 0) {
            next = m->sched->thread(m->sched, set, running);
            LOOP_ASSERT(next < SCHED_THREADS_MAX);
            LOOP_ASSERT(set >> next & 1);
        }
        decided(m, next);
        running = next;
        m->kind->step(m, next);
    }
    for (unsigned t = 0; t < m->kind->threads; t++)
        m->failed |= m->pc[t] != ENDED;
}

struct setup {
    const struct model_kind *kind;
    int                      size;
    unsigned                 coarse;    /* 0: 1 */
};

/* One run; true if the bug was met or the run did not end. */
static bool run_model(struct model *m, struct setup how, struct sched *sched,
                      uint64_t seed)
{
    memset(m, 0, offsetof(struct model, log));
    memset(sim_local_step, 0, sizeof sim_local_step);
    running = 0;
    m->kind = how.kind;
    m->size = how.size;
    m->coarse = how.coarse ? how.coarse : 1;
    m->sched = sched;
    if (sched->begin != NULL)
        sched->begin(sched, seed);
    run_to_end(m);
    if (sched->end != NULL)
        sched->end(sched, m->decisions);
    return m->failed;
}

static bool same_answers(const struct model *a, const struct model *b)
{
    return a->decisions == b->decisions && a->log_count == b->log_count &&
           memcmp(a->log, b->log, a->log_count) == 0;
}

/* The mean number of runs until a bug, over trials; runs_max ends a trial. */
static unsigned mean_runs(struct setup how, struct sched *sched,
                          unsigned trials, unsigned runs_max)
{
    static struct model m;
    uint64_t seeds = 1;
    uint64_t sum = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        unsigned runs = 1;
        while (runs < runs_max &&
               !run_model(&m, how, sched, sched_random(&seeds)))
            runs++;
        sum += runs;
    }
    unsigned mean = (unsigned)(sum / trials);
    printf("       %s %d, %s: %u\n", how.kind->name, how.size, sched->name,
           mean);
    return mean;
}

/* Guided runs on inputs of random bytes, as a fuzzer without feedback. */
static unsigned mean_inputs(struct setup how, unsigned trials,
                            unsigned runs_max)
{
    static struct model m;
    uint64_t state = 1;
    uint64_t sum = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        unsigned runs = 0;
        bool met = false;
        while (!met && ++runs < runs_max) {
            uint64_t bytes[8];
            for (size_t i = 0; i < 8; i++)
                bytes[i] = sched_random(&state);
            met = run_model(&m, how, sched_guided((uint8_t *)bytes, 64), 0);
        }
        sum += runs;
    }
    unsigned mean = (unsigned)(sum / trials);
    printf("       %s %d, guided: %u\n", how.kind->name, how.size, mean);
    return mean;
}

static bool between(unsigned low, unsigned value, unsigned high)
{
    return low <= value && value <= high;
}

/* ---- the tests ---------------------------------------------------------- */

static void every_name_finds_what_it_names(void)
{
    for (int i = 0; i < SCHED_OUTCOMES; i++)
        CHECK_EQ(i, sched_outcome_find(
                        sched_outcome_name((enum sched_outcome)i)));
    CHECK_EQ(-1, sched_outcome_find("luck"));
    CHECK(sched_find("calm") == sched_calm_default());
    CHECK(sched_find("random") == sched_random_walk());
    CHECK(sched_find("sticky") == sched_sticky());
    CHECK(sched_find("pct") == sched_pct());
    CHECK(sched_find("luck") == NULL);
}

/*
 * The calm run goes on with whoever runs and then takes the lowest, with no
 * surprise from the kernel. All three bugs stay asleep in it.
 */
static void calm_run_meets_no_bug(void)
{
    static struct model m;
    struct sched *calm = sched_calm_default();
    CHECK(!run_model(&m, (struct setup){ &coalesce, 8, 0 }, calm, 0));
    CHECK(!run_model(&m, (struct setup){ &cvstop, 8, 0 }, calm, 0));
    CHECK(!run_model(&m, (struct setup){ &handshake, 3, 0 }, calm, 0));
    CHECK(!run_model(&m, (struct setup){ &kernel, 9, 0 }, calm, 0));
    for (size_t i = 0; i < m.log_count; i++)
        CHECK(m.log[i] < 4);
}

/*
 * A thread held back for long: cvstop with 8 posts needs the stopper, two
 * steps long, to sleep through about forty of the others. A random walk does
 * that about once in 2^40 runs. PCT of depth 2 does it when the stopper has
 * the lowest priority and the loop falls at the one right choice of k = 40:
 * at least 1 in 3 * 40, and depths are mixed, so a few hundred runs.
 */
static void random_misses_a_long_delay(void)
{
    CHECK_EQ(60000, mean_runs((struct setup){ &cvstop, 8, 0 },
                              sched_random_walk(), 1, 60000));
}

static void pct_meets_a_long_delay(void)
{
    struct setup how = { &cvstop, 8, 0 };
    CHECK(between(50, mean_runs(how, sched_pct(), 60, 60000), 2000));
}

static void sticky_meets_a_long_delay(void)
{
    struct setup how = { &cvstop, 8, 0 };
    CHECK(between(100, mean_runs(how, sched_sticky(), 60, 60000), 10000));
}

static void guided_meets_a_long_delay(void)
{
    struct setup how = { &cvstop, 8, 0 };
    CHECK(between(100, mean_inputs(how, 60, 60000), 10000));
}

/*
 * With few posts the delay is short and every strategy meets the bug, in
 * proportion: the more posts, the worse for random alone.
 */
static void short_delays_are_met_by_all(void)
{
    struct setup one = { &coalesce, 1, 0 };
    struct setup eight = { &coalesce, 8, 0 };
    unsigned walk = mean_runs(one, sched_random_walk(), 60, 60000);
    CHECK(between(30, walk, 3000));
    CHECK(mean_runs(eight, sched_random_walk(), 5, 60000) > 20 * walk);
    CHECK(between(10, mean_runs(one, sched_pct(), 60, 60000), 200));
    CHECK(between(10, mean_runs(eight, sched_pct(), 60, 60000), 300));
    CHECK(between(20, mean_runs(one, sched_sticky(), 60, 60000), 600));
    CHECK(between(20, mean_runs(eight, sched_sticky(), 60, 60000), 1000));
    CHECK(between(20, mean_inputs(eight, 60, 60000), 1000));
}

/*
 * The opposite kind: many precise exchanges. Three of them take a random
 * walk thousands of runs, (1/16)^3 and some luck with the steps wasted
 * before; PCT would need a depth above 5 and meets none. This is why guided
 * holds both kinds of strategy.
 */
static void pct_misses_a_long_handshake(void)
{
    CHECK_EQ(20000, mean_runs((struct setup){ &handshake, 3, 0 },
                              sched_pct(), 1, 20000));
}

static void random_and_guided_meet_a_long_handshake(void)
{
    struct setup how = { &handshake, 3, 0 };
    CHECK(between(1000, mean_runs(how, sched_random_walk(), 10, 200000),
                  50000));
    CHECK(between(1000, mean_inputs(how, 3, 800000), 400000));
}

/*
 * The highest priority may spin for what a lower one would do. It falls
 * after a while, so that every run ends.
 */
static void pct_ends_a_spin(void)
{
    static struct model m;
    uint64_t seeds = 7;
    uint32_t longest = 0;
    for (int i = 0; i < 300; i++) {
        struct setup how = { &spin, 20, 0 };
        CHECK(!run_model(&m, how, sched_pct(), sched_random(&seeds)));
        if (m.decisions > longest)
            longest = m.decisions;
    }
    CHECK(longest > 2000);
}

/* One check for all models and strategies; returns the longest list. */
static size_t replay_same(struct setup how, struct sched *inner,
                          uint64_t *seeds)
{
    static struct model searched, replayed, again;
    size_t longest = 0;
    for (int i = 0; i < 100; i++) {
        size_t count;
        run_model(&searched, how, sched_record(inner), sched_random(seeds));
        const struct sched_exception *list = sched_recorded(&count);
        CHECK(!sched_record_overflow());
        struct sched *replay = sched_replay(list, count);
        run_model(&replayed, how, replay, 0);
        CHECK(same_answers(&searched, &replayed));
        CHECK_EQ(0, sched_replay_drift());
        run_model(&again, how, replay, 0);
        CHECK(same_answers(&searched, &again));
        if (count > longest)
            longest = count;
    }
    return longest;
}

/*
 * A recorded run comes back answer by answer, whatever chose it; also when
 * the same question comes several times at one local step.
 */
static void replay_gives_the_recorded_answers(void)
{
    static const struct setup setups[] = {
        { &coalesce, 3, 0 }, { &cvstop, 3, 0 },  { &handshake, 2, 0 },
        { &kernel, 9, 0 },   { &kernel, 20, 3 }, { &cvstop, 8, 5 },
    };
    uint64_t seeds = 3;
    for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
        CHECK_EQ(0, replay_same(setups[i], sched_calm_default(), &seeds));
        CHECK(replay_same(setups[i], sched_random_walk(), &seeds) > 3);
        CHECK(replay_same(setups[i], sched_sticky(), &seeds) > 0);
        CHECK(replay_same(setups[i], sched_pct(), &seeds) > 0);
    }
}

/* The order of a list means nothing but within one step. */
static void replay_takes_a_list_in_any_order(void)
{
    static struct model searched, replayed;
    struct sched_exception turned[512];
    struct setup how = { &kernel, 9, 0 };
    uint64_t seeds = 5;
    for (int i = 0; i < 50; i++) {
        size_t count;
        run_model(&searched, how, sched_record(sched_random_walk()),
                  sched_random(&seeds));
        const struct sched_exception *list = sched_recorded(&count);
        for (size_t k = 0; k < count; k++)
            turned[k] = list[count - 1 - k];
        run_model(&replayed, how, sched_replay(turned, count), 0);
        CHECK(same_answers(&searched, &replayed));
    }
}

/*
 * What cannot be taken is skipped and counted, and the rest of the run is
 * calm: a target that is not enabled, an outcome out of range, a step that
 * never comes, numbers of no thread or question.
 */
static void replay_skips_and_counts_what_cannot_be_taken(void)
{
    static struct model calm, replayed;
    static const struct sched_exception list[] = {
        { .thread = 0, .step = 0, .target = 9 },
        { .thread = 0, .step = 1, .target = 200 },
        { .thread = 0, .step = 2, .target = 7, .is_outcome = 1,
          .what = SCHED_CANCEL },
        { .thread = 1, .step = 60000, .target = 0 },
        { .thread = 77, .step = 0, .target = 0 },
        { .thread = 0, .step = 0, .target = 1, .is_outcome = 1, .what = 99 },
    };
    struct setup how = { &kernel, 9, 0 };
    run_model(&calm, how, sched_calm_default(), 0);
    run_model(&replayed, how, sched_replay(list, 6), 0);
    CHECK(same_answers(&calm, &replayed));
    CHECK_EQ(6, sched_replay_drift());
}

/* One exception changes one decision, the first that it names. */
static void replay_takes_a_single_exception(void)
{
    static struct model m;
    static const struct sched_exception list[] = {
        { .thread = 0, .step = 0, .target = 2 },
    };
    run_model(&m, (struct setup){ &spin, 1, 0 }, sched_replay(list, 1), 0);
    CHECK_EQ(1, sched_replay_drift());
    run_model(&m, (struct setup){ &kernel, 9, 0 }, sched_replay(list, 1), 0);
    CHECK_EQ(0, sched_replay_drift());
    CHECK_EQ(2, m.log[0]);
}

/* A list that does not fit says so rather than replay something else. */
static void record_says_when_the_list_is_too_long(void)
{
    static struct model m;
    size_t count;
    struct setup how = { &spin, 5000, 0 };
    run_model(&m, how, sched_record(sched_random_walk()), 1);
    sched_recorded(&count);
    CHECK(sched_record_overflow());
    CHECK_EQ(512, count);
    run_model(&m, how, sched_record(sched_calm_default()), 1);
    sched_recorded(&count);
    CHECK_EQ(0, count);
}

static void fill(uint8_t *bytes, size_t size, uint64_t *state)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sched_below(state, 256);
}

/* Any bytes are a schedule, none at all included, and always the same one. */
static void every_prefix_is_a_schedule(void)
{
    static struct model m, again;
    uint8_t bytes[96];
    uint64_t state = 11;
    struct setup how = { &kernel, 12, 0 };
    struct setup other = { &coalesce, 3, 0 };
    for (unsigned last = 0; last < 12; last++) {
        fill(bytes, sizeof bytes, &state);
        for (size_t size = 0; size <= sizeof bytes; size++) {
            if (size > 0)
                bytes[size - 1] = (uint8_t)last;
            run_model(&m, how, sched_guided(bytes, size), 1);
            run_model(&again, other, sched_guided(bytes, size / 2), 2);
            run_model(&again, how, sched_guided(bytes, size), 3);
            CHECK(same_answers(&m, &again));
        }
    }
}

/*
 * The scenario is in front of the choices. What is edited, inserted or
 * removed there shifts no choice, as long as the bytes behind suffice.
 */
static void edits_in_front_do_not_shift_the_schedule(void)
{
    static struct model m, edited;
    uint8_t bytes[1024];
    uint64_t state = 13;
    struct setup how = { &kernel, 12, 0 };
    for (unsigned last = 0; last < 12; last++) {
        fill(bytes, sizeof bytes, &state);
        bytes[sizeof bytes - 1] = (uint8_t)last;
        run_model(&m, how, sched_guided(bytes, sizeof bytes), 0);
        CHECK(m.decisions < 400);
        fill(bytes, 100, &state);
        run_model(&edited, how, sched_guided(bytes, sizeof bytes), 0);
        CHECK(same_answers(&m, &edited));
        run_model(&edited, how,
                  sched_guided(bytes + 50, sizeof bytes - 50), 0);
        CHECK(same_answers(&m, &edited));
    }
}

/* The last byte does select: the six strategies differ on one tail. */
static void the_last_byte_selects_a_strategy(void)
{
    static struct model m[6];
    uint8_t bytes[512];
    uint64_t state = 17;
    fill(bytes, sizeof bytes, &state);
    for (unsigned i = 0; i < 6; i++) {
        bytes[sizeof bytes - 1] = (uint8_t)i;
        run_model(&m[i], (struct setup){ &kernel, 12, 0 },
                  sched_guided(bytes, sizeof bytes), 0);
        for (unsigned k = 0; k < i; k++)
            CHECK(!same_answers(&m[i], &m[k]));
    }
}

int main(void)
{
    RUN(every_name_finds_what_it_names);
    RUN(calm_run_meets_no_bug);
    RUN(random_misses_a_long_delay);
    RUN(pct_meets_a_long_delay);
    RUN(sticky_meets_a_long_delay);
    RUN(guided_meets_a_long_delay);
    RUN(short_delays_are_met_by_all);
    RUN(pct_misses_a_long_handshake);
    RUN(random_and_guided_meet_a_long_handshake);
    RUN(pct_ends_a_spin);
    RUN(replay_gives_the_recorded_answers);
    RUN(replay_takes_a_list_in_any_order);
    RUN(replay_skips_and_counts_what_cannot_be_taken);
    RUN(replay_takes_a_single_exception);
    RUN(record_says_when_the_list_is_too_long);
    RUN(every_prefix_is_a_schedule);
    RUN(edits_in_front_do_not_shift_the_schedule);
    RUN(the_last_byte_selects_a_strategy);
    return test_result(18);
}
