/*
 * system.h - what runs on real threads ask of an operating system, beside
 * what the loop asks of it: to be disturbed, and to be looked at.
 *
 * threads    any
 */
#ifndef FUZZ_REAL_SYSTEM_H
#define FUZZ_REAL_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* The clock of os.h, not moved by anybody. */
uint64_t system_now(void);

/* Give up the processor: for a moment, or for about so long. */
void system_yield(void);
void system_nap(uint64_t ns);

/* Let the calling thread run on one processor only; -1: on any. */
void system_pin(int processor);
unsigned system_processors(void);

/* Let the calling thread run with less weight (1 or more) or as usual (0).
 * What the system refuses is not done. */
void system_slow(unsigned step);

/*
 * Does every thread of the process but the caller wait for something?
 *
 *   returns   true also where that cannot be known
 */
bool system_all_asleep(void);
bool system_knows_sleepers(void);

/* Be ready for console events: one that nobody watches must not end the
 * process. */
void system_console_begin(void);

/*
 * Raise a console event for this process.
 *
 *   what      enum os_console_event
 *   returns   false if the system does not let us, as without a console
 */
bool system_console(int what);

/* Descriptors or handles, and threads, of this process: as its system counts
 * them. */
unsigned system_handles(void);
unsigned system_threads(void);

/* End the process at once, whatever its threads do; nothing is flushed. */
_Noreturn void system_end(int status);

#endif
