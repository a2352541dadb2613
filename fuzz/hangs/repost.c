/*
 * repost.c - a run that goes on after the stop: a callback posts itself for
 * ever, and what should end it is looked at by nobody.
 */
#include <stdatomic.h>

#include "hang.h"

static struct loop *loop;
static atomic_bool  stop;

static void again(struct post *p, int status)
{
    if (status == 0)
        loop_post(loop, p);
}

static void run(void *unused)
{
    (void)unused;
    loop_run(loop, LOOP_UNTIL_IDLE);
}

int main(void)
{
    static struct post post = { .item.name = "again", .run = again };
    struct os_thread thread;
    loop = hang_loop();
    witness_open(hang_dump, loop);
    int failed = loop_post(loop, &post);
    LOOP_ASSERT(!failed);
    hang_start(&thread, "runner", run, NULL);
    atomic_store(&stop, true);
    os_thread_join(&thread);
    return 0;
}
