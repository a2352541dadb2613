/*
 * witness.h - the watched side of a watchdog: what a program tells the
 * process that waits for it.
 *
 * The parent (watchdog.h) shares a page of memory and two pipes with the
 * program. How far the program has come is a number in the page, which the
 * parent can read whatever the program's threads do; lines go through one
 * pipe; requests for a dump come through the other, to a small thread that
 * does nothing else. Without a parent every call does nothing, so the same
 * program runs on its own.
 *
 *     int main(void)
 *     {
 *         witness_open(print_pending, loop);
 *         for (each run) {
 *             ...                          calls witness_progress
 *             witness_line("run 17 clean");
 *         }
 *         witness_main_returned();
 *         return 0;
 *     }
 *
 * units      times are milliseconds
 * ownership  nothing passes; texts are copied before a call returns
 * threads    any, except where a function says otherwise
 * errors     none: what cannot be told is lost, and the parent judges by
 *            what it sees from outside
 */
#ifndef FUZZ_WITNESS_H
#define FUZZ_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "verdict.h"

#define WITNESS_LINE_MAX 4000   /* bytes of a line; what is longer is cut   */

/*
 * Begin to be watched: from now on the time without progress counts.
 *
 * The thread that this starts belongs to nobody's account of threads: the
 * parent asks it to end when it is the last one, so it keeps no process
 * alive. Child processes do not inherit what this one shares.
 *
 *   dump      prints the program's state by witness_print when the parent
 *             asks, on the witness's thread, while all others may be stuck:
 *             the parent waits for it a second or so, then goes on without.
 *             NULL: there is nothing to print
 *   threads   once, by the main thread before it has started others
 */
void witness_open(void (*dump)(void *arg), void *arg);

/* Is there a parent that watches? False before witness_open. */
bool witness_watched(void);

/*
 * Tell that the program has come further.
 *
 * This is one relaxed store: a nanosecond or two, no system call, and never
 * an order between threads.
 *
 *   count     any number that is not the one told last: a count of events
 *   threads   any, also from a signal handler
 */
void witness_progress(uint64_t count);

/*
 * Announce a wait: until the next progress, so much time without any is
 * healthy. Shorter than what the parent allows anyway, it changes nothing.
 *
 *   within    milliseconds from the last progress
 */
void witness_expect(uint32_t within);

/*
 * Send a line to the parent, whole: it neither mixes with those of other
 * threads nor arrives in part. It waits while the pipe is full, which the
 * parent empties all the time.
 *
 *   line      text without a newline; one that has some is sent with blanks
 *             in their place, and is cut at WITNESS_LINE_MAX
 *   threads   any, also from a signal handler
 */
void witness_line(const char *line);

/*
 * Tell a finding: the run's verdict is this one, however the process ends.
 * The first one counts.
 *
 *   where     stable words, as in sim_finding
 *   threads   as witness_line
 */
void witness_finding(enum verdict v, const char *where);

/*
 * Print a part of the dump, as printf; what ends in a newline is sent.
 *
 *   threads   inside the dump function only
 */
void witness_print(const char *format, ...);

/*
 * Tell that main is about to return: from now on the process should be gone
 * within the parent's linger_ms, and progress does not count any more. A
 * dump can still be asked for. The parent also sees by itself when the main
 * thread ends and others go on.
 *
 *   threads   the main thread, last
 */
void witness_main_returned(void);

/*
 * End the main thread and leave the process to its other threads, as a main
 * does that ends in pthread_exit or ExitThread. Includes
 * witness_main_returned; works without a parent too.
 *
 *   threads   the main thread
 */
_Noreturn void witness_leave_main(void);

/*
 * End the witness's thread and forget the parent, for a program that counts
 * its threads or wants to go on unwatched: no dump can be asked for any
 * more, calls do nothing again, and the time without progress stops to
 * count. What witness_main_returned has begun goes on.
 *
 *   threads   the main thread, not inside the dump function; others may
 *             still call
 */
void witness_close(void);

#endif
