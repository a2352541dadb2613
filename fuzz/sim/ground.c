/*
 * ground.c - ground.h in the simulator, as far as the machine does not do it:
 * nothing comes between two decisions, so entering the harness is nothing.
 */
#include "../ground.h"

#include "../trace_log.h"
#include "kernel.h"
#include "livelock.h"
#include "machine.h"

_Static_assert(GROUND_OUTSIDE == SCHED_DEVICE, "one number for no thread");

void ground_enter(void)
{
}

void ground_leave(void)
{
}

bool ground_found(void)
{
    return machine.verdict != VERDICT_CLEAN;
}

bool ground_is_exact(void)
{
    return true;
}

bool ground_handle_is_open(port_handle h)
{
    return kernel_handle(h, HANDLE_QUIET) != NULL;
}

/* Pauses of a retry, early timeouts. */
uint64_t ground_slack(void)
{
    return 10 * MACHINE_MILLISECOND;
}

uint64_t ground_time(void)
{
    return machine.now;
}

unsigned ground_thread(void)
{
    return machine.current;
}

unsigned ground_thread_count(void)
{
    return machine.thread_count;
}

void trace_emit(enum trace_kind kind, unsigned object, int value)
{
    struct trace_event event = {
        .time = machine.now,
        .value = value,
        .object = (uint16_t)object,
        .thread = (uint8_t)machine.current,
        .kind = (uint8_t)kind,
    };
    trace_add(&event);
    if (kind >= TRACE_CALL && kind <= TRACE_PHASE)
        livelock_note_event(trace_what(&event));
}
