/*
 * process.h - run a program and read its lines as they come.
 *
 * The child and all that it starts form one group. However the run ends, the
 * group is gone when process_run returns: what outlives its parent is killed
 * and counted as lingering. If this program dies, the child dies with it.
 *
 * units      seconds
 * threads    one run at a time, from one thread
 * errors     how a run ended is a field, never an exit of this program
 */
#ifndef REPORTS_PROCESS_H
#define REPORTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of one line; a longer one ends the run as PROCESS_TOO_LONG. */
#define PROCESS_LINE_MAX (64u * 1024 * 1024)

enum process_end {
    PROCESS_EXITED,         /* status is its exit status                   */
    PROCESS_SIGNALLED,      /* status is the signal's number               */
    PROCESS_DEADLINE,       /* seconds_max passed; it was asked, or killed */
    PROCESS_INTERRUPTED,    /* this program was asked to end               */
    PROCESS_REFUSED,        /* on_line returned non-zero                   */
    PROCESS_TOO_LONG,
    PROCESS_FAILED,         /* could not be started; status is errno       */
};

struct process_result {
    enum process_end end;
    int              status;
    bool             lingering;     /* something outlived the child        */
    double           seconds;
};

struct process_options {
    const char *const *argv;        /* NULL-terminated; [0] is a path or a
                                       name to be found in PATH            */
    const char        *errors;      /* file that standard error is added
                                       to; NULL: the same as ours; "" is
                                       nowhere                             */
    double             seconds_max; /* 0: no limit                         */
    double             grace;       /* from asking to killing; 0 is 5      */
};

/*
 * Take one line.
 *
 *   line     terminated, without its newline; gone after the call
 *   returns  0 to go on; anything else ends the run
 */
typedef int process_line(void *argument, const char *line, size_t size);

/*
 * Run a program to its end.
 *
 *   on_line   may be NULL
 *   on_tick   called about ten times a second, for a clock on the screen;
 *             may be NULL
 */
struct process_result process_run(const struct process_options *options,
                                  process_line *on_line,
                                  void (*on_tick)(void *argument),
                                  void *argument);

/*
 * Turn SIGINT, SIGTERM and SIGHUP into a request that process_run answers by
 * asking the child to end. A second one kills the child at once.
 */
void process_catch_interrupts(void);

/* How many interrupts came since they are caught. */
int process_interrupts(void);

#endif
