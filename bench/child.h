/*
 * child.h - a program, or a part of this one, in a process under a deadline.
 *
 * What is measured may hang; the watchdog lives in the parent, which reads
 * the child's lines, ends it when its time is over, and says how it ended. If
 * the parent dies the child dies with it.
 *
 * units      seconds, and gone_at in nanoseconds
 * threads    one child at a time, from one thread
 * errors     how a child ended is a field
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>

enum child_end {
    CHILD_EXITED,       /* status is its exit status                     */
    CHILD_CRASHED,      /* status is the number of the signal            */
    CHILD_HUNG,         /* its time was over, it was killed              */
    CHILD_INTERRUPTED,  /* somebody asked this program to end            */
    CHILD_FAILED,       /* could not be started                          */
};

struct child_options {
    const char *const *argv;        /* NULL-terminated; argv[0] is a path or
                                       a name to be found in PATH        */
    int (*entry)(void *argument);   /* or, if argv is NULL: what to call in
                                       a copy of this process            */
    void       *argument;
    double      seconds_max;        /* 0: no limit                       */
    bool        group;              /* with all that it starts: for a child
                                       that starts others                */
    bool        quiet;              /* its stderr goes nowhere           */
};

struct child_result {
    enum child_end end;
    int            status;
    double         seconds;
    double         cpu_seconds;     /* its own and of children it waited for */
    uint64_t       gone_at;         /* on the clock of os_now(), which a child
                                       has too: it was seen to have ended    */
};

/*
 * Run a child to its end.
 *
 *   line      called with each line of its stdout, without the newline; may
 *             be NULL
 */
struct child_result child_run(const struct child_options *options,
                              void (*line)(void *argument, const char *line),
                              void *argument);

#endif
