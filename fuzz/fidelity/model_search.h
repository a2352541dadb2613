/*
 * model_search.h - what the files of the search share: one run after the
 * other, each along a path of answers.
 *
 *   model.c         runs, until one has the outcomes of the record
 *   model_look.c    what the ops do in a run, against what the record says
 *   model_decide.c  the decisions, and which answers are worth a try
 *   model_chance.c  runs that follow no record
 */
#ifndef FUZZ_FIDELITY_MODEL_SEARCH_H
#define FUZZ_FIDELITY_MODEL_SEARCH_H

#include "../sim/kernel.h"
#include "model.h"
#include "model_fate.h"

#define MODEL_DEADLINE UINT64_C(1000000000)
#define CHOICES_MAX 4096
#define STARTS_MAX 256
#define NOT_PICKED (-1)

struct rules {
    const char      *platform;
    enum sim_profile profile;
    bool             linux_files;   /* an op that failed says what it moved  */
    bool             late;          /* an op's packet may come long after it
                                       has taken what it took                */
};

/* A decision on the path: how many answers there are, and which one is
 * tried. */
struct choice {
    uint8_t answers, taken;
};

/* What the search keeps from run to run, and what a run begins anew. */
struct model {
    struct record       *record;
    const struct rules  *rules;
    struct fates         fates;
    unsigned             choices;
    struct choice        choice[CHOICES_MAX];
    bool                 overflow;
    struct model_result *result;

    unsigned             cursor;        /* choices met in this run           */
    unsigned             now;           /* events that were the same         */
    unsigned             time;          /* as in model_fate.h                */
    bool                 failed;
    int                  picked;        /* op that is to be picked           */
    unsigned             turn;          /* op that has the device's turn     */
    bool                 starting;      /* that turn is part of its start    */
    int                  current[RECORD_OPS];       /* fate of each op       */
    const struct fate   *started[STARTS_MAX];       /* by number of start    */
    size_t               traced;
    unsigned             done[RECORD_PORTS];        /* packets queued        */
    struct record_memory memory;
};

extern struct model model;

/* The rules of a platform, or NULL. */
const struct rules *model_rules(const char *platform);

/* Run a sequence once under a strategy; false if it did not come to its
 * end. */
bool model_run(const struct sequence *s, struct sched *sched,
                uint32_t faults, const struct record_options *options);

/* The fate of an op as it is now, or NULL. */
const struct fate *model_fate(unsigned op);

/* The event whose call a thread is in. */
const struct record_event *model_event(unsigned thread);

/* Has an op done since the last look what the record denies? Then the run
 * has failed. */
void model_look(void);

/* May an op complete now, as far as the order and time of its packet go? */
bool model_is_due(const struct fate *f);

/* May the device turn to an op now? As the second best guess, it takes what
 * it takes, and its packet comes later. */
bool model_may_proceed(const struct fate *f, const struct kernel_op *op);
bool model_may_be_early(const struct fate *f, const struct kernel_op *op);

/* The strategy that answers along the path. */
struct sched *model_decisions(void);

/* Turn to the next path; false if there is none. */
bool model_next_path(void);

#endif
