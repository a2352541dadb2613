/*
 * system.c - how Windows is asked to disturb a run, and what it tells of one.
 */
#include "../real/system.h"

#include <windows.h>

#include <stdatomic.h>
#include <tlhelp32.h>

#include "../../loop/os.h"

#define NANOSECONDS UINT64_C(1000000000)
#define MILLISECOND 1000000u
#define TIMER_UNIT 100u             /* nanoseconds                           */
#define TIMER_HIGH_RESOLUTION 2u    /* not every header has the flag's name  */

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

/* The same number that os_now makes of the same counter. Whole seconds apart
 * from the rest: the product of all ticks would overflow. */
uint64_t system_now(void)
{
    LARGE_INTEGER counter;
    uint64_t frequency = ticks_per_second();
    QueryPerformanceCounter(&counter);
    uint64_t ticks = (uint64_t)counter.QuadPart;
    return ticks / frequency * NANOSECONDS +
           ticks % frequency * NANOSECONDS / frequency;
}

void system_yield(void)
{
    SwitchToThread();
}

/* Sleep counts in ticks of up to 16 ms. A timer that does better is there
 * since the second Windows 10; what is older refuses its flag. */
static void sleep_about(uint64_t ns)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, TIMER_HIGH_RESOLUTION,
                                          SYNCHRONIZE | TIMER_MODIFY_STATE);
    LARGE_INTEGER due = { .QuadPart = -(LONGLONG)(ns / TIMER_UNIT) };
    if (timer && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE))
        WaitForSingleObject(timer, INFINITE);
    else
        Sleep(ns / MILLISECOND < INFINITE ? (DWORD)(ns / MILLISECOND)
                                          : INFINITE - 1);
    if (timer)
        CloseHandle(timer);
}

/* No wait is as short as half a millisecond, so what is short is spent with
 * yields; so is what a wait that ends a little early has left. */
void system_nap(uint64_t ns)
{
    uint64_t begin = system_now();
    if (ns >= MILLISECOND)
        sleep_about(ns);
    while (system_now() - begin < ns)
        SwitchToThread();
}

/* Those of the processor group that the process was started in: a mask names
 * no others. */
unsigned system_processors(void)
{
    SYSTEM_INFO about;
    GetSystemInfo(&about);
    return about.dwNumberOfProcessors;
}

void system_pin(int processor)
{
    DWORD_PTR every, system;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &every, &system))
        return;
    if (processor < 0)
        SetThreadAffinityMask(GetCurrentThread(), every);
    else if ((unsigned)processor < system_processors())
        SetThreadAffinityMask(GetCurrentThread(),
                              (DWORD_PTR)1 << processor);
}

/* One step is all there is: priorities are no weights, and a thread of a
 * lower one does not run while others keep every processor. Further down, a
 * busy machine could hold it back for so long that it looks stuck. */
void system_slow(unsigned step)
{
    SetThreadPriority(GetCurrentThread(), step > 0
                                              ? THREAD_PRIORITY_BELOW_NORMAL
                                              : THREAD_PRIORITY_NORMAL);
}

/* The state of a thread is part of what NtQuerySystemInformation tells, but
 * Wine leaves it blank. */
bool system_all_asleep(void)
{
    return true;
}

bool system_knows_sleepers(void)
{
    return false;
}

static BOOL WINAPI swallow(DWORD type)
{
    (void)type;
    return TRUE;
}

/* Handlers are asked in the reverse order of their coming, so this one hears
 * what no watcher has taken. The second call ends an inherited deafness to
 * Ctrl-C. */
void system_console_begin(void)
{
    SetConsoleCtrlHandler(swallow, TRUE);
    SetConsoleCtrlHandler(NULL, FALSE);
}

static unsigned console_processes(void)
{
    DWORD process[2];
    return GetConsoleProcessList(process, 2);
}

/* One that cannot say who belongs to it is none: Wine has that in a program
 * that was started without a terminal, and it raises no events. A new console
 * takes the place of the standard handles, which the program goes on using. */
static BOOL CALLBACK open_console(PINIT_ONCE once, void *unused,
                                  void **context)
{
    static const DWORD name[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
                                  STD_ERROR_HANDLE };
    HANDLE standard[3];
    (void)once;
    (void)unused;
    (void)context;
    if (console_processes() > 0)
        return TRUE;
    for (int i = 0; i < 3; i++)
        standard[i] = GetStdHandle(name[i]);
    FreeConsole();
    AllocConsole();
    for (int i = 0; i < 3; i++)
        SetStdHandle(name[i], standard[i]);
    return TRUE;
}

/* Every process of the console hears the event, the one that waits for this
 * one's end as well. So it is raised only where there is no other. What asks
 * to terminate comes from the system alone. */
bool system_console(int what)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    if (what != OS_CONSOLE_INTERRUPT)
        return false;
    InitOnceExecuteOnce(&once, open_console, NULL, NULL);
    return console_processes() == 1 &&
           GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
}

/* Wine says 0. */
unsigned system_handles(void)
{
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

unsigned system_threads(void)
{
    THREADENTRY32 thread = { .dwSize = sizeof thread };
    DWORD self = GetCurrentProcessId();
    HANDLE every = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    unsigned count = 0;
    if (every == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(every, &thread); more;
         more = Thread32Next(every, &thread))
        count += thread.th32OwnerProcessID == self;
    CloseHandle(every);
    return count;
}

/* Without the exit handlers, and without the notices to libraries, that
 * ExitProcess would run: they may wait for a lock of a thread that it has
 * ended. */
_Noreturn void system_end(int status)
{
    TerminateProcess(GetCurrentProcess(), (UINT)status);
    for (;;)
        SwitchToThread();
}
