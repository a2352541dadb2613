/*
 * threads.h - the threads of a run on real threads: what each was last seen
 * doing at a seam.
 *
 * A thread says what it is about to wait for before the system can keep it,
 * and takes it back when the wait is over. Every such change moves a counter
 * on: whoever finds all threads waiting, and a moment later the counter
 * where it was, has seen a run in which nothing moves.
 *
 * threads    any; the table is filled by the threads themselves
 */
#ifndef FUZZ_REAL_THREADS_H
#define FUZZ_REAL_THREADS_H

#include <stdatomic.h>

#include "../../loop/os.h"
#include "../ground.h"

struct thread {
    const char          *name;
    void               (*entry)(void *arg);
    void                *arg;
    struct os_thread *_Atomic handle;   /* as it was started                 */
    atomic_uint          state;     /* enum ground_state                     */
    atomic_uint          object;
    atomic_ullong        until;     /* of a wait; OS_FOREVER: no limit       */
    atomic_bool          joined;
    uint64_t             random;    /* the noise's                           */
    uint32_t             steps;     /* places where noise could be           */
};

extern struct thread threads[GROUND_THREADS_MAX];

/* Anything that a thread does at a seam; also a run's heartbeat. */
extern atomic_ullong threads_moves;

/* Forget the threads of the last run, which have all ended. */
void threads_begin(void);

/*
 * Start a thread that has a number.
 *
 *   returns   as os_thread_start; LOOP_ENOMEM also if there are too many
 */
int threads_start(struct os_thread *t, const char *name,
                  void (*entry)(void *arg), void *arg);

/* The calling thread's record; NULL for one that is not of the run. */
struct thread *threads_self(void);

/* Before a wait, and after it. */
void threads_wait(enum ground_state why, unsigned object, uint64_t until);
void threads_go_on(void);

/* The number of a thread, by what started it; GROUND_OUTSIDE if unknown. */
unsigned threads_find(const struct os_thread *t);

/* How many have not ended? */
unsigned threads_alive(void);

/*
 * Do all that live wait?
 *
 *   until     the earliest time one of them waits for, or OS_FOREVER
 */
bool threads_all_wait(uint64_t *until);

#endif
