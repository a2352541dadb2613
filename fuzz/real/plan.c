#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "../scenario.h"
#include "../trace.h"
#include "order.h"
#include "source.h"

static struct scenario only;

static int load(struct scenario *out, const char *path)
{
    struct scenario_error error;
    if (scenario_load(out, path, &error) == 0)
        return 0;
    scenario_error_print(stderr, &error);
    return -1;
}

/* One event a line: thread, kind, object and value, as numbers. */
static int load_order(const char *path)
{
    static struct trace_event event[ORDER_EVENTS_MAX];
    size_t count = 0;
    unsigned thread, kind, object;
    int value;
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "lastcall: cannot read %s\n", path);
        return -1;
    }
    while (count < ORDER_EVENTS_MAX &&
           fscanf(file, "%u %u %u %d", &thread, &kind, &object, &value) == 4)
        event[count++] = (struct trace_event){ .thread = (uint8_t)thread,
            .kind = (uint8_t)kind, .object = (uint16_t)object,
            .value = value };
    fclose(file);
    order_give(event, count);
    return 0;
}

int plan_load(const struct plan *plan)
{
    static struct scenario s;
    if (plan->order && load_order(plan->order) < 0)
        return -1;
    if (plan->only)
        return load(&only, plan->only);
    for (const char *const *path = plan->corpus; path && *path; path++) {
        if (load(&s, *path) < 0)
            return -1;
        source_add(&s);
    }
    return 0;
}

void plan_scenario(const struct plan *plan, uint64_t number,
                  struct scenario *out)
{
    if (plan->only)
        *out = only;
    else
        source_scenario(out, plan->seed, number, NULL);
}
