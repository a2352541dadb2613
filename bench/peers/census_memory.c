/*
 * census_memory.c - the malloc and free of a program that counts them.
 *
 * Each thread has a count of its own, so that counting makes no two threads
 * meet that would not have met; what one frees for another is less than
 * nothing there, and only the sum means something.
 */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "census.h"

#define SLOTS 64
#define LINE 64

struct slot {
    _Alignas(LINE) atomic_long bytes;
};

/* The allocator of the C library, under the names that it keeps. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void  __libc_free(void *memory);

const bool census_counts_memory = true;

static struct slot slots[SLOTS];
static atomic_uint next;
static _Thread_local struct slot *mine;

static void count(long bytes)
{
    if (!mine)
        mine = &slots[atomic_fetch_add(&next, 1) % SLOTS];
    atomic_fetch_add_explicit(&mine->bytes, bytes, memory_order_relaxed);
}

static void *counted(void *memory)
{
    if (memory)
        count((long)malloc_usable_size(memory));
    return memory;
}

long census_memory(void)
{
    long bytes = 0;
    for (int i = 0; i < SLOTS; i++)
        bytes += atomic_load(&slots[i].bytes);
    return bytes;
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t number, size_t size)
{
    return counted(__libc_calloc(number, size));
}

void free(void *memory)
{
    if (!memory)
        return;
    count(-(long)malloc_usable_size(memory));
    __libc_free(memory);
}

void *realloc(void *memory, size_t size)
{
    long before = memory ? (long)malloc_usable_size(memory) : 0;
    void *moved = __libc_realloc(memory, size);
    if (moved || size == 0)
        count(-before);
    return counted(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}
