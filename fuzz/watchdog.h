/*
 * watchdog.h - run a program under a deadline, and say how it ended.
 *
 * The watchdog never lives in the process it watches. It starts the program,
 * reads how far it has come (witness.h), and when nothing moves any more it
 * asks for a dump of the program's state, takes the stack of every thread,
 * kills the program with everything that it has started, and judges.
 *
 *     how it went                                    end         verdict
 *     exited with status 0                           EXITED      clean
 *     exited with another status, told no finding    EXITED      harness-fault
 *     a signal or an exception, abort                CRASHED     abort
 *     no progress, and no thread runs                HUNG        deadlock
 *     no progress, and threads run                   HUNG        livelock
 *     progress, and the time in all is over          OUT_OF_TIME livelock
 *     main has returned, the process is still there  LINGERED    lingering-
 *                                                                process
 *     the parent was interrupted                     INTERRUPTED clean
 *
 * A finding that the program told (witness_finding) overrides the verdict of
 * this table, however the process ended.
 *
 * Slow is not stuck. Any progress starts the time again; an announced wait
 * (witness_expect) raises it; and time in which the program wanted to run
 * and the machine let it not does not count, up to WATCHDOG_BUSY_MAX times
 * the limit. On Linux the scheduler's own account says so, thread by thread
 * (/proc/PID/task/TID/schedstat). Windows tells nobody whether a thread of
 * another process is ready: there, time counts as taken away while the whole
 * machine has no idle processor and the program gets none of it. On both,
 * time in which the watchdog itself was not let run counts for nobody.
 *
 * Threads run if they used a tenth of a processor since the last progress,
 * or, where the system counts it, came and went more than 50 times a second:
 * a loop that retries with pauses is no deadlock.
 *
 * The program is started in a process group (a job object) of its own, with
 * an empty stdin. If the process of the watchdog dies, the system kills the
 * program: on Windows with all that it started, on Linux the program alone.
 * On Linux a grandchild that leaves the group (setsid) escapes.
 *
 * units      times are milliseconds where the name says _ms
 * ownership  a report's texts belong to the caller: watchdog_report_free
 * threads    any, several at once. On Linux the program dies with the thread
 *            that watches it, and no other thread may wait for children that
 *            it has not started, nor the process ignore SIGCHLD: the exit
 *            status is lost to them
 * errors     -1, with a sentence in report->what
 */
#ifndef FUZZ_WATCHDOG_H
#define FUZZ_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "verdict.h"

#define WATCHDOG_STALL_MS  5000
#define WATCHDOG_START_MS  60000
#define WATCHDOG_LINGER_MS 2000
#define WATCHDOG_DUMP_MS   1000
#define WATCHDOG_BUSY_MAX  10

#define WATCHDOG_WHAT  256
#define WATCHDOG_WHERE 512

/* A zero stands for the default named behind it. */
struct watchdog_options {
    uint32_t stall_ms;      /* without progress: a hang; WATCHDOG_STALL_MS   */
    uint32_t start_ms;      /* until the program opens its witness, without
                               which there is no progress to be seen;
                               WATCHDOG_START_MS                             */
    uint32_t total_ms;      /* in all; no limit                              */
    uint32_t linger_ms;     /* after main has returned; WATCHDOG_LINGER_MS   */
    uint32_t dump_ms;       /* wait for the dump; WATCHDOG_DUMP_MS           */
    bool     impatient;     /* a busy machine gets no more time              */

    /* Asked many times a second: true ends the program. NULL: the watchdog
     * itself listens for interrupts (Ctrl-C, SIGTERM) while it runs and
     * takes them from whoever else listens. */
    bool (*interrupted)(void *arg);

    /* Each line that the program sends by witness_line. NULL: dropped. */
    void (*line)(const char *line, void *arg);

    /* Each line of its stdout and stderr, in order, cut at 4,000 bytes.
     * NULL: both are the watchdog's own. */
    void (*output)(const char *line, void *arg);

    void *arg;              /* for the three calls, on the calling thread    */
};

enum watchdog_end {
    WATCHDOG_EXITED,        /* code: exit status                             */
    WATCHDOG_CRASHED,       /* code: signal, or exception code               */
    WATCHDOG_HUNG,          /* killed, as are the following                  */
    WATCHDOG_OUT_OF_TIME,
    WATCHDOG_LINGERED,
    WATCHDOG_INTERRUPTED,
};

struct watchdog_report {
    enum watchdog_end end;
    enum verdict      verdict;
    uint32_t          code;
    uint64_t          id;           /* of the process, gone by now           */
    uint64_t          progress;     /* the last count that was told          */
    uint64_t          elapsed_ms;
    uint64_t          stalled_ms;   /* longest time without progress         */
    uint64_t          starved_ms;   /* of all time, taken away by the
                                       machine, as far as it can be known    */
    uint64_t          cpu_ms;       /* used by all threads                   */

    /* A sentence for people: "exit status 3", "no progress for 5.0 s". */
    char what[WATCHDOG_WHAT];

    /* Words for a bucket: what the finding said; of a killed program the
     * functions of its own in which its threads stood, innermost first, as
     * "a < b", threads apart by "; "; of a crash the signal's name. No
     * addresses. "" if nothing is known. */
    char where[WATCHDOG_WHERE];

    char *dump;         /* what the dump function printed; else NULL         */
    char *stacks;       /* each thread: a line with its name, then a line a
                           frame; or a line that says why not; else NULL     */
};

/*
 * Run a program until it has ended or has to be ended.
 *
 *   argv      NULL-terminated; argv[0] is the path of the program
 *   options   NULL for the defaults
 *   report    filled in, also on failure
 *   returns   0: the program ran and is gone, with all that it started;
 *             -1: it could not be started, and report->what says why
 *   owns      the caller frees the report's texts, after success and failure
 */
int watchdog_run(char *const argv[], const struct watchdog_options *options,
                 struct watchdog_report *report);

/* Free the texts of a report; it may be filled in again. */
void watchdog_report_free(struct watchdog_report *report);

/* The fixed name of an end: "exited", "hung", ...; never NULL. */
const char *watchdog_end_name(enum watchdog_end end);

#endif
