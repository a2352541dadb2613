/*
 * op_throughput.c - how many reads and writes in a second, and how many bytes?
 *
 *   ops      of one byte, between two ends that are both on the loop: back and
 *            forth across a socket pair, round and round through a pipe
 *   stream   blocks of 64 KiB, from one end to the other
 *
 * The floor is the same traffic with plain read(2) and write(2), told by an
 * epoll set when there is something.
 */
#include "peers.h"

static const struct peers_measurement measurements[] = {
    { "socket", 0, "ops", "ops/s", "device", "socket pair" },
    { "pipe", 0, "ops", "ops/s", "device", "pipe" },
    { "pump-socket", 0, "stream", "bytes/s", "device", "socket pair" },
    { "pump-pipe", 0, "stream", "bytes/s", "device", "pipe" },
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_op_throughput, .kind = PEERS_ALL,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = limits->quick ? 15 : 60,
        .rounds = limits->quick ? 3 : 9,
    };
    return peers_ask(&asked, limits);
}

const struct question question_op_throughput = {
    .name = "op_throughput",
    .asks = "how many reads and writes in a second, and how many bytes?",
    .seconds_quick = 3,
    .seconds_full = 22,
    .run = run,
};
