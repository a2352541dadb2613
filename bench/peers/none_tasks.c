/*
 * none_tasks.c - a loop without tasks.
 */
#include "peer_loop.h"

unsigned peer_tasks_max(void)
{
    return 0;
}

void peer_tasks_open(unsigned count)
{
    (void)count;
}

void peer_tasks_close(void)
{
}

void peer_work_open(unsigned count)
{
    (void)count;
}

void peer_work_close(void)
{
}

void peer_work(enum peer_work kind, unsigned count)
{
    (void)kind;
    (void)count;
}
