/*
 * lock_order.c - two threads, two locks, taken in opposite order. The gate
 * makes sure that both have their first.
 */
#include "hang.h"

static struct os_mutex locks[2];
static struct gate     have_first;

static void take_both(int first)
{
    os_mutex_lock(&locks[first]);
    gate_add(&have_first);
    gate_wait(&have_first, 2, OS_FOREVER);
    os_mutex_lock(&locks[!first]);
}

static void other_thread(void *unused)
{
    (void)unused;
    take_both(1);
}

int main(void)
{
    struct os_thread thread;
    for (int i = 0; i < 2; i++) {
        int failed = os_mutex_open(&locks[i]);
        LOOP_ASSERT(!failed);
    }
    gate_open(&have_first);
    witness_open(NULL, NULL);
    hang_start(&thread, "other", other_thread, NULL);
    take_both(0);
    return 0;
}
