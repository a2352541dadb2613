/*
 * world.h - the state of one run, as the runner's files share it: what the
 * statements have made so far, and where the harness stands.
 *
 * threads    whoever has entered the harness (ground.h); what threads of a
 *            scenario wait for has a lock of its own
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "../loop/os.h"
#include "ground.h"
#include "runner.h"

#define THREADS 8
#define CALLBACKS 16
#define INSTANCES_MAX 64    /* of one kind                                 */
#define HELPERS_MAX 32
#define THREADS_SAFE 20     /* of the simulator's, for console events      */
#define FINISH_WITHIN 1000000000u   /* 1 s, virtual                        */

/* A dynamic object: what a number at the subject seam stands for. */
struct instance {
    uint8_t     object;     /* its number in the scenario, or ANY          */
    uint8_t     callback;   /* body to execute, or ANY                     */
    uint8_t     loop;
    bool        later;      /* hook: finishes later                        */
    uint16_t    pc;         /* task: next statement                        */
    uint16_t    resume;     /* task: where to go on after a swallow        */
    bool        handling;   /* task: in the part after on-cancel           */
    bool        begun;      /* task: its body was found                    */
    port_handle far;        /* handle: the peer's end                      */
    port_handle near;       /* handle: the loop's end                      */
    struct port_address at; /* handle: where it listens                    */
    bool        object_set; /* handle: a wait object                       */
};

enum instance_kind { I_POST, I_TIMER, I_OP, I_JOB, I_TASK, I_HANDLE, I_WATCH,
                     I_HOOK, I_KINDS };

struct world {
    const struct subject     *subject;
    const struct scenario    *scenario;
    const struct run_options *options;
    struct instance           instance[I_KINDS][INSTANCES_MAX];
    unsigned                  count[I_KINDS];
    unsigned                  objects_max;
    int16_t                   latest[I_KINDS][16];  /* of a scenario object */
    bool                      loop_begun[SUBJECT_LOOPS];
    bool                      loop_open[SUBJECT_LOOPS];
    bool                      loop_destroyed[SUBJECT_LOOPS];
    unsigned                  calls[SUBJECT_LOOPS + 1]; /* not returned     */
    struct os_thread          thread[THREADS];
    bool                      started[THREADS];
    bool                      ended[THREADS];
    unsigned                  alive;        /* threads that are not daemons */
    bool                      exited;
    unsigned                  finishes;     /* how often it was tried       */
    bool                      rescuing;
    bool                      unjudged;     /* no thread was left to rescue */
    struct os_mutex           lock;         /* guards raised and ended      */
    struct os_cond            changed;
    struct os_cond            never;
    uint32_t                  waiting;      /* bits of threads that wait
                                               for a flag or a thread       */
    uint32_t                  telling[SUBJECT_LOOPS];   /* and of those in
                                               a console event's callback   */
    bool                      raised[8];
    struct body {
        uint16_t first, end;    /* statements; end 0: there is none         */
    }                         body[ST_HOOK + 1][16];
    unsigned                  ran[CALLBACKS];
    struct os_thread          helper[HELPERS_MAX];
    unsigned                  helpers;
};

extern struct world world;

/* Where a statement is executed. */
struct context {
    enum body_kind kind;
    int            task;        /* instance, in a task body                */
    bool           failed;
    bool           later;
    bool           exited;
};

#define NO_LOOP SUBJECT_LOOPS   /* for a call that is about none of them    */

/* world.c */

/* Forget every object. */
void world_forget(void);

/* Make an object; returns its number at the seam, or -1 for one too many. */
int world_instance(enum instance_kind kind, unsigned object, unsigned loop,
                   unsigned callback);

/* The latest instance of a scenario's object, or -1. */
int world_latest(enum instance_kind kind, unsigned object);

/* Find where the bodies of a scenario are, once; then each of them. */
void world_find_bodies(const struct scenario *s);
bool world_body(enum statement_op section, unsigned object, unsigned *first,
                unsigned *end);

/* The name a scenario gives an object, or NULL. */
const char *world_name(enum scenario_kind kind, unsigned object);

/* Can the loop be named in a call? */
bool world_usable(unsigned loop);

/* Around a call: trace, calls in progress, and what returns= expects. The
 * result is handed through. */
void world_call(const struct statement *st, unsigned loop);
int  world_return(const struct statement *st, unsigned loop, int result);

/* A statement's expectation does not hold. */
void world_mismatch(const struct statement *st, const char *what);

/* execute.c: returns true if the body ends or waits here. */
bool execute(const struct statement *st, struct context *c);
void execute_body(enum statement_op section, unsigned object,
                  struct context *c);
int  execute_shutdown(unsigned loop, enum shutdown_strategy strategy,
                      uint64_t within);

/* execute_io.c: the statements about handles, ops and peers. */
void execute_io(const struct statement *st);

/* callback.c: every callback of the subject. */
enum subject_answer callback_run(const struct subject_event *e);

/* runner.c: start a thread of the scenario, if it was not. */
void world_start_thread(unsigned thread);

/* Forget the last run and be ready for the next; then start its threads. */
void world_begin(const struct subject *subject, const struct scenario *s,
                 const struct run_options *options);
void world_start_threads(void);

/*
 * Nothing can run: ask the oracle, and see what the harness can still do.
 *
 *   timed     some thread waits with a time limit
 *   returns   true if a thread was started that will move things on
 */
bool world_idle(bool timed);

/* Close the far ends that are still open. */
void world_close_peers(void);

/* All threads have ended; or, stuck, nothing will ever run again. */
void world_judge(bool stuck);

#endif
