/*
 * floor_eventfd.c - the floor that sleeps on an eventfd in an epoll set, to
 * which a read that is pending is one descriptor more.
 *
 * source: epoll(7)
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "../wake.h"
#include "descriptor.h"
#include "floor.h"
#include "traffic.h"

const char *const floor_engine = "eventfd";

static struct wake wake;
static int        *reads;
static unsigned    read_count;
static int         traffic[TRAFFIC_SLOTS];
static unsigned    watched;     /* of those                              */

bool floor_has(enum peer_kind kind)
{
    return kind == PEER_READS || kind == PEER_ACCEPTS ||
           descriptor_is_one(kind);
}

void floor_open(void)
{
    bool opened = wake_open(&wake);
    LOOP_ASSERT(opened);
}

void floor_end(void)
{
    for (unsigned i = 0; i < read_count; i++) {
        int failed = epoll_ctl(wake.epoll, EPOLL_CTL_DEL, reads[i], NULL);
        LOOP_ASSERT(!failed);
        close(reads[i]);
    }
    wake_close(&wake);
}

/* The eventfd is entry 0 of the set, and ends the wait as well. */
static void wait_for_traffic(void)
{
    struct epoll_event event[TRAFFIC_SLOTS + 1];
    int count = epoll_wait(wake.epoll, event, TRAFFIC_SLOTS + 1, -1);
    for (int i = 0; i < count; i++)
        if (event[i].data.u64 > 0)
            traffic_ready((unsigned)event[i].data.u64 - 1);
}

void floor_wait(void)
{
    if (watched > 0)
        wait_for_traffic();
    else
        wake_eventfd_wait(&wake);
}

void traffic_watch(unsigned slot, int fd, bool writes)
{
    struct epoll_event wanted = { .events = writes ? EPOLLOUT : EPOLLIN,
                                  .data = { .u64 = slot + 1 } };
    int failed = epoll_ctl(wake.epoll, EPOLL_CTL_ADD, fd, &wanted);
    LOOP_ASSERT(!failed);
    traffic[slot] = fd;
    watched++;
}

void traffic_unwatch(unsigned slot)
{
    int failed = epoll_ctl(wake.epoll, EPOLL_CTL_DEL, traffic[slot], NULL);
    LOOP_ASSERT(!failed);
    watched--;
}

void floor_set(void)
{
    wake_eventfd_set(&wake);
}

void floor_io_open(enum peer_kind kind, unsigned count)
{
    count = descriptor_is_one(kind) ? 1 : count;
    reads = calloc(count, sizeof *reads);
    LOOP_ASSERT(reads);
    read_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event wanted = { .events = EPOLLIN };
        reads[i] = (int)descriptor_open(kind);
        int failed = epoll_ctl(wake.epoll, EPOLL_CTL_ADD, reads[i], &wanted);
        LOOP_ASSERT(!failed);
    }
}

void floor_io_close(void)
{
    free(reads);
    read_count = 0;
}
