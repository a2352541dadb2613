/*
 * oracle.h - the contract of loop.h, checked while a run goes on.
 *
 * The runner tells the oracle of every call at the subject seam, when it
 * begins and when it has returned, and of every callback; the simulator
 * tells it when nothing can run. From this the oracle keeps its own account
 * of what is accepted, what is inside and what is owed, and ends the run
 * with a finding when the subject says or does something that no schedule
 * allows. Where the order of two overlapping calls cannot be known from
 * outside, it assumes the one that is in the subject's favour.
 *
 * A finding's `where` is made of fixed words, so that one bug found through
 * two scenarios has one bucket.
 *
 * threads    any virtual thread; there is one account per process
 * source     the contract in loop/loop.h, points 1 to 11
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "subject/subject.h"

/* Begin a run with nothing known. */
void oracle_reset(const struct subject *subject);

/* A loop was opened. */
void oracle_opened(unsigned loop);

/* run, stop, close and shutdown: before the call, and with its result. */
void oracle_run_begins(unsigned loop, enum loop_run_mode mode);
void oracle_run_ended(unsigned loop, int result);
void oracle_stop_begins(unsigned loop);
void oracle_stop_ended(unsigned loop, int result);
void oracle_close_begins(unsigned loop);
void oracle_close_ended(unsigned loop, int result);
void oracle_shutdown_begins(unsigned loop,
                            const struct shutdown_options *options);
void oracle_shutdown_ended(unsigned loop, int result,
                           const struct shutdown_report *report);

/*
 * An object is handed to the loop: before the call, and with its result.
 * kind names the callback that ends it: POST, TIMER, OP, JOB, TASK_END,
 * HANDLE_CLOSED, CONSOLE, HOOK.
 *
 *   detail    TIMER: due; OP: handle number; else 0
 *   awaited   OP, JOB: without a callback, a task will await it
 */
void oracle_submits(enum subject_kind kind, unsigned number, unsigned loop,
                    uint64_t detail, bool awaited);
void oracle_submitted(enum subject_kind kind, unsigned number, int result);

/* An object is cancelled, or a handle closed, or a watch ended; the result
 * comes afterwards. */
void oracle_cancels(enum subject_kind kind, unsigned number);
void oracle_cancelled(enum subject_kind kind, unsigned number, int result);

/* A task, in its step, waits for this kind of thing: an op or job of this
 * number, or another task; SUBJECT_TIMER for a time, SUBJECT_POST a pass. */
void oracle_awaits(unsigned task, enum subject_kind kind, unsigned number);

/* A console event was raised in the outside world. */
void oracle_console_raised(void);

/* A callback begins, and ends. */
void oracle_callback(const struct subject_event *e);
void oracle_callback_ended(const struct subject_event *e);

/* Nothing can run; timed: but time could move. */
void oracle_idle(bool timed);

/*
 * Nothing can run, for good, and the harness has nothing left to try.
 *
 *   elsewhere   bits of threads that wait for one another in the scenario,
 *               outside any loop
 */
void oracle_stuck(uint32_t elsewhere);

/* Every thread has ended and every loop was destroyed. */
void oracle_end(void);

/* How many runs are inside that were not asked to stop? For the harness. */
unsigned oracle_runs_unasked(unsigned loop);

/* Is a call to run, close or shutdown of this loop going on? */
bool oracle_is_used(unsigned loop);

/* Was the loop closed, or abandoned? */
bool oracle_is_closed(unsigned loop);

/* Was every loop closed, and none abandoned? Then nothing may be left. */
bool oracle_all_closed(void);

#endif
