/*
 * parked_thread.c - a process that stays after its main: the main thread
 * ends and leaves a thread behind that is parked in the loop.
 */
#include "hang.h"
#include "../../loop/timer.h"

static struct loop *loop;

static void do_nothing(struct timer *t, int status)
{
    (void)t;
    (void)status;
}

static void run(void *unused)
{
    (void)unused;
    loop_run(loop, LOOP_FOREVER);
}

int main(void)
{
    static struct timer timer = { .item.name = "far away",
                                  .fire = do_nothing };
    static struct os_thread thread;
    loop = hang_loop();
    witness_open(hang_dump, loop);
    int failed = timer_start(loop, &timer, os_now() + HANG_HOUR);
    LOOP_ASSERT(!failed);
    hang_start(&thread, "parked", run, NULL);
    witness_leave_main();
}
