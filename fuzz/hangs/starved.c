/*
 * starved.c - healthy: a piece of work without progress, well within the
 * limit, on a machine that lets others run most of the time.
 */
#include "hang.h"
#include "../child.h"

#define WORK_NS (600 * HANG_MS)
#define STROKE  100000

int main(void)
{
    witness_open(NULL, NULL);
    uint64_t end = child_self_cpu_ns() + WORK_NS;
    while (child_self_cpu_ns() < end) {
        for (volatile int i = 0; i < STROKE; i++)
            continue;
    }
    witness_progress(1);
    witness_main_returned();
    return 0;
}
