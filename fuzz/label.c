/*
 * label.c - the last run's objects by name, and its behaviour as a number.
 */
#include "world.h"

uint64_t runner_behaviour(void)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t count;
    const struct trace_event *e = trace_events(&count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (e[i].kind < TRACE_CALL || e[i].kind > TRACE_CALLBACK_END)
            continue;
        uint64_t word = (uint64_t)e[i].kind << 48 |
                        (uint64_t)e[i].object << 32 | (uint32_t)e[i].value;
        hash = (hash ^ word) * 0x100000001b3u;
    }
    return hash;
}

/* Names for people. */

static const char *object_name(enum scenario_kind kind, unsigned object)
{
    return object == SCENARIO_ANY ? "-"
                                  : scenario_object_name(world.scenario, kind,
                                                         object);
}

static const char *callback_label(unsigned kind, unsigned number)
{
    const struct instance *i;
    switch ((enum subject_kind)kind) {
    case SUBJECT_POST:
        return object_name(KIND_CALLBACK,
                           world.instance[I_POST][number].callback);
    case SUBJECT_TIMER:
        return object_name(KIND_TIMER, world.instance[I_TIMER][number].object);
    case SUBJECT_OP:
        return object_name(KIND_OP, world.instance[I_OP][number].object);
    case SUBJECT_JOB:
    case SUBJECT_JOB_WORK:
        return object_name(KIND_JOB, world.instance[I_JOB][number].object);
    case SUBJECT_TASK_STEP:
    case SUBJECT_TASK_END:
        return object_name(KIND_TASK, world.instance[I_TASK][number].object);
    case SUBJECT_HANDLE_CLOSED:
        i = &world.instance[I_HANDLE][number];
        return object_name(KIND_CHANNEL, i->object);
    case SUBJECT_CONSOLE:
        return "console";
    case SUBJECT_HOOK:
        return object_name(KIND_HOOK, world.instance[I_HOOK][number].object);
    case SUBJECT_KINDS:
        break;
    }
    return "-";
}

const char *runner_label(const struct trace_event *e)
{
    if (e->kind == TRACE_CALLBACK || e->kind == TRACE_CALLBACK_END)
        return callback_label(e->object >> 12, e->object & 0xfff);
    if ((e->kind == TRACE_CALL || e->kind == TRACE_RETURN) &&
        e->object < world.scenario->count)
        return scenario_table[world.scenario->statement[e->object].op].word;
    return NULL;
}
