/*
 * memory.c - what a loop and what is on it take, and what it allocates while
 * it works.
 *
 * Bytes are those that the heap hands out for it, and of the storage that a
 * loop leaves to its owner; of each item the owner's part stands beside the
 * whole. The memory that a ring shares with the kernel is not on the heap.
 *
 * A loop that does not allocate in its steady state brings no noise of the
 * heap into a latency, and cannot fail for want of memory. So calls of the
 * allocator are counted while 100,000 of a kind are done, after a warm-up.
 *
 * All of it is counted, not timed: who else uses the machine does not matter.
 */
#include "peers.h"
#include "peers/peer_loop.h"

#define LOOP(name, metric, unit)                                             \
    { name, 0, metric, unit, "pending", "nothing" },                         \
    { name, 1, metric, unit, "pending", "a timer" }
#define EACH(kind, of)                                                       \
    { "memory-" kind "s", 1000, "each " kind, "bytes", "of it", "all" },     \
    { "storage", of, "each " kind, "bytes", "of it", "the owner's" }
#define CALLS(kind, word)                                                    \
    { "allocations-" kind, 100000, "allocations in 100,000", "calls",        \
      "of", word }

static const struct peers_measurement measurements[] = {
    LOOP("memory-loop", "a loop", "bytes"),
    LOOP("descriptors", "descriptors of a loop", "descriptors"),
    EACH("post", PEER_POSTS),
    EACH("timer", PEER_TIMERS),
    EACH("task", PEER_TASKS),
    EACH("read", PEER_READS),
    EACH("job", PEER_JOBS),
    CALLS("posts", "posts from within"),
    CALLS("foreign", "posts of another thread"),
    CALLS("timers", "timers"),
    CALLS("yields", "yields of a task"),
    CALLS("awaits", "tasks awaited"),
    CALLS("jobs", "jobs"),
    CALLS("ops", "reads and writes"),
};

static int run(const struct question_limits *limits)
{
    const struct peers_asked asked = {
        .question = &question_memory, .kind = PEERS_LOOPS,
        .program = "heap", .is_exact = true,
        .measurement = measurements,
        .count = sizeof measurements / sizeof measurements[0],
        .milliseconds = 1,
        .rounds = 1,
    };
    return peers_ask(&asked, limits);
}

const struct question question_memory = {
    .name = "memory",
    .asks = "what does a loop take, and what does it allocate?",
    .seconds_quick = 2,
    .seconds_full = 5,
    .run = run,
};
