/*
 * loss.h - what a process tells of how it ended a loop: how long it took, and
 * what it lost.
 *
 * Lines of words and numbers on its stdout:
 *
 *   engine NAME            what waited for the kernel
 *   took NANOSECONDS       from the request until all of the strategy was
 *                          done
 *   lost KIND NUMBER       one for each kind that was counted
 *
 * A loss is counted, never estimated: by the process itself when its threads
 * have come to rest, or by the one at the other end of a stream.
 *
 * threads    one at a time
 */
#ifndef BENCH_LOSS_H
#define BENCH_LOSS_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum loss_kind {
    LOSS_NOT_RUN,       /* posts and jobs that were accepted             */
    LOSS_UNTOLD,        /* items whose creator never heard of their end  */
    LOSS_BYTES,         /* accepted by a write, never at the other side  */
    LOSS_DESCRIPTORS,   /* still open                                    */
    LOSS_THREADS,       /* still alive, and asleep                       */
    LOSS_MEMORY,        /* of the loop, not given back                   */
    LOSS_KINDS,
};

#define LOSS_WORD 32

struct ending {
    char   engine[LOSS_WORD];
    double took;                    /* NaN: not told                     */
    double lost[LOSS_KINDS];        /* NaN: not counted                  */
};

/* An ending of which nothing was told. */
void loss_open(struct ending *e);

/* Write one line of a loss. */
void loss_print(enum loss_kind kind, long long number, FILE *out);

/*
 * Take one line; what is no such line changes nothing.
 *
 *   ending    struct ending
 */
void loss_take(void *ending, const char *line);

/* What a person calls it, and its unit. */
const char *loss_name(enum loss_kind kind);
const char *loss_unit(enum loss_kind kind);

#ifdef __cplusplus
}
#endif

#endif
