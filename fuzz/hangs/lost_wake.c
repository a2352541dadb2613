/*
 * lost_wake.c - a stop that wakes nobody: the flag is set, and the thread
 * that should see it sleeps in the loop until a timer that is an hour away.
 * Asking the process to end does not help either: it listens, and does not.
 */
#include <stdatomic.h>

#include "hang.h"
#include "../../loop/timer.h"

static struct loop *loop;
static atomic_bool  stop;

static void do_nothing(struct timer *t, int status)
{
    (void)t;
    (void)status;
}

static void stay(struct os_console *c, enum os_console_event what)
{
    (void)c;
    (void)what;
}

static void run(void *unused)
{
    (void)unused;
    do
        loop_run(loop, LOOP_ONCE);
    while (!atomic_load(&stop));
}

int main(void)
{
    static struct timer timer = { .item.name = "far away",
                                  .fire = do_nothing };
    static struct os_console console = { .event = stay };
    struct os_thread thread;
    loop = hang_loop();
    witness_open(hang_dump, loop);
    int failed = os_console_watch(&console);
    LOOP_ASSERT(!failed);
    failed = timer_start(loop, &timer, os_now() + HANG_HOUR);
    LOOP_ASSERT(!failed);
    hang_start(&thread, "runner", run, NULL);
    atomic_store(&stop, true);
    os_thread_join(&thread);
    return 0;
}
