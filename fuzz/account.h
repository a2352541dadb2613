/*
 * account.h - the oracle's own books: which calls are in progress, what
 * became of each object, and what each loop owes. Only the oracle's files use
 * it.
 *
 * Every event has a sequence number; "certainly" means that the numbers leave
 * only one order.
 */
#ifndef FUZZ_ACCOUNT_H
#define FUZZ_ACCOUNT_H

#include "oracle.h"
#include "ground.h"

#define ACTIVE_MAX 64

/* What becomes of an object. */
enum life {
    LIFE_NONE,
    LIFE_SUBMITTING,    /* the call that hands it over has not returned    */
    LIFE_LIVE,
    LIFE_CALLED,        /* its last callback has begun                     */
    LIFE_ENDED,         /* and returned                                    */
    LIFE_REFUSED,
    LIFE_CANCELLED,     /* taken back: no callback may come                */
};

struct object {
    uint8_t  life;
    uint8_t  loop;
    uint8_t  thread;        /* that handed it over                         */
    bool     awaited;       /* no callback: a task awaits it               */
    bool     has_waiter;    /* a task does                                 */
    bool     worked;        /* job: work was called                        */
    bool     cancelled;     /* task: a cancel was asked for, not delivered */
    uint8_t  cancelling;    /* cancel calls that have not returned         */
    uint8_t  waits_for;     /* task: enum subject_kind, or NONE            */
    uint8_t  active;        /* index of the run it was submitted in        */
    uint64_t detail;
    uint64_t began;         /* sequence of the submitting call             */
    uint64_t accepted;      /* sequence of its return                      */
    uint64_t asking;        /* task: sequence of the cancel's begin        */
    uint64_t asked;         /* and of its return                           */
    uint64_t told;          /* task: sequence of the step that was told    */
    uint32_t events;        /* console: raised while it was watching       */
    uint32_t events_told;
    uint32_t inside;        /* console: bits of threads in its callback    */
    uint64_t stepped;       /* task: sequence of the last step             */
};

enum what { WHAT_RUN, WHAT_CLOSE, WHAT_SHUTDOWN };

/* A call to run, close or shutdown that has not returned. */
struct active {
    bool     used;
    uint8_t  what;
    uint8_t  thread;
    uint8_t  loop;
    uint8_t  mode;
    uint8_t  strategy;
    uint64_t known;         /* sequence at which it was seen to be inside  */
    bool     asked;         /* a stop returned while this was inside       */
    bool     asked_alone;   /* or kept by it, as no other run was about    */
    bool     kept;          /* it must consume a kept stop                 */
    bool     kept_maybe;
    bool     delivered;     /* a callback has run in it                    */
    bool     quiet;         /* close: nothing was left when it began       */
    bool     overtaken;     /* run: the loop was closed before it was told
                               that this is over                           */
    int      allowance;     /* callbacks it may still begin                */
    uint64_t entered;
    uint64_t last;          /* sequence of the last event on its thread    */
    uint64_t deadline;
    uint64_t callback_began;
    uint64_t in_callbacks;  /* time spent there is not the loop's          */
    bool     in_callback;
};

enum kept { KEPT_NO, KEPT_YES, KEPT_MAYBE };

struct model {
    bool     open;
    bool     closed;        /* close or shutdown has succeeded             */
    bool     abandoned;
    bool     gave_up;
    uint8_t  kept;
    uint8_t  inside;        /* active runs                                 */
    uint8_t  stopping;      /* calls to stop that have not returned        */
    uint8_t  ending;        /* calls to close and shutdown, likewise       */
    uint8_t  inside_max;
    uint64_t run_change;    /* sequence of the last run begin or end       */
    uint64_t last_stop;     /* sequence of the last stop begin or end      */
    uint64_t last_shutdown;
    uint64_t change;        /* sequence of the last event of any kind      */
    uint32_t live;          /* accepted, and not ended                     */
    uint32_t submitting;
};

struct account {
    const struct subject *subject;
    uint64_t              sequence;
    struct model          loop[SUBJECT_LOOPS];
    struct active         active[ACTIVE_MAX];
    unsigned              active_high;
    struct object         object[SUBJECT_KINDS][SUBJECT_NUMBERS];
    unsigned              high[SUBJECT_KINDS];
    uint64_t              stop_began[GROUND_THREADS_MAX + 1][SUBJECT_LOOPS];
    uint32_t              ops_called;
    uint32_t              loops_open;   /* ever                            */
};

extern struct account account;

/* What an object of a kind is called in a finding's where. */
extern const char *const account_word[SUBJECT_KINDS];

/* End the run with a finding; where is "subject what". */
void account_found(enum verdict v, const char *subject, const char *what);

/* Something happens to a loop: count it; returns its model. */
struct model *account_touch(unsigned loop);

/* A call begins; the innermost on this thread that is about the loop, or
 * NULL; is there another one, on whatever thread? */
struct active *account_begin(enum what what, unsigned loop);
struct active *account_active(unsigned loop);
bool account_other(unsigned loop, const struct active *but);

/* The word for something that was accepted no later than `sequence` and
 * keeps a run alive; for anything at all that a close must not leave; or
 * NULL. */
const char *account_alive_since(unsigned loop, uint64_t sequence);
const char *account_live(unsigned loop);

/* The object of that number. */
struct object *account_object(enum subject_kind kind, unsigned number);

/* How many callbacks can be under way when a stop returns. */
int account_allowance(const struct model *m);

/* Its life ends. */
void account_end(struct object *x, enum life life);

/* A drain ends watches without a call, and drops what nobody awaits. */
void account_end_silently(unsigned loop);

#endif
