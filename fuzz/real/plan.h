/*
 * plan.h - what a program for real threads is asked to do: by a person, or by
 * the process that watches it.
 */
#ifndef FUZZ_REAL_PLAN_H
#define FUZZ_REAL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct plan {
    uint64_t    seed;
    uint64_t    from;           /* the first run's number                    */
    uint64_t    runs;           /* 0: as many as there is time for           */
    double      seconds;        /* 0: no limit                               */
    uint32_t    suspicion_ms;   /* run.h                                     */
    bool        expectations;
    bool        first;          /* end at the first finding                  */
    const char *only;           /* run this scenario and no other            */
    const char *order;          /* file of events to follow, or NULL         */
    const char *save;           /* folder for findings                       */
    const char *const *corpus;  /* files to breed from, NULL-terminated      */
};

/*
 * Read the scenarios of a plan, and its order.
 *
 *   returns   0, or -1 after an error that was printed
 */
int plan_load(const struct plan *plan);

/* The scenario of a run. */
struct scenario;
void plan_scenario(const struct plan *plan, uint64_t number,
                  struct scenario *out);

/* child.c: run; returns the exit status. */
int child_main(const struct plan *plan);

/* parent.c: watch children that run; returns the exit status. */
int parent_fuzz(const struct plan *plan, const char *program);
int parent_replay(const struct plan *plan, const char *program);

#endif
