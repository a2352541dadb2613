/*
 * heap.c - an allocator that counts, in the place of the C library's.
 *
 * A function of this name in the program is what every library calls, the C
 * library's own included; its allocator has a second name for each.
 *
 * source: glibc's manual, "Replacing malloc"
 */
#include "../heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void  __libc_free(void *memory);

static _Atomic int64_t  bytes;
static _Atomic uint64_t calls;

bool heap_is_counted(void)
{
    return true;
}

struct heap_use heap_use(void)
{
    return (struct heap_use){ bytes, calls };
}

static void *taken(void *memory)
{
    calls++;
    bytes += (int64_t)malloc_usable_size(memory);
    return memory;
}

void *malloc(size_t size)
{
    return taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return taken(__libc_calloc(count, size));
}

/* What could not be made larger is there as before. */
void *realloc(void *memory, size_t size)
{
    size_t before = malloc_usable_size(memory);
    void *moved = __libc_realloc(memory, size);
    if (moved || size == 0)
        bytes -= (int64_t)before;
    return taken(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return taken(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory)
        *out = memory;
    return memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    bytes -= (int64_t)malloc_usable_size(memory);
    __libc_free(memory);
}
