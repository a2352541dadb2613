/*
 * tsan.c - what the compiler's thread instrumentation calls: every access of
 * the subject, with its address and size, and every atomic operation, with
 * its order.
 *
 * A plain access is checked against the shadow of the arena. An atomic
 * operation is a decision first. Since one thread runs at a time, both take
 * effect as written: memory is sequentially consistent.
 *
 * source     the calls that clang 14 and gcc 12 emit for -fsanitize=thread
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "livelock.h"
#include "machine.h"

/* The section tells frames.c which functions are the subject's: those that
 * call into it. */
#define HOOK __attribute__((section("sim_hooks"), used))

/* Not inlined, so that the hooks end in a jump and keep no frame. */
__attribute__((noinline)) static void
look(const void *memory, size_t size, const void *site)
{
    enum verdict v = arena_check(memory, size);
    if (v == VERDICT_CLEAN || !machine.active)
        return;
    machine_misuse(v, NULL, site, __builtin_frame_address(0));
}

void machine_touch(const void *memory, size_t size)
{
    enum verdict v = arena_check(memory, size);
    if (v != VERDICT_CLEAN && machine.active)
        MACHINE_MISUSE(v, NULL);
}

static inline void note_write(const void *memory, size_t size)
{
    if (__builtin_expect(machine.fair, 0))
        livelock_note_write(memory, size);
}

/* Accesses of up to 8 bytes, aligned. */
#define PLAIN(size)                                                         \
    HOOK void __tsan_read##size(void *memory);                              \
    HOOK void __tsan_read##size(void *memory)                               \
    {                                                                       \
        if (arena_suspect(memory))                                          \
            look(memory, size, MACHINE_SITE);                               \
    }                                                                       \
    HOOK void __tsan_write##size(void *memory);                             \
    HOOK void __tsan_write##size(void *memory)                              \
    {                                                                       \
        note_write(memory, size);                                           \
        if (arena_suspect(memory))                                          \
            look(memory, size, MACHINE_SITE);                               \
    }

/* Accesses that may lie across two granules or more. */
#define WIDE(name, size)                                                    \
    HOOK void __tsan_##name##size(void *memory);                            \
    HOOK void __tsan_##name##size(void *memory)                             \
    {                                                                       \
        if (arena_has(memory) || arena_null(memory))                        \
            look(memory, size, MACHINE_SITE);                               \
    }

#define WIDE_WRITE(name, size)                                              \
    HOOK void __tsan_##name##size(void *memory);                            \
    HOOK void __tsan_##name##size(void *memory)                             \
    {                                                                       \
        note_write(memory, size);                                           \
        if (arena_has(memory) || arena_null(memory))                        \
            look(memory, size, MACHINE_SITE);                               \
    }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
WIDE(read, 16)
WIDE(unaligned_read, 2)
WIDE(unaligned_read, 4)
WIDE(unaligned_read, 8)
WIDE(unaligned_read, 16)
WIDE_WRITE(write, 16)
WIDE_WRITE(unaligned_write, 2)
WIDE_WRITE(unaligned_write, 4)
WIDE_WRITE(unaligned_write, 8)
WIDE_WRITE(unaligned_write, 16)

HOOK void __tsan_read_range(void *memory, size_t size);
HOOK void __tsan_read_range(void *memory, size_t size)
{
    if (arena_has(memory) || arena_null(memory))
        look(memory, size, MACHINE_SITE);
}

HOOK void __tsan_write_range(void *memory, size_t size);
HOOK void __tsan_write_range(void *memory, size_t size)
{
    note_write(memory, size);
    if (arena_has(memory) || arena_null(memory))
        look(memory, size, MACHINE_SITE);
}

HOOK void __tsan_vptr_read(void **memory);
HOOK void __tsan_vptr_read(void **memory)
{
    if (arena_suspect(memory))
        look(memory, 8, MACHINE_SITE);
}

HOOK void __tsan_vptr_update(void **memory, void *value);
HOOK void __tsan_vptr_update(void **memory, void *value)
{
    (void)value;
    note_write(memory, 8);
    if (arena_suspect(memory))
        look(memory, 8, MACHINE_SITE);
}

/* A range that begins or ends outside the block is found at its first bad
 * byte; one that begins outside the arena is not the subject's memory. */
HOOK void *__tsan_memcpy(void *to, const void *from, size_t size);
HOOK void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    look(from, size, MACHINE_SITE);
    look(to, size, MACHINE_SITE);
    note_write(to, size);
    return memcpy(to, from, size);
}

HOOK void *__tsan_memmove(void *to, const void *from, size_t size);
HOOK void *__tsan_memmove(void *to, const void *from, size_t size)
{
    look(from, size, MACHINE_SITE);
    look(to, size, MACHINE_SITE);
    note_write(to, size);
    return memmove(to, from, size);
}

HOOK void *__tsan_memset(void *to, int value, size_t size);
HOOK void *__tsan_memset(void *to, int value, size_t size)
{
    look(to, size, MACHINE_SITE);
    note_write(to, size);
    return memset(to, value, size);
}

/*
 * An atomic operation: another thread may come first; then the memory is
 * checked, because that thread may have freed it.
 */
static inline void atomic_access(const volatile void *memory, size_t size,
                                 int order, bool writes, const void *site)
{
    (void)order;
    machine_yield(site);
    if (arena_suspect((const void *)memory))
        look((const void *)memory, size, site);
    if (writes)
        note_write((const void *)memory, size);
}

#define READ_MODIFY_WRITE(bits, name, result)                               \
    HOOK uint##bits##_t __tsan_atomic##bits##_##name(                       \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order);  \
    HOOK uint##bits##_t __tsan_atomic##bits##_##name(                       \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order)   \
    {                                                                       \
        atomic_access(memory, bits / 8, order, true, MACHINE_SITE);         \
        uint##bits##_t old = *memory;                                       \
        *memory = (uint##bits##_t)(result);                                 \
        return old;                                                         \
    }

/* Weak and strong are the same here: none fails for no reason. */
#define COMPARE_EXCHANGE(bits, name)                                        \
    HOOK int __tsan_atomic##bits##_compare_exchange_##name(                 \
        volatile uint##bits##_t *memory, uint##bits##_t *expected,          \
        uint##bits##_t desired, int order, int order_failed);               \
    HOOK int __tsan_atomic##bits##_compare_exchange_##name(                 \
        volatile uint##bits##_t *memory, uint##bits##_t *expected,          \
        uint##bits##_t desired, int order, int order_failed)                \
    {                                                                       \
        (void)order_failed;                                                 \
        atomic_access(memory, bits / 8, order, true, MACHINE_SITE);         \
        uint##bits##_t old = *memory;                                       \
        if (old == *expected) {                                             \
            *memory = desired;                                              \
            return 1;                                                       \
        }                                                                   \
        *expected = old;                                                    \
        return 0;                                                           \
    }

#define ATOMIC(bits)                                                        \
    HOOK uint##bits##_t __tsan_atomic##bits##_load(                         \
        const volatile uint##bits##_t *memory, int order);                  \
    HOOK uint##bits##_t __tsan_atomic##bits##_load(                         \
        const volatile uint##bits##_t *memory, int order)                   \
    {                                                                       \
        atomic_access(memory, bits / 8, order, false, MACHINE_SITE);        \
        return *memory;                                                     \
    }                                                                       \
    HOOK void __tsan_atomic##bits##_store(                                  \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order);  \
    HOOK void __tsan_atomic##bits##_store(                                  \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order)   \
    {                                                                       \
        atomic_access(memory, bits / 8, order, true, MACHINE_SITE);         \
        *memory = value;                                                    \
    }                                                                       \
    READ_MODIFY_WRITE(bits, exchange, value)                                \
    READ_MODIFY_WRITE(bits, fetch_add, old + value)                         \
    READ_MODIFY_WRITE(bits, fetch_sub, old - value)                         \
    READ_MODIFY_WRITE(bits, fetch_and, old & value)                         \
    READ_MODIFY_WRITE(bits, fetch_or, old | value)                          \
    READ_MODIFY_WRITE(bits, fetch_xor, old ^ value)                         \
    READ_MODIFY_WRITE(bits, fetch_nand, ~(old & value))                     \
    COMPARE_EXCHANGE(bits, strong)                                          \
    COMPARE_EXCHANGE(bits, weak)                                            \
    HOOK uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(         \
        volatile uint##bits##_t *memory, uint##bits##_t expected,           \
        uint##bits##_t desired, int order, int order_failed);               \
    HOOK uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(         \
        volatile uint##bits##_t *memory, uint##bits##_t expected,           \
        uint##bits##_t desired, int order, int order_failed)                \
    {                                                                       \
        (void)order_failed;                                                 \
        atomic_access(memory, bits / 8, order, true, MACHINE_SITE);         \
        uint##bits##_t old = *memory;                                       \
        if (old == expected)                                                \
            *memory = desired;                                              \
        return old;                                                         \
    }

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

/* A fence changes nothing under sequential consistency, but it is a place
 * where people expect others to come in. */
HOOK void __tsan_atomic_thread_fence(int order);
HOOK void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    machine_yield(MACHINE_SITE);
}

HOOK void __tsan_atomic_signal_fence(int order);
HOOK void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

HOOK void __tsan_func_entry(void *caller);
HOOK void __tsan_func_entry(void *caller)
{
    (void)caller;
}

HOOK void __tsan_func_exit(void);
HOOK void __tsan_func_exit(void)
{
}

/* Called by a constructor of each instrumented file; outside the section,
 * because that constructor is not the subject's. */
void __tsan_init(void);
void __tsan_init(void)
{
}
