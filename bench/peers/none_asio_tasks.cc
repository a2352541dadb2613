/*
 * none_asio_tasks.cc - Asio without coroutines.
 */
#include "asio_context.h"

bool asio_has_tasks(void)
{
    return false;
}

void asio_tasks_cancel(void)
{
}

void asio_tasks_clear(void)
{
}
