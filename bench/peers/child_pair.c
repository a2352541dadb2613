/*
 * child_pair.c - see pair.h.
 */
#include "pair.h"

#include "../../loop/check.h"
#include "../clock.h"
#include "../machine.h"
#include "peer_loop.h"

#define WARM_UP 32              /* answers that do not count             */

struct pair pair;

void pair_begin(uint64_t length, struct histogram *seen, unsigned outside)
{
    pair.seen = seen;
    pair.length = length;
    pair.pinned = machine_processors() > outside;
}

void pair_pin_inside(void)
{
    if (pair.pinned)
        machine_pin(machine_processors() - 1);
}

void pair_pin_outside(unsigned index)
{
    if (pair.pinned)
        machine_pin(index);
}

void pair_start(struct os_thread *thread, const char *name,
                void (*entry)(void *), void *argument)
{
    int failed = os_thread_start(thread, name, entry, argument);
    LOOP_ASSERT(!failed);
}

void pair_run(void (*inside)(void *), void (*outside)(void *))
{
    struct os_thread in = { { 0 } }, out = { { 0 } };
    pair_start(&in, "inside", inside, NULL);
    pair_start(&out, "outside", outside, NULL);
    os_thread_join(&out);
    os_thread_join(&in);
}

void pair_inside(void *unused)
{
    (void)unused;
    pair_pin_inside();
    peer_loop_run();
}

void pair_answer(unsigned number)
{
    atomic_store_explicit(&pair.answered_at, os_now(), memory_order_relaxed);
    atomic_store_explicit(&pair.answered, number, memory_order_release);
}

void pair_wait(unsigned number)
{
    while (atomic_load_explicit(&pair.answered, memory_order_acquire) < number)
        continue;
}

void pair_note(unsigned number, uint64_t before)
{
    pair_wait(number);
    uint64_t at = atomic_load_explicit(&pair.answered_at, memory_order_relaxed);
    if (number > WARM_UP)
        histogram_record(pair.seen, at - before);
    else if (number == WARM_UP)
        pair.until = os_now() + pair.length;
}

uint64_t pair_wait_idle(void)
{
    if (pair.idle)
        clock_spin_until(os_now() + pair.idle);
    return os_now();
}

bool pair_is_over(unsigned number)
{
    return number > WARM_UP && os_now() >= pair.until;
}
