/*
 * explain_parts.h - what the text and the HTML form are made of; private to
 * the files of explain.h.
 */
#ifndef FUZZ_EXPLAIN_PARTS_H
#define FUZZ_EXPLAIN_PARTS_H

#include <stdbool.h>

#include "explain.h"

/* A short text that grows; what does not fit is cut off. */
struct phrase {
    size_t size;
    char   text[200];
};

void phrase_clear(struct phrase *p);
void phrase_add(struct phrase *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a thread's column shows beside the row of another thread. */
enum explain_life {
    LIFE_NONE,      /* not begun, or ended                                  */
    LIFE_RUNS,
    LIFE_WAITS,
};

struct explain_row {
    unsigned      number;       /* from 1                                   */
    uint64_t      time;
    unsigned      thread;
    bool          preempts;     /* the thread before could have gone on     */
    bool          whole;        /* about the run, not about a thread        */
    size_t        first;        /* its events, both included                */
    size_t        last;
    struct phrase what;
};

/* A walk over the rows of a trace. */
struct explain_walk {
    const struct explain *x;
    size_t                next;
    unsigned              number;
    size_t                hidden;       /* events collapsed so far           */
    size_t                before;       /* last event of a thread, plus 1    */
    uint8_t               life[SCHED_THREADS_MAX];
};

void explain_walk_begin(struct explain_walk *w, const struct explain *x);

/* The next row; returns false after the last. */
bool explain_walk_next(struct explain_walk *w, struct explain_row *row);

/* One event, as a clause without its thread's name. */
void explain_event(const struct explain *x, const struct trace_event *e,
                   struct phrase *out);

/* What a TRACE_RETURN says, as " -> word". */
void explain_result(const struct explain *x, const struct trace_event *e,
                    struct phrase *out);

/* The statement of a TRACE_CALL or TRACE_RETURN, or NULL. */
const struct statement *explain_statement(const struct explain *x,
                                          unsigned index);

/* The number of the row that an event is in, or 0 if it is collapsed. */
unsigned explain_row_of(const struct explain *x, size_t event);

/* Bit i: thread i has a column. */
uint32_t explain_columns(const struct explain *x);

void explain_thread_name(const struct explain *x, unsigned thread,
                         struct phrase *out);

/* Time since the start of the run, such as 12.5ms. */
void explain_time(uint64_t time, struct phrase *out);

/* Name the object of a wait; empty if the thread waits for none. */
void explain_awaited(const struct explain *x, unsigned thread,
                     struct phrase *out);

/* What a thread does at the end, as a sentence without its name. */
void explain_wait(const struct explain *x, unsigned thread,
                  struct phrase *out);

/* What was last done for a waiting thread; empty if there is nothing. */
void explain_hint(const struct explain *x, unsigned thread,
                  struct phrase *out);

/* Threads that wait for one another in a circle; empty if none do. */
void explain_circle(const struct explain *x, struct phrase *out);

/* One exception of the scenario's schedule, as a sentence. */
void explain_exception(const struct explain *x,
                       const struct sched_exception *e, struct phrase *out);

#endif
