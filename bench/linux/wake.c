/*
 * wake.c - futex and eventfd.
 *
 * source: futex(2), eventfd(2), epoll(7)
 */
#include "../wake.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../loop/check.h"

bool wake_open(struct wake *w)
{
    struct epoll_event wanted = { .events = EPOLLIN | EPOLLET };
    atomic_init(&w->word, 0);
    w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event < 0)
        return false;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0)
        goto fail_close_event;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->event, &wanted) < 0)
        goto fail_close_epoll;
    return true;

fail_close_epoll:
    close(w->epoll);
fail_close_event:
    close(w->event);
    return false;
}

void wake_close(struct wake *w)
{
    close(w->epoll);
    close(w->event);
}

static void futex(atomic_int *word, int what, int value)
{
    syscall(SYS_futex, word, what, value, NULL, NULL, 0);
}

void wake_futex_set(struct wake *w)
{
    atomic_store(&w->word, 1);
    futex(&w->word, FUTEX_WAKE_PRIVATE, 1);
}

void wake_futex_wait(struct wake *w)
{
    while (!wake_futex_poll(w))
        futex(&w->word, FUTEX_WAIT_PRIVATE, 0);
}

/* A load first: an exchange in a busy loop keeps the line from the thread
 * that wants to set it. */
bool wake_futex_poll(struct wake *w)
{
    return atomic_load(&w->word) != 0 && atomic_exchange(&w->word, 0) != 0;
}

void wake_eventfd_set(struct wake *w)
{
    uint64_t one = 1;
    ssize_t written = write(w->event, &one, sizeof one);
    LOOP_ASSERT(written == sizeof one);
}

static bool look(struct wake *w, int timeout_ms)
{
    struct epoll_event event;
    int count = epoll_wait(w->epoll, &event, 1, timeout_ms);
    LOOP_ASSERT(count >= 0 || errno == EINTR);
    return count > 0;
}

void wake_eventfd_wait(struct wake *w)
{
    while (!look(w, -1))
        ;
}

bool wake_eventfd_poll(struct wake *w)
{
    return look(w, 0);
}
