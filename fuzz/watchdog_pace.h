/*
 * watchdog_pace.h - how long a process has been without something, in time
 * that it could have used.
 *
 * Wall time is no measure on a busy machine: a process that was not let run
 * is not stuck. A pace adds up what a process was given (fair_ns), what was
 * taken away (starved_ns) and what it did with it, from look to look.
 *
 * units      nanoseconds
 * threads    one
 */
#ifndef FUZZ_WATCHDOG_PACE_H
#define FUZZ_WATCHDOG_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "child.h"

/* Zero begins it, and begins it again. */
struct pace {
    uint64_t wall_ns;
    uint64_t fair_ns;
    uint64_t starved_ns;
    uint64_t ready_ns;
    uint64_t cpu_ns;
    uint64_t turns;
};

/*
 * Add the time since the last look.
 *
 *   wall_ns   how long that is
 *   asked_ns  how long it was meant to be: what is beyond twice that, the
 *             machine has kept from the watchdog too, and it counts as taken
 *             away
 */
void pace_add(struct pace *p, uint64_t wall_ns, uint64_t asked_ns,
              const struct child_look *look);

/*
 * Is the time over?
 *
 *   busy_max  wall time counts after so many times the limit; 1: at once
 */
bool pace_is_over(const struct pace *p, uint64_t limit_ns, uint32_t busy_max);

/* Did threads run, or want to, as one that spins or polls does? */
bool pace_runs(const struct pace *p);

#endif
