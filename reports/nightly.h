/*
 * nightly.h - the command that does a night's work.
 *
 * Replays the corpus, searches in the simulator and on each real platform,
 * holds the platforms to their rules, looks for planted bugs, measures, and
 * writes a page. Everything it does it does by running the other programs of
 * the suite and keeping the lines that they print.
 */
#ifndef REPORTS_NIGHTLY_H
#define REPORTS_NIGHTLY_H

#include <stdio.h>

struct nightly_options {
    double      minutes;    /* for all stages together                     */
    const char *seed;       /* of the search, as lastcall-fuzz takes it;
                               NULL: from the date                         */
    const char *out;        /* folder of the results; NULL: a new one with
                               the date under nightly/                     */
    const char *root;       /* folder that has corpus/; NULL: found        */
    const char *tools;      /* folder that has the other programs; NULL:
                               that of this one                            */
    int         json;       /* print all lines, not findings for people    */
    FILE       *output;
};

/* Do a night's work; returns the exit status. */
int nightly_run(const struct nightly_options *options);

/* Run the command; argv is what follows its name. Returns its exit status. */
int nightly_main(int argc, char **argv);

#endif
