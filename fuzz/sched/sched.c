#include "sched.h"

#include <string.h>

struct sched *sched_find(const char *name)
{
    struct sched *const all[] = {
        sched_calm_default(), sched_random_walk(),
        sched_sticky(),       sched_pct(),
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, all[i]->name) == 0)
            return all[i];
    }
    return NULL;
}
