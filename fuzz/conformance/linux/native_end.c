/*
 * native_end.c - the end of a process, tried in processes of the test's own.
 *
 * One that is to stay says a line when nothing is left to do but to end; if
 * it is there seconds later, it stays.
 */
#include "native_linux.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../loop/os.h"
#include "../process.h"
#include "../scene.h"

#define ANSWER_YES 40
#define ANSWER_NO 41
#define PAUSES_MAX 2000

static int run(const char *name, const struct process_limit *limit,
               char line[64])
{
    const char *const args[] = { "--process", name, NULL };
    return process_run(args, limit, line, 64);
}

/* --- X1 ---------------------------------------------------------------- */

static void wait_for_ever(void *arg)
{
    struct packet packet;
    port_dequeue(arg, &packet, 1, PORT_FOREVER);
}

static void park_a_thread(void)
{
    static struct os_thread thread;
    struct port *p = NULL;
    if (port_open(&p) < 0 ||
        os_thread_start(&thread, "waiter", wait_for_ever, p) < 0)
        exit(ANSWER_NO);
    settle();
    puts("parked");
    fflush(stdout);
}

static int end_the_main_thread(void)
{
    park_a_thread();
    pthread_exit(NULL);
}

static int return_from_main(void)
{
    park_a_thread();
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

static atomic_uint steps;
static bool watches_steps;

static void step_for_ever(void *arg)
{
    (void)arg;
    for (;;) {
        atomic_fetch_add(&steps, 1);
        os_pause();
    }
}

/* Runs at the end of every process of this program, for one of them. */
__attribute__((destructor)) static void look_at_steps(void)
{
    if (!watches_steps)
        return;
    unsigned before = atomic_load(&steps);
    for (int i = 0; i < PAUSES_MAX; i++) {
        if (atomic_load(&steps) != before)
            _exit(ANSWER_NO);
        os_pause();
    }
    _exit(ANSWER_YES);
}

static int end_beside_a_thread(void)
{
    static struct os_thread thread;
    if (os_thread_start(&thread, "stepper", step_for_ever, NULL) < 0)
        return 1;
    watches_steps = true;
    return 0;
}

static void threads_end_before_destructors(struct observation *o)
{
    char line[64];
    int status = run("end-beside-a-thread", &process_ends, line);
    observe(o, status == ANSWER_YES || status == ANSWER_NO,
            "set-up: no destructor runs");
    observe(o, status != ANSWER_NO, "other threads run while destructors do");
}

/* --- X3 ---------------------------------------------------------------- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_held;

static void hold_for_ever(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&held);
    atomic_store(&is_held, true);
    for (;;)
        pause();
}

static void take_the_lock(void)
{
    puts("exiting");
    fflush(stdout);
    pthread_mutex_lock(&held);
}

static int exit_into_a_lock(void)
{
    static struct os_thread thread;
    if (atexit(take_the_lock) != 0 ||
        os_thread_start(&thread, "holder", hold_for_ever, NULL) < 0)
        return 1;
    while (!atomic_load(&is_held))
        os_pause();
    return 0;
}

static void held_lock_blocks_the_exit(struct observation *o)
{
    char line[64];
    int status = run("exit-into-a-lock", &process_stays, line);
    observe(o, !strcmp(line, "exiting"), "set-up: no handler runs");
    observe_eq(o, PROCESS_HUNG, status, "the exit passes a lock");
}

/* --- X7 ---------------------------------------------------------------- */

struct listener {
    struct os_console console;
    atomic_ullong     thread;
};

static void note_event(struct os_console *c, enum os_console_event what)
{
    struct listener *l = (struct listener *)(void *)c;
    if (what == OS_CONSOLE_INTERRUPT)
        atomic_store(&l->thread, os_thread_self());
}

static int hear_an_event(void)
{
    static struct listener l = { .console = { .event = note_event } };
    if (os_console_watch(&l.console) < 0 || raise(SIGINT) != 0)
        return 1;
    for (int i = 0; i < PAUSES_MAX && !atomic_load(&l.thread); i++)
        os_pause();
    os_console_ignore(&l.console);
    unsigned long long thread = atomic_load(&l.thread);
    return thread != 0 && thread != os_thread_self() ? ANSWER_YES : ANSWER_NO;
}

static int hear_nothing(void)
{
    raise(SIGINT);
    return ANSWER_NO;
}

static void event_has_its_own_thread(struct observation *o)
{
    char line[64];
    int status = run("hear-an-event", &process_ends, line);
    observe_eq(o, ANSWER_YES, status,
               "an event is not heard on a thread of its own");
    status = run("hear-nothing", &process_ends, line);
    observe_eq(o, 128 + SIGINT, status, "an event nobody hears is lost");
}

static const struct {
    const char *name;
    int (*run)(void);
} processes[] = {
    { "end-main-thread", end_the_main_thread },
    { "return", return_from_main },
    { "end-beside-a-thread", end_beside_a_thread },
    { "exit-into-a-lock", exit_into_a_lock },
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
    { "X2", threads_end_before_destructors },
    { "X3", held_lock_blocks_the_exit },
    { "X7", event_has_its_own_thread },
    { 0 },
};
