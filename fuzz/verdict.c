/*
 * The nouns themselves. Their order is that of enum verdict.
 */
#include "verdict.h"

#include <string.h>

#include "../loop/check.h"

static const char *const names[VERDICTS] = {
    [VERDICT_CLEAN]                = "clean",
    [VERDICT_DEADLOCK]             = "deadlock",
    [VERDICT_LIVELOCK]             = "livelock",
    [VERDICT_LOST_WAKE]            = "lost-wake",
    [VERDICT_STOP_IGNORED]         = "stop-ignored",
    [VERDICT_LOST_COMPLETION]      = "lost-completion",
    [VERDICT_DUPLICATE_COMPLETION] = "duplicate-completion",
    [VERDICT_LATE_CALLBACK]        = "late-callback",
    [VERDICT_USE_AFTER_FREE]       = "use-after-free",
    [VERDICT_KERNEL_OWNED_ACCESS]  = "kernel-owned-access",
    [VERDICT_DATA_RACE]            = "data-race",
    [VERDICT_DOUBLE_CLOSE]         = "double-close",
    [VERDICT_LEAKED_OP]            = "leaked-op",
    [VERDICT_LEAKED_HANDLE]        = "leaked-handle",
    [VERDICT_LEAKED_MEMORY]        = "leaked-memory",
    [VERDICT_EARLY_QUIESCENCE]     = "early-quiescence",
    [VERDICT_ORDER_BROKEN]         = "order-broken",
    [VERDICT_DEADLINE_MISSED]      = "deadline-missed",
    [VERDICT_STALE_STATE]          = "stale-state",
    [VERDICT_LINGERING_PROCESS]    = "lingering-process",
    [VERDICT_ABORT]                = "abort",
    [VERDICT_HARNESS_FAULT]        = "harness-fault",
    [VERDICT_OUT_OF_BOUNDS]        = "out-of-bounds",
    [VERDICT_DOUBLE_FREE]          = "double-free",
};

const char *verdict_name(enum verdict v)
{
    LOOP_ASSERT((unsigned)v < VERDICTS);
    return names[v];
}

int verdict_find(const char *name)
{
    for (int v = 0; v < VERDICTS; v++)
        if (strcmp(names[v], name) == 0)
            return v;
    return -1;
}
