/*
 * heap.c - an allocator that counts, in the place of the C library's.
 *
 * A function of this name in the program is what every library calls, the C
 * library's own included; its allocator has a second name for each.
 *
 * Each thread counts for itself, so that counting makes no two threads meet
 * that would not have met; what one frees for another is less than nothing
 * there, and only the sum means something.
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

#define SLOTS 64
#define LINE 64

struct slot {
    _Alignas(LINE) _Atomic int64_t bytes;
    _Atomic uint64_t               calls;
};

static struct slot slots[SLOTS];
static atomic_uint next;
static _Thread_local struct slot *mine;

bool heap_is_counted(void)
{
    return true;
}

struct heap_use heap_use(void)
{
    struct heap_use use = { 0 };
    for (int i = 0; i < SLOTS; i++) {
        use.bytes += atomic_load(&slots[i].bytes);
        use.calls += atomic_load(&slots[i].calls);
    }
    return use;
}

static void count(int64_t bytes, uint64_t calls)
{
    if (!mine)
        mine = &slots[atomic_fetch_add(&next, 1) % SLOTS];
    atomic_fetch_add_explicit(&mine->bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&mine->calls, calls, memory_order_relaxed);
}

static void *taken(void *memory)
{
    count((int64_t)malloc_usable_size(memory), 1);
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
        count(-(int64_t)before, 0);
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
    count(-(int64_t)malloc_usable_size(memory), 0);
    __libc_free(memory);
}
