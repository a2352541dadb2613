/*
 * interrupt.c - interrupts, and the other things that the watchdog's tests
 * ask of the calling process.
 */
#include <windows.h>

#include <stdatomic.h>

#include "../child.h"

static SRWLOCK     lock = SRWLOCK_INIT;
static unsigned    listeners;
static atomic_uint interrupts;

/* Told here, an event does not reach those who were there before. */
static BOOL WINAPI on_interrupt(DWORD event)
{
    (void)event;
    atomic_fetch_add(&interrupts, 1);
    return TRUE;
}

unsigned child_interrupts_begin(void)
{
    AcquireSRWLockExclusive(&lock);
    if (listeners++ == 0)
        SetConsoleCtrlHandler(on_interrupt, TRUE);
    unsigned count = atomic_load(&interrupts);
    ReleaseSRWLockExclusive(&lock);
    return count;
}

unsigned child_interrupts(void)
{
    return atomic_load(&interrupts);
}

void child_interrupts_end(void)
{
    AcquireSRWLockExclusive(&lock);
    if (--listeners == 0)
        SetConsoleCtrlHandler(on_interrupt, FALSE);
    ReleaseSRWLockExclusive(&lock);
}

/* The number of a process that has ended may be opened as long as somebody
 * has a handle of it. */
bool child_exists(uint64_t id)
{
    HANDLE h = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)id);
    if (h == NULL)
        return false;
    bool alive = WaitForSingleObject(h, 0) == WAIT_TIMEOUT;
    CloseHandle(h);
    return alive;
}

unsigned child_count_handles(void)
{
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

/* There is nothing here that a parent would have to wait for. */
bool child_is_left(void)
{
    return false;
}

uint64_t child_self(void)
{
    return GetCurrentProcessId();
}

unsigned child_processors(void)
{
    SYSTEM_INFO about;
    GetSystemInfo(&about);
    return about.dwNumberOfProcessors;
}
