/*
 * heap.h - what a process has taken from the heap, counted at the heap.
 *
 * A program that is linked with linux/heap.c has an allocator of its own
 * beneath every library, which counts and hands on to the system's. One that
 * is linked with peers/none_heap.c counts nothing, and pays nothing for it:
 * times are measured there.
 *
 * units      bytes as the heap rounds them up
 * threads    any
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* So far: bytes that are in use, and calls that took some or changed the size
 * of what was taken; to give back is no such call. */
struct heap_use {
    int64_t  bytes;
    uint64_t calls;
};

/* Is it counted in this program? */
bool heap_is_counted(void);

struct heap_use heap_use(void);

#endif
