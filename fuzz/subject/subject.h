/*
 * subject.h - what a scenario asks of a loop: the third seam.
 *
 * Runner, oracles and corpus know a loop only through this table. A subject
 * makes its own storage for each object and names it by a number that the
 * runner gives; it frees that storage as early as its loop's contract
 * allows, so that a loop which touches it later is caught. Ours is the first
 * subject and the strictest.
 *
 * units      times are nanoseconds of os_now(), sizes are bytes
 * threads    any, as the subject's own loop allows. The caller has entered the
 *            harness (ground.h); a subject leaves it around each call into
 *            its loop and enters it in each of the loop's callbacks
 * errors     enum loop_error for results, whatever the subject's own are
 */
#ifndef FUZZ_SUBJECT_H
#define FUZZ_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../loop/port.h"
#include "../../loop/shutdown.h"
#include "../../loop/task.h"

#define SUBJECT_LOOPS 2
#define SUBJECT_NUMBERS 256     /* objects of one kind in a run: 0 .. 255 */

/* Kinds of callback, as numbered in a trace. */
enum subject_kind {
    SUBJECT_POST,
    SUBJECT_TIMER,
    SUBJECT_OP,
    SUBJECT_JOB_WORK,       /* on a worker                                 */
    SUBJECT_JOB,
    SUBJECT_TASK_STEP,
    SUBJECT_TASK_END,
    SUBJECT_HANDLE_CLOSED,
    SUBJECT_CONSOLE,
    SUBJECT_HOOK,
    SUBJECT_KINDS,
};

/* What comes with a callback. */
struct subject_event {
    enum subject_kind kind;
    uint16_t          number;   /* the runner's number of the object       */
    int32_t           status;   /* of the callback; console: events so far */
    uint32_t          size;     /* op: bytes                               */
    port_handle       handle;   /* accept: the connection, now the runner's*/
    bool              cancelled;    /* task step: a cancel is delivered    */
};

enum subject_answer {
    SUBJECT_OK,         /* task step: ends with 0; hook: done              */
    SUBJECT_WAITS,      /* task step: something is awaited; hook: later    */
    SUBJECT_FAILED,     /* task step: ends with LOOP_EFAILED; job, hook    */
    SUBJECT_CANCELLED,  /* task step: ends with LOOP_EABORTED              */
};

/* The runner's one entry: every callback of every kind comes here. */
typedef enum subject_answer subject_callback_fn(const struct subject_event *e);

/* Where loops differ, each documented choice. While ours is the only subject
 * the oracles look at nested_run_refused alone. */
struct subject_policy {
    enum { STOP_BEFORE_RUN_ONE_PASS, STOP_BEFORE_RUN_NO_PASS,
           STOP_BEFORE_RUN_STICKY, STOP_BEFORE_RUN_LOST } stop_before_run;
    bool stop_wakes_from_thread;    /* a stop from a thread needs no post  */
    bool close_refuses_pending;     /* else it cancels and waits           */
    bool post_guaranteed;           /* accepted means run or reported      */
    bool nested_run_refused;
};

struct subject {
    const char           *name;
    struct subject_policy policy;

    /* Forget everything of the last run, and say where callbacks go. */
    void (*reset)(subject_callback_fn *callback);

    /* How many os_alloc blocks are the subject adaptor's own right now: they
     * are not the loop's leaks. */
    size_t (*held)(void);

    int  (*open)(unsigned loop, unsigned workers_max);
    int  (*run)(unsigned loop, enum loop_run_mode mode);
    int  (*stop)(unsigned loop);
    int  (*close)(unsigned loop);
    int  (*shutdown)(unsigned loop, const struct shutdown_options *options,
                     struct shutdown_report *report);
    void (*destroy)(unsigned loop);     /* when nobody uses it any more    */
    size_t (*pending)(unsigned loop, struct loop_pending *out, size_t cap);

    /* number: of the object, unique in the run among its kind             */
    int  (*post)(unsigned loop, unsigned number, const char *name);
    int  (*timer)(unsigned loop, unsigned number, const char *name,
                  uint64_t due);
    int  (*timer_cancel)(unsigned number);
    int  (*spawn)(unsigned loop, unsigned number, const char *name);
    int  (*task_cancel)(unsigned number);
    int  (*task_cancel_all)(unsigned loop);
    void (*group_add)(unsigned group, unsigned task);
    /* in the step of task; each returns 0, or below 0 if it is not possible */
    int  (*await_timer)(unsigned task, uint64_t due);
    int  (*await_op)(unsigned task, unsigned op);
    int  (*await_task)(unsigned task, unsigned other);
    int  (*await_group)(unsigned task, unsigned group, bool exceptions);
    int  (*await_job)(unsigned task, unsigned job);
    int  (*await_pass)(unsigned task);
    int  (*handle_open)(unsigned loop, unsigned number, const char *name,
                        port_handle h);
    int  (*handle_close)(unsigned number);
    /* awaited: no callback of its own, a task will await it. The buffer of
     * the request is ignored: the subject lends one of its own            */
    int  (*submit)(unsigned handle, unsigned number, const char *name,
                   const struct port_request *request, bool awaited);
    int  (*cancel)(unsigned op);
    int  (*job)(unsigned loop, unsigned number, const char *name,
                bool awaited);
    int  (*job_cancel)(unsigned number);
    int  (*watch)(unsigned loop, unsigned number);
    int  (*unwatch)(unsigned number);
    int  (*hook)(unsigned loop, unsigned number, const char *name);
    void (*hook_done)(unsigned number, int status);
};

/* Our own loop. */
extern const struct subject subject_lastcall;

#endif
