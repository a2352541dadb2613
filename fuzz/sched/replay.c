/*
 * replay.c - the calm default with exceptions.
 *
 * Exceptions are keyed by a thread and its own step, not by the number of
 * the decision: when one is removed, or the loop changes a little, those of
 * the other threads still mean what they meant.
 */
#include <stdlib.h>
#include <string.h>

#include "../../loop/check.h"
#include "../sim/sim.h"
#include "sched.h"

#define REPLAYED_MAX 512

/*
 * An exception's place in the order of play, from the top: thread, step,
 * question, place in the list. The last keeps entries of one step in order.
 */
#define KEY_THREAD 56
#define KEY_STEP 24
#define KEY_QUESTION 16

#define QUESTION_THREAD 0
#define QUESTION_OUTCOME 1  /* plus enum sched_outcome */

static const struct sched_exception *list;
static uint64_t key[REPLAYED_MAX];          /* sorted                        */
static size_t   keys;
static uint16_t first[SCHED_THREADS_MAX + 1];   /* of each thread, in key    */
static size_t   list_count;

static struct {
    uint16_t cursor[SCHED_THREADS_MAX];     /* none before it is still due   */
    bool     used[REPLAYED_MAX];            /* as key                        */
    size_t   taken;
} run;

static uint64_t key_of(unsigned thread, uint32_t step, unsigned question)
{
    return (uint64_t)thread << KEY_THREAD | (uint64_t)step << KEY_STEP |
           (uint64_t)question << KEY_QUESTION;
}

static uint32_t key_step(uint64_t k)
{
    return (uint32_t)(k >> KEY_STEP);
}

/* The next unused exception for this question, or NULL. */
static const struct sched_exception *next(unsigned thread, unsigned question)
{
    LOOP_ASSERT(thread < SCHED_THREADS_MAX);
    uint32_t step = sim_local_step[thread];
    unsigned end = first[thread + 1];
    unsigned i = run.cursor[thread];
    while (i < end && key_step(key[i]) < step)
        i++;
    run.cursor[thread] = (uint16_t)i;

    uint64_t wanted = key_of(thread, step, question) >> KEY_QUESTION;
    for (; i < end && key_step(key[i]) == step; i++) {
        if (key[i] >> KEY_QUESTION == wanted && !run.used[i]) {
            run.used[i] = true;
            return &list[key[i] & 0xffff];
        }
    }
    return NULL;
}

static void replay_begin(struct sched *s, uint64_t seed)
{
    (void)s;
    (void)seed;
    memcpy(run.cursor, first, sizeof run.cursor);
    memset(run.used, 0, keys * sizeof run.used[0]);
    run.taken = 0;
}

static unsigned replay_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    const struct sched_exception *e = next(current, QUESTION_THREAD);
    if (e == NULL)
        return sched_calm(enabled, current);

    /* An entry that names its own thread stands for a calm answer, whether
     * or not that thread could go on. */
    bool calm = e->target == current;
    bool possible = e->target < SCHED_THREADS_MAX && enabled >> e->target & 1;
    run.taken += calm || possible;
    return possible ? e->target : sched_calm(enabled, current);
}

static unsigned replay_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    const struct sched_exception *e =
        next(ground_thread(), QUESTION_OUTCOME + (unsigned)what);
    if (e == NULL || e->target >= count)
        return 0;
    run.taken++;
    return e->target;
}

static struct sched replay = {
    .name = "replay",
    .begin = replay_begin,
    .thread = replay_thread,
    .outcome = replay_outcome,
};

static int compare_keys(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Exceptions of no possible thread or question are left out, which makes
 * them drift. */
static void collect_keys(size_t count)
{
    keys = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sched_exception *e = &list[i];
        unsigned question =
            e->is_outcome ? QUESTION_OUTCOME + e->what : QUESTION_THREAD;
        if (e->thread < SCHED_THREADS_MAX &&
            question < QUESTION_OUTCOME + SCHED_OUTCOMES)
            key[keys++] = key_of(e->thread, e->step, question) | i;
    }
    qsort(key, keys, sizeof key[0], compare_keys);
}

struct sched *sched_replay(const struct sched_exception *exceptions,
                           size_t count)
{
    LOOP_ASSERT(count <= REPLAYED_MAX);
    list = exceptions;
    list_count = count;
    collect_keys(count);
    size_t k = 0;
    for (unsigned thread = 0; thread < SCHED_THREADS_MAX; thread++) {
        first[thread] = (uint16_t)k;
        while (k < keys && key[k] >> KEY_THREAD == thread)
            k++;
    }
    first[SCHED_THREADS_MAX] = (uint16_t)k;
    replay_begin(&replay, 0);
    return &replay;
}

size_t sched_replay_drift(void)
{
    return list_count - run.taken;
}
