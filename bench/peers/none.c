/*
 * none.c - what most peers have not: tasks, and measurements of their own.
 */
#include <stddef.h>

#include "peer_loop.h"

void peer_tasks_open(unsigned count)
{
    (void)count;
}

void peer_tasks_close(void)
{
}

child_measure *peer_loop_own(const char *name)
{
    (void)name;
    return NULL;
}
