/*
 * callback.c - what the subject calls: bodies of callbacks, steps of tasks,
 * jobs and hooks.
 */
#include "oracle.h"
#include "world.h"

/* Tasks: a body that can be left at a wait and gone on with. */

static unsigned find_on_cancel(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        if (world.scenario->statement[i].op == ST_ON_CANCEL)
            return i;
    return end;
}

static enum subject_answer leave_task(const struct instance *t,
                                      const struct context *c)
{
    if (c->failed)
        return SUBJECT_FAILED;
    return t->handling ? SUBJECT_CANCELLED : SUBJECT_OK;
}

static enum subject_answer step_task(const struct subject_event *e)
{
    struct instance *t = &world.instance[I_TASK][e->number];
    struct context c = { .kind = BODY_TASK, .task = e->number };
    unsigned first, end;
    if (!world_body(ST_TASK, t->object, &first, &end))
        return SUBJECT_OK;
    unsigned handler = find_on_cancel(first, end);
    if (!t->begun) {
        t->begun = true;
        t->pc = (uint16_t)first;
    }
    if (e->cancelled) {
        if (handler == end || t->handling)
            return SUBJECT_CANCELLED;
        t->resume = t->pc;
        t->pc = (uint16_t)(handler + 1);
        t->handling = true;
    }
    while (t->pc < (t->handling ? end : handler)) {
        const struct statement *st = &world.scenario->statement[t->pc++];
        if (st->op == ST_SWALLOW && t->handling) {
            t->handling = false;
            t->pc = t->resume;
        } else if (execute(st, &c)) {
            bool ends = st->op == ST_FAIL || st->op == ST_EXIT;
            return ends ? leave_task(t, &c) : SUBJECT_WAITS;
        }
    }
    return leave_task(t, &c);
}

/* Callbacks. */

static void run_callback_body(enum instance_kind kind, unsigned number)
{
    struct instance *i = &world.instance[kind][number];
    struct context c = { .kind = BODY_CALLBACK };
    if (i->callback < CALLBACKS)
        world.ran[i->callback]++;
    execute_body(ST_CALLBACK, i->callback, &c);
}

static void run_console(unsigned number)
{
    uint32_t me = UINT32_C(1) << ground_thread();
    unsigned loop = world.instance[I_WATCH][number].loop;
    world.telling[loop] |= me;
    run_callback_body(I_WATCH, number);
    world.telling[loop] &= ~me;
}

static enum subject_answer run_hook(unsigned number)
{
    struct instance *i = &world.instance[I_HOOK][number];
    struct context c = { .kind = BODY_HOOK };
    unsigned first, end;

    /* A callback may finish the hook before its body has ended. */
    if (world_body(ST_HOOK, i->object, &first, &end))
        for (unsigned s = first; s < end; s++)
            if (world.scenario->statement[s].op == ST_LATER)
                i->later = true;
    execute_body(ST_HOOK, i->object, &c);
    if (c.later)
        return SUBJECT_WAITS;
    i->later = false;
    return c.failed ? SUBJECT_FAILED : SUBJECT_OK;
}

static enum subject_answer run_job(unsigned number)
{
    struct context c = { .kind = BODY_JOB };
    execute_body(ST_JOB, world.instance[I_JOB][number].object, &c);
    return c.failed ? SUBJECT_FAILED : SUBJECT_OK;
}

static void end_handle(unsigned number)
{
    struct instance *i = &world.instance[I_HANDLE][number];
    if (i->near != PORT_NO_HANDLE && ground_handle_is_open(i->near))
        ground_finding(VERDICT_EARLY_QUIESCENCE,
                       "handle is called before it is closed");
    i->near = PORT_NO_HANDLE;
}

static enum subject_answer answer_callback(const struct subject_event *e)
{
    switch (e->kind) {
    case SUBJECT_POST:
        if (e->status == 0)
            run_callback_body(I_POST, e->number);
        break;
    case SUBJECT_TIMER:     run_callback_body(I_TIMER, e->number);  break;
    case SUBJECT_OP:        run_callback_body(I_OP, e->number);     break;
    case SUBJECT_JOB:       run_callback_body(I_JOB, e->number);    break;
    case SUBJECT_CONSOLE:   run_console(e->number);                 break;
    case SUBJECT_JOB_WORK:  return run_job(e->number);
    case SUBJECT_TASK_STEP: return step_task(e);
    case SUBJECT_HOOK:      return run_hook(e->number);
    case SUBJECT_HANDLE_CLOSED:
        end_handle(e->number);
        break;
    case SUBJECT_TASK_END:
    case SUBJECT_KINDS:
        break;
    }
    return SUBJECT_OK;
}

enum subject_answer callback_run(const struct subject_event *e)
{
    unsigned object = (unsigned)e->kind << 12 | e->number;
    trace_emit(TRACE_CALLBACK, object, e->status);
    oracle_callback(e);
    if (e->handle != PORT_NO_HANDLE)
        port_handle_close(e->handle);
    enum subject_answer answer = answer_callback(e);
    trace_emit(TRACE_CALLBACK_END, object, (int)answer);
    oracle_callback_ended(e);
    return answer;
}
