/*
 * machine.c - processors of Windows, and as much of what is measured as Wine
 * gets through. The load and the name of the machine are the parent's, which
 * is a program of Linux.
 *
 * source: GetProcessAffinityMask, SetThreadAffinityMask
 */
#include "../machine.h"

#include <windows.h>

#include "../../loop/check.h"

#define PART 100                /* each wake is a request to Wine's server */
#define SLEEPS_MS 5

static DWORD_PTR allowed(void)
{
    DWORD_PTR ours, all;
    BOOL read = GetProcessAffinityMask(GetCurrentProcess(), &ours, &all);
    LOOP_ASSERT(read);
    LOOP_ASSERT(ours != 0);
    return ours;
}

unsigned machine_processors(void)
{
    unsigned count = 0;
    for (DWORD_PTR left = allowed(); left; left &= left - 1)
        count++;
    return count;
}

void machine_pin(unsigned index)
{
    DWORD_PTR left = allowed();
    for (unsigned i = index % machine_processors(); i > 0; i--)
        left &= left - 1;
    SetThreadAffinityMask(GetCurrentThread(), left & (~left + 1));
}

/* Windows does not tell. A thread that is about to wait does so within
 * milliseconds. */
bool machine_sleeps(uint64_t thread)
{
    (void)thread;
    Sleep(SLEEPS_MS);
    return true;
}

unsigned machine_handles(void)
{
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

unsigned machine_part(unsigned amount)
{
    return amount > PART ? amount / PART : 1;
}
