#include "arena.h"

#include <string.h>
#include <sys/mman.h>

#include "machine.h"

#define UNIT 16u
#define PARTS_MAX 64
#define KEEP_SIZE (1u << 20)

/* In front of each block, in its 16 bytes that nobody may touch. */
struct header {
    uint64_t size;
    uint64_t live;
};

/* Bytes [first, end) of one granule that are lent while others are not. */
struct part {
    uintptr_t granule;
    uint8_t   first, end;
};

static struct {
    bool        mapped;
    size_t      used;
    uint32_t    live;
    uint32_t    part_count;
    struct part part[PARTS_MAX];
} arena;

static uint8_t *arena_bytes(void)
{
    return (uint8_t *)(uintptr_t)ARENA_BASE;
}

static void map_arena(void)
{
    machine_map(ARENA_BASE, ARENA_SIZE);
    machine_map(ARENA_SHADOW, ARENA_SIZE / 8);
    memset(arena_shadow(ARENA_BASE), ARENA_UNUSED, ARENA_SIZE / 8);
    arena.mapped = true;
}

void arena_reset(void)
{
    if (!arena.mapped)
        map_arena();
    size_t used = arena.used;
    if (used > KEEP_SIZE) {
        int result = madvise(arena_bytes() + KEEP_SIZE, used - KEEP_SIZE,
                             MADV_DONTNEED);
        MACHINE_ASSERT(result == 0);
    }
    memset(arena_bytes(), 0, used < KEEP_SIZE ? used : KEEP_SIZE);
    memset(arena_shadow(ARENA_BASE), ARENA_UNUSED, used / 8);
    arena.used = 0;
    arena.live = 0;
    arena.part_count = 0;
}

static bool all_are(const uint8_t *shadow, size_t count, uint8_t value)
{
    uint64_t word, wanted = value * UINT64_C(0x0101010101010101);
    for (; count >= sizeof word; count -= sizeof word) {
        memcpy(&word, shadow, sizeof word);
        if (word != wanted)
            return false;
        shadow += sizeof word;
    }
    while (count-- > 0) {
        if (*shadow++ != value)
            return false;
    }
    return true;
}

void *arena_alloc(size_t size)
{
    MACHINE_ASSERT(arena.mapped);
    size_t whole = (size + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (size > ARENA_SIZE || ARENA_SIZE - arena.used < whole + 2 * UNIT)
        return NULL;

    struct header *header = (struct header *)(void *)(arena_bytes() +
                                                      arena.used);
    uint8_t *memory = (uint8_t *)(header + 1);
    header->size = size;
    header->live = 1;

    uint8_t *shadow = arena_shadow((uintptr_t)header);
    shadow[0] = ARENA_HEADER;
    shadow[1] = ARENA_HEADER;
    shadow += 2;
    memset(shadow, ARENA_OK, size / 8);
    if (whole != size)
        shadow[whole / 8 - 1] = ARENA_REDZONE;
    if (size % 8 != 0)
        shadow[size / 8] = (uint8_t)(size % 8);

    arena.used += UNIT + whole;
    arena.live++;
    return memory;
}

static bool is_lent(uint8_t shadow)
{
    return (shadow & 0xf0) == ARENA_LENT || (shadow & 0xf0) == ARENA_LENT_PART;
}

static bool any_lent(const uint8_t *shadow, size_t count)
{
    if (count > 1 && all_are(shadow, count - 1, ARENA_OK))
        return is_lent(shadow[count - 1]);
    for (size_t i = 0; i < count; i++) {
        if (is_lent(shadow[i]))
            return true;
    }
    return false;
}

enum arena_free arena_free(void *memory)
{
    uintptr_t address = (uintptr_t)memory;
    if (!arena_has(memory) || address % UNIT != 0 ||
        address - ARENA_BASE < UNIT ||
        *arena_shadow(address - 1) != ARENA_HEADER ||
        *arena_shadow(address - UNIT) != ARENA_HEADER)
        return ARENA_FREED_WILD;

    struct header *header = (struct header *)memory - 1;
    if (!header->live)
        return ARENA_FREED_BEFORE;
    uint8_t *shadow = arena_shadow(address);
    size_t granules = (header->size + 7) / 8;
    if (any_lent(shadow, granules))
        return ARENA_FREED_LENT;
    header->live = 0;
    memset(shadow, ARENA_FREED, granules);
    arena.live--;
    return ARENA_FREED_NOW;
}

/* How many bytes of a granule belong to a block that is in use? */
static unsigned bytes_there(uint8_t shadow)
{
    if (shadow == ARENA_OK)
        return 8;
    if (shadow < 8)
        return shadow;
    return is_lent(shadow) ? shadow & 0xf : 0;
}

/*
 * Two buffers, or a buffer and a field, can share a granule. What is lent of
 * it is then kept in a list; when that is full the granule stays unmarked,
 * which may miss an access and never accuses one.
 */
static void lend_part(uintptr_t granule, unsigned first, unsigned end)
{
    if (arena.part_count == PARTS_MAX)
        return;
    uint8_t *shadow = arena_shadow(granule);
    *shadow = (uint8_t)(ARENA_LENT_PART + bytes_there(*shadow));
    arena.part[arena.part_count++] = (struct part){
        granule, (uint8_t)first, (uint8_t)end };
}

static void return_part(uintptr_t granule, unsigned first, unsigned end)
{
    uint32_t others = 0;
    for (uint32_t i = arena.part_count; i-- > 0;) {
        struct part *p = &arena.part[i];
        if (p->granule != granule)
            continue;
        if (p->first == first && p->end == end)
            *p = arena.part[--arena.part_count];
        else
            others++;
    }
    uint8_t *shadow = arena_shadow(granule);
    if (others == 0)
        *shadow = bytes_there(*shadow) & 7;
}

/* One granule of a range, of which bytes [first, end) are meant. */
static void lend_granule(uintptr_t granule, unsigned first, unsigned end)
{
    uint8_t *shadow = arena_shadow(granule);
    unsigned there = bytes_there(*shadow);
    if (there == 0)
        return;
    if (first == 0 && end >= there && *shadow < 8)
        *shadow = (uint8_t)(ARENA_LENT + there);
    else
        lend_part(granule, first, end);
}

static void return_granule(uintptr_t granule, unsigned first, unsigned end)
{
    uint8_t *shadow = arena_shadow(granule);
    if ((*shadow & 0xf0) == ARENA_LENT)
        *shadow = bytes_there(*shadow) & 7;
    else if ((*shadow & 0xf0) == ARENA_LENT_PART)
        return_part(granule, first, end);
}

typedef void visit_fn(uintptr_t granule, unsigned first, unsigned end);

static void each_granule(uintptr_t at, uintptr_t end, visit_fn *visit)
{
    while (at < end) {
        uintptr_t granule = at & ~(uintptr_t)7;
        uintptr_t next = granule + 8 < end ? granule + 8 : end;
        visit(granule, (unsigned)(at - granule), (unsigned)(next - granule));
        at = next;
    }
}

/* Change a range; its whole granules at once, if all are as expected. */
static void change(const void *memory, size_t size, uint8_t from, uint8_t to,
                   visit_fn *visit)
{
    if (!arena_has(memory) || size == 0)
        return;
    uintptr_t at = (uintptr_t)memory;
    uintptr_t end = at + size;
    MACHINE_ASSERT(end <= ARENA_BASE + ARENA_SIZE);
    uintptr_t whole = (at + 7) & ~(uintptr_t)7;
    uintptr_t whole_end = end & ~(uintptr_t)7;
    if (whole >= whole_end ||
        !all_are(arena_shadow(whole), (whole_end - whole) / 8, from)) {
        each_granule(at, end, visit);
        return;
    }
    each_granule(at, whole, visit);
    memset(arena_shadow(whole), to, (whole_end - whole) / 8);
    each_granule(whole_end, end, visit);
}

void arena_lend(const void *memory, size_t size)
{
    change(memory, size, ARENA_OK, ARENA_LENT + 8, lend_granule);
}

void arena_return(const void *memory, size_t size)
{
    change(memory, size, ARENA_LENT + 8, ARENA_OK, return_granule);
}

static bool part_lent(uintptr_t granule, unsigned first, unsigned end)
{
    for (uint32_t i = 0; i < arena.part_count; i++) {
        const struct part *p = &arena.part[i];
        if (p->granule == granule && first < p->end && p->first < end)
            return true;
    }
    return false;
}

static enum verdict check_granule(uintptr_t granule, unsigned first,
                                  unsigned end)
{
    uint8_t shadow = *arena_shadow(granule);
    if (shadow == ARENA_OK || (shadow < 8 && end <= shadow))
        return VERDICT_CLEAN;
    if (shadow == ARENA_FREED)
        return VERDICT_USE_AFTER_FREE;
    if (!is_lent(shadow) || first >= (shadow & 0xfu))
        return VERDICT_OUT_OF_BOUNDS;
    if ((shadow & 0xf0) == ARENA_LENT || part_lent(granule, first, end))
        return VERDICT_KERNEL_OWNED_ACCESS;
    return end <= (shadow & 0xfu) ? VERDICT_CLEAN : VERDICT_OUT_OF_BOUNDS;
}

enum verdict arena_check(const void *memory, size_t size)
{
    uintptr_t at = (uintptr_t)memory;
    if (size == 0)
        return VERDICT_CLEAN;
    if (!arena_has(memory))
        return arena_null(memory) ? VERDICT_OUT_OF_BOUNDS : VERDICT_CLEAN;
    if (size > ARENA_SIZE - (at - ARENA_BASE))
        return VERDICT_OUT_OF_BOUNDS;
    if (all_are(arena_shadow(at), ((at & 7) + size + 7) / 8, ARENA_OK))
        return VERDICT_CLEAN;
    for (uintptr_t end = at + size; at < end;) {
        uintptr_t granule = at & ~(uintptr_t)7;
        uintptr_t next = granule + 8 < end ? granule + 8 : end;
        enum verdict v = check_granule(granule, (unsigned)(at - granule),
                                       (unsigned)(next - granule));
        if (v != VERDICT_CLEAN)
            return v;
        at = next;
    }
    return VERDICT_CLEAN;
}

size_t arena_used(void)
{
    return arena.used;
}

uint32_t arena_live(void)
{
    return arena.live;
}

size_t arena_oldest(void)
{
    for (size_t at = 0; at < arena.used;) {
        const struct header *header =
            (const struct header *)(const void *)(arena_bytes() + at);
        if (header->live)
            return header->size;
        at += UNIT + ((header->size + UNIT - 1) & ~(uint64_t)(UNIT - 1));
    }
    return 0;
}
