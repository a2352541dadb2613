/*
 * verdict.h - the nouns by which a finding is known.
 *
 * A verdict is a bug's identity: its name never changes once published, and
 * new ones go to the end.
 */
#ifndef FUZZ_VERDICT_H
#define FUZZ_VERDICT_H

enum verdict {
    VERDICT_CLEAN,
    VERDICT_DEADLOCK,               /* nothing can run, nobody will post      */
    VERDICT_LIVELOCK,               /* a state came back, all had their turn  */
    VERDICT_LOST_WAKE,              /* asleep over accepted work              */
    VERDICT_STOP_IGNORED,           /* asked to stop, still inside            */
    VERDICT_LOST_COMPLETION,        /* a packet came, its callback never      */
    VERDICT_DUPLICATE_COMPLETION,   /* a callback came twice                  */
    VERDICT_LATE_CALLBACK,          /* a callback after cancel or close       */
    VERDICT_USE_AFTER_FREE,
    VERDICT_KERNEL_OWNED_ACCESS,    /* touched or freed under the kernel      */
    VERDICT_DATA_RACE,
    VERDICT_DOUBLE_CLOSE,
    VERDICT_LEAKED_OP,
    VERDICT_LEAKED_HANDLE,
    VERDICT_LEAKED_MEMORY,
    VERDICT_EARLY_QUIESCENCE,       /* said done, and something was left      */
    VERDICT_ORDER_BROKEN,
    VERDICT_DEADLINE_MISSED,
    VERDICT_STALE_STATE,            /* something closed or past was used      */
    VERDICT_LINGERING_PROCESS,      /* main has returned, a thread stays      */
    VERDICT_ABORT,                  /* the subject's own assertion            */
    VERDICT_HARNESS_FAULT,          /* the suite's own mistake                */
    VERDICT_OUT_OF_BOUNDS,
    VERDICT_DOUBLE_FREE,
    VERDICTS,
};

/* The fixed name of a verdict, never NULL. */
const char *verdict_name(enum verdict v);

/* Find a verdict by name; returns -1 if there is none. */
int verdict_find(const char *name);

#endif
