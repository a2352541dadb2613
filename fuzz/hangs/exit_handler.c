/*
 * exit_handler.c - main returns, and an exit handler wants a lock that a
 * worker has: handlers run while all threads are still alive.
 */
#include <stdlib.h>

#include "hang.h"

static struct os_mutex lock;
static struct gate     has_lock;

static void keep_lock(void *unused)
{
    (void)unused;
    os_mutex_lock(&lock);
    gate_add(&has_lock);
    hang_park();
}

static void clean_up(void)
{
    os_mutex_lock(&lock);
    os_mutex_unlock(&lock);
}

int main(void)
{
    static struct os_thread thread;
    int failed = os_mutex_open(&lock);
    LOOP_ASSERT(!failed);
    failed = atexit(clean_up);
    LOOP_ASSERT(!failed);
    gate_open(&has_lock);
    witness_open(NULL, NULL);
    hang_start(&thread, "worker", keep_lock, NULL);
    gate_wait(&has_lock, 1, OS_FOREVER);
    witness_main_returned();
    return 0;
}
