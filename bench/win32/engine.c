/*
 * engine.c - there is one completion port on Windows.
 */
#include "../engine.h"

const char *engine_name(const struct loop *l)
{
    (void)l;
    return "iocp";
}
