/*
 * os.c - threads, locks, clock and memory of Windows.
 */
#include "../os.h"

#include <windows.h>

#include <process.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../check.h"
#include "../loop.h"

#define NANOSECONDS UINT64_C(1000000000)
#define MILLISECOND 1000000u
#define SPIN_NS 2000
#define PAUSE_MS 1
#define THREAD_NAME_SIZE 64

_Static_assert(sizeof(SRWLOCK) <= sizeof(struct os_mutex), "fits");
_Static_assert(sizeof(CONDITION_VARIABLE) <= sizeof(struct os_cond), "fits");
_Static_assert(sizeof(HANDLE) <= sizeof(struct os_thread), "fits");

void *os_alloc(size_t size)
{
    LOOP_ASSERT(size > 0);
    return calloc(1, size);
}

void os_free(void *memory)
{
    free(memory);
}

/* The frequency is fixed when the system starts. */
static uint64_t ticks_per_second(void)
{
    static _Atomic uint64_t known;
    uint64_t frequency = atomic_load_explicit(&known, memory_order_relaxed);
    if (frequency == 0) {
        LARGE_INTEGER answer;
        QueryPerformanceFrequency(&answer);
        frequency = (uint64_t)answer.QuadPart;
        atomic_store_explicit(&known, frequency, memory_order_relaxed);
    }
    return frequency;
}

/* Whole seconds apart from the rest: the product of all ticks would overflow
 * after half an hour at the usual frequency. */
uint64_t os_now(void)
{
    LARGE_INTEGER counter;
    uint64_t frequency = ticks_per_second();
    QueryPerformanceCounter(&counter);
    uint64_t ticks = (uint64_t)counter.QuadPart;
    return ticks / frequency * NANOSECONDS +
           ticks % frequency * NANOSECONDS / frequency;
}

static SRWLOCK *lock_of(struct os_mutex *m)
{
    return (SRWLOCK *)(void *)m->platform;
}

int os_mutex_open(struct os_mutex *m)
{
    InitializeSRWLock(lock_of(m));
    return 0;
}

void os_mutex_close(struct os_mutex *m)
{
    BOOLEAN taken = TryAcquireSRWLockExclusive(lock_of(m));
    LOOP_ASSERT(taken);
    ReleaseSRWLockExclusive(lock_of(m));
}

void os_mutex_lock(struct os_mutex *m)
{
    AcquireSRWLockExclusive(lock_of(m));
}

void os_mutex_unlock(struct os_mutex *m)
{
    ReleaseSRWLockExclusive(lock_of(m));
}

static CONDITION_VARIABLE *condition_of(struct os_cond *c)
{
    return (CONDITION_VARIABLE *)(void *)c->platform;
}

int os_cond_open(struct os_cond *c)
{
    InitializeConditionVariable(condition_of(c));
    return 0;
}

/* Windows keeps nothing that would have to be given back. */
void os_cond_close(struct os_cond *c)
{
    (void)c;
}

void os_cond_signal(struct os_cond *c)
{
    WakeConditionVariable(condition_of(c));
}

void os_cond_broadcast(struct os_cond *c)
{
    WakeAllConditionVariable(condition_of(c));
}

/* Rounded up, so that nobody comes back early and spins. */
static DWORD time_left(uint64_t until)
{
    if (until == OS_FOREVER)
        return INFINITE;
    uint64_t now = os_now();
    if (until <= now)
        return 0;
    uint64_t left = (until - now - 1) / MILLISECOND + 1;
    return left < INFINITE ? (DWORD)left : INFINITE - 1;
}

/* The kernel's clock is coarser than ours and may end a wait a little early;
 * the caller may not be told that the time has passed before it has. */
int os_cond_wait(struct os_cond *c, struct os_mutex *m, uint64_t until)
{
    if (SleepConditionVariableSRW(condition_of(c), lock_of(m),
                                  time_left(until), 0))
        return 1;
    DWORD error = GetLastError();
    LOOP_ASSERT(error == ERROR_TIMEOUT);
    return os_now() < until;
}

/* What a new thread needs to know; it frees this itself, because the one
 * who started it may be gone from os_thread_start before it runs. */
struct beginning {
    const char *name;
    void (*entry)(void *arg);
    void *arg;
};

typedef HRESULT(WINAPI *set_description)(HANDLE thread, const WCHAR *text);

/* Looked up when it runs: not every Windows, and no old Wine, has it. */
static void name_this_thread(const char *name)
{
    WCHAR text[THREAD_NAME_SIZE];
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    if (!kernel || !MultiByteToWideChar(CP_UTF8, 0, name, -1, text,
                                        THREAD_NAME_SIZE))
        return;
    set_description describe = (set_description)(void (*)(void))
        GetProcAddress(kernel, "SetThreadDescription");
    if (describe)
        describe(GetCurrentThread(), text);
}

static unsigned __stdcall begin(void *memory)
{
    struct beginning b = *(struct beginning *)memory;
    os_free(memory);
    if (b.name)
        name_this_thread(b.name);
    b.entry(b.arg);
    return 0;
}

/* Through the C library, which has things of its own for each thread. */
int os_thread_start(struct os_thread *t, const char *name,
                    void (*entry)(void *arg), void *arg)
{
    LOOP_ASSERT(entry);
    struct beginning *b = os_alloc(sizeof *b);
    if (!b)
        return LOOP_ENOMEM;
    *b = (struct beginning){ .name = name, .entry = entry, .arg = arg };

    uintptr_t thread = _beginthreadex(NULL, 0, begin, b, 0, NULL);
    if (thread == 0) {
        os_free(b);
        return LOOP_ENOMEM;
    }
    t->platform[0] = thread;
    return 0;
}

void os_thread_join(struct os_thread *t)
{
    HANDLE thread = (HANDLE)(uintptr_t)t->platform[0];
    DWORD result = WaitForSingleObject(thread, INFINITE);
    LOOP_ASSERT(result == WAIT_OBJECT_0);
    BOOL closed = CloseHandle(thread);
    LOOP_ASSERT(closed);
}

uint64_t os_thread_self(void)
{
    return GetCurrentThreadId();
}

void os_pause(void)
{
    Sleep(PAUSE_MS);
}

/* Asked once: a process is seldom moved to fewer processors than two. */
static bool has_one_processor(void)
{
    static atomic_uint processors;
    unsigned count = atomic_load_explicit(&processors, memory_order_relaxed);
    if (count == 0) {
        SYSTEM_INFO system;
        GetSystemInfo(&system);
        count = system.dwNumberOfProcessors;
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
