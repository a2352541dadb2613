/*
 * announced.c - healthy: a wait that is longer than the limit, and was
 * announced.
 */
#include "hang.h"

#define WAIT_MS 2500

int main(void)
{
    witness_open(NULL, NULL);
    witness_progress(1);
    witness_expect(24 * WAIT_MS);
    hang_nap(WAIT_MS);
    witness_progress(2);
    witness_main_returned();
    return 0;
}
