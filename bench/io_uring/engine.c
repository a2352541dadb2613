/*
 * engine.c - what the kernel has given to the port of this loop.
 *
 * Another port would not do for an answer: the memory that rings may lock
 * can run out between the two.
 */
#include "../../loop/io_uring/engine.h"

#include "../../loop/core.h"
#include "../engine.h"

const char *engine_name(const struct loop *l)
{
    return port_uses_ring(l->port) ? "io_uring" : "epoll";
}
