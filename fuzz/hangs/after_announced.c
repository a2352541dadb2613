/*
 * after_announced.c - an announced wait that is over, and then a hang: what
 * was announced holds until the next progress only.
 */
#include "hang.h"

int main(void)
{
    witness_open(NULL, NULL);
    witness_progress(1);
    witness_expect(3600 * 1000);
    witness_progress(2);
    hang_park();
    return 0;
}
