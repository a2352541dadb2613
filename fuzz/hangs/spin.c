/*
 * spin.c - a thread that spins for what nobody does.
 */
#include <stdatomic.h>

#include "hang.h"

static atomic_bool done;

int main(void)
{
    witness_open(NULL, NULL);
    witness_line("spinning");
    while (!atomic_load(&done))
        continue;
    return 0;
}
