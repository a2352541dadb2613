/*
 * doze.c - sleep on a word of memory.
 *
 * source: futex(2)
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../loop.h"
#include "kernel.h"

#define NANOSECONDS 1000000000u

struct timespec time_left(uint64_t until)
{
    uint64_t now = os_now();
    uint64_t left = until > now ? until - now : 0;
    return (struct timespec){ .tv_sec = (time_t)(left / NANOSECONDS),
                              .tv_nsec = (long)(left % NANOSECONDS) };
}

static void futex(atomic_uint *word, int what, unsigned value,
                  const struct timespec *left)
{
    syscall(SYS_futex, word, what, value, left, NULL, 0);
}

/* The word is read under the lock, and changes before anybody is woken: who
 * is called on the way to the kernel does not sleep there. */
void doze(struct port *p, uint64_t until)
{
    unsigned calls = atomic_load(&p->calls);
    p->dozing = true;
    os_mutex_unlock(&p->lock);
    struct timespec left = time_left(until);
    futex(&p->calls, FUTEX_WAIT_PRIVATE, calls,
          until == PORT_FOREVER ? NULL : &left);
    os_mutex_lock(&p->lock);
    p->dozing = false;
}

void doze_call(struct port *p)
{
    atomic_fetch_add(&p->calls, 1);
    futex(&p->calls, FUTEX_WAKE_PRIVATE, 1, NULL);
}
