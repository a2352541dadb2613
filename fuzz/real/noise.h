/*
 * noise.h - disturbing a run on real threads: delays at its seams and at its
 * atomic operations, processors and weights of its threads.
 *
 * Left alone, a machine shows the same few interleavings for ever. Each run
 * draws one manner of disturbance from its seed; no single one finds all
 * bugs, and some runs are left in peace.
 *
 * threads    any
 * source     noise making at synchronisation, as in ConTest; one victim held
 *            back for long, as in rr's chaos mode; few places, as in PCT
 *            (Burckhardt and others 2010), here without its guarantee
 */
#ifndef FUZZ_REAL_NOISE_H
#define FUZZ_REAL_NOISE_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

enum noise_manner {
    NOISE_NONE,
    NOISE_YIELDS,       /* many, each a moment                               */
    NOISE_SPINS,        /* some, each up to 20 us                            */
    NOISE_NAPS,         /* few, each up to 1 ms                              */
    NOISE_VICTIM,       /* one thread is slow, all others are not            */
    NOISE_POINTS,       /* up to 3 places, held back up to 20 ms             */
    NOISE_MANNERS,
};

/* Draw the disturbance of a run. */
void noise_begin(uint64_t seed);

/* No more of it: the run is to end. */
void noise_end(void);

/* The manner of this run, as a word. */
const char *noise_name(void);

/* A thread of the run has begun, on itself. */
void noise_thread_begins(struct thread *t, unsigned number);

/* A place where another thread may come first. */
void noise_point(void);

/* Is a thread held back that is not the run's? It seems to sleep, and is about
 * to move things on. */
bool noise_holds_strangers(void);

#endif
