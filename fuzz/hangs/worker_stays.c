/*
 * worker_stays.c - a job that never returns, and a shutdown that waits for
 * it without a limit worth the name.
 */
#include "hang.h"
#include "../../loop/shutdown.h"
#include "../../loop/worker.h"

static struct gate working;

static int work(struct job *j)
{
    (void)j;
    gate_add(&working);
    hang_park();
    return 0;
}

static void do_nothing(struct job *j, int status)
{
    (void)j;
    (void)status;
}

int main(void)
{
    static struct job job = { .item.name = "endless job", .work = work,
                              .done = do_nothing };
    struct shutdown_options options = { .strategy = SHUTDOWN_GRACEFUL,
                                        .within = 24 * HANG_HOUR };
    struct loop *loop = hang_loop();
    gate_open(&working);
    witness_open(hang_dump, loop);
    int failed = job_submit(loop, &job);
    LOOP_ASSERT(!failed);
    gate_wait(&working, 1, OS_FOREVER);
    return loop_shutdown(loop, &options, NULL);
}
