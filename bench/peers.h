/*
 * peers.h - loops side by side: each measured by a program of its own.
 *
 * Ours over each port of this machine, other loops, and the floors are
 * programs made from peers/, of which no two are in one process. Each
 * measurement is a process, and the programs take turns within each round, so
 * that what is compared is what is next to each other. A program that is not
 * there is one skipped row; one that hangs or crashes is a result, and
 * nothing more is asked of it for that row.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "question.h"

/*
 * What one row of each peer measures: MEASUREMENT and NUMBER of the program,
 * see peers/child.h. Where the unit is ns/item, and the same is measured for
 * several numbers one after the other, a line is fitted to them as well.
 */
struct peers_measurement {
    const char *name;
    unsigned    number;
    const char *metric;
    const char *unit;           /* "ns" has a histogram                  */
    const char *key;            /* of the parameter                      */
    const char *word;           /* its value; NULL: the number           */
};

/* Who is asked, and with whom ours is compared. Other loops are asked only if
 * the limits of the question say so. */
enum peers_kind {
    PEERS_PORTS,                /* ours over one port with the other     */
    PEERS_ALL,                  /* ours with other loops, over the floors */
    PEERS_LOOPS,                /* ours with other loops; there is no floor */
};

struct peers_asked {
    const struct question          *question;
    enum peers_kind                 kind;
    const char                     *program;    /* lastcall-bench-PROGRAM-...,
                                       NULL: peer                        */
    bool                            is_exact;   /* who else uses the machine
                                       does not matter                   */
    bool                            has_tails;  /* see round.h           */
    bool                            is_warm;    /* each measurement warms
                                       up by itself                      */
    const struct peers_measurement *measurement;
    size_t                          count;
    size_t                          others_seldom;  /* so many of them, the
                                       last ones: other loops are asked
                                       less often than ours and the
                                       floors, where that takes long     */
    const char                     *often;      /* the measurements of this
                                       name have three times the rounds
                                       and the time of others, or NULL    */
    unsigned                        milliseconds;   /* of one measurement */
    unsigned                        rounds;
};

/*
 * Measure and print the lines.
 *
 *   returns   exit status of the question: 0, or 1 if one of our programs
 *             hung, crashed or could not be asked
 */
int peers_ask(const struct peers_asked *asked,
              const struct question_limits *limits);

#define PEERS_MAX 16

/* A program, for a question that asks it in a way of its own. */
struct peers_program {
    const char *subject;
    const char *platform;       /* ours: its port; NULL: linux           */
    const char *engine;         /* ours: what has to be measured         */
    const char *path;
};

/*
 * Find the loops, without the floors, and print a line for each that cannot
 * be asked.
 *
 *   returns   how many there are
 */
size_t peers_find(const struct question *question,
                  const struct question_limits *limits,
                  struct peers_program out[PEERS_MAX]);

#endif
