/*
 * repost.c - a run that goes on after the stop: a callback posts itself for
 * ever, and what should end it is looked at by nobody. Of the post a dump may
 * see nothing, since it is being delivered most of the time; a timer is there
 * all along.
 */
#include <stdatomic.h>

#include "hang.h"
#include "../../loop/timer.h"

static struct loop *loop;
static atomic_bool  stop;

static void again(struct post *p, int status)
{
    if (status == 0)
        loop_post(loop, p);
}

static void do_nothing(struct timer *t, int status)
{
    (void)t;
    (void)status;
}

static void run(void *unused)
{
    (void)unused;
    loop_run(loop, LOOP_UNTIL_IDLE);
}

int main(void)
{
    static struct post post = { .name = "again", .run = again };
    static struct timer timer = { .item.name = "far away",
                                  .fire = do_nothing };
    struct os_thread thread;
    loop = hang_loop();
    witness_open(hang_dump, loop);
    int failed = timer_start(loop, &timer, os_now() + HANG_HOUR);
    LOOP_ASSERT(!failed);
    failed = loop_post(loop, &post);
    LOOP_ASSERT(!failed);
    hang_start(&thread, "runner", run, NULL);
    atomic_store(&stop, true);
    os_thread_join(&thread);
    return 0;
}
