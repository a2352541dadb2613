/*
 * os.c - threads, locks, clock and memory of Linux.
 */
#include "../os.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"

#define NANOSECONDS 1000000000u
#define PAUSE_NS 1000000
#define SPIN_NS 2000
#define THREAD_NAME_SIZE 16     /* what the kernel keeps, with the 0 */

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct os_mutex), "fits");
_Static_assert(sizeof(pthread_cond_t) <= sizeof(struct os_cond), "fits");
_Static_assert(sizeof(pthread_t) <= sizeof(struct os_thread), "fits");

void *os_alloc(size_t size)
{
    LOOP_ASSERT(size > 0);
    return calloc(1, size);
}

void os_free(void *memory)
{
    free(memory);
}

uint64_t os_now(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    LOOP_ASSERT(!failed);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

static pthread_mutex_t *mutex_of(struct os_mutex *m)
{
    return (pthread_mutex_t *)(void *)m->platform;
}

int os_mutex_open(struct os_mutex *m)
{
    return pthread_mutex_init(mutex_of(m), NULL) ? LOOP_ENOMEM : 0;
}

void os_mutex_close(struct os_mutex *m)
{
    int failed = pthread_mutex_destroy(mutex_of(m));
    LOOP_ASSERT(!failed);
}

/* What the loop and the port do under a lock is shorter than a sleep: who
 * finds it taken looks again for as long as that may last. An adaptive mutex
 * of the C library would do so for a number of times, which is often less. */
static __attribute__((noinline)) void await(pthread_mutex_t *m)
{
    uint64_t turn = 0;
    int failed = EBUSY;
    while (failed == EBUSY && os_spin(&turn))
        failed = pthread_mutex_trylock(m);
    if (failed == EBUSY)
        failed = pthread_mutex_lock(m);
    LOOP_ASSERT(!failed);
}

/* Most find it free: what the others need is apart, and costs these no
 * registers to save. */
void os_mutex_lock(struct os_mutex *m)
{
    int failed = pthread_mutex_trylock(mutex_of(m));
    if (failed)
        await(mutex_of(m));
}

void os_mutex_unlock(struct os_mutex *m)
{
    int failed = pthread_mutex_unlock(mutex_of(m));
    LOOP_ASSERT(!failed);
}

static pthread_cond_t *cond_of(struct os_cond *c)
{
    return (pthread_cond_t *)(void *)c->platform;
}

int os_cond_open(struct os_cond *c)
{
    pthread_condattr_t kind;
    if (pthread_condattr_init(&kind))
        return LOOP_ENOMEM;
    int failed = pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
    LOOP_ASSERT(!failed);
    failed = pthread_cond_init(cond_of(c), &kind);
    pthread_condattr_destroy(&kind);
    return failed ? LOOP_ENOMEM : 0;
}

void os_cond_close(struct os_cond *c)
{
    int failed = pthread_cond_destroy(cond_of(c));
    LOOP_ASSERT(!failed);
}

void os_cond_signal(struct os_cond *c)
{
    int failed = pthread_cond_signal(cond_of(c));
    LOOP_ASSERT(!failed);
}

void os_cond_broadcast(struct os_cond *c)
{
    int failed = pthread_cond_broadcast(cond_of(c));
    LOOP_ASSERT(!failed);
}

int os_cond_wait(struct os_cond *c, struct os_mutex *m, uint64_t until)
{
    int result;
    if (until == OS_FOREVER) {
        result = pthread_cond_wait(cond_of(c), mutex_of(m));
    } else {
        struct timespec at = { .tv_sec = (time_t)(until / NANOSECONDS),
                               .tv_nsec = (long)(until % NANOSECONDS) };
        result = pthread_cond_timedwait(cond_of(c), mutex_of(m), &at);
    }
    LOOP_ASSERT(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

/* What a new thread needs to know; it frees this itself, because the one
 * who started it may be gone from os_thread_start before it runs. */
struct beginning {
    const char *name;
    void (*entry)(void *arg);
    void *arg;
};

static void *begin(void *memory)
{
    struct beginning b = *(struct beginning *)memory;
    os_free(memory);

    char name[THREAD_NAME_SIZE] = { 0 };
    strncpy(name, b.name ? b.name : "-", sizeof name - 1);
    pthread_setname_np(pthread_self(), name);
    b.entry(b.arg);
    return NULL;
}

int os_thread_start(struct os_thread *t, const char *name,
                    void (*entry)(void *arg), void *arg)
{
    LOOP_ASSERT(entry);
    struct beginning *b = os_alloc(sizeof *b);
    if (!b)
        return LOOP_ENOMEM;
    *b = (struct beginning){ .name = name, .entry = entry, .arg = arg };

    pthread_t thread;
    if (pthread_create(&thread, NULL, begin, b)) {
        os_free(b);
        return LOOP_ENOMEM;
    }
    memcpy(t->platform, &thread, sizeof thread);
    return 0;
}

void os_thread_join(struct os_thread *t)
{
    pthread_t thread;
    memcpy(&thread, t->platform, sizeof thread);
    int failed = pthread_join(thread, NULL);
    LOOP_ASSERT(!failed);
}

uint64_t os_thread_self(void)
{
    static _Thread_local uint64_t self;
    if (self == 0)
        self = (uint64_t)gettid();
    return self;
}

void os_pause(void)
{
    /* A signal may end it early, which a retry does not mind. */
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* Asked once: a process is seldom moved to fewer processors than two. */
static bool has_one_processor(void)
{
    static atomic_int processors;
    int count = atomic_load_explicit(&processors, memory_order_relaxed);
    if (count == 0) {
        count = (int)sysconf(_SC_NPROCESSORS_ONLN);
        atomic_store_explicit(&processors, count, memory_order_relaxed);
    }
    return count < 2;
}

/* To read the clock takes about as long as a processor's instruction for
 * waiting would, and says when it is enough. */
bool os_spin(uint64_t *turn)
{
    uint64_t now = os_now();
    if (*turn == 0) {
        *turn = now + SPIN_NS;
        return !has_one_processor();
    }
    return now < *turn;
}
