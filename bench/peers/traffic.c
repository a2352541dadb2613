/*
 * traffic.c - see traffic.h.
 */
#include "traffic.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "peer_loop.h"

#define WRITER 2                /* slot; those before it read            */

static struct {
    enum peer_traffic kind;
    int      ends[2];
    int      from[2];           /* a slot reads from there               */
    int      to[2];             /* and answers there                     */
    int      first;             /* which of those writes next            */
    uint64_t left;              /* bytes to be read                      */
    uint64_t unsent;            /* to be written, by a pump              */
    char     got[PEER_BLOCK];
    char     sent[PEER_BLOCK];
} t;

static void answer(int fd)
{
    ssize_t size = write(fd, t.sent, 1);
    LOOP_ASSERT(size == 1);
}

static void echo(unsigned slot)
{
    ssize_t size = read(t.from[slot], t.got, 1);
    LOOP_ASSERT(size == 1);
    t.first = t.to[slot];
    if (--t.left == 0)
        peer_loop_stop();
    else
        answer(t.first);
}

static void pump_out(void)
{
    ssize_t size = read(t.from[0], t.got, sizeof t.got);
    LOOP_ASSERT(size > 0);
    t.left -= (uint64_t)size;
    if (t.left == 0)
        peer_loop_stop();
}

/* A device that has been filled meanwhile takes part of it, or nothing. */
static void pump_in(void)
{
    size_t wanted = t.unsent < sizeof t.sent ? t.unsent : sizeof t.sent;
    ssize_t size = write(t.ends[1], t.sent, wanted);
    LOOP_ASSERT(size > 0 || errno == EAGAIN);
    t.unsent -= size > 0 ? (uint64_t)size : 0;
    if (t.unsent == 0)
        traffic_unwatch(WRITER);
}

void traffic_ready(unsigned slot)
{
    if (t.kind != PEER_PUMP)
        echo(slot);
    else if (slot == WRITER)
        pump_in();
    else
        pump_out();
}

bool peer_has_traffic(void)
{
    return true;
}

void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2])
{
    (void)is_pipe;
    t.kind = kind;
    for (int i = 0; i < 2; i++)
        t.ends[i] = t.from[i] = t.to[i] = (int)ends[i];
    if (kind == PEER_ECHO_PIPE)
        t.to[0] = t.ends[1];
    t.first = t.to[0];
    traffic_watch(0, t.ends[0], false);
    if (kind == PEER_ECHO_PAIR)
        traffic_watch(1, t.ends[1], false);
}

void peer_traffic(unsigned count)
{
    t.left = t.unsent = count;
    if (t.kind == PEER_PUMP) {
        t.left = t.unsent = (uint64_t)count * PEER_BLOCK;
        traffic_watch(WRITER, t.ends[1], true);
    } else {
        answer(t.first);
    }
    peer_loop_run();
}

void peer_traffic_close(void)
{
    traffic_unwatch(0);
    if (t.kind == PEER_ECHO_PAIR)
        traffic_unwatch(1);
    for (int i = 0; i < 2; i++)
        close(t.ends[i]);
}
