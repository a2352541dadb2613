/*
 * fails.c - an assertion that fails.
 */
#include "hang.h"

int main(void)
{
    static struct os_mutex lock;
    witness_open(NULL, NULL);
    witness_progress(1);
    LOOP_ASSERT(lock.platform[0] == 1);
    return 0;
}
