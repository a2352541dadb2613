/*
 * os.h - what the loop asks of an operating system besides the port.
 *
 * Threads, one kind of lock, one kind of condition, a clock, memory, and
 * the events by which a person or a service manager asks a process to end.
 * Three folders implement this header: linux/, win32/ and the simulator's;
 * nothing else in loop/ can tell which one was linked.
 *
 * units      times are uint64_t nanoseconds of os_now()
 * ownership  the structs below are the caller's, zero-initialised, and may
 *            not be moved or copied while in use
 * threads    every function from any thread
 * errors     0 is success, below 0 a negative enum loop_error; a broken
 *            precondition aborts in every build
 */
#ifndef LOOP_OS_H
#define LOOP_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_FOREVER UINT64_MAX

/* Storage for what the platform keeps; each platform asserts that it fits. */
struct os_mutex {
    uint64_t platform[6];
};

struct os_cond {
    uint64_t platform[8];
};

struct os_thread {
    uint64_t platform[2];
};

/*
 * Allocate zeroed memory, aligned for any object.
 *
 *   size      bytes, 1 or more
 *   returns   the memory, or NULL
 *   owns      the caller, until os_free
 */
void *os_alloc(size_t size);

/* Give back what os_alloc returned; NULL is allowed and does nothing. */
void os_free(void *memory);

/*
 * Read the monotonic clock.
 *
 *   returns   nanoseconds since an unspecified start; never goes back
 *   source    CLOCK_MONOTONIC, QueryPerformanceCounter
 */
uint64_t os_now(void);

/*
 * Make a mutex ready; it is not recursive.
 *
 *   returns   0, or LOOP_ENOMEM
 */
int  os_mutex_open(struct os_mutex *m);
void os_mutex_close(struct os_mutex *m);    /* must not be locked */
void os_mutex_lock(struct os_mutex *m);
void os_mutex_unlock(struct os_mutex *m);   /* by the thread that locked */

/*
 * Make a condition ready, to be used with one mutex at a time.
 *
 *   returns   0, or LOOP_ENOMEM
 */
int  os_cond_open(struct os_cond *c);
void os_cond_close(struct os_cond *c);      /* nobody may be waiting */
void os_cond_signal(struct os_cond *c);     /* wakes one waiter, if any */
void os_cond_broadcast(struct os_cond *c);  /* wakes every waiter */

/*
 * Release the mutex, wait for a signal, and take the mutex again.
 *
 *   until     absolute time of os_now(), or OS_FOREVER
 *   returns   1 if woken, 0 if the time has passed; a wake-up may be
 *             spurious, so the caller tests its condition in a loop
 */
int os_cond_wait(struct os_cond *c, struct os_mutex *m, uint64_t until);

/*
 * Start a thread that runs entry(arg) and ends when it returns.
 *
 *   name      shown by debuggers and traces; a string that lives on
 *   returns   0, or LOOP_ENOMEM with *t unchanged
 *   owns      the caller joins every thread it started, exactly once
 */
int os_thread_start(struct os_thread *t, const char *name,
                    void (*entry)(void *arg), void *arg);

/* Wait until the thread has ended, without limit, and release it. */
void os_thread_join(struct os_thread *t);

/*
 * Name the calling thread by a number.
 *
 *   returns   1 or more; no two living threads share it, and it may come
 *             back after a thread has ended
 */
uint64_t os_thread_self(void);

/*
 * Let the calling thread pause for a time that is short for a person and
 * long for a kernel (about a millisecond): the backing-off of a retry.
 */
void os_pause(void);

/*
 * Wait for some instructions, for what another thread is about to do and
 * does sooner than a kernel could put this one to sleep and wake it.
 *
 *   turn      the same for all calls of one wait; 0 before the first
 *   returns   true: look, and if it has not happened call again. false: it
 *             has been about 2 us, or there is one processor only: sleep
 *   source    Karlin, Li, Manasse, Owicki: Empirical Studies of Competitive
 *             Spinning for a Shared-Memory Multiprocessor (1991)
 */
bool os_spin(uint64_t *turn);

/* What asks a process to end. */
enum os_console_event {
    OS_CONSOLE_INTERRUPT = 1,   /* Ctrl-C, SIGINT                  */
    OS_CONSOLE_TERMINATE = 2,   /* CTRL_CLOSE/SHUTDOWN, SIGTERM    */
};

/* One party that wants to hear of console events; caller-owned. */
struct os_console {
    struct os_console *next;
    void (*event)(struct os_console *c, enum os_console_event what);
    uint64_t platform[2];
};

/*
 * Begin to call c->event for every console event of the process.
 *
 * The call comes on a thread that belongs to the platform, never on one
 * that the event has interrupted, so it may take locks and post. Several
 * parties may listen; each hears every event, and none of them can take
 * another's away (a loop that closes does not silence the next).
 *
 *   c         c->event is set; the rest is the platform's
 *   returns   0, or LOOP_ENOMEM
 *   owns      c belongs to the platform until os_console_ignore returns
 *   source    SetConsoleCtrlHandler; on Linux sigaction and a thread
 */
int os_console_watch(struct os_console *c);

/*
 * Stop calling c->event. When this returns no call is running and none
 * will come.
 *
 *   threads   any but the one that is inside c->event
 */
void os_console_ignore(struct os_console *c);

#endif
