/*
 * ports.c - how fast is the loop over io_uring, and how fast over epoll?
 *
 *   burst            one thread posts bursts, one callback a post
 *   post to run      a post wakes a loop that has had nothing to do for 50 us
 *   stop to return   a stop does
 *   ops              reads and writes of one byte between two ends that are
 *                    both on the loop, across a socket pair, through a pipe
 *
 * A kernel may refuse a ring at any time, and the port then goes on over
 * epoll. Each process says what has driven it, and a figure of the wrong
 * engine is dropped.
 */
#include "peers.h"
#include "peers/child.h"

static const struct peers_measurement measurements[] = {
    { "burst", 1, "burst", "posts/s", "threads", NULL },
    { "wake", 50, "post to run", "ns", "loop", "idle 50 us" },
    { "stop", 50, "stop to return", "ns", "loop", "idle 50 us" },
    { "socket", 0, "ops", "ops/s", "device", "socket pair" },
    { "pipe", 0, "ops", "ops/s", "device", "pipe" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_ports, .kind = PEERS_PORTS,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 40 : 100,
        .rounds = limits->quick ? 7 : 15,
    };
    return peers_ask(&asked, limits);
}

const struct question question_ports = {
    .name = "ports",
    .asks = "how fast is the loop over io_uring, and how fast over epoll?",
    .seconds_quick = 2,
    .seconds_full = 12,
    .run = run,
};
