/*
 * in_handler.c - a handler that waits for what the interrupted code would
 * have to do.
 */
#include <signal.h>

#include "hang.h"

static void on_signal(int number)
{
    (void)number;
    hang_park();
}

int main(void)
{
    witness_open(NULL, NULL);
    signal(SIGTERM, on_signal);
    raise(SIGTERM);
    return 0;
}
