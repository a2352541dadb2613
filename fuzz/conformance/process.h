/*
 * process.h - what a real platform's folder offers besides settle and
 * native_find: which column this is, and processes of the test's own.
 *
 * Each rule runs in a process of its own, so that one that hangs or crashes
 * costs its own line only; and what is said of a process that ends has to be
 * tried in another one.
 *
 * threads    the main thread
 */
#ifndef FUZZ_CONFORMANCE_PROCESS_H
#define FUZZ_CONFORMANCE_PROCESS_H

#include <stddef.h>

#include "conformance.h"

#define PROCESS_HUNG (-1)       /* did not end in time and was killed        */
#define PROCESS_LOST (-2)       /* did not start                             */
#define PROCESS_ARGS 3

struct process_limit {
    unsigned all_ms;
    unsigned line_ms;       /* from its first line on; 0: no matter          */
};

/* For a rule, for a process of a rule that is to end, and for one that is to
 * stay: there a line says when nothing is left to do but to end. */
extern const struct process_limit process_rule, process_ends,
    process_stays;

/*
 * Start this program again, and wait for its end.
 *
 *   args      its arguments, ending with NULL, PROCESS_ARGS at most
 *   limit     how long it may take
 *   line      the first line that it has written, without its end; "" if
 *             there is none
 *   returns   its exit status, 128 + signal, PROCESS_HUNG or PROCESS_LOST
 */
int process_run(const char *const args[], const struct process_limit *limit,
                char *line, size_t size);

/*
 * Be a process of a test: what `--process NAME` asks for.
 *
 *   returns   its exit status; -1 if there is none of that name
 */
int process_main(const char *name);

/* The column that this program's outcomes belong to. */
enum column column_here(const char *program);

#endif
