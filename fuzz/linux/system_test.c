/*
 * system_test.c - what runs on real threads ask of Linux.
 *
 * That every thread sleeps is what a hang is told by: a thread that is taken
 * for a sleeper while it runs makes the harness stop a run, or move the clock
 * under it.
 */
#include "../real/system.h"

#include <stdatomic.h>
#include <unistd.h>

#include "../../loop/os.h"
#include "../../loop/test.h"

#define LOOKS 3000
#define TRIES 60000

/* Threads that read from a pipe. */

static int pipes[2][2];

static void open_pipes(void)
{
    CHECK_EQ(0, pipe(pipes[0]));
    CHECK_EQ(0, pipe(pipes[1]));
}

static void close_pipes(void)
{
    for (int i = 0; i < 2; i++)
        for (int end = 0; end < 2; end++)
            close(pipes[i][end]);
}

static void start(struct os_thread *t, void (*entry)(void *), void *arg)
{
    CHECK_EQ(0, os_thread_start(t, "thread", entry, arg));
}

static void sleep_until_told(void *arg)
{
    char byte;
    (void)arg;
    CHECK_EQ(1, (int)read(pipes[0][0], &byte, 1));
}

static void threads_that_wait_are_asleep(void)
{
    struct os_thread thread[2];
    open_pipes();
    for (int i = 0; i < 2; i++)
        start(&thread[i], sleep_until_told, NULL);
    bool asleep = false;
    for (int i = 0; i < TRIES && !asleep; i++) {
        os_pause();
        asleep = system_all_asleep();
    }
    CHECK(asleep);
    CHECK_EQ(2, (int)write(pipes[0][1], "ab", 2));
    for (int i = 0; i < 2; i++)
        os_thread_join(&thread[i]);
    close_pipes();
}

static void run_until_told(void *told)
{
    while (!atomic_load((atomic_bool *)told))
        continue;
}

static void thread_that_runs_is_awake(void)
{
    struct os_thread thread;
    atomic_bool told = false;
    start(&thread, run_until_told, &told);
    for (int i = 0; i < LOOKS; i++)
        CHECK(!system_all_asleep());
    atomic_store(&told, true);
    os_thread_join(&thread);
}

/* What one of them has got it hands to the other, until the pipe ends. */
static void hand_over(void *arg)
{
    int side = *(int *)arg;
    char byte;
    while (read(pipes[side][0], &byte, 1) == 1 && byte != 'z')
        CHECK_EQ(1, (int)write(pipes[!side][1], &byte, 1));
    CHECK_EQ(1, (int)write(pipes[!side][1], "z", 1));
}

/* Each of two sleeps for half of the time, and never both. */
static void threads_that_wake_each_other_are_awake(void)
{
    struct os_thread thread[2];
    int side[2] = { 0, 1 };
    open_pipes();
    CHECK_EQ(1, (int)write(pipes[0][1], "a", 1));
    for (int i = 0; i < 2; i++)
        start(&thread[i], hand_over, &side[i]);
    int asleep = 0;
    for (int i = 0; i < LOOKS; i++)
        asleep += system_all_asleep();
    CHECK_EQ(0, asleep);
    CHECK_EQ(1, (int)write(pipes[0][1], "z", 1));
    for (int i = 0; i < 2; i++)
        os_thread_join(&thread[i]);
    close_pipes();
}

static void open_descriptors_are_counted(void)
{
    unsigned before = system_handles();
    open_pipes();
    CHECK_EQ(before + 4, system_handles());
    close_pipes();
    CHECK_EQ(before, system_handles());
}

int main(void)
{
    RUN(threads_that_wait_are_asleep);
    RUN(thread_that_runs_is_awake);
    RUN(threads_that_wake_each_other_are_awake);
    RUN(open_descriptors_are_counted);
    return test_result(4);
}
