/*
 * engine.c - the port over epoll has no other engine.
 */
#include "../engine.h"

const char *engine_name(const struct loop *l)
{
    (void)l;
    return "epoll";
}
