/*
 * endless.c - always further, and never at an end.
 */
#include "hang.h"

int main(void)
{
    witness_open(NULL, NULL);
    for (uint64_t count = 1; count != 0; count++)
        witness_progress(count);
    return 0;
}
