/*
 * native_end.c - the end of threads and processes, tried in processes of the
 * test's own.
 *
 * One that is to stay says a line when nothing is left to do but to end; if
 * it is there seconds later, it stays. What a library does as it is told of
 * an end, callbacks of the program do here, those of thread-local storage
 * and of fiber-local: the loader calls them at the same point, under its
 * lock. Wine 8 calls the former for threads only.
 */
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../process.h"

#define ANSWER_YES 40
#define ANSWER_NO 41
#define ENDED_ON_THE_SPOT 42
#define LOADER_WAIT_MS 1000

static int run(const char *name, const struct process_limit *limit,
               char line[64])
{
    const char *const args[] = { "--process", name, NULL };
    return process_run(args, limit, line, 64);
}

static void say(const char *what)
{
    puts(what);
    fflush(stdout);
}

/* --- what the loader calls --------------------------------------------- */

static void (*at_detach)(void);         /* the process ends                  */
static void (*at_thread_start)(void);   /* a thread begins                   */

static void NTAPI told_by_loader(void *module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_PROCESS_DETACH && at_detach)
        at_detach();
    if (reason == DLL_THREAD_ATTACH && at_thread_start)
        at_thread_start();
}

static void NTAPI told_by_fibers(void *value)
{
    (void)value;
    if (at_detach)
        at_detach();
}

/* For the thread that ends the process. */
static void tell_at_detach(void (*what)(void))
{
    FlsSetValue(FlsAlloc(told_by_fibers), &at_detach);
    at_detach = what;
}

/* Between the first and the last of such a section is the loader's list. */
__attribute__((section(".CRT$XLF"), used))
static const PIMAGE_TLS_CALLBACK callback = told_by_loader;

/* --- X1 ---------------------------------------------------------------- */

static DWORD WINAPI wait_for_ever(void *port)
{
    return raw_dequeue(port, INFINITE).error;
}

static HANDLE park_a_thread(HANDLE port)
{
    HANDLE thread = CreateThread(NULL, 0, wait_for_ever, port, 0, NULL);
    settle();
    if (!thread)
        exit(ANSWER_NO);
    say("parked");
    return thread;
}

static HANDLE new_port(void)
{
    return CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
}

static int end_the_main_thread(void)
{
    park_a_thread(new_port());
    ExitThread(0);
}

static int return_from_main(void)
{
    park_a_thread(new_port());
    return ANSWER_YES;
}

static void parked_thread_keeps_the_process(struct observation *o)
{
    char line[64];
    int status = run("end-main-thread", &process_stays, line);
    observe(o, !strcmp(line, "parked"), "set-up: no thread waits");
    observe_eq(o, PROCESS_HUNG, status,
               "the process ends with its main thread");
    status = run("return", &process_ends, line);
    observe_eq(o, ANSWER_YES, status,
               "the process does not end when main returns");
}

/* --- X2 ---------------------------------------------------------------- */

static HANDLE other;

static DWORD WINAPI run_for_ever(void *arg)
{
    while (!arg)
        Sleep(1);
    return 0;
}

static void end_with(int status)
{
    TerminateProcess(GetCurrentProcess(), (UINT)status);
}

static void look_at_the_other(void)
{
    end_with(WaitForSingleObject(other, 0) == WAIT_OBJECT_0 ? ANSWER_YES
                                                            : ANSWER_NO);
}

static int end_beside_a_thread(void)
{
    other = CreateThread(NULL, 0, run_for_ever, NULL, 0, NULL);
    tell_at_detach(look_at_the_other);
    return 0;
}

static void threads_end_before_libraries_hear(struct observation *o)
{
    char line[64];
    int status = run("end-beside-a-thread", &process_ends, line);
    observe(o, status == ANSWER_YES || status == ANSWER_NO,
            "set-up: the end is not told");
    observe(o, status != ANSWER_NO, "other threads run while libraries end");
}

/* --- X3, X4 ------------------------------------------------------------ */

static CRITICAL_SECTION held;
static HANDLE is_held;

static DWORD WINAPI hold_for_ever(void *arg)
{
    EnterCriticalSection(&held);
    SetEvent(is_held);
    return run_for_ever(arg);
}

static void start_holder(void)
{
    InitializeCriticalSection(&held);
    is_held = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!CreateThread(NULL, 0, hold_for_ever, NULL, 0, NULL) ||
        WaitForSingleObject(is_held, RAW_WAIT_MS) != WAIT_OBJECT_0)
        exit(1);
}

static void take_the_lock(void)
{
    say("exiting");
    EnterCriticalSection(&held);
}

static int exit_into_a_lock(void)
{
    start_holder();
    return atexit(take_the_lock);
}

static void held_lock_blocks_the_exit(struct observation *o)
{
    char line[64];
    int status = run("exit-into-a-lock", &process_stays, line);
    observe(o, !strcmp(line, "exiting"), "set-up: no handler runs");
    observe_eq(o, PROCESS_HUNG, status, "the exit passes a lock");
}

static void take_the_orphan(void)
{
    say("detaching");
    EnterCriticalSection(&held);
    end_with(ANSWER_NO);
}

static int exit_with_an_orphan(void)
{
    start_holder();
    tell_at_detach(take_the_orphan);
    ExitProcess(ENDED_ON_THE_SPOT);
}

static void orphaned_lock_ends_the_process(struct observation *o)
{
    char line[64];
    int status = run("exit-with-an-orphan", &process_ends, line);
    observe(o, !strcmp(line, "detaching"), "set-up: the end is not told");
    observe(o, status != ANSWER_NO, "an orphaned lock is let through");
    observe(o, status != PROCESS_HUNG, "an orphaned lock blocks the exit");
}

/* --- X5 ---------------------------------------------------------------- */

static DWORD WINAPI end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

static HANDLE let_go, ending;
static DWORD loader_wait;

/* The other thread ends meanwhile, and its end wants the loader's lock. */
static void wait_under_the_lock(void)
{
    at_thread_start = NULL;
    SetEvent(let_go);
    loader_wait = WaitForSingleObject(ending, LOADER_WAIT_MS);
}

static DWORD WINAPI end_when_let(void *arg)
{
    (void)arg;
    return WaitForSingleObject(let_go, RAW_WAIT_MS);
}

static int wait_for_an_end_in_the_loader(void)
{
    let_go = CreateEventW(NULL, TRUE, FALSE, NULL);
    ending = CreateThread(NULL, 0, end_when_let, NULL, 0, NULL);
    settle();
    loader_wait = WAIT_FAILED;
    at_thread_start = wait_under_the_lock;
    HANDLE thread = CreateThread(NULL, 0, end_at_once, NULL, 0, NULL);
    WaitForSingleObject(thread, RAW_WAIT_MS);

    /* It ends now, and not while the process does. */
    WaitForSingleObject(ending, RAW_WAIT_MS);
    switch (loader_wait) {
    case WAIT_TIMEOUT:
        return ANSWER_YES;
    case WAIT_OBJECT_0:
        return ANSWER_NO;
    default:
        return 1;
    }
}

static void wait_in_the_loader_is_a_deadlock(struct observation *o)
{
    char line[64];
    int status = run("wait-in-the-loader", &process_ends, line);
    if (status != ANSWER_NO)
        observe_eq(o, ANSWER_YES, status,
                   "set-up: the start of a thread is not told");
    observe(o, status != ANSWER_NO, "a thread ends without the loader's lock");
}

/* --- X6 ---------------------------------------------------------------- */

static void port_outlives_a_terminated_waiter(struct observation *o)
{
    HANDLE port = raw_port(o);
    HANDLE thread = raw_thread(o, wait_for_ever, port);
    settle();
    observe(o, TerminateThread(thread, 1), "a thread is not terminated");
    observe(o, raw_join(thread), "a terminated thread goes on");
    for (ULONG_PTR key = 1; key <= 2; key++)
        PostQueuedCompletionStatus(port, 0, key, NULL);
    for (ULONG_PTR key = 1; key <= 2; key++)
        observe_eq(o, (long long)key,
                   (long long)raw_dequeue(port, RAW_WAIT_MS).key,
                   "a terminated waiter has taken a packet");
    CloseHandle(port);
}

/* --- X7 ---------------------------------------------------------------- */

static HANDLE heard;
static DWORD heard_on;

static BOOL WINAPI hear(DWORD what)
{
    if (what != CTRL_C_EVENT)
        return FALSE;
    heard_on = GetCurrentThreadId();
    SetEvent(heard);
    return TRUE;
}

static int hear_an_event(void)
{
    heard = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(hear, TRUE);
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        return 1;
    if (WaitForSingleObject(heard, RAW_WAIT_MS) != WAIT_OBJECT_0)
        return 1;
    return heard_on != GetCurrentThreadId() ? ANSWER_YES : ANSWER_NO;
}

static int hear_nothing(void)
{
    SetConsoleCtrlHandler(NULL, FALSE);
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        return 1;
    Sleep(RAW_WAIT_MS);
    return ANSWER_NO;
}

/* A console of the processes' own: an event goes to all who share one. */
static bool has_console(void)
{
    FreeConsole();
    return AllocConsole();
}

static void event_has_its_own_thread(struct observation *o)
{
    char line[64];
    if (!has_console()) {
        observe_nothing(o, "there is no console");
        return;
    }
    SetConsoleCtrlHandler(NULL, TRUE);
    int status = run("hear-an-event", &process_ends, line);
    if (status == 1) {
        observe_nothing(o, "no event can be raised on this console");
        return;
    }
    observe_eq(o, ANSWER_YES, status,
               "an event is not heard on a thread of its own");
    status = run("hear-nothing", &process_ends, line);
    observe(o, status != ANSWER_NO && status != PROCESS_HUNG,
            "an event nobody hears does not end the process");
}

static int do_nothing(void)
{
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} processes[] = {
    { "nothing", do_nothing },
    { "end-main-thread", end_the_main_thread },
    { "return", return_from_main },
    { "end-beside-a-thread", end_beside_a_thread },
    { "exit-into-a-lock", exit_into_a_lock },
    { "exit-with-an-orphan", exit_with_an_orphan },
    { "wait-in-the-loader", wait_for_an_end_in_the_loader },
    { "hear-an-event", hear_an_event },
    { "hear-nothing", hear_nothing },
};

int process_main(const char *name)
{
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++)
        if (!strcmp(name, processes[i].name))
            return processes[i].run();
    return -1;
}

const struct native natives_end[] = {
    { "X1", parked_thread_keeps_the_process },
    { "X2", threads_end_before_libraries_hear },
    { "X3", held_lock_blocks_the_exit },
    { "X4", orphaned_lock_ends_the_process },
    { "X5", wait_in_the_loader_is_a_deadlock },
    { "X6", port_outlives_a_terminated_waiter },
    { "X7", event_has_its_own_thread },
    { 0 },
};
