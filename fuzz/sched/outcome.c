#include "sched.h"

#include <string.h>

#include "../../loop/check.h"

static const char *const outcome_names[SCHED_OUTCOMES] = {
    [SCHED_SYNC]     = "sync",
    [SCHED_CANCEL]   = "cancel",
    [SCHED_PICK_OP]  = "pick-op",
    [SCHED_PARTIAL]  = "partial",
    [SCHED_EARLY]    = "early",
    [SCHED_POST]     = "post",
    [SCHED_RELEASE]  = "release",
    [SCHED_BATCH]    = "batch",
    [SCHED_SPURIOUS] = "spurious",
    [SCHED_MEMORY]   = "memory",
    [SCHED_REFUSE]   = "refuse",
    [SCHED_SIGNAL]   = "signal",
};

const char *sched_outcome_name(enum sched_outcome what)
{
    LOOP_ASSERT((unsigned)what < SCHED_OUTCOMES);
    return outcome_names[what];
}

int sched_outcome_find(const char *name)
{
    for (int i = 0; i < SCHED_OUTCOMES; i++) {
        if (strcmp(name, outcome_names[i]) == 0)
            return i;
    }
    return -1;
}
