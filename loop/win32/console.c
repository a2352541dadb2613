/*
 * console.c - console events, which the system tells on threads of its own.
 *
 * Each event is a call of the handler below on a new thread, so two of them
 * may run at once; they take turns, so that watchers hear one event after
 * the other. The handler says no if nobody watches: then the system asks
 * whoever had a handler before, and at last ends the process. That is why it
 * is installed with the first watcher and never taken away. Taking it away
 * would have to wait for one that runs, which may be waiting for the watcher
 * that wants to take it away.
 *
 * The system ends the process when the handler of a close, a logoff or a
 * shutdown returns. So that one does not return before the last watcher is
 * gone, which is how a loop says that it has come to its end; what a program
 * has to do after that belongs before it. If the watchers stay, the system
 * waits for some seconds and then ends the process all the same.
 *
 * source: SetConsoleCtrlHandler, HandlerRoutine
 */
#include "console.h"

#include "../check.h"
#include "../loop.h"
#include "../os.h"

static struct {
    SRWLOCK            lock;
    CONDITION_VARIABLE changed;     /* a call or a turn has ended, a
                                       watcher has gone                   */
    struct os_console *watchers;
    struct os_console *calling;     /* whose event is running, or NULL    */
    DWORD              teller;      /* the thread whose turn it is, or 0  */
    uint64_t           events;      /* told so far, over all watchers     */
} console = {
    .lock = SRWLOCK_INIT,
    .changed = CONDITION_VARIABLE_INIT,
};

static void wait_for_change(void)
{
    BOOL woken = SleepConditionVariableSRW(&console.changed, &console.lock,
                                           INFINITE, 0);
    LOOP_ASSERT(woken);
}

/* Has this watcher not heard of the event with this number? The number of
 * the last one it heard is in platform[0]. */
static struct os_console *next_to_tell(uint64_t event)
{
    struct os_console *c = console.watchers;
    while (c && c->platform[0] >= event)
        c = c->next;
    return c;
}

/* The lock is released during each call, and the list may change meanwhile;
 * so the search begins anew after each, and the numbers keep a watcher from
 * hearing twice, or of what was before its time. */
static void tell_all(enum os_console_event what)
{
    uint64_t event = ++console.events;
    struct os_console *c;
    while ((c = next_to_tell(event)) != NULL) {
        c->platform[0] = event;
        console.calling = c;
        ReleaseSRWLockExclusive(&console.lock);
        c->event(c, what);
        AcquireSRWLockExclusive(&console.lock);
        console.calling = NULL;
        WakeAllConditionVariable(&console.changed);
    }
}

/* Returns false if nobody watches any more when it is this thread's turn. */
static bool take_turn_and_tell(enum os_console_event what)
{
    while (console.teller)
        wait_for_change();
    if (!console.watchers)
        return false;
    console.teller = GetCurrentThreadId();
    tell_all(what);
    console.teller = 0;
    WakeAllConditionVariable(&console.changed);
    return true;
}

BOOL WINAPI console_control(DWORD type)
{
    bool asks = type == CTRL_C_EVENT || type == CTRL_BREAK_EVENT;
    AcquireSRWLockExclusive(&console.lock);
    bool heard = take_turn_and_tell(asks ? OS_CONSOLE_INTERRUPT
                                         : OS_CONSOLE_TERMINATE);
    while (!asks && console.watchers)
        wait_for_change();
    ReleaseSRWLockExclusive(&console.lock);
    return heard;
}

static BOOL CALLBACK install(PINIT_ONCE once, void *unused, void **context)
{
    (void)once;
    (void)unused;
    (void)context;
    return SetConsoleCtrlHandler(console_control, TRUE);
}

/* Without our lock: the system may hold one of its own while a handler runs,
 * and ours wants to be let in then. */
int os_console_watch(struct os_console *c)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    LOOP_ASSERT(c->event);
    if (!InitOnceExecuteOnce(&once, install, NULL, NULL))
        return LOOP_ENOMEM;
    AcquireSRWLockExclusive(&console.lock);
    c->platform[0] = console.events;
    c->next = console.watchers;
    console.watchers = c;
    ReleaseSRWLockExclusive(&console.lock);
    return 0;
}

static void unlink_watcher(struct os_console *c)
{
    struct os_console **link = &console.watchers;
    while (*link && *link != c)
        link = &(*link)->next;
    LOOP_ASSERT(*link == c);
    *link = c->next;
}

void os_console_ignore(struct os_console *c)
{
    AcquireSRWLockExclusive(&console.lock);
    LOOP_ASSERT(console.calling != c ||
                console.teller != GetCurrentThreadId());
    unlink_watcher(c);
    WakeAllConditionVariable(&console.changed);
    while (console.calling == c)
        wait_for_change();
    ReleaseSRWLockExclusive(&console.lock);
}
