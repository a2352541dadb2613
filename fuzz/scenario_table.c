/*
 * The statements of the scenario language, once.
 *
 * Parser, printer, decoder and mutator are driven by this table; only the
 * lines `scenario`, `verdict` and `schedule`, which are not statements, are
 * known to them by name. Two habits make it easy to read a statement without
 * the table: returns= is always in field c, and numbers are always in value.
 */
#include "scenario.h"

#include "../loop/shutdown.h"
#include "sim/sim.h"

#define TIME_MAX    3600000000u     /* an hour */
#define BYTES_MAX   65536u
#define COUNT_MAX   1000u
#define WORKERS_MAX 8u

#define FRAME    (1u << BODY_FRAME)
#define THREAD   (1u << BODY_THREAD)
#define CALLBACK (1u << BODY_CALLBACK)
#define TASK     (1u << BODY_TASK)
#define JOB      (1u << BODY_JOB)
#define HOOK     (1u << BODY_HOOK)
#define ANY_BODY (THREAD | CALLBACK | TASK | JOB | HOOK)

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]) - 1)

/* Arguments. F is the field, K the kind of object, W the list of words. */
#define NEW(F, K)   { .type = ARG_NEW, .kind = K, .field = F }
#define REF(F, K)   { .type = ARG_REF, .kind = K, .field = F }
#define TO(F, K)    { .key = "to", .type = ARG_REF, .kind = K, .field = F }
#define DO(F)       { .key = "do", .type = ARG_REF, \
                      .kind = KIND_CALLBACK, .field = F }
#define MAY_DO(F)   { .key = "do", .type = ARG_REF, \
                      .kind = KIND_CALLBACK, .field = F, .optional = true }
#define WORD(KEY, F, W) { .key = KEY, .type = ARG_WORD, .words = W, \
                          .field = F, .max = COUNT_OF(W) - 1 }
#define MAY_WORD(KEY, F, W) { .key = KEY, .type = ARG_WORD, .words = W, \
                              .field = F, .max = COUNT_OF(W) - 1, \
                              .optional = true }
#define RETURNS(W)  MAY_WORD("returns", 'c', W)
#define AFTER       { .key = "after", .type = ARG_TIME, .field = 'v', \
                      .max = TIME_MAX }
#define SIZE        { .key = "size", .type = ARG_SIZE, .field = 'v', \
                      .max = BYTES_MAX }
#define NUMBER(KEY) { .key = KEY, .type = ARG_COUNT, .field = 'v', \
                      .max = COUNT_MAX }

const uint8_t scenario_kind_max[KINDS] = {
    [KIND_LOOP] = 2,   [KIND_THREAD] = 8, [KIND_CALLBACK] = 16,
    [KIND_TASK] = 16,  [KIND_TIMER] = 16, [KIND_OP] = 16,
    [KIND_CHANNEL] = 8, [KIND_JOB] = 8,   [KIND_GROUP] = 4,
    [KIND_EVENT] = 8,  [KIND_HOOK] = 4,
};

const char *const scenario_kind_name[KINDS] = {
    [KIND_LOOP] = "loop",       [KIND_THREAD] = "thread",
    [KIND_CALLBACK] = "callback", [KIND_TASK] = "task",
    [KIND_TIMER] = "timer",     [KIND_OP] = "op",
    [KIND_CHANNEL] = "channel", [KIND_JOB] = "job",
    [KIND_GROUP] = "group",     [KIND_EVENT] = "event",
    [KIND_HOOK] = "hook",
};

static const char *const start[] = { "auto", "manual", NULL };
static const char *const no_yes[] = { "no", "yes", NULL };

/* In the order of enum loop_run_mode. */
static const char *const mode[] = {
    "forever", "until-idle", "once", "nowait", NULL };

/* In the order of enum loop_run_end, then the refusals. */
static const char *const run_ends[] = {
    "stopped", "idle", "passed", "busy", "closed", NULL };

/* In the order of enum shutdown_strategy. */
static const char *const how[] = {
    "stop", "graceful", "hooks", "deadline", "abandon", NULL };

static const char *const shutdown_ends[] = {
    "ok", "deadline", "busy", "closed", NULL };
static const char *const close_ends[] = { "ok", "busy", "closed", NULL };
static const char *const ok_closed[] = { "ok", "closed", NULL };
static const char *const ok_not_found[] = { "ok", "not-found", NULL };
static const char *const ok_failed[] = { "ok", "failed", NULL };
static const char *const exceptions[] = { "raise", "return", NULL };
static const char *const pair_kind[] = {
    "socket", "pipe-in", "pipe-out", NULL };

/* In the order of enum os_console_event, which counts from 1. */
static const char *const console[] = { "interrupt", "terminate", NULL };

/* In the order of enum sim_profile. */
static const char *const profile[] = { "win10", "wine8", "linux", NULL };

/* In the order of enum sched_outcome: the bits are those of SIM_FAULT. */
static const char *const faults[] = {
    "sync", "cancel", "pick-op", "partial", "early", "post", "release",
    "batch", "spurious", "memory", "refuse", "signal", NULL };

_Static_assert(COUNT_OF(faults) == SCHED_OUTCOMES, "one word a bit");
_Static_assert(COUNT_OF(profile) == SIM_LINUX + 1, "one word a profile");
_Static_assert(COUNT_OF(how) == SHUTDOWN_ABANDON + 1, "one word a strategy");
_Static_assert(COUNT_OF(mode) == LOOP_NOWAIT + 1, "one word a mode");

const struct statement_form scenario_table[ST_OPS] = {
    [ST_LOOP] = { "loop", FRAME,
        { NEW('a', KIND_LOOP),
          { .key = "workers", .type = ARG_COUNT, .field = 'v',
            .max = WORKERS_MAX, .optional = true } } },
    [ST_THREAD] = { "thread", FRAME,
        { NEW('a', KIND_THREAD), MAY_WORD("start", 'b', start),
          MAY_WORD("daemon", 'c', no_yes) } },
    [ST_CALLBACK] = { "callback", FRAME, { NEW('a', KIND_CALLBACK) } },
    [ST_TASK] = { "task", FRAME, { NEW('a', KIND_TASK) } },
    [ST_JOB] = { "job", FRAME, { NEW('a', KIND_JOB) } },
    [ST_HOOK] = { "hook", FRAME, { NEW('a', KIND_HOOK) } },

    [ST_OPEN] = { "open", ANY_BODY, { REF('a', KIND_LOOP) } },
    [ST_RUN] = { "run", ANY_BODY,
        { REF('a', KIND_LOOP), WORD("mode", 'b', mode),
          RETURNS(run_ends) } },
    [ST_STOP] = { "stop", ANY_BODY,
        { REF('a', KIND_LOOP), RETURNS(ok_closed) } },
    [ST_SHUTDOWN] = { "shutdown", ANY_BODY,
        { REF('a', KIND_LOOP), WORD("how", 'b', how),
          { .key = "within", .type = ARG_TIME, .field = 'v',
            .max = TIME_MAX, .optional = true },
          RETURNS(shutdown_ends) } },
    [ST_CLOSE] = { "close", ANY_BODY,
        { REF('a', KIND_LOOP), RETURNS(close_ends) } },

    [ST_POST] = { "post", ANY_BODY,
        { REF('a', KIND_LOOP), DO('b'), RETURNS(ok_closed) } },
    [ST_TIMER] = { "timer", ANY_BODY,
        { REF('a', KIND_LOOP), NEW('b', KIND_TIMER), DO('c'), AFTER } },
    [ST_CANCEL_TIMER] = { "cancel-timer", ANY_BODY,
        { REF('a', KIND_TIMER), RETURNS(ok_not_found) } },

    [ST_SPAWN] = { "spawn", ANY_BODY,
        { REF('a', KIND_LOOP), REF('b', KIND_TASK), RETURNS(ok_closed) } },
    [ST_CANCEL_TASK] = { "cancel-task", ANY_BODY, { REF('a', KIND_TASK) } },
    [ST_CANCEL_ALL] = { "cancel-all", ANY_BODY, { REF('a', KIND_LOOP) } },
    [ST_GATHER] = { "gather", ANY_BODY,
        { NEW('a', KIND_GROUP), REF('b', KIND_TASK) } },
    [ST_AWAIT_TIMER] = { "await-timer", TASK, { AFTER } },
    [ST_AWAIT_OP] = { "await-op", TASK, { REF('a', KIND_OP) } },
    [ST_AWAIT_TASK] = { "await-task", TASK, { REF('a', KIND_TASK) } },
    [ST_AWAIT_GROUP] = { "await-group", TASK,
        { REF('a', KIND_GROUP), MAY_WORD("exceptions", 'b', exceptions) } },
    [ST_AWAIT_JOB] = { "await-job", TASK, { REF('a', KIND_JOB) } },
    [ST_YIELD] = { "yield", TASK, { { 0 } } },
    [ST_ON_CANCEL] = { "on-cancel", TASK, { { 0 } } },
    [ST_SWALLOW] = { "swallow", TASK, { { 0 } } },
    [ST_FAIL] = { "fail", TASK | JOB | HOOK, { { 0 } } },

    [ST_PAIR] = { "pair", ANY_BODY,
        { REF('a', KIND_LOOP), NEW('b', KIND_CHANNEL),
          WORD("kind", 'c', pair_kind) } },
    [ST_LISTEN] = { "listen", ANY_BODY,
        { REF('a', KIND_LOOP), NEW('b', KIND_CHANNEL) } },
    [ST_SOCKET] = { "socket", ANY_BODY,
        { REF('a', KIND_LOOP), NEW('b', KIND_CHANNEL) } },
    [ST_OBJECT] = { "object", ANY_BODY,
        { REF('a', KIND_LOOP), NEW('b', KIND_CHANNEL) } },
    [ST_READ] = { "read", ANY_BODY,
        { REF('a', KIND_CHANNEL), NEW('b', KIND_OP), SIZE, MAY_DO('c') } },
    [ST_WRITE] = { "write", ANY_BODY,
        { REF('a', KIND_CHANNEL), NEW('b', KIND_OP), SIZE, MAY_DO('c') } },
    [ST_ACCEPT] = { "accept", ANY_BODY,
        { REF('a', KIND_CHANNEL), NEW('b', KIND_OP), MAY_DO('c') } },
    [ST_CONNECT] = { "connect", ANY_BODY,
        { REF('a', KIND_CHANNEL), NEW('b', KIND_OP), TO('c', KIND_CHANNEL),
          MAY_DO('v') } },
    [ST_WAIT] = { "wait", ANY_BODY,
        { REF('a', KIND_CHANNEL), NEW('b', KIND_OP), MAY_DO('c') } },
    [ST_CANCEL] = { "cancel", ANY_BODY,
        { REF('a', KIND_OP), RETURNS(ok_not_found) } },
    [ST_CLOSE_HANDLE] = { "close-handle", ANY_BODY,
        { REF('a', KIND_CHANNEL), RETURNS(ok_closed) } },
    [ST_SET] = { "set", ANY_BODY, { REF('a', KIND_CHANNEL) } },
    [ST_PEER_WRITE] = { "peer-write", ANY_BODY,
        { REF('a', KIND_CHANNEL), SIZE } },
    [ST_PEER_READ] = { "peer-read", ANY_BODY,
        { REF('a', KIND_CHANNEL), SIZE } },
    [ST_PEER_CLOSE] = { "peer-close", ANY_BODY, { REF('a', KIND_CHANNEL) } },
    [ST_PEER_CONNECT] = { "peer-connect", ANY_BODY,
        { REF('a', KIND_CHANNEL) } },

    [ST_SUBMIT_JOB] = { "submit", ANY_BODY,
        { REF('a', KIND_LOOP), REF('b', KIND_JOB), MAY_DO('v'),
          RETURNS(ok_closed) } },
    [ST_CANCEL_JOB] = { "cancel-job", ANY_BODY,
        { REF('a', KIND_JOB), RETURNS(ok_not_found) } },
    [ST_WATCH] = { "watch", ANY_BODY, { REF('a', KIND_LOOP), DO('b') } },
    [ST_UNWATCH] = { "unwatch", ANY_BODY, { REF('a', KIND_LOOP) } },
    [ST_CONSOLE] = { "console", ANY_BODY,
        { WORD("event", 'a', console) } },
    [ST_ADD_HOOK] = { "add-hook", ANY_BODY,
        { REF('a', KIND_LOOP), REF('b', KIND_HOOK) } },
    [ST_LATER] = { "later", HOOK, { { 0 } } },
    [ST_FINISH] = { "finish", ANY_BODY,
        { REF('a', KIND_HOOK), MAY_WORD("status", 'b', ok_failed) } },

    [ST_SLEEP] = { "sleep", ANY_BODY,
        { { .type = ARG_TIME, .field = 'v', .max = TIME_MAX } } },
    [ST_RAISE] = { "raise", ANY_BODY, { NEW('a', KIND_EVENT) } },
    [ST_AWAIT] = { "await", THREAD | JOB, { NEW('a', KIND_EVENT) } },
    [ST_START] = { "start", ANY_BODY, { REF('a', KIND_THREAD) } },
    [ST_JOIN] = { "join", THREAD, { REF('a', KIND_THREAD) } },
    [ST_EXIT] = { "exit", THREAD, { { 0 } } },
    [ST_EXPECT_RAN] = { "expect-ran", ANY_BODY,
        { REF('a', KIND_CALLBACK), NUMBER("times") } },
    [ST_EXPECT_PENDING] = { "expect-pending", ANY_BODY,
        { REF('a', KIND_LOOP), NUMBER("count") } },

    [ST_KERNEL] = { "kernel", FRAME,
        { WORD("profile", 'a', profile),
          { .key = "faults", .type = ARG_BITS, .words = faults,
            .field = 'v', .max = (1u << COUNT_OF(faults)) - 1,
            .optional = true } } },

    /* These three are lines of the text and records of the binary form, but
     * no statements: no body takes them. */
    [ST_EXPECT] = { "verdict", 0, { { 0 } } },
    [ST_NAME] = { "scenario", 0, { { 0 } } },
    [ST_COMMENT] = { "#", 0, { { 0 } } },
};
