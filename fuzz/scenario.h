/*
 * scenario.h - what happens in a run, as statements; and the calmest
 * schedule that is known to show something.
 *
 * A scenario is a flat list of fixed-size statements. Section statements
 * (thread, callback, task, job, hook) open a body; the statements up to the
 * next section are that body. Objects are numbered per kind from 0. The text
 * form gives them names, the binary form has numbers only, and name
 * statements carry the names across, so each form converts to the other
 * without loss. Every byte string decodes to some scenario: fields are taken
 * modulo what exists, a truncated record is dropped.
 *
 * The grammar of the text is one page in corpus/README.md; the table in
 * scenario_table.c is its only definition in code, read by parser, printer,
 * decoder and mutator alike.
 *
 * units      times are microseconds in value, us, ms or s in the text
 * ownership  a scenario is one plain struct, copied by assignment; nothing
 *            in it points outside
 * errors     scenario_parse fills a scenario_error with file, line, column
 */
#ifndef FUZZ_SCENARIO_H
#define FUZZ_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sched/sched.h"
#include "verdict.h"

#define SCENARIO_STATEMENTS_MAX 256
#define SCENARIO_EXCEPTIONS_MAX 512
#define SCENARIO_NAME_MAX 47            /* bytes of one name, without the 0   */
#define SCENARIO_TEXT_MAX (96u * 1024)  /* bytes of one text or binary input:
                                           the longest scenario prints so  */
#define SCENARIO_COMMENT_MAX 4096       /* bytes of all comments together     */

/* The kinds of objects a statement can name, and how many there can be. */
enum scenario_kind {
    KIND_LOOP,          /* 2  */
    KIND_THREAD,        /* 8  */
    KIND_CALLBACK,      /* 16 */
    KIND_TASK,          /* 16 */
    KIND_TIMER,         /* 16 */
    KIND_OP,            /* 16 */
    KIND_CHANNEL,       /* 8: a socket, pipe end, listener or wait object    */
    KIND_JOB,           /* 8  */
    KIND_GROUP,         /* 4  */
    KIND_EVENT,         /* 8: a flag of the harness, for ordering threads    */
    KIND_HOOK,          /* 4  */
    KINDS,
};

extern const uint8_t     scenario_kind_max[KINDS];
extern const char *const scenario_kind_name[KINDS];   /* "loop", "thread" ..  */

#define SCENARIO_ANY 0xff   /* an optional argument that was not given        */

/*
 * One statement: 8 bytes, little endian in the binary form. What a, b, c and
 * value mean is said by scenario_table[op].
 */
struct statement {
    uint8_t  op;            /* enum statement_op                              */
    uint8_t  a, b, c;
    uint32_t value;
};

/*
 * Statements, with their text form. [x] is optional. L loop, T time, N a
 * number, CB callback. `-> words` are the words that returns= can say.
 */
enum statement_op {
    /* sections */
    ST_LOOP,            /* loop L [workers=N]                                */
    ST_THREAD,          /* thread NAME [start=auto|manual] [daemon=no|yes]   */
    ST_CALLBACK,        /* callback NAME                                     */
    ST_TASK,            /* task NAME                                         */
    ST_JOB,             /* job NAME                                          */
    ST_HOOK,            /* hook NAME                                         */
    /* a loop's life */
    ST_OPEN,            /* open L                                            */
    ST_RUN,             /* run L mode=forever|until-idle|once|nowait
                           [returns=stopped|idle|passed|busy|closed]         */
    ST_STOP,            /* stop L [returns=ok|closed]                        */
    ST_SHUTDOWN,        /* shutdown L how=stop|graceful|hooks|deadline|abandon
                           [within=T] [returns=ok|deadline|busy|closed]      */
    ST_CLOSE,           /* close L [returns=ok|busy|closed]                  */
    /* posts and timers */
    ST_POST,            /* post L do=CB [returns=ok|closed]                  */
    ST_TIMER,           /* timer L NAME do=CB after=T                        */
    ST_CANCEL_TIMER,    /* cancel-timer TIMER [returns=ok|not-found]         */
    /* tasks */
    ST_SPAWN,           /* spawn L TASK [returns=ok|closed]                  */
    ST_CANCEL_TASK,     /* cancel-task TASK                                  */
    ST_CANCEL_ALL,      /* cancel-all L                                      */
    ST_GATHER,          /* gather GROUP TASK                                 */
    ST_AWAIT_TIMER,     /* await-timer after=T          (task bodies only)   */
    ST_AWAIT_OP,        /* await-op OP                  (task)               */
    ST_AWAIT_TASK,      /* await-task TASK              (task)               */
    ST_AWAIT_GROUP,     /* await-group GROUP [exceptions=raise|return] (task)*/
    ST_AWAIT_JOB,       /* await-job JOB                (task)               */
    ST_YIELD,           /* yield                        (task)               */
    ST_ON_CANCEL,       /* on-cancel: the rest of this task body runs when a
                           cancel is delivered, instead of ending the task   */
    ST_SWALLOW,         /* swallow: back to the body, after the statement
                           that was waiting     (after on-cancel)            */
    ST_FAIL,            /* fail: end this task, job or hook with a failure   */
    /* handles and ops */
    ST_PAIR,            /* pair L CHANNEL kind=socket|pipe-in|pipe-out       */
    ST_LISTEN,          /* listen L CHANNEL                                  */
    ST_SOCKET,          /* socket L CHANNEL     (not connected)              */
    ST_OBJECT,          /* object L CHANNEL     (a wait object)              */
    ST_READ,            /* read CHANNEL OP size=N [do=CB]  no do: for await-op*/
    ST_WRITE,           /* write CHANNEL OP size=N [do=CB]                   */
    ST_ACCEPT,          /* accept CHANNEL OP [do=CB]                         */
    ST_CONNECT,         /* connect CHANNEL OP to=CHANNEL [do=CB]             */
    ST_WAIT,            /* wait CHANNEL OP [do=CB]                           */
    ST_CANCEL,          /* cancel OP [returns=ok|not-found]                  */
    ST_CLOSE_HANDLE,    /* close-handle CHANNEL [returns=ok|closed]          */
    ST_SET,             /* set CHANNEL          (a wait object)              */
    ST_PEER_WRITE,      /* peer-write CHANNEL size=N                         */
    ST_PEER_READ,       /* peer-read CHANNEL size=N                          */
    ST_PEER_CLOSE,      /* peer-close CHANNEL                                */
    ST_PEER_CONNECT,    /* peer-connect CHANNEL   (to a listener)            */
    /* workers, console, hooks */
    ST_SUBMIT_JOB,      /* submit L JOB [do=CB] [returns=ok|closed]          */
    ST_CANCEL_JOB,      /* cancel-job JOB [returns=ok|not-found]             */
    ST_WATCH,           /* watch L do=CB                                     */
    ST_UNWATCH,         /* unwatch L                                         */
    ST_CONSOLE,         /* console event=interrupt|terminate                 */
    ST_ADD_HOOK,        /* add-hook L HOOK                                   */
    ST_LATER,           /* later: this hook is done when finished (hook)     */
    ST_FINISH,          /* finish HOOK [status=ok|failed]                    */
    /* the harness */
    ST_SLEEP,           /* sleep T                                           */
    ST_RAISE,           /* raise EVENT                                       */
    ST_AWAIT,           /* await EVENT   (blocks; thread and job bodies)     */
    ST_START,           /* start THREAD                                      */
    ST_JOIN,            /* join THREAD   (thread bodies)                     */
    ST_EXIT,            /* exit: main returns; what still runs lingers       */
    ST_EXPECT_RAN,      /* expect-ran CB times=N                             */
    ST_EXPECT_PENDING,  /* expect-pending L count=N                          */
    /* the frame: before the first section */
    ST_KERNEL,          /* kernel profile=win10|wine8|linux [faults=a,b,..]  */
    ST_EXPECT,          /* verdict WORD: what this scenario must end with    */
    /* carried for people, without effect */
    ST_NAME,            /* text of an object's or the scenario's name        */
    ST_COMMENT,         /* text of a comment line                            */
    ST_OPS,
};

enum argument_type {
    ARG_NONE,
    ARG_REF,            /* names an object of .kind                          */
    ARG_NEW,            /* defines an object of .kind, by name               */
    ARG_WORD,           /* one of .words, a NULL-terminated list             */
    ARG_TIME,           /* value: microseconds                               */
    ARG_SIZE,           /* value: bytes, text B or KiB                       */
    ARG_COUNT,          /* a plain number                                    */
    ARG_BITS,           /* value: bits, text a list of .words with commas    */
};

struct argument {
    const char         *key;        /* NULL: positional                      */
    enum argument_type  type;
    enum scenario_kind  kind;
    const char *const  *words;
    bool                optional;   /* not given: a REF or WORD has the
                                       value SCENARIO_ANY, a number 0        */
    char                field;      /* 'a', 'b', 'c' or 'v'; returns= is
                                       always in 'c', numbers always in 'v'  */
    uint32_t            max;        /* the largest word, number or bits      */
};

/* Where a statement may stand: bits of enum body_kind. */
enum body_kind { BODY_FRAME, BODY_THREAD, BODY_CALLBACK, BODY_TASK, BODY_JOB,
                 BODY_HOOK };

struct statement_form {
    const char     *word;           /* "run"                                 */
    uint8_t         bodies;         /* 1u << BODY_*                          */
    struct argument argument[4];    /* in the order of the text              */
};

extern const struct statement_form scenario_table[ST_OPS];

struct scenario {
    char             name[SCENARIO_NAME_MAX + 1];
    uint32_t         count;
    struct statement statement[SCENARIO_STATEMENTS_MAX]; /* no NAME, COMMENT  */
    enum verdict     expect;        /* CLEAN without a verdict line          */
    uint8_t          defined[KINDS];        /* objects of each kind           */
    uint32_t         exception_count;       /* the schedule, may be empty     */
    struct sched_exception exception[SCENARIO_EXCEPTIONS_MAX];
    char             names[KINDS][16][SCENARIO_NAME_MAX + 1]; /* "" = none    */
    uint32_t         comment_size;
    char             comment[SCENARIO_COMMENT_MAX]; /* lines in the order of
                        the text: [index as u16][flags][text, 0]; what index
                        and flags say is in scenario_form.h                   */
};

struct scenario_error {
    char     file[256];
    unsigned line;          /* from 1; 0 if it is not about a line            */
    unsigned column;        /* from 1                                         */
    char     text[256];     /* the line                                       */
    char     what[256];     /* what is wrong, and what to do                  */
};

/*
 * Read the text form.
 *
 *   file      for messages
 *   returns   0, or -1 with *error; *out is then undefined
 */
int scenario_parse(struct scenario *out, const char *file, const char *text,
                   size_t size, struct scenario_error *error);

/* Read a file in either form (a binary one begins with SCENARIO_MAGIC). */
#define SCENARIO_MAGIC "\x7fLCS1\0\0\0"
int scenario_load(struct scenario *out, const char *path,
                  struct scenario_error *error);

/* Write "file:line:column: what", the line and a caret. */
void scenario_error_print(FILE *out, const struct scenario_error *error);

/* Write the text form. What it writes parses back to an equal scenario. */
void scenario_print(FILE *out, const struct scenario *s);

/*
 * Write the binary form (names and comments included): magic, statements,
 * then the schedule's exceptions as records.
 *
 *   returns   bytes written; 0 if cap is too small
 */
size_t scenario_encode(const struct scenario *s, uint8_t *out, size_t cap);

/* Read the binary form with its magic; returns 0 or -1 with *error. */
int scenario_decode(struct scenario *out, const uint8_t *bytes, size_t size,
                    struct scenario_error *error);

/*
 * Read bare statements as a fuzzer's input has them (no magic, no names):
 * never fails. Fields are brought into range, statements that their body
 * does not take are dropped, and a loop is defined if one is needed. What an
 * author expects (returns=, expect-ran, expect-pending) is dropped as well,
 * since it means nothing after a mutation.
 *
 *   bytes     a record whose op is SCENARIO_END ends the statements; bytes
 *             after it are the schedule's
 */
#define SCENARIO_END 0xff
void scenario_from_bytes(struct scenario *out, const uint8_t *bytes,
                         size_t size);

/*
 * Bare statements of s and an end record, for a fuzzer's seed corpus.
 *
 *   returns   bytes written, a multiple of 8; the tail of s is left out if
 *             cap is too small
 */
size_t scenario_to_bytes(const struct scenario *s, uint8_t *out, size_t cap);

/*
 * Bring a scenario whose statements were edited (by a mutator, a generator or
 * a shrinker) into a form that scenario_print writes and scenario_parse
 * reads: references into range, statements out of their bodies dropped,
 * objects nobody names any more undefined and renumbered.
 */
void scenario_repair(struct scenario *s);

/* Are the two equal, names and comments included? */
bool scenario_equal(const struct scenario *a, const struct scenario *b);

/*
 * The body of an object: statements [*first, *end) after its section line.
 *
 *   returns   false if the object has no section
 */
bool scenario_body(const struct scenario *s, enum statement_op section,
                   unsigned number, unsigned *first, unsigned *end);

/* The name of an object, given or made from its kind and number; the result
 * is good until the fourth call after this one. */
const char *scenario_object_name(const struct scenario *s,
                                 enum scenario_kind kind, unsigned number);

/*
 * Make a random scenario that is likely to do something: a loop, one to four
 * threads, bodies, a strategy.
 *
 *   seed      the same seed gives the same scenario
 */
void scenario_generate(struct scenario *out, uint64_t seed);

/*
 * Change one scenario a little: insert, delete, copy, swap or alter
 * statements; the result is repaired.
 */
void scenario_mutate(struct scenario *s, uint64_t seed);

/* Mix two scenarios: bodies of one, bodies of the other; repaired. */
void scenario_cross(struct scenario *out, const struct scenario *a,
                    const struct scenario *b, uint64_t seed);

#endif
