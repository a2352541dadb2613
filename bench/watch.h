/*
 * watch.h - what programs do that say they do nothing.
 *
 * Programs are started, all at once, since nothing disturbs nothing. Each
 * says when it is idle. For so long the kernel's own accounts of their
 * threads are read, before and after, which a program cannot notice; then,
 * for as long again, each call that they make to the kernel is counted, for
 * which it has to stop them once, and what they do after that stop is left
 * out.
 *
 * threads    one at a time; waits for all children of the process
 * source     proc(5), ptrace(2)
 */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <stddef.h>

#define WATCH_SAYS "idle"       /* a line of its stdout                  */

enum watch_end {
    WATCH_DONE,
    WATCH_ENDED,        /* before it was idle: see status                */
    WATCH_LATE,         /* it was not idle in time                       */
    WATCH_FAILED,       /* there was no memory or process for it      */
};

struct watch {
    const char *const *argv;    /* NULL-terminated; argv[0] is a path    */

    enum watch_end end;
    int    status;              /* its exit status, or -1 for a signal   */
    double processor_ns;        /* that its threads used                 */
    double switches;            /* of threads, to and from a processor   */
    double calls;               /* NaN if this machine does not let them
                                   be counted                            */
    double seconds;             /* that it was watched for, each time    */
};

/* Watch programs, and end them. */
void watch_all(struct watch *watches, size_t count, double seconds);

#endif
