/*
 * system_test.c - what runs on real threads ask of Windows.
 */
#include "../real/system.h"

#include <windows.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "../host.h"

#define MILLISECOND 1000000u
#define DEADLINE_NS UINT64_C(60000000000)
#define DEADLINE_MS 60000
#define LAST_STATUS 42

enum { SLEEPERS = 3 };

/* Threads that wait until they are let go. */

static struct {
    HANDLE           gate;
    struct os_thread thread[SLEEPERS];
} sleepers;

static void sleep_at_gate(void *arg)
{
    (void)arg;
    WaitForSingleObject(sleepers.gate, INFINITE);
}

static void start_sleepers(void)
{
    sleepers.gate = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQ(0, os_thread_start(&sleepers.thread[i], "sleeper",
                                    sleep_at_gate, NULL));
}

static void end_sleepers(void)
{
    SetEvent(sleepers.gate);
    for (int i = 0; i < SLEEPERS; i++)
        os_thread_join(&sleepers.thread[i]);
    CloseHandle(sleepers.gate);
}

/* Times of the two clocks are compared; another scale or another origin
 * would make every deadline come at once or never. */
static void the_clock_is_the_loops(void)
{
    for (int i = 0; i < 1000; i++) {
        uint64_t before = os_now();
        uint64_t now = system_now();
        CHECK(before <= now);
        CHECK(now <= os_now());
    }
}

/* A nap that ends at once would turn waiting into spinning. */
static void a_nap_is_not_cut_short(void)
{
    static const uint64_t naps[] = { 0, 1, 50000, MILLISECOND - 1,
                                     MILLISECOND, 3 * MILLISECOND + 7 };
    for (size_t i = 0; i < sizeof naps / sizeof naps[0]; i++) {
        uint64_t before = system_now();
        system_nap(naps[i]);
        CHECK(system_now() - before >= naps[i]);
        CHECK(system_now() - before < DEADLINE_NS);
    }
}

/* Setting the mask is the one way to read it. */
static DWORD_PTR affinity(DWORD_PTR every)
{
    DWORD_PTR mask = SetThreadAffinityMask(GetCurrentThread(), every);
    SetThreadAffinityMask(GetCurrentThread(), mask);
    return mask;
}

static void a_pinned_thread_has_one_processor(void)
{
    DWORD_PTR every, system;
    CHECK(GetProcessAffinityMask(GetCurrentProcess(), &every, &system));
    CHECK(system_processors() >= 1);
    for (unsigned i = 0; i < system_processors() && i < 64; i++) {
        DWORD_PTR one = (DWORD_PTR)1 << i;
        if (!(every & one))
            continue;
        system_pin((int)i);
        CHECK(affinity(every) == one);
    }
    system_pin(-1);
    CHECK(affinity(every) == every);
}

/* What is out of reach leaves the thread as it was. */
static void a_processor_that_is_not_there_is_no_pin(void)
{
    DWORD_PTR every, system;
    CHECK(GetProcessAffinityMask(GetCurrentProcess(), &every, &system));
    system_pin((int)system_processors());
    system_pin(1 << 20);
    CHECK(affinity(every) == every);
}

static void a_slowed_thread_has_less_weight_until_it_is_freed(void)
{
    for (unsigned step = 1; step < 20; step++) {
        system_slow(step);
        int priority = GetThreadPriority(GetCurrentThread());
        CHECK(priority < THREAD_PRIORITY_NORMAL);
        CHECK(priority > THREAD_PRIORITY_IDLE);
    }
    system_slow(0);
    CHECK_EQ(THREAD_PRIORITY_NORMAL, GetThreadPriority(GetCurrentThread()));
}

/* The system keeps threads of its own, so only the difference is ours. */
static void living_threads_are_counted(void)
{
    unsigned before = system_threads();
    CHECK(before >= 1);
    start_sleepers();
    CHECK(system_threads() >= before + SLEEPERS);
    end_sleepers();
}

static void open_handles_are_counted(void)
{
    HANDLE event[64];
    unsigned before = system_handles();
    if (before == 0) {
        test_skip("open_handles_are_counted", "the system does not tell");
        return;
    }
    for (int i = 0; i < 64; i++)
        event[i] = CreateEventW(NULL, TRUE, FALSE, NULL);
    unsigned most = system_handles();
    for (int i = 0; i < 64; i++)
        CloseHandle(event[i]);
    CHECK(most >= before + 64);
    CHECK(system_handles() <= most - 64);
}

/* A harness that believes in sleepers where the system does not tell would
 * find a hang in every pause. */
static void sleep_is_not_claimed_to_be_known(void)
{
    CHECK(!system_knows_sleepers());
    CHECK(system_all_asleep());
}

/* Console events. Handlers are asked in the reverse order of their coming:
 * first the witness, then that of the watchers, then the one that keeps the
 * process alive. */

static struct {
    HANDLE              heard;
    _Atomic(HANDLE)     thread;     /* of the system's, for the last event */
    atomic_int          watched;
    atomic_int          what;
} console;

static BOOL WINAPI witness(DWORD type)
{
    (void)type;
    atomic_store(&console.thread, OpenThread(SYNCHRONIZE, FALSE,
                                             GetCurrentThreadId()));
    SetEvent(console.heard);
    return FALSE;
}

static void on_event(struct os_console *c, enum os_console_event what)
{
    (void)c;
    atomic_store(&console.what, what);
    atomic_fetch_add(&console.watched, 1);
}

/* When the thread has ended, every handler has been asked that will be. */
static void await_event(void)
{
    CHECK_EQ(WAIT_OBJECT_0, WaitForSingleObject(console.heard, DEADLINE_MS));
    HANDLE thread = atomic_exchange(&console.thread, NULL);
    CHECK(thread != NULL);
    CHECK_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, DEADLINE_MS));
    CloseHandle(thread);
}

/* Returns the status of the program: LAST_STATUS if all was well, which no
 * handler of the system's ends a process with; 77 if there is no console. */
static int play_console(void)
{
    struct os_console watcher = { .event = on_event };
    console.heard = CreateEventW(NULL, FALSE, FALSE, NULL);
    system_console_begin();
    CHECK_EQ(0, os_console_watch(&watcher));
    SetConsoleCtrlHandler(witness, TRUE);
    CHECK(!system_console(OS_CONSOLE_TERMINATE));
    if (!system_console(OS_CONSOLE_INTERRUPT))
        return 77;
    await_event();
    CHECK_EQ(1, atomic_load(&console.watched));
    CHECK_EQ(OS_CONSOLE_INTERRUPT, atomic_load(&console.what));

    os_console_ignore(&watcher);
    CHECK(system_console(OS_CONSOLE_INTERRUPT));
    await_event();
    CHECK_EQ(1, atomic_load(&console.watched));
    return test_failures ? 1 : LAST_STATUS;
}

static void at_exit(void)
{
    fprintf(stderr, "exit handlers have run\n");
    fflush(stderr);
}

/* With threads that never end by themselves. */
static int play_end(void)
{
    start_sleepers();
    atexit(at_exit);
    system_end(LAST_STATUS);
}

static bool count_line(const char *line, void *count)
{
    (void)line;
    ++*(int *)count;
    return true;
}

static int run_self(char *role, int *lines)
{
    char program[HOST_PATH], why[HOST_WHY];
    char play[] = "play";
    char *argv[] = { program, play, role, NULL };
    host_program(program);
    return host_run(argv, count_line, lines, why);
}

/* Ctrl-C reaches those who watch, once each; with nobody there, the process
 * goes on. In a process of its own, since it would end the process. */
static void an_interrupt_reaches_who_watches_and_ends_nobody(void)
{
    char role[] = "console";
    int lines = 0;
    int status = run_self(role, &lines);
    if (status == 77) {
        test_skip("an_interrupt_reaches_who_watches_and_ends_nobody",
                  "no console of our own");
        return;
    }
    CHECK_EQ(LAST_STATUS, status);
}

static void the_end_comes_at_once_whatever_threads_do(void)
{
    char role[] = "end";
    int lines = 0;
    CHECK_EQ(LAST_STATUS, run_self(role, &lines));
    CHECK_EQ(0, lines);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "play"))
        return !strcmp(argv[2], "end") ? play_end() : play_console();
    RUN(the_clock_is_the_loops);
    RUN(a_nap_is_not_cut_short);
    RUN(a_pinned_thread_has_one_processor);
    RUN(a_processor_that_is_not_there_is_no_pin);
    RUN(a_slowed_thread_has_less_weight_until_it_is_freed);
    RUN(living_threads_are_counted);
    RUN(open_handles_are_counted);
    RUN(sleep_is_not_claimed_to_be_known);
    RUN(an_interrupt_reaches_who_watches_and_ends_nobody);
    RUN(the_end_comes_at_once_whatever_threads_do);
    return test_result(10);
}
