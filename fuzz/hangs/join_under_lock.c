/*
 * join_under_lock.c - a join under the lock that the joined thread needs to
 * end. The dump needs the same lock, and so does not end either.
 */
#include "hang.h"

static struct os_mutex lock;

static void need_lock(void *unused)
{
    (void)unused;
    os_mutex_lock(&lock);
    os_mutex_unlock(&lock);
}

static void dump(void *unused)
{
    (void)unused;
    witness_print("the state is under a lock\n");
    os_mutex_lock(&lock);
    witness_print("never printed\n");
}

int main(void)
{
    struct os_thread thread;
    int failed = os_mutex_open(&lock);
    LOOP_ASSERT(!failed);
    witness_open(dump, NULL);
    os_mutex_lock(&lock);
    hang_start(&thread, "joined", need_lock, NULL);
    os_thread_join(&thread);
    return 0;
}
