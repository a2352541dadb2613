/*
 * livelock.h - the proof that a run will never end.
 *
 * In the fair phase every thread that can run has its turn, one decision
 * each, and no outcome is left to chance. If then a state comes back in
 * which it was before, it will come back for ever. A state is what the next
 * steps depend on: the memory of the subject, the stacks and registers of
 * the threads, the kernel, and the clock if anybody has read it meanwhile.
 * Static data counts where instrumented code writes it. What the harness
 * keeps for itself is not seen, but what it does is: the state must come
 * back twice, with the same calls and callbacks in between, so that a
 * scenario which still moves on from statement to statement is not accused.
 *
 * source     Brent, An Improved Monte Carlo Factorization Algorithm (1980),
 *            for finding the cycle
 */
#ifndef FUZZ_SIM_LIVELOCK_H
#define FUZZ_SIM_LIVELOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Forget everything of the last run. */
void livelock_forget(void);

/* Begin to look, or begin anew because something outside has changed. */
void livelock_begin(void);

/* Instrumented code writes to memory; only in the fair phase. */
void livelock_note_write(const void *memory, size_t size);

/* The harness calls, or is called: what is added to the trace. */
void livelock_note_event(uint64_t event);

/* A thread has its turn while others could run too. */
void livelock_note_turn(unsigned thread, uint32_t enabled);

/* After a round of turns: has a state come back twice, the same way? */
bool livelock_proven(void);

/* The threads that ran in between, as "a, b run for ever". */
void livelock_where(char *out, size_t size);

/* Add bytes to a hash. */
uint64_t livelock_hash(uint64_t hash, const void *bytes, size_t size);

#endif
