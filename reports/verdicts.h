/*
 * verdicts.h - the verdicts in words.
 */
#ifndef REPORTS_VERDICTS_H
#define REPORTS_VERDICTS_H

#include <stddef.h>

struct verdict_words {
    const char *name;       /* as in results; NULL past the last            */
    const char *meaning;    /* a sentence                                   */
    const char *contract;   /* numbers of loop.h's contract; "" if it is
                               not of the contract                          */
};

/* The i-th verdict in the order of enum verdict. */
struct verdict_words verdicts_words(size_t i);

#endif
