/*
 * conformance.h - the numbered rules of completion ports, each with a test
 * and with what every platform announces about it.
 *
 * A rule is one sentence about Win32's completion ports, the ops on them and
 * the way a process ends. Its test is the same text everywhere: it uses
 * loop/port.h, loop/os.h and fuzz/peer.h, and says what it has seen. What
 * the seam does not offer is tried by the native part of a rule, which a
 * platform's folder supplies. A platform that does something else announces
 * it, with the words that the test will say: a departure nobody announced
 * fails, and so does an announcement that does not show any more.
 *
 * In the simulator a rule runs under the calm schedule, and one that may
 * come out differently under many others as well: it holds if it holds in
 * all of them, and if every way that its statement allows has been seen.
 *
 * threads    a test runs on one thread and starts others through os.h; what
 *            those see they hand to it, since an observation is not locked
 * source     a rule's number, and the words of its `source`, as in the list
 *            of rules that this suite grew from
 */
#ifndef FUZZ_CONFORMANCE_H
#define FUZZ_CONFORMANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A column of the table: a platform, on one kernel or in one profile. */
enum column {
    COLUMN_SIM_WIN10,
    COLUMN_SIM_WINE8,
    COLUMN_SIM_LINUX,
    COLUMN_LINUX,           /* over epoll                                    */
    COLUMN_IO_URING,
    COLUMN_WINE,            /* platform win32, on Wine                       */
    COLUMN_WINDOWS,         /* platform win32, on Windows                    */
    COLUMNS,
};

/* What one run of a test has seen; zero: the rule holds. */
struct observation {
    const char *words;      /* how it does not hold, NULL if it does         */
    bool        unseen;     /* it could not be tried here, words say why     */
    bool        numbered;   /* the two below are set                         */
    long long   expected;
    long long   actual;
    uint32_t    ways;       /* bits: which of several legal outcomes came    */
};

/* Say that something is not as the rule has it, if it is not. The first such
 * counts. The words are a string that lives on, without numbers. */
void observe(struct observation *o, bool as_ruled, const char *words);
void observe_eq(struct observation *o, long long expected, long long actual,
                const char *words);

/* Note that one of several legal outcomes, a bit of rule.ways, has come. */
void observe_way(struct observation *o, uint32_t way);

/* Say that the rule cannot be tried here, such as for want of a device. */
void observe_nothing(struct observation *o, const char *words);

enum announced {
    ANNOUNCED_HOLDS,
    ANNOUNCED_DIFFERS,      /* it does not hold, as `seen` says              */
    ANNOUNCED_MAY,          /* it holds, or not as `seen` says, or could not
                               be tried                                      */
    ANNOUNCED_NOT_APPLICABLE,
};

struct announcement {
    enum announced what;
    const char    *seen;    /* the words of the observation, or NULL         */
    const char    *why;
};

#define DIFFERS(seen, why)  { ANNOUNCED_DIFFERS, seen, why }
#define MAY_DIFFER(seen, why) { ANNOUNCED_MAY, seen, why }
#define NOT_HERE(why)       { ANNOUNCED_NOT_APPLICABLE, NULL, why }

/* Initialisers of several columns. */
#define ON_SIM(announcement)                                                \
    [COLUMN_SIM_WIN10] = announcement, [COLUMN_SIM_WINE8] = announcement,   \
    [COLUMN_SIM_LINUX] = announcement
#define ON_LINUX(announcement)                                              \
    [COLUMN_LINUX] = announcement, [COLUMN_IO_URING] = announcement
#define ON_WIN32(announcement)                                              \
    [COLUMN_WINE] = announcement, [COLUMN_WINDOWS] = announcement
#define ONLY_ON_WIN32(why) ON_SIM(NOT_HERE(why)), ON_LINUX(NOT_HERE(why))
#define NO_SUCH_CALL "no such call at this seam"

typedef void rule_fn(struct observation *o);

struct rule {
    const char *id;                 /* a letter and a number                 */
    const char *statement;          /* one sentence                          */
    const char *source;
    rule_fn    *test;               /* NULL: native only, or not at all      */
    uint32_t    faults;             /* simulator: bits of 1 << sched_outcome */
    uint32_t    ways;               /* simulator: all of these are to come   */
    bool        races;              /* simulator: under many schedules       */
    struct announcement announced[COLUMNS];     /* zero: holds               */
};

/* One file of rules; the table is all of them in this order. */
struct rule_group {
    const struct rule *rule;
    unsigned           count;
};

extern const struct rule_group rules_port, rules_wait, rules_op,
    rules_cancel, rules_close, rules_device, rules_time, rules_end;

/* Walk through the table: the rule at an index from 0, NULL past the last. */
const struct rule *rule_at(unsigned index);

/* Find a rule by its id; NULL if there is none. */
const struct rule *rule_find(const char *id);

/* The platform's own part of a rule, NULL if it has none. Each of sim/,
 * linux/ and win32/ implements it. */
rule_fn *native_find(const char *id);

enum outcome {
    OUTCOME_HOLDS,
    OUTCOME_DIFFERS,        /* as announced                                  */
    OUTCOME_NOT_APPLICABLE,
    OUTCOME_FAILS,
};

const char *outcome_name(enum outcome outcome);

#define WORDS_SIZE 256

struct judgement {
    enum outcome outcome;
    char         words[WORDS_SIZE];
};

/* Is there something to run for a rule in a column? */
bool rule_applies(const struct rule *r, enum column column);

/*
 * Compare what was seen with what was announced.
 *
 *   o         NULL if nothing was run: rule_applies is false, or there is no
 *             test
 */
struct judgement judge(const struct announcement *announced,
                       const struct observation *o);

/* Run the portable part of a rule and its native one; what both have seen is
 * told with a semicolon between. */
void rule_run(const struct rule *r, struct observation *o);

/* Print a line of the table: rule, outcome, words and statement, with tabs
 * between. */
void rule_print(FILE *out, const struct rule *r, const struct judgement *j);

/* Wait until every other thread that this test has started sleeps, as far as
 * the platform can tell. Each of sim/, linux/ and win32/ implements it. */
void settle(void);

#endif
