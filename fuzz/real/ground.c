/*
 * ground.c - ground.h on real threads: the harness's lock, the finding, the
 * trace.
 */
#include "../ground.h"

#include <stdatomic.h>
#include <string.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../trace_log.h"
#include "order.h"
#include "run.h"
#include "seam.h"
#include "system.h"
#include "threads.h"

static struct os_mutex harness;
static atomic_flag     trace_busy = ATOMIC_FLAG_INIT;

void ground_open(void)
{
    int failed = os_mutex_open(&harness);
    LOOP_ASSERT(!failed);
}

void ground_enter(void)
{
    seam_mutex_lock(&harness);
}

void ground_leave(void)
{
    seam_mutex_unlock(&harness);
}

bool ground_is_exact(void)
{
    return false;
}

bool ground_handle_is_open(port_handle h)
{
    (void)h;
    return false;
}

/* A machine that has other things to do. */
uint64_t ground_slack(void)
{
    return 3000000000u;
}

unsigned ground_console(int what)
{
    struct ground_left left;
    ground_left(&left);
    if (left.console_watchers == 0 || !system_console(what))
        return 0;
    trace_emit(TRACE_CONSOLE, 0, what);
    return left.console_watchers;
}

/* Short, and held by nobody who waits. */
void trace_emit(enum trace_kind kind, unsigned object, int value)
{
    struct trace_event event = {
        .time = ground_time(),
        .value = value,
        .object = (uint16_t)object,
        .thread = (uint8_t)ground_thread(),
        .kind = (uint8_t)kind,
    };
    while (atomic_flag_test_and_set_explicit(&trace_busy,
                                             memory_order_acquire))
        system_yield();
    trace_add(&event);
    atomic_flag_clear_explicit(&trace_busy, memory_order_release);
    atomic_fetch_add(&threads_moves, 1);
    order_done(kind);
}
