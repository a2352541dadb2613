/*
 * slow.c - healthy: longer than the limit in all, and further every time.
 */
#include "hang.h"

#define STEPS 60
#define STEP_MS 50

int main(void)
{
    witness_open(NULL, NULL);
    for (int i = 1; i <= STEPS; i++) {
        hang_nap(STEP_MS);
        witness_progress((uint64_t)i);
    }
    witness_main_returned();
    return 0;
}
