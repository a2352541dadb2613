/*
 * child.h - what the watchdog asks of a system: a child process with its
 * witness's page and pipes, what can be seen of it from outside, its end,
 * and interrupts. fuzz/linux and fuzz/win32 implement it.
 *
 * units      times are nanoseconds where the name says _ns
 * threads    a child belongs to the thread that started it
 * errors     0 or more is success, -1 failure
 */
#ifndef FUZZ_CHILD_H
#define FUZZ_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "witness_page.h"

#define CHILD_WHY 256

struct child;

/*
 * Start a program in a group of its own, with an empty stdin.
 *
 *   argv      NULL-terminated; argv[0] is the path. On Windows it may lack
 *             its .exe
 *   capture   child_read(CHILD_OUTPUT) gets its stdout and stderr; else
 *             they are the caller's
 *   returns   0 and *out, or -1 with a sentence in why
 *   owns      the caller: child_end, then child_destroy
 */
int child_start(struct child **out, char *const argv[], bool capture,
                char why[CHILD_WHY]);

/* Its number, and the page it shares. */
uint64_t child_id(const struct child *c);
const struct witness_page *child_page(const struct child *c);

/*
 * Wait until the child has written something or has ended, or the time is
 * over.
 *
 *   returns   true if it has ended; what it has written can still be read
 */
bool child_wait(struct child *c, uint32_t limit_ms);

enum child_stream { CHILD_MESSAGES, CHILD_OUTPUT, CHILD_STREAMS };

/* Take what has been written so far; returns how much, 0 if nothing. */
size_t child_read(struct child *c, enum child_stream which, char *out,
                  size_t cap);

/* Send a request to its witness; lost if nobody reads any more. */
void child_request(struct child *c, enum witness_request what);

/* What its threads, without the witness's, have done since the last look;
 * at the first look: nothing. */
struct child_look {
    uint64_t cpu_ns;
    uint64_t turns;         /* times that one of them began to run; 0 also
                               where the system does not count              */
    uint64_t starved_ns;    /* in which the machine has kept the worst of
                               them from running, as far as it can be known */
    uint64_t ready_ns;      /* of that, surely ready to run                 */
    uint32_t threads;       /* alive now                                    */
    bool     main_ended;    /* its main thread has; others may go on        */
    bool     witness_only;  /* no thread but the witness's is alive         */
};

void child_look(struct child *c, struct child_look *out);

struct child_end {
    bool     crashed;       /* by a signal or an exception                  */
    uint32_t code;          /* which one; else the exit status              */
    uint64_t cpu_ns;        /* in all                                       */
};

/* Kill the child, unless it has ended, and all that it has started; wait
 * until it is gone, and say how it ended. */
void child_end(struct child *c, struct child_end *out);

/* Free the rest, after child_end. */
void child_destroy(struct child *c);

/* A short name of a crash's code: "SIGSEGV", "access violation", ... */
const char *child_crash_name(uint32_t code);

/* The monotonic clock. */
uint64_t child_clock_ns(void);

/*
 * Listen for interrupts from begin to end; calls nest, from any thread.
 *
 *   returns   how many there were so far: a later one differs
 */
unsigned child_interrupts_begin(void);
unsigned child_interrupts(void);
void child_interrupts_end(void);

/* For tests: is a process there that has not ended; how many handles does
 * the calling process have, and has it children not yet waited for? */
bool child_exists(uint64_t id);
unsigned child_count_handles(void);
bool child_is_left(void);

/* The number of the calling process; how many processors there are. */
uint64_t child_self(void);
unsigned child_processors(void);

#endif
