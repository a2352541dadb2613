#include "watchdog_pace.h"

#define SECOND 1000000000u
#define TURNS_A_SECOND 50

void pace_add(struct pace *p, uint64_t wall_ns, uint64_t asked_ns,
              const struct child_look *look)
{
    uint64_t fair = wall_ns < 2 * asked_ns ? wall_ns : 2 * asked_ns;
    fair -= look->starved_ns < fair ? look->starved_ns : fair;
    p->wall_ns += wall_ns;
    p->fair_ns += fair;
    p->starved_ns += wall_ns - fair;
    p->ready_ns += look->ready_ns;
    p->cpu_ns += look->cpu_ns;
    p->turns += look->turns;
}

bool pace_is_over(const struct pace *p, uint64_t limit_ns, uint32_t busy_max)
{
    return p->fair_ns >= limit_ns || p->wall_ns / busy_max >= limit_ns;
}

/* A thread that waited for a processor most of the time was not asleep. */
bool pace_runs(const struct pace *p)
{
    return p->cpu_ns >= p->fair_ns / 10 + 1 ||
           p->turns >= p->fair_ns / (SECOND / TURNS_A_SECOND) + 1 ||
           p->ready_ns > p->wall_ns / 2;
}
