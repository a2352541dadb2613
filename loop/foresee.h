/*
 * foresee.h - ask the processor for memory whose turn will come soon.
 *
 * Where a loop goes through very many items, what it costs is to wait for
 * each one's memory, unless that was asked for a few items before. It is a
 * hint: what is no memory is not asked for, and nothing depends on it.
 */
#ifndef LOOP_FORESEE_H
#define LOOP_FORESEE_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_LINE 64

static inline void foresee(const void *memory, size_t size)
{
    for (size_t at = 0; at < size; at += CACHE_LINE)
        __builtin_prefetch((const void *)((uintptr_t)memory + at), 1);
}

/*
 * What was made one after another often lies at equal distances.
 *
 *   next      comes after at
 *   ahead     so many after next is what is asked for
 */
static inline void foresee_after(const void *at, const void *next,
                                 unsigned ahead, size_t size)
{
    uintptr_t distance = (uintptr_t)next - (uintptr_t)at;
    foresee((const void *)((uintptr_t)next + ahead * distance), size);
}

#endif
