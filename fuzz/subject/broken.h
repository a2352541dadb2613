/*
 * broken.h - our loop with one promise broken: subjects that an oracle has to
 * see through.
 *
 * Each is subject_lastcall with a function replaced, or with something done
 * to its callbacks, and the verdict it must end with. The loop under it is
 * the real one, so that whatever else an oracle says is a false alarm.
 *
 * threads    one subject at a time in a process; a new one ends the last
 */
#ifndef FUZZ_SUBJECT_BROKEN_H
#define FUZZ_SUBJECT_BROKEN_H

#include "../verdict.h"
#include "subject.h"

enum broken {
    /* run and stop */
    BROKEN_STOP_UNHEARD,            /* answers 0 and does nothing            */
    BROKEN_STOP_NOT_KEPT,           /* the same, with no run inside          */
    BROKEN_STOP_SWALLOWED,          /* the run begins again after each stop  */
    BROKEN_STOP_REFUSED,            /* stops, and answers closed             */
    BROKEN_RUN_BUSY,                /* is refused as if it were nested       */
    BROKEN_RUN_CLOSED,              /* is refused as if the loop were closed */
    BROKEN_RUN_NESTED,              /* a nested one is not refused           */
    BROKEN_RUN_STOPPED,             /* ends by a stop nobody asked for       */
    BROKEN_RUN_IDLE_EARLY,          /* says idle and looks at nothing        */
    BROKEN_RUN_NEVER_IDLE,          /* sleeps on with nothing left           */
    BROKEN_RUN_TWO_PASSES,          /* where the mode is one pass            */
    BROKEN_RUN_UNDER_A_LOCK,        /* which stop needs as well              */
    BROKEN_RUN_SPINS,               /* pauses, looks at nothing, and again   */
    /* posts */
    BROKEN_POST_FORGOTTEN,          /* accepted, and not handed to the loop  */
    BROKEN_POST_DROPPED_AT_CLOSE,   /* not reported cancelled                */
    BROKEN_POST_AFTER_CLOSE,        /* accepted by a loop that is closed     */
    BROKEN_POST_REFUSED_AND_RUN,
    BROKEN_POST_AT_ONCE,            /* runs inside the call that posts       */
    BROKEN_POST_OUT_OF_ORDER,
    BROKEN_POST_UNKNOWN,            /* calls back for what nobody posted     */
    /* any kind */
    BROKEN_CALLED_TWICE,            /* the callback that ends an item        */
    /* timers */
    BROKEN_TIMER_EARLY,
    BROKEN_TIMER_NEVER,
    BROKEN_TIMER_CANCEL_UNHEARD,    /* answers 0; the timer fires            */
    BROKEN_TIMER_CANCEL_TOO_LATE,   /* answers 0; it has fired before        */
    /* ops and handles */
    BROKEN_OP_DROPPED,              /* its packet came, its callback never   */
    BROKEN_OP_OF_CLOSED_HANDLE,     /* is accepted and called                */
    BROKEN_OP_ENDS_TWICE,           /* wakes its task once more              */
    BROKEN_HANDLE_CLOSED_EARLY,     /* says closed while an op is pending    */
    BROKEN_HANDLE_CLOSED_TWICE,     /* in the kernel                         */
    /* tasks, jobs, console */
    BROKEN_TASK_AFTER_ITS_END,
    BROKEN_TASK_CANCEL_UNTOLD,      /* the step comes and does not say so    */
    BROKEN_TASK_CANCEL_UNHEARD,     /* the step does not come                */
    BROKEN_JOB_TWICE,               /* on the worker                         */
    BROKEN_JOB_AFTER_ITS_END,
    BROKEN_JOB_WORKER_STAYS,        /* a worker thread that never ends       */
    BROKEN_CONSOLE_UNTOLD,
    BROKEN_CONSOLE_UNWATCH_UNHEARD,
    /* closing */
    BROKEN_CLOSE_OVER_WORK,         /* answers 0 where it is refused         */
    BROKEN_CLOSE_BUSY,              /* is refused with nothing left          */
    BROKEN_CLOSE_ASSERTS,
    BROKEN_SHUTDOWN_LATE,
    BROKEN_SHUTDOWN_FOR_EVER,       /* waits without a time                  */
    BROKEN_SHUTDOWN_LISTS_NOTHING,
    BROKEN_SHUTDOWN_LIES,           /* abandons, and says it has drained     */
    /* what is left or touched: done at open */
    BROKEN_LEAKS_MEMORY,
    BROKEN_LEAKS_HANDLE,
    BROKEN_LEAKS_PORT,
    BROKEN_LEAKS_OP,
    BROKEN_LEAKS_CONSOLE,
    BROKEN_HOLDS_A_MUTEX,
    BROKEN_LOCKS_TWICE,
    BROKEN_FREES_TWICE,
    BROKEN_FREES_WHAT_IS_LENT,
    BROKEN_TOUCHES_WHAT_IS_FREE,
    BROKEN_TOUCHES_BEYOND,
    BROKENS,
};

/* The subject that breaks this promise; good until the next call. */
const struct subject *broken_subject(enum broken which);

/* Its name, as in the enum, in small letters with blanks. */
const char *broken_name(enum broken which);

/* The verdict it must end with. Where the scenario decides between two, such
 * as asleep and too late, it is the one of a scenario with nobody else. */
enum verdict broken_verdict(enum broken which);

#endif
