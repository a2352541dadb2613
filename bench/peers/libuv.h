/*
 * libuv.h - what the files of libuv share: the loop that is open.
 */
#ifndef BENCH_PEERS_LIBUV_H
#define BENCH_PEERS_LIBUV_H

#include <uv.h>

extern uv_loop_t libuv_loop;

#endif
