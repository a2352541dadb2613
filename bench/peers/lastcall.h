/*
 * lastcall.h - what the files of our own loop share: the loop that is open.
 */
#ifndef BENCH_PEERS_LASTCALL_H
#define BENCH_PEERS_LASTCALL_H

#include "../../loop/loop.h"

extern struct loop *lastcall_loop;

#endif
