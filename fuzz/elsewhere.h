/*
 * elsewhere.h - fuzz and replay on the real threads of another program:
 * lastcall-real-PLATFORM, whose lines become what a person or a report reads.
 */
#ifndef FUZZ_ELSEWHERE_H
#define FUZZ_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elsewhere {
    const char *platform;
    double      seconds;        /* 0: no limit                               */
    uint64_t    runs;           /* 0: no limit                               */
    uint64_t    seed;
    bool        first;          /* fuzz: end at the first finding            */
    bool        json;
    bool        terminal;
    const char *save;           /* fuzz: folder                              */
    char      (*path)[1024];    /* scenarios                                 */
    size_t      path_count;
};

/* Search; returns the exit status of the command. */
int elsewhere_fuzz(const struct elsewhere *e);

/*
 * Repeat one scenario, `runs` times, steered towards what it does in the
 * simulator under its own schedule.
 *
 *   returns   the exit status: EXIT_CLEAN if its verdict was reproduced, or
 *             if it is clean and every repetition was
 */
struct scenario;
int elsewhere_replay(const struct elsewhere *e, const struct scenario *s);

#endif
