/*
 * arena.h - the memory of the subject, and what it may touch of it.
 *
 * Blocks are given out from one end to the other and never used again within
 * a run, so every stale pointer stays recognisable. For each 8 bytes a
 * shadow byte says how they may be used; a block has 16 bytes that nobody
 * may touch on either side. Arena and shadow lie at the same address in
 * every process, which makes the check two instructions and a load, and
 * addresses the same in every run.
 *
 * units      sizes are bytes
 * source     AddressSanitizer's shadow; the encoding is our own
 */
#ifndef FUZZ_SIM_ARENA_H
#define FUZZ_SIM_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../verdict.h"

#define ARENA_BASE 0x200000000000u
#define ARENA_SIZE (64u << 20)
#define ARENA_SHADOW 0x200010000000u
#define ARENA_NULL_SIZE 65536u

/*
 * Shadow bytes: 0 all 8 bytes may be used, 1 to 7 the first so many, above
 * that nothing without a closer look.
 */
enum arena_shadow {
    ARENA_OK = 0,
    ARENA_LENT_PART = 0xd0,     /* plus the bytes that are there: some lent  */
    ARENA_LENT = 0xe0,          /* plus the bytes that are there: all lent   */
    ARENA_HEADER = 0xf9,        /* in front of a block                       */
    ARENA_REDZONE = 0xfa,       /* behind one                                */
    ARENA_FREED = 0xfd,
    ARENA_UNUSED = 0xff,        /* not given out yet                         */
};

/* Take back everything. What was used is zero again. */
void arena_reset(void);

/* As os_alloc; NULL when the arena is full. */
void *arena_alloc(size_t size);

enum arena_free {
    ARENA_FREED_NOW,
    ARENA_FREED_BEFORE,
    ARENA_FREED_LENT,       /* and still the kernel's                        */
    ARENA_FREED_WILD,       /* never given out                               */
};

enum arena_free arena_free(void *memory);

/* Lend and take back, as sim_lend and sim_return. */
void arena_lend(const void *memory, size_t size);
void arena_return(const void *memory, size_t size);

/* Is the memory in the arena? */
static inline bool arena_has(const void *memory)
{
    return (uintptr_t)memory - ARENA_BASE < ARENA_SIZE;
}

static inline uint8_t *arena_shadow(uintptr_t address)
{
    return (uint8_t *)(ARENA_SHADOW + ((address - ARENA_BASE) >> 3));
}

/* Is it where a null pointer, or a field of one, leads? */
static inline bool arena_null(const void *memory)
{
    return (uintptr_t)memory < ARENA_NULL_SIZE;
}

/*
 * Does an access that lies within 8 aligned bytes need a closer look? Most
 * accesses end here with "no".
 */
static inline bool arena_suspect(const void *memory)
{
    if (__builtin_expect(arena_has(memory), 1))
        return __builtin_expect(*arena_shadow((uintptr_t)memory) != 0, 0);
    return __builtin_expect(arena_null(memory), 0);
}

/*
 * Look closely: VERDICT_CLEAN, or what is wrong with the first bad byte.
 * Outside the arena only a null pointer is wrong, and out of bounds.
 */
enum verdict arena_check(const void *memory, size_t size);

size_t   arena_used(void);      /* bytes from ARENA_BASE that are not fresh  */
uint32_t arena_live(void);      /* blocks given out and not freed            */
size_t   arena_oldest(void);    /* size of the first of them, or 0           */

#endif
