/*
 * native_handle.c - the parts of rules about ports, cancels and closes that
 * need descriptors: duplicates, foreign kinds, and waits under a close.
 */
#include "native_linux.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../loop/loop.h"
#include "../scene.h"

#define WAIT_MS 500
#define LONG_WAIT_MS 10000

static int duplicate(struct observation *o, port_handle h)
{
    int copy = fcntl((int)h, F_DUPFD_CLOEXEC, 0);
    observe(o, copy >= 0, "set-up: no duplicate");
    return copy;
}

static void associate_a_duplicate(struct observation *o)
{
    struct scene s;
    scene_open_stream(&s, o);
    int copy = duplicate(o, s.near);
    observe_eq(o, LOOP_EINVAL, port_associate(s.port, (port_handle)copy, 1),
               "a duplicate gets a port of its own");
    port_handle_close((port_handle)copy);
    scene_close(&s);
}

static void associate_what_cannot_wait(struct observation *o)
{
    struct port *p = scene_port(o);
    int file = memfd_create("conformance", MFD_CLOEXEC);
    observe(o, file >= 0, "set-up: no file");
    observe_eq(o, LOOP_EINVAL, port_associate(p, (port_handle)file, 1),
               "a regular file is associated");
    close(file);
    observe_eq(o, LOOP_EINVAL, port_associate(p, (port_handle)file, 1),
               "a closed descriptor is associated");
    port_close(p);
}

static void cancel_through_a_duplicate(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    char in[4];
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    int copy = duplicate(o, s.near);
    observe_eq(o, 0, port_cancel(s.port, (port_handle)copy, &op),
               "a duplicate reaches no op");
    port_cancel(s.port, s.near, &op);
    scene_take(s.port, &(struct packet){ 0 });
    close(copy);
    scene_close(&s);
}

static void close_one_of_two(struct observation *o)
{
    static struct port_op op;
    static char in[4];
    struct scene s;
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    int copy = duplicate(o, s.near);
    scene_close_near(&s);
    scene_quiet(&s, "the op ends although a duplicate is open");
    close(copy);
    scene_close(&s);
}

struct waiter {
    pthread_t          thread;
    int                epoll;
    int                timeout;
    int                count;   /* what epoll_wait says                      */
    struct epoll_event event;
};

static void *wait_in_epoll(void *arg)
{
    struct waiter *w = arg;
    w->count = epoll_wait(w->epoll, &w->event, 1, w->timeout);
    return NULL;
}

static void park(struct observation *o, struct waiter *w)
{
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    observe(o, w->epoll >= 0, "set-up: no epoll set");
    observe_eq(o, 0, pthread_create(&w->thread, NULL, wait_in_epoll, w),
               "set-up: no thread");
    settle();
}

/* Past the library, where a sanitizer watches for what the rule is about. */
static void close_under_use(int fd)
{
    syscall(SYS_close, fd);
}

/* A wait that ends by its time was not woken. */
static void close_under_a_waiter(struct observation *o)
{
    struct waiter w = { .timeout = WAIT_MS };
    park(o, &w);
    close_under_use(w.epoll);
    pthread_join(w.thread, NULL);
    observe(o, w.count != 0, "nobody is woken");
}

static void close_beside_a_duplicate(struct observation *o)
{
    struct waiter w = { .timeout = LONG_WAIT_MS };
    struct epoll_event event = { .events = EPOLLIN };
    park(o, &w);
    int copy = duplicate(o, (port_handle)w.epoll);
    int signal = eventfd(1, EFD_CLOEXEC);
    close_under_use(w.epoll);
    observe_eq(o, 0, epoll_ctl(copy, EPOLL_CTL_ADD, signal, &event),
               "a duplicate is of no use after a close");
    pthread_join(w.thread, NULL);
    observe_eq(o, 1, w.count, "who waits is not served");
    close(signal);
    close(copy);
}

const struct native natives_handle[] = {
    { "P3", associate_a_duplicate },
    { "P4", associate_what_cannot_wait },
    { "P20", close_under_a_waiter },
    { "P21", close_beside_a_duplicate },
    { "C6", cancel_through_a_duplicate },
    { "D1", close_one_of_two },
    { 0 },
};
