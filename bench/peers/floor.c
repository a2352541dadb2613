/*
 * floor.c - what stands in for a loop at the bottom of a table: a bare queue
 * that one thread empties, woken only if it sleeps. It knows no timers, no
 * handles, no order among producers and no close, so no loop is faster on
 * this machine.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "../../loop/loop.h"
#include "../queue.h"
#include "floor.h"
#include "peer_loop.h"

/* As large as a post of our loop, so that both move as much memory. */
union node {
    struct post       post;
    struct queue_node in;
};

static struct {
    union node  *node;
    void       (*run)(void);

    _Alignas(64) struct queue queue;
    _Alignas(64) atomic_bool  asleep;
    atomic_bool               stop;
} f;

const char *peer_loop_engine(void)
{
    return floor_engine;
}

const char *peer_loop_version(void)
{
    return "-";
}

unsigned peer_loop_threads(void)
{
    return 1;
}

bool peer_loop_has(enum peer_kind kind)
{
    return floor_has(kind);
}

size_t peer_loop_storage(void)
{
    return 0;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_READS:   return sizeof(int);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
    floor_open();
}

void peer_loop_end(void)
{
    floor_end();
}

void peer_loop_ready(void)
{
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    floor_io_open(kind, count);
}

void peer_io_close(void)
{
    floor_io_close();
}

/* Say that I sleep before the last look, so that whoever pushes after that
 * look sees it. */
static void sleep_unless_pushed(void)
{
    atomic_store(&f.asleep, true);
    if (queue_is_empty(&f.queue) && !atomic_load(&f.stop))
        floor_wait();
    atomic_store(&f.asleep, false);
}

static void wake_sleeper(void)
{
    if (atomic_load(&f.asleep) && atomic_exchange(&f.asleep, false))
        floor_set();
}

/* Whoever wakes may come too late to find me asleep, and the next sleep then
 * ends at once: that is allowed. */
void peer_loop_run(void)
{
    while (!atomic_load_explicit(&f.stop, memory_order_relaxed) ||
           !atomic_exchange(&f.stop, false)) {
        struct queue_node *n = queue_take(&f.queue);
        if (!n)
            sleep_unless_pushed();
        while (n) {
            /* Read before it runs: then its owner may push it. */
            struct queue_node *next = n->next;
            f.run();
            n = next;
        }
    }
}

void peer_loop_stop(void)
{
    atomic_store(&f.stop, true);
    wake_sleeper();
}

void peer_posts_open(unsigned count, void (*run)(void))
{
    f.run = run;
    f.node = calloc(count, sizeof *f.node);
    LOOP_ASSERT(f.node);
}

void peer_posts_close(void)
{
    free(f.node);
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        queue_push(&f.queue, &f.node[i].in);
        wake_sleeper();
    }
}
