/*
 * pair.h - the thread inside a loop, and the one outside that measures it.
 *
 * The thread inside is on the last processor and the first one outside on the
 * first. Whoever measures is outside, decides when the time is over, and
 * stops the loop. With fewer processors than threads nobody is pinned, since
 * two producers that share one would not meet.
 *
 * What is measured has a number, from 1 up: a post, or a run of the loop. The
 * thread inside answers with it, and the one outside spins until it does.
 *
 * units      nanoseconds of os_now()
 */
#ifndef BENCH_PEERS_PAIR_H
#define BENCH_PEERS_PAIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../loop/os.h"
#include "../histogram.h"

#define PAIR_MICROSECOND UINT64_C(1000)

/* What both sides share; each writes to lines of its own. */
struct pair {
    struct histogram *seen;
    uint64_t          length;
    uint64_t          until;        /* from the end of the warm-up       */
    uint64_t          idle;         /* before what is measured           */
    bool              pinned;
    atomic_bool       quit;

    _Alignas(64) atomic_uint answered;  /* the number                    */
    _Atomic uint64_t         answered_at;
};

extern struct pair pair;

/* Begin to measure for a time, with so many threads outside. */
void pair_begin(uint64_t length, struct histogram *seen, unsigned outside);

void pair_pin_inside(void);
void pair_pin_outside(unsigned index);

/* Start a thread; a machine that has none to give ends the process. */
void pair_start(struct os_thread *thread, const char *name,
                void (*entry)(void *), void *argument);

/*
 * Run what is inside on a thread of its own, and meanwhile what measures it
 * on another. The calling thread is not pinned, and sleeps until both are
 * done.
 */
void pair_run(void (*inside)(void *), void (*outside)(void *));

/* What is inside in the simplest case: one run of the loop. */
void pair_inside(void *unused);

/* Inside: answer, with the time. Outside: wait for the answer to a number;
 * the same, and record how long it took. */
void pair_answer(unsigned number);
void pair_wait(unsigned number);
void pair_note(unsigned number, uint64_t before);

/* Outside: spin until the other has had nothing to do for so long, and say
 * what time it is; is the time over, before that number? */
uint64_t pair_wait_idle(void);
bool     pair_is_over(unsigned number);

#endif
