/*
 * sched.h - who runs next, and what the kernel does: one search strategy.
 *
 * A strategy is an oracle with three questions: a new run? which thread?
 * which outcome? It is asked only where there is a choice. Each strategy is
 * one file that cites its paper and says where it departs from it.
 *
 * Threads are numbered from 0 in order of creation within a run; number
 * SCHED_DEVICE is the simulated device that completes pending ops, so a late
 * or early completion is a matter of scheduling too.
 *
 * threads    the simulator's one OS thread
 */
#ifndef FUZZ_SCHED_H
#define FUZZ_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_THREADS_MAX 32
#define SCHED_DEVICE 31

/* What kind of outcome is asked for; names are fixed, new ones at the end. */
enum sched_outcome {
    SCHED_SYNC,         /* 0 pending, 1 done before port_start returns     */
    SCHED_CANCEL,       /* 0 aborted, 1 ends with a result, 2 other error,
                           3 the device is deaf                            */
    SCHED_PICK_OP,      /* which of n completable ops the device completes */
    SCHED_PARTIAL,      /* 0 all bytes, 1 one byte, 2 half                 */
    SCHED_EARLY,        /* 0 on time, 1 a timeout ends 1 ms early          */
    SCHED_POST,         /* 0 queued, 1 no memory                           */
    SCHED_RELEASE,      /* which of n waiters gets the packet              */
    SCHED_BATCH,        /* 0 as many as fit, 1 one packet                  */
    SCHED_SPURIOUS,     /* 0 wait, 1 wake spuriously at once               */
    SCHED_MEMORY,       /* 0 there is, 1 there is none                     */
    SCHED_REFUSE,       /* 0 started, 1 the device refuses at once         */
    SCHED_SIGNAL,       /* which of n waiters a condition wakes            */
    SCHED_OUTCOMES,
};

const char *sched_outcome_name(enum sched_outcome what);
int sched_outcome_find(const char *name);   /* -1 if there is none */

struct sched {
    const char *name;

    /* A new run begins; seed is drawn by the driver. May be NULL. */
    void (*begin)(struct sched *s, uint64_t seed);

    /*
     * Which thread runs next?
     *
     *   enabled   bit i: thread i can run; two bits or more
     *   current   the thread that ran last; it may be blocked by now
     *   returns   a thread whose bit is set
     */
    unsigned (*thread)(struct sched *s, uint32_t enabled, unsigned current);

    /*
     * Which outcome?
     *
     *   count     2 or more; 0 is the calm outcome
     *   returns   0 .. count - 1
     */
    unsigned (*outcome)(struct sched *s, enum sched_outcome what,
                        unsigned count);

    /* The run is over after so many decisions. May be NULL. */
    void (*end)(struct sched *s, uint32_t decisions);
};

/* The calm default: go on with the current thread, else the lowest. */
static inline unsigned sched_calm(uint32_t enabled, unsigned current)
{
    if (enabled >> current & 1)
        return current;
    return (unsigned)__builtin_ctz(enabled);
}

/* A small generator, one state word: splitmix64, Steele and Vigna. */
static inline uint64_t sched_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number below n, by multiplication; n is 1 or more. */
static inline unsigned sched_below(uint64_t *state, unsigned n)
{
    return (unsigned)((sched_random(state) >> 32) * n >> 32);
}

/* The strategies; each call returns the one instance of the process. */
struct sched *sched_calm_default(void);
struct sched *sched_random_walk(void);
struct sched *sched_sticky(void);       /* stays, switches 1 in 4 .. 64     */
struct sched *sched_pct(void);          /* depth 1 .. 5 drawn per run       */

/*
 * Choices from an input's bytes, read from the back to the front:
 * [... choices][strategy parameters][strategy]; when they run out, a
 * generator seeded by the hash of the input goes on.
 *
 *   bytes     borrowed until the run is over
 */
struct sched *sched_guided(const uint8_t *bytes, size_t size);

/*
 * One recorded departure from the calm default. Thread t, at its local step
 * n (decisions asked for while it was current, from 0), was followed by
 * target instead of the calm thread; or got outcome `target` instead of 0.
 */
struct sched_exception {
    uint32_t step;
    uint8_t  thread;
    uint8_t  target;
    uint8_t  is_outcome;
    uint8_t  what;          /* enum sched_outcome, if is_outcome            */
};

/*
 * Replay: the calm default with exceptions. One that cannot be taken (its
 * target is not enabled) is skipped and counted.
 *
 *   list      borrowed until the run is over; any order
 */
struct sched *sched_replay(const struct sched_exception *list, size_t count);
size_t sched_replay_drift(void);    /* exceptions the last run did not take */

/*
 * Wrap a strategy so that its departures from the calm default are noted.
 * The list is good until the next run begins.
 *
 *   returns   the wrapped strategy: the one instance of the process
 */
struct sched *sched_record(struct sched *inner);
const struct sched_exception *sched_recorded(size_t *count);
bool sched_record_overflow(void);       /* the list was longer than fits    */

/* Find a strategy that takes no input (calm, random, sticky, pct) by name. */
struct sched *sched_find(const char *name);

#endif
