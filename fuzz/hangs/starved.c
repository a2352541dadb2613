/*
 * starved.c - healthy where others run most of the time: it computes without
 * progress for longer than the limit, and is given a small part of that. On
 * an idle machine it would be a thread that spins.
 */
#include "hang.h"

#define COMPUTE_MS 3000

int main(void)
{
    witness_open(NULL, NULL);
    uint64_t end = os_now() + COMPUTE_MS * HANG_MS;
    while (os_now() < end)
        continue;
    witness_progress(1);
    witness_main_returned();
    return 0;
}
