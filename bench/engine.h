/*
 * engine.h - which interface of the kernel drives the port of a loop.
 *
 * A loop over io_uring goes on over epoll when the kernel refuses a ring, and
 * behaves the same. What is measured then is epoll, whatever was linked, so
 * a figure says whose it is.
 *
 * threads    any
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "../loop/loop.h"

#define ENGINE_NAME_MAX 16

/* "epoll" or "io_uring". */
const char *engine_name(const struct loop *l);

#endif
