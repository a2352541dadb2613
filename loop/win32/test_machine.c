/*
 * test_machine.c - what tests ask of Windows: its handles, its threads, and
 * the handler of console events, called as the system calls it.
 */
#include "../test_machine.h"

#include <winsock2.h>

#include <windows.h>

#include <tlhelp32.h>

#include "../check.h"
#include "../port.h"
#include "console.h"

#define HANDLE_STEP 4
#define HANDLES_MAX 4096        /* far more than a test has open */

/* The first socket of a process brings some that its libraries keep. */
static void open_first_socket(void)
{
    port_handle h;
    int status = port_socket(&h);
    LOOP_ASSERT(status == 0);
    port_handle_close(h);
}

int test_machine_handles(void)
{
    int count = 0;
    open_first_socket();
    for (uintptr_t h = HANDLE_STEP; h < HANDLES_MAX * HANDLE_STEP;
         h += HANDLE_STEP)
        count += GetFileType((HANDLE)h) == FILE_TYPE_PIPE;
    return count;
}

int test_machine_threads(void)
{
    int count = 0;
    THREADENTRY32 thread = { .dwSize = sizeof thread };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    LOOP_ASSERT(all != INVALID_HANDLE_VALUE);
    for (BOOL more = Thread32First(all, &thread); more;
         more = Thread32Next(all, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}

/* The handler is called by nobody but the test. */
void test_machine_outlive_events(void)
{
}

static DWORD WINAPI tell_event(void *type)
{
    console_control((DWORD)(uintptr_t)type);
    return 0;
}

/* On a thread of its own, as the system does. That of an interrupt is waited
 * for, so that no later watcher hears it; that of the end comes back only
 * when nobody watches any more. */
void test_machine_event(enum os_console_event what)
{
    DWORD type = what == OS_CONSOLE_INTERRUPT ? CTRL_C_EVENT
                                              : CTRL_CLOSE_EVENT;
    HANDLE thread = CreateThread(NULL, 0, tell_event,
                                 (void *)(uintptr_t)type, 0, NULL);
    LOOP_ASSERT(thread);
    if (what == OS_CONSOLE_INTERRUPT)
        WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
