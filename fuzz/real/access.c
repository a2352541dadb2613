/*
 * access.c - what the compiler's thread instrumentation calls, on real
 * threads: a place for noise before every atomic operation of the loop, which
 * then takes place. Plain accesses are let through.
 *
 * Orders are those of the machine: a relaxed load is at least an acquire, and
 * every read-modify-write is sequentially consistent, as on x86-64 in any
 * case. A missing fence is not what is looked for here.
 *
 * source     the calls that clang 14 and gcc 12 emit for -fsanitize=thread
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "noise.h"

#define PLAIN(name)                                                         \
    void __tsan_##name(void *memory);                                       \
    void __tsan_##name(void *memory)                                        \
    {                                                                       \
        (void)memory;                                                       \
    }

PLAIN(read1)
PLAIN(read2)
PLAIN(read4)
PLAIN(read8)
PLAIN(read16)
PLAIN(write1)
PLAIN(write2)
PLAIN(write4)
PLAIN(write8)
PLAIN(write16)
PLAIN(unaligned_read2)
PLAIN(unaligned_read4)
PLAIN(unaligned_read8)
PLAIN(unaligned_read16)
PLAIN(unaligned_write2)
PLAIN(unaligned_write4)
PLAIN(unaligned_write8)
PLAIN(unaligned_write16)

void __tsan_read_range(void *memory, size_t size);
void __tsan_read_range(void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

void __tsan_write_range(void *memory, size_t size);
void __tsan_write_range(void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int value, size_t size);
void *__tsan_memset(void *to, int value, size_t size)
{
    return memset(to, value, size);
}

#define READ_MODIFY_WRITE(bits, name, builtin)                              \
    uint##bits##_t __tsan_atomic##bits##_##name(                            \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order);  \
    uint##bits##_t __tsan_atomic##bits##_##name(                            \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order)   \
    {                                                                       \
        (void)order;                                                        \
        noise_point();                                                      \
        return builtin(memory, value, __ATOMIC_SEQ_CST);                    \
    }

#define COMPARE_EXCHANGE(bits, name)                                        \
    int __tsan_atomic##bits##_compare_exchange_##name(                      \
        volatile uint##bits##_t *memory, uint##bits##_t *expected,          \
        uint##bits##_t desired, int order, int order_failed);               \
    int __tsan_atomic##bits##_compare_exchange_##name(                      \
        volatile uint##bits##_t *memory, uint##bits##_t *expected,          \
        uint##bits##_t desired, int order, int order_failed)                \
    {                                                                       \
        (void)order;                                                        \
        (void)order_failed;                                                 \
        noise_point();                                                      \
        return __atomic_compare_exchange_n(memory, expected, desired, 0,    \
                                           __ATOMIC_SEQ_CST,                \
                                           __ATOMIC_SEQ_CST);               \
    }

#define COMPARE_EXCHANGE_VALUE(bits)                                        \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(              \
        volatile uint##bits##_t *memory, uint##bits##_t expected,           \
        uint##bits##_t desired, int order, int order_failed);               \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(              \
        volatile uint##bits##_t *memory, uint##bits##_t expected,           \
        uint##bits##_t desired, int order, int order_failed)                \
    {                                                                       \
        (void)order;                                                        \
        (void)order_failed;                                                 \
        noise_point();                                                      \
        __atomic_compare_exchange_n(memory, &expected, desired, 0,          \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);    \
        return expected;                                                    \
    }

#define ATOMIC(bits)                                                        \
    uint##bits##_t __tsan_atomic##bits##_load(                              \
        const volatile uint##bits##_t *memory, int order);                  \
    uint##bits##_t __tsan_atomic##bits##_load(                              \
        const volatile uint##bits##_t *memory, int order)                   \
    {                                                                       \
        (void)order;                                                        \
        noise_point();                                                      \
        return __atomic_load_n(memory, __ATOMIC_SEQ_CST);                   \
    }                                                                       \
    void __tsan_atomic##bits##_store(                                       \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order);  \
    void __tsan_atomic##bits##_store(                                       \
        volatile uint##bits##_t *memory, uint##bits##_t value, int order)   \
    {                                                                       \
        noise_point();                                                      \
        if (order == __ATOMIC_SEQ_CST)                                      \
            __atomic_store_n(memory, value, __ATOMIC_SEQ_CST);              \
        else                                                                \
            __atomic_store_n(memory, value, __ATOMIC_RELEASE);              \
    }                                                                       \
    READ_MODIFY_WRITE(bits, exchange, __atomic_exchange_n)                  \
    READ_MODIFY_WRITE(bits, fetch_add, __atomic_fetch_add)                  \
    READ_MODIFY_WRITE(bits, fetch_sub, __atomic_fetch_sub)                  \
    READ_MODIFY_WRITE(bits, fetch_and, __atomic_fetch_and)                  \
    READ_MODIFY_WRITE(bits, fetch_or, __atomic_fetch_or)                    \
    READ_MODIFY_WRITE(bits, fetch_xor, __atomic_fetch_xor)                  \
    COMPARE_EXCHANGE(bits, strong)                                          \
    COMPARE_EXCHANGE(bits, weak)                                            \
    COMPARE_EXCHANGE_VALUE(bits)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    noise_point();
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
