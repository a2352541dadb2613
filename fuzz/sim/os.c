/*
 * os.c - loop/os.h for virtual threads.
 *
 * What a mutex or condition is lies in a table here; the subject's struct
 * holds no more than its number, so that a stale or copied struct is seen
 * for what it is. A mutex that is released is handed to nobody: those who
 * wait become ready and compete with everybody else, as on a real machine.
 */
#include "../../loop/os.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../trace.h"
#include "arena.h"
#include "livelock.h"
#include "machine.h"

#define MUTEXES_MAX 4096
#define CONDS_MAX 4096
#define WATCHES_MAX 64
#define MUTEX_WORD (UINT64_C(0x6d757478) << 32)
#define COND_WORD (UINT64_C(0x636f6e64) << 32)

struct mutex {
    const struct os_mutex *at;      /* NULL once closed                      */
    uint32_t               waiters; /* threads, as bits                      */
    uint8_t                holder;
};

struct cond {
    const struct os_cond *at;       /* NULL once closed                      */
    uint8_t               count;
    uint8_t               waiter[SCHED_THREADS_MAX];    /* oldest first      */
};

struct watch {
    struct os_console *at;          /* NULL once ignored                     */
    uint32_t           ignorers;    /* threads that wait for it, as bits     */
    uint8_t            running;     /* calls that have not returned          */
    uint8_t            runner;      /* the thread of the latest              */
};

static struct {
    uint32_t     mutex_count, cond_count, watch_count;
    uint32_t     held;
    struct mutex mutex[MUTEXES_MAX];
    struct cond  cond[CONDS_MAX];
    struct watch watch[WATCHES_MAX];
} os;

void os_begin(void)
{
    os.mutex_count = 0;
    os.cond_count = 0;
    os.watch_count = 0;
    os.held = 0;
}

void os_left(struct ground_left *left)
{
    left->mutexes_held = os.held;
    for (uint32_t i = 0; i < os.watch_count; i++)
        left->console_watchers += os.watch[i].at != NULL;
}

uint64_t os_state(uint64_t hash)
{
    hash = livelock_hash(hash, os.mutex,
                         os.mutex_count * sizeof os.mutex[0]);
    hash = livelock_hash(hash, os.watch,
                         os.watch_count * sizeof os.watch[0]);
    for (uint32_t i = 0; i < os.cond_count; i++) {
        hash = livelock_hash(hash ^ os.cond[i].count, os.cond[i].waiter,
                             os.cond[i].count);
    }
    return hash;
}

unsigned os_holder(unsigned mutex)
{
    MACHINE_ASSERT(mutex < os.mutex_count);
    return os.mutex[mutex].holder;
}

void *os_alloc(size_t size)
{
    machine.thread[machine.current].site = MACHINE_SITE;
    if (size == 0)
        MACHINE_MISUSE(VERDICT_ABORT, "allocates nothing");
    if (machine_outcome(SCHED_MEMORY, 2) != 0)
        return NULL;
    return arena_alloc(size);
}

void os_free(void *memory)
{
    if (memory == NULL || !machine.active)
        return;
    machine.thread[machine.current].site = MACHINE_SITE;
    switch (arena_free(memory)) {
    case ARENA_FREED_NOW:
        break;
    case ARENA_FREED_BEFORE:
        MACHINE_MISUSE(VERDICT_DOUBLE_FREE, NULL);
        break;
    case ARENA_FREED_LENT:
        MACHINE_MISUSE(VERDICT_KERNEL_OWNED_ACCESS, NULL);
        break;
    case ARENA_FREED_WILD:
        MACHINE_MISUSE(VERDICT_DOUBLE_FREE,
                       "free of memory that was never allocated");
        break;
    }
}

uint64_t os_now(void)
{
    machine.clock_read = true;
    return machine.now;
}

uint64_t os_thread_self(void)
{
    return machine.current + 1;
}

int os_mutex_open(struct os_mutex *m)
{
    machine.thread[machine.current].site = MACHINE_SITE;
    machine_touch(m, sizeof *m);
    if (os.mutex_count == MUTEXES_MAX || machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    os.mutex[os.mutex_count] = (struct mutex){ m, 0, MACHINE_NOBODY };
    m->platform[0] = MUTEX_WORD | os.mutex_count++;
    return 0;
}

static struct mutex *mutex_of(struct os_mutex *m)
{
    machine_touch(m, sizeof *m);
    uint64_t number = m->platform[0] ^ MUTEX_WORD;
    if (number < os.mutex_count && os.mutex[number].at == m)
        return &os.mutex[number];
    MACHINE_MISUSE(VERDICT_STALE_STATE, "uses a mutex that is not open");
    return NULL;
}

void os_mutex_close(struct os_mutex *m)
{
    machine_yield(MACHINE_SITE);
    struct mutex *mutex = mutex_of(m);
    if (mutex == NULL)
        return;
    if (mutex->holder != MACHINE_NOBODY || mutex->waiters != 0)
        MACHINE_MISUSE(VERDICT_STALE_STATE, "closes a mutex that is locked");
    mutex->at = NULL;
}

static unsigned number_of(const struct mutex *mutex)
{
    return (unsigned)(mutex - os.mutex);
}

static void take(struct mutex *mutex)
{
    unsigned me = machine.current;
    int waited = 0;
    while (mutex->holder != MACHINE_NOBODY) {
        waited = 1;
        mutex->waiters |= UINT32_C(1) << me;
        machine_block(GROUND_BLOCKED_LOCK, number_of(mutex), MACHINE_FOREVER);
        mutex->waiters &= ~(UINT32_C(1) << me);
    }
    mutex->holder = (uint8_t)me;
    machine.thread[me].held++;
    os.held++;
    trace_emit(TRACE_LOCK, number_of(mutex), waited);
}

static void give(struct mutex *mutex)
{
    mutex->holder = MACHINE_NOBODY;
    machine.thread[machine.current].held--;
    os.held--;
    machine_wake_all(mutex->waiters);
    trace_emit(TRACE_UNLOCK, number_of(mutex), 0);
}

/*
 * Who looks at a stopped run from outside passes a mutex that a thread
 * holds: that thread will not go on, and the state it left is what is being
 * looked at.
 */
static bool passes(const struct mutex *mutex)
{
    return !machine_inside() && mutex->holder != MACHINE_NOBODY;
}

void os_mutex_lock(struct os_mutex *m)
{
    machine_yield(MACHINE_SITE);
    struct mutex *mutex = mutex_of(m);
    if (mutex == NULL || passes(mutex))
        return;
    if (mutex->holder == machine.current)
        MACHINE_MISUSE(VERDICT_DEADLOCK, "locks a mutex it holds");
    take(mutex);
}

void os_mutex_unlock(struct os_mutex *m)
{
    machine_yield(MACHINE_SITE);
    struct mutex *mutex = mutex_of(m);
    if (mutex == NULL || (passes(mutex) && mutex->holder != machine.current))
        return;
    if (mutex->holder != machine.current)
        MACHINE_MISUSE(VERDICT_STALE_STATE, "unlocks a mutex it does not hold");
    else
        give(mutex);
}

int os_cond_open(struct os_cond *c)
{
    machine.thread[machine.current].site = MACHINE_SITE;
    machine_touch(c, sizeof *c);
    if (os.cond_count == CONDS_MAX || machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    os.cond[os.cond_count].at = c;
    os.cond[os.cond_count].count = 0;
    c->platform[0] = COND_WORD | os.cond_count++;
    return 0;
}

static struct cond *cond_of(struct os_cond *c)
{
    machine_touch(c, sizeof *c);
    uint64_t number = c->platform[0] ^ COND_WORD;
    if (number < os.cond_count && os.cond[number].at == c)
        return &os.cond[number];
    MACHINE_MISUSE(VERDICT_STALE_STATE, "uses a condition that is not open");
    return NULL;
}

void os_cond_close(struct os_cond *c)
{
    machine_yield(MACHINE_SITE);
    struct cond *cond = cond_of(c);
    if (cond == NULL)
        return;
    if (cond->count > 0)
        MACHINE_MISUSE(VERDICT_STALE_STATE,
                       "closes a condition with a thread waiting");
    cond->at = NULL;
}

static unsigned take_waiter(struct cond *cond, unsigned index)
{
    unsigned thread = cond->waiter[index];
    cond->count--;
    memmove(cond->waiter + index, cond->waiter + index + 1,
            cond->count - index);
    return thread;
}

static void drop_waiter(struct cond *cond, unsigned thread)
{
    for (unsigned i = 0; i < cond->count; i++) {
        if (cond->waiter[i] == thread) {
            take_waiter(cond, i);
            return;
        }
    }
}

void os_cond_signal(struct os_cond *c)
{
    machine_yield(MACHINE_SITE);
    struct cond *cond = cond_of(c);
    if (cond == NULL)
        return;
    int woken = 0;
    if (cond->count > 0) {
        unsigned index = machine_outcome(SCHED_SIGNAL, cond->count);
        machine_wake(take_waiter(cond, index));
        woken = 1;
    }
    trace_emit(TRACE_COND_SIGNAL, (unsigned)(cond - os.cond), woken);
}

void os_cond_broadcast(struct os_cond *c)
{
    machine_yield(MACHINE_SITE);
    struct cond *cond = cond_of(c);
    if (cond == NULL)
        return;
    int woken = cond->count;
    while (cond->count > 0)
        machine_wake(take_waiter(cond, 0));
    trace_emit(TRACE_COND_SIGNAL, (unsigned)(cond - os.cond), woken);
}

/* A wait that is over before it begins is still a moment in which others
 * can have the mutex. */
static bool wait_for_signal(struct cond *cond, uint64_t until)
{
    if (until <= machine.now || machine_outcome(SCHED_SPURIOUS, 2) != 0) {
        machine_decide();
        return until > machine.now;
    }
    cond->waiter[cond->count++] = (uint8_t)machine.current;
    bool woken = machine_block(GROUND_BLOCKED_COND, (unsigned)(cond - os.cond),
                               until);
    if (!woken)
        drop_waiter(cond, machine.current);
    return woken;
}

int os_cond_wait(struct os_cond *c, struct os_mutex *m, uint64_t until)
{
    machine_yield(MACHINE_SITE);
    MACHINE_ASSERT(machine_inside());
    struct cond *cond = cond_of(c);
    struct mutex *mutex = mutex_of(m);
    if (mutex->holder != machine.current)
        MACHINE_MISUSE(VERDICT_STALE_STATE,
                       "waits with a mutex it does not hold");
    unsigned number = (unsigned)(cond - os.cond);
    trace_emit(TRACE_COND_WAIT, number, 0);
    give(mutex);
    bool woken = wait_for_signal(cond, until);
    trace_emit(TRACE_COND_WOKEN, number, woken);
    take(mutex);
    return woken;
}

/* platform[0] is the thread's number and 1, platform[1] which of the threads
 * that had this number it is. */
int os_thread_start(struct os_thread *t, const char *name,
                    void (*entry)(void *arg), void *arg)
{
    machine_yield(MACHINE_SITE);
    machine_touch(t, sizeof *t);
    if (machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    unsigned number = machine_start(name, entry, arg);
    if (number == MACHINE_NOBODY)
        return LOOP_ENOMEM;
    t->platform[0] = number + 1;
    t->platform[1] = machine.thread[number].serial;
    return 0;
}

void os_thread_join(struct os_thread *t)
{
    machine_yield(MACHINE_SITE);
    MACHINE_ASSERT(machine_inside());
    machine_touch(t, sizeof *t);
    uint64_t number = t->platform[0] - 1;
    if (number >= machine.thread_count) {
        MACHINE_MISUSE(VERDICT_STALE_STATE, "joins a thread never started");
        return;
    }
    struct thread *other = &machine.thread[number];
    if (other->released || other->serial != t->platform[1])
        MACHINE_MISUSE(VERDICT_STALE_STATE, "joins a thread twice");
    other->joiners |= UINT32_C(1) << machine.current;
    while (other->state != GROUND_ENDED)
        machine_block(GROUND_BLOCKED_JOIN, (unsigned)number, MACHINE_FOREVER);
    other->joiners &= ~(UINT32_C(1) << machine.current);
    other->released = true;
    trace_emit(TRACE_THREAD_JOIN, (unsigned)number, 0);
}

void os_pause(void)
{
    machine_yield(MACHINE_SITE);
    machine_block(GROUND_BLOCKED_PAUSE, 0, machine.now + MACHINE_MILLISECOND);
}

/* Time stands still while a thread can run, so a turn is one look. */
bool os_spin(uint64_t *turn)
{
    machine_yield(MACHINE_SITE);
    machine_touch(turn, sizeof *turn);
    return (*turn)++ == 0;
}

int os_console_watch(struct os_console *c)
{
    machine_yield(MACHINE_SITE);
    machine_touch(c, sizeof *c);
    if (os.watch_count == WATCHES_MAX || machine_outcome(SCHED_MEMORY, 2) != 0)
        return LOOP_ENOMEM;
    os.watch[os.watch_count] = (struct watch){ .at = c };
    c->platform[0] = ++os.watch_count;
    return 0;
}

/* What is running is waited for; what has been started and not begun sees
 * that the watch is over. */
void os_console_ignore(struct os_console *c)
{
    machine_yield(MACHINE_SITE);
    machine_touch(c, sizeof *c);
    uint64_t number = c->platform[0] - 1;
    if (number >= os.watch_count || os.watch[number].at != c) {
        MACHINE_MISUSE(VERDICT_STALE_STATE, "ignores a console not watched");
        return;
    }
    struct watch *w = &os.watch[number];
    w->at = NULL;
    while (w->running > 0 && machine_inside()) {
        w->ignorers |= UINT32_C(1) << machine.current;
        machine_block(GROUND_BLOCKED_JOIN, w->runner, MACHINE_FOREVER);
    }
}

/* The argument is the number of the watch, and the event in the low bits. */
static void console_thread(void *argument)
{
    uintptr_t number = (uintptr_t)argument >> 8;
    struct watch *w = &os.watch[number];
    machine.thread[machine.current].released = true;
    if (w->at == NULL)
        return;
    w->running++;
    w->runner = (uint8_t)machine.current;
    w->at->event(w->at, (enum os_console_event)((uintptr_t)argument & 0xff));
    w->running--;
    machine_wake_all(w->ignorers);
    w->ignorers = 0;
}

unsigned ground_console(int what)
{
    unsigned heard = 0;
    machine_yield(MACHINE_SITE);
    trace_emit(TRACE_CONSOLE, 0, what);
    for (uint32_t i = 0; i < os.watch_count; i++) {
        if (os.watch[i].at == NULL)
            continue;
        heard++;
        uintptr_t argument = (uintptr_t)i << 8 | (unsigned)what;
        if (machine_start("console", console_thread, (void *)argument) ==
            MACHINE_NOBODY)
            ground_finding(VERDICT_HARNESS_FAULT,
                        "no thread is left for a console event");
    }
    return heard;
}
