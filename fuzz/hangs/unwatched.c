/*
 * unwatched.c - healthy: a program that does not want to be watched any more
 * and takes its time.
 */
#include "hang.h"

#define WAIT_MS 2500

int main(void)
{
    witness_open(NULL, NULL);
    witness_close();
    witness_progress(1);
    witness_line("nobody hears this");
    hang_nap(WAIT_MS);
    return 0;
}
