/*
 * leaves_main.c - healthy: the main thread ends first and another one soon
 * after, so nothing but the witness is left.
 */
#include "hang.h"

static void work(void *unused)
{
    (void)unused;
    witness_progress(1);
    witness_line("the last one");
}

int main(void)
{
    static struct os_thread thread;
    witness_open(NULL, NULL);
    hang_start(&thread, "last", work, NULL);
    witness_leave_main();
}
