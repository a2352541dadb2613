/*
 * console.c - console events, which are signals here.
 *
 * A signal handler may do almost nothing, so it counts the signal and writes
 * a byte to a pipe, and a thread of this file calls the watchers. The count
 * is what matters: a pipe that is full drops the byte, but never the signal.
 *
 * The first watcher brings handlers, pipe and thread up, the last one takes
 * them down. One lock guards it all; `changed` is signalled when a call has
 * ended and when the thread has gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../check.h"
#include "../loop.h"
#include "../os.h"

enum console_state { CONSOLE_DOWN, CONSOLE_UP, CONSOLE_ENDING };

enum { SIGNALS = 2 };

static const int signal_number[SIGNALS] = { SIGINT, SIGTERM };
static const enum os_console_event signal_event[SIGNALS] = {
    OS_CONSOLE_INTERRUPT, OS_CONSOLE_TERMINATE
};

static struct {
    pthread_mutex_t    lock;
    pthread_cond_t     changed;
    enum console_state state;
    struct os_console *watchers;
    struct os_console *calling;     /* whose event is running, or NULL */
    uint64_t           events;      /* told so far, over all watchers  */
    pthread_t          thread;
    int                reader;
    int                writer;
    struct sigaction   previous[SIGNALS];
} console = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

/* What the handler touches: these only, and always atomically. */
static atomic_uint arrived[SIGNALS];
static atomic_uint handlers_inside;
static atomic_int  handler_writer = -1;

static void on_signal(int number)
{
    int error = errno;
    atomic_fetch_add(&handlers_inside, 1);
    atomic_fetch_add(&arrived[number == SIGINT ? 0 : 1], 1);
    int writer = atomic_load(&handler_writer);
    if (writer >= 0) {
        /* Full is as good as written: the reader has reason to wake. */
        ssize_t written = write(writer, "", 1);
        (void)written;
    }
    atomic_fetch_sub(&handlers_inside, 1);
    errno = error;
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
        pthread_mutex_unlock(&console.lock);
        c->event(c, what);
        pthread_mutex_lock(&console.lock);
        console.calling = NULL;
        pthread_cond_broadcast(&console.changed);
    }
}

/* Only this thread takes from the counts while it lives, and it takes one at
 * a time: a signal that finds no watcher any more stays counted. */
static void tell_arrived(void)
{
    for (int i = 0; i < SIGNALS; i++)
        while (console.watchers && atomic_load(&arrived[i]) > 0) {
            atomic_fetch_sub(&arrived[i], 1);
            tell_all(signal_event[i]);
        }
}

static void *console_main(void *unused)
{
    (void)unused;
    char bytes[64];
    pthread_mutex_lock(&console.lock);
    while (console.state != CONSOLE_ENDING) {
        tell_arrived();
        if (console.state == CONSOLE_ENDING)
            break;
        pthread_mutex_unlock(&console.lock);
        ssize_t size = read(console.reader, bytes, sizeof bytes);
        LOOP_ASSERT(size > 0 || errno == EINTR);
        pthread_mutex_lock(&console.lock);
    }
    pthread_mutex_unlock(&console.lock);
    return NULL;
}

/* Signals are blocked while the thread is created and so for all its life:
 * a handler that runs there would gain nothing. */
static int start_console_thread(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&console.thread, NULL, console_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return LOOP_ENOMEM;
    pthread_setname_np(console.thread, "console");
    return 0;
}

static void install_handlers(void)
{
    struct sigaction ours = { .sa_handler = on_signal,
                              .sa_flags = SA_RESTART };
    sigfillset(&ours.sa_mask);
    for (int i = 0; i < SIGNALS; i++) {
        int failed = sigaction(signal_number[i], &ours,
                               &console.previous[i]);
        LOOP_ASSERT(!failed);
    }
}

/* A handler that someone else has put over ours in the meantime stays. */
static void restore_handlers(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        int failed = sigaction(signal_number[i], NULL, &now);
        LOOP_ASSERT(!failed);
        if (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == on_signal)
            sigaction(signal_number[i], &console.previous[i], NULL);
    }
}

static int console_up(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return LOOP_ENOMEM;
    console.reader = ends[0];
    console.writer = ends[1];
    /* Only the writer is non-blocking: the thread sleeps in its read, while
     * a handler must never sleep. */
    if (fcntl(console.writer, F_SETFL, O_NONBLOCK))
        goto fail_close_pipe;

    console.state = CONSOLE_UP;
    if (start_console_thread())
        goto fail_state;
    atomic_store(&handler_writer, console.writer);
    install_handlers();
    return 0;

fail_state:
    console.state = CONSOLE_DOWN;
fail_close_pipe:
    close(console.writer);
    close(console.reader);
    return LOOP_ENOMEM;
}

/* Signals that came for watchers who have all gone would be swallowed here.
 * They are sent again, to whoever handled them before: a person who presses
 * Ctrl-C at this moment means the process. */
static void send_again(void)
{
    for (int i = 0; i < SIGNALS; i++)
        if (atomic_exchange(&arrived[i], 0))
            kill(getpid(), signal_number[i]);
}

/* A handler may have been entered before the old one was put back and still
 * be about to write. It counts itself before it reads the number of the
 * pipe, and here the number goes before the count is read: either it sees -1
 * or it is seen here. Only then may the pipe be closed, since its number
 * would be given out again. */
static void silence_handlers(void)
{
    restore_handlers();
    atomic_store(&handler_writer, -1);
    while (atomic_load(&handlers_inside))
        os_pause();
}

static void console_down(void)
{
    console.state = CONSOLE_ENDING;
    silence_handlers();
    ssize_t written = write(console.writer, "", 1);
    LOOP_ASSERT(written == 1 || errno == EAGAIN);

    pthread_mutex_unlock(&console.lock);
    pthread_join(console.thread, NULL);
    pthread_mutex_lock(&console.lock);

    close(console.writer);
    close(console.reader);
    send_again();
    console.state = CONSOLE_DOWN;
    pthread_cond_broadcast(&console.changed);
}

int os_console_watch(struct os_console *c)
{
    LOOP_ASSERT(c->event);
    int status = 0;
    pthread_mutex_lock(&console.lock);
    while (console.state == CONSOLE_ENDING)
        pthread_cond_wait(&console.changed, &console.lock);
    if (console.state == CONSOLE_DOWN)
        status = console_up();
    if (status == 0) {
        c->platform[0] = console.events;
        c->next = console.watchers;
        console.watchers = c;
    }
    pthread_mutex_unlock(&console.lock);
    return status;
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
    pthread_mutex_lock(&console.lock);
    LOOP_ASSERT(console.calling != c ||
                !pthread_equal(pthread_self(), console.thread));
    unlink_watcher(c);
    while (console.calling == c)
        pthread_cond_wait(&console.changed, &console.lock);

    /* While some other event is running its watcher is either still on the
     * list or being ignored by a thread that waits above and will find the
     * list empty itself. So the console never goes down under a call, and
     * never on its own thread. */
    if (!console.watchers && !console.calling &&
        console.state == CONSOLE_UP)
        console_down();
    pthread_mutex_unlock(&console.lock);
}
