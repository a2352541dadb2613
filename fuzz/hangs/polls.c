/*
 * polls.c - a wait that looks again and again, with pauses, at what nobody
 * changes.
 */
#include <stdatomic.h>

#include "hang.h"

static atomic_bool done;

int main(void)
{
    witness_open(NULL, NULL);
    while (!atomic_load(&done))
        os_pause();
    return 0;
}
