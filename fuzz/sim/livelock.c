#include "livelock.h"

#include <string.h>

#include "arena.h"
#include "machine.h"

#define STATICS_MAX 512
#define ROUND_BYTES 4096u

/* A state that comes back after some rounds also comes back after so many
 * times as many: looking at every 32nd loses no proof, only time. */
#define ROUNDS_SKIPPED 31

static struct {
    uint64_t  saved;            /* a state, and what happened since          */
    uint64_t  saved_now;
    uint64_t  events;           /* of the harness, since it or its return    */
    uint64_t  events_before;    /* up to its first return                    */
    uint32_t  returns;
    uint32_t  ran;
    uint32_t  enabled;
    uint32_t  length;           /* states looked at since                    */
    uint32_t  length_max;       /* until the next one is saved               */
    uint32_t  rounds;           /* to skip, when the state is large          */
    uint32_t  statics_count;
    bool      statics_overflow;
    uintptr_t statics[STATICS_MAX];     /* 8 bytes each                      */
} search;

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Four lanes, because one waits for its multiplication. Stacks are read too,
 * with what a sanitizer keeps between their variables: it must not look. */
__attribute__((no_sanitize("address")))
uint64_t livelock_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t lane[4] = { hash, ~hash, size, hash ^ 0x94d049bb133111ebu };
    uint64_t word[4];
    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(word, at, sizeof word);
        for (int i = 0; i < 4; i++)
            lane[i] = mix(lane[i], word[i]);
    }
    memset(word, 0, sizeof word);
    for (size_t i = 0; i < size; i++)
        word[i / 8] |= (uint64_t)at[i] << i % 8 * 8;
    for (int i = 0; i < 4; i++)
        hash = mix(hash, mix(lane[i], word[i]));
    return hash;
}

void livelock_begin(void)
{
    search.saved = 0;
    search.ran = 0;
    search.enabled = 0;
    search.length = 0;
    search.length_max = 0;
    search.rounds = 0;
    search.returns = 0;
    search.events = 0;
}

void livelock_forget(void)
{
    livelock_begin();
    search.statics_count = 0;
    search.statics_overflow = false;
}

static void note_static(uintptr_t granule)
{
    for (uint32_t i = 0; i < search.statics_count; i++) {
        if (search.statics[i] == granule)
            return;
    }
    if (search.statics_count == STATICS_MAX)
        search.statics_overflow = true;
    else
        search.statics[search.statics_count++] = granule;
}

void livelock_note_write(const void *memory, size_t size)
{
    if (arena_has(memory) || fiber_stack_end(memory) != NULL)
        return;
    if (size > STATICS_MAX * 8) {
        search.statics_overflow = true;
        return;
    }
    uintptr_t at = (uintptr_t)memory;
    for (uintptr_t g = at & ~(uintptr_t)7; g < at + size; g += 8)
        note_static(g);
}

void livelock_note_event(uint64_t event)
{
    if (machine.fair)
        search.events = livelock_hash(search.events, &event, sizeof event);
}

void livelock_note_turn(unsigned thread, uint32_t enabled)
{
    search.ran |= UINT32_C(1) << thread;
    search.enabled |= enabled;
}

static uint64_t hash_thread(uint64_t hash, unsigned number, size_t *bytes)
{
    const struct thread *t = &machine.thread[number];
    bool timed = machine.timed >> number & 1;
    uint64_t word[4] = { t->state, t->object, t->joiners,
                         timed ? t->until - machine.now : 0 };
    size_t size;
    const uint8_t *stack = fiber_used(&t->fiber, number, &size);
    *bytes += size;
    hash = livelock_hash(hash, word, sizeof word);
    return livelock_hash(hash, stack, size);
}

static uint64_t hash_state(size_t *bytes)
{
    *bytes = arena_used();
    uint64_t hash = livelock_hash(machine.enabled,
                                  (const void *)(uintptr_t)ARENA_BASE, *bytes);
    for (unsigned i = 0; i < machine.thread_count; i++) {
        if (machine.thread[i].state != GROUND_ENDED)
            hash = hash_thread(hash, i, bytes);
    }
    for (uint32_t i = 0; i < search.statics_count; i++)
        hash = livelock_hash(hash, (const void *)search.statics[i], 8);
    hash = kernel_state(hash);
    hash = port_state(hash);
    return os_state(hash);
}

static void save(uint64_t state)
{
    search.saved = state;
    search.saved_now = machine.now;
    search.ran = 0;
    search.enabled = 0;
    search.returns = 0;
    search.events = 0;
    search.length = 0;
    search.length_max = search.length_max == 0 ? 1 : search.length_max * 2;
    machine.clock_read = false;
}

/* The state has come back; has it the second time in the same way? */
static bool returned(void)
{
    bool same = search.returns++ > 0 && search.events == search.events_before;
    search.events_before = search.events;
    search.events = 0;
    return same && (search.enabled & ~search.ran) == 0;
}

bool livelock_proven(void)
{
    if (search.statics_overflow)
        return false;
    if (search.rounds > 0) {
        search.rounds--;
        return false;
    }
    size_t bytes;
    uint64_t state = hash_state(&bytes);
    search.rounds = ROUNDS_SKIPPED + (uint32_t)(bytes / ROUND_BYTES);
    bool clock_matters = machine.clock_read && machine.now != search.saved_now;
    if (search.length_max > 0 && state == search.saved && !clock_matters &&
        returned())
        return true;
    if (search.length_max == 0 || ++search.length == search.length_max)
        save(state);
    return false;
}

void livelock_where(char *out, size_t size)
{
    const char *name[SCHED_THREADS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < machine.thread_count; i++) {
        if (!(search.ran >> i & 1))
            continue;
        unsigned at = count++;
        for (; at > 0 && strcmp(name[at - 1], machine.thread[i].name) > 0;
             at--)
            name[at] = name[at - 1];
        name[at] = machine.thread[i].name;
    }
    out[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && strcmp(name[i], name[i - 1]) == 0)
            continue;
        strncat(out, i > 0 ? ", " : "", size - 1 - strlen(out));
        strncat(out, name[i], size - 1 - strlen(out));
    }
    strncat(out, " run for ever", size - 1 - strlen(out));
}
