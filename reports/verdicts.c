/*
 * verdicts.c - see verdicts.h.
 */
#include "verdicts.h"

#include "../fuzz/verdict.h"

static const struct verdict_words words[] = {
    [VERDICT_CLEAN] = { "clean",
        "The run ended, and every line of the contract held.", "" },
    [VERDICT_DEADLOCK] = { "deadlock",
        "No thread can run, no timer is due, and the scenario is not over.",
        "1, 8" },
    [VERDICT_LIVELOCK] = { "livelock",
        "A whole state came back after every thread had its turn: it goes "
        "on for ever.", "1" },
    [VERDICT_LOST_WAKE] = { "lost-wake",
        "A thread sleeps while accepted work waits for it.", "5" },
    [VERDICT_STOP_IGNORED] = { "stop-ignored",
        "The loop was asked to stop and a run is still inside.", "1, 2" },
    [VERDICT_LOST_COMPLETION] = { "lost-completion",
        "An operation ended and its callback never came.", "6" },
    [VERDICT_DUPLICATE_COMPLETION] = { "duplicate-completion",
        "A callback came twice for one operation or post.", "5, 6" },
    [VERDICT_LATE_CALLBACK] = { "late-callback",
        "A callback came after its cancel was confirmed, or after close.",
        "6, 8" },
    [VERDICT_USE_AFTER_FREE] = { "use-after-free",
        "Memory was read or written after it was freed.", "8" },
    [VERDICT_KERNEL_OWNED_ACCESS] = { "kernel-owned-access",
        "Memory of a pending operation was touched or freed while the "
        "kernel may still write to it.", "6, 9" },
    [VERDICT_DATA_RACE] = { "data-race",
        "Two threads used the same memory with nothing to order them, and "
        "one of them wrote.", "" },
    [VERDICT_DOUBLE_CLOSE] = { "double-close",
        "A handle was closed twice; by then its number may name another.",
        "8" },
    [VERDICT_LEAKED_OP] = { "leaked-op",
        "An operation was still pending when close said that all was done.",
        "8" },
    [VERDICT_LEAKED_HANDLE] = { "leaked-handle",
        "A handle of the system was left open at the end.", "8" },
    [VERDICT_LEAKED_MEMORY] = { "leaked-memory",
        "Memory was left allocated at the end.", "8" },
    [VERDICT_EARLY_QUIESCENCE] = { "early-quiescence",
        "The loop said that it was done while something was left.", "3, 8" },
    [VERDICT_ORDER_BROKEN] = { "order-broken",
        "Callbacks came in another order than was promised.", "7" },
    [VERDICT_DEADLINE_MISSED] = { "deadline-missed",
        "A shutdown went on after its deadline.", "9" },
    [VERDICT_STALE_STATE] = { "stale-state",
        "Something that was closed, consumed or past was used again.",
        "2, 4" },
    [VERDICT_LINGERING_PROCESS] = { "lingering-process",
        "The main function returned and the process stays.", "8" },
    [VERDICT_ABORT] = { "abort",
        "An assertion of the loop itself failed.", "" },
    [VERDICT_HARNESS_FAULT] = { "harness-fault",
        "The suite made a mistake; this says nothing about the loop.", "" },
    [VERDICT_OUT_OF_BOUNDS] = { "out-of-bounds",
        "Memory was touched outside of what was allocated.", "" },
    [VERDICT_DOUBLE_FREE] = { "double-free",
        "Memory was freed twice.", "8" },
};

_Static_assert(sizeof words / sizeof words[0] == VERDICTS,
               "every verdict has its words");

struct verdict_words verdicts_words(size_t i)
{
    return i < VERDICTS ? words[i] : (struct verdict_words){ 0 };
}
