/*
 * search.h - looking for runs that end badly.
 *
 * A portfolio: scenarios from the corpus as written, mutations and crossings
 * of those and of whatever has shown new behaviour, and generated ones; each
 * under a few dozen schedules, the calm one first, then drawn from sticky,
 * pct and a little random. Behaviour is the order of calls and callbacks at
 * the subject seam. A uniform random walk is kept small on purpose: on the
 * typical bug of a shutdown, where one thread is held back for long, it
 * finds next to nothing.
 *
 * source     the figures behind the portfolio: facts on controlled
 *            concurrency testing; the estimate of what is unseen is
 *            Good-Turing's over the unguided runs
 */
#ifndef FUZZ_SEARCH_H
#define FUZZ_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"

struct search_options {
    const char *strategy;       /* portfolio, sticky, pct, random            */
    uint64_t    seed;
    double      seconds;        /* 0: no limit                               */
    uint64_t    runs;           /* 0: no limit                               */
    bool        first;          /* stop at the first finding                 */
    bool        corpus_only;    /* scenarios as they are written             */
};

struct search_state {
    const struct search_options *options;
    double   began;
    double   seconds;           /* so far                                    */
    uint64_t runs;
    uint64_t behaviours;        /* distinct ones                             */
    double   unseen;            /* estimated share of the next runs of newly
                                   generated scenarios that would show a new
                                   one; below 0: not known                   */
    uint64_t budget_runs;       /* ended by the budget, without a proof      */
    uint64_t verdicts[VERDICTS];
    struct findings findings;
};

/* Told about progress, at most about twice a second, and of each finding. */
struct search_listener {
    void (*progress)(const struct search_state *s);
    void (*found)(const struct search_state *s, const struct finding *f);
    void (*shrinking)(unsigned tries);
};

/*
 * Add a scenario to the pool to start from, as written.
 *
 *   returns   false if the pool is full
 */
bool search_add(const struct scenario *s);

/* Search until a limit, an interrupt, or the first finding if asked. */
void search_run(struct search_state *s, const struct search_options *options,
                const struct search_listener *listener);

#endif
