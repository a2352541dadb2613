/*
 * A loss that was planted is counted, exactly, and what was given back is
 * none: whoever says that a strategy loses nothing has to be able to see it.
 */
#include "census.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "../gate.h"
#include "../heap.h"

#define PLANTED 3
#define BYTES 4000

static struct census lost_since(const struct census *before)
{
    struct census now;
    census_settle();
    census_take(&now);
    return (struct census){ now.descriptors - before->descriptors,
                            now.threads - before->threads,
                            now.memory - before->memory };
}

static void nothing_done_is_nothing_lost(void)
{
    struct census before;
    census_take(&before);
    struct census lost = lost_since(&before);
    CHECK_EQ(0, lost.descriptors);
    CHECK_EQ(0, lost.threads);
    CHECK_EQ(0, lost.memory);
}

static void descriptors_left_open_are_counted(void)
{
    struct census before;
    int left[PLANTED];
    census_take(&before);
    for (int i = 0; i < PLANTED; i++)
        left[i] = dup(STDOUT_FILENO);
    CHECK_EQ(PLANTED, lost_since(&before).descriptors);
    for (int i = 0; i < PLANTED; i++)
        close(left[i]);
    CHECK_EQ(0, lost_since(&before).descriptors);
}

static void memory_left_is_counted(void)
{
    struct census before;
    char *volatile left[PLANTED];
    if (!heap_is_counted()) {
        test_skip(__func__, "a sanitizer has the place of malloc");
        return;
    }
    census_take(&before);
    for (int i = 0; i < PLANTED; i++)
        left[i] = malloc(BYTES);
    long lost = lost_since(&before).memory;
    CHECK(lost >= PLANTED * BYTES);
    CHECK(lost < PLANTED * (BYTES + 64));
    for (int i = 0; i < PLANTED; i++)
        left[i] = realloc(left[i], 2 * BYTES);
    CHECK(lost_since(&before).memory >= 2 * PLANTED * BYTES);
    for (int i = 0; i < PLANTED; i++)
        free(left[i]);
    CHECK_EQ(0, lost_since(&before).memory);
}

static struct gate gate;

static void sleep_at_gate(void *unused)
{
    (void)unused;
    gate_wait(&gate, 1);
}

static void end_at_once(void *unused)
{
    (void)unused;
}

static void threads_left_asleep_are_counted(void)
{
    struct census before;
    struct os_thread left[PLANTED] = { { { 0 } } };
    gate_open(&gate);
    census_take(&before);
    for (int i = 0; i < PLANTED; i++)
        CHECK_EQ(0, os_thread_start(&left[i], "left", sleep_at_gate, NULL));
    CHECK_EQ(PLANTED, lost_since(&before).threads);
    gate_add(&gate);
    for (int i = 0; i < PLANTED; i++)
        os_thread_join(&left[i]);
    CHECK_EQ(0, lost_since(&before).threads);
    gate_close(&gate);
}

/* It need not have been joined: to be told to end, and to do so, is enough. */
static void a_thread_that_ends_by_itself_is_none_that_is_left(void)
{
    struct census before;
    struct os_thread thread = { { 0 } };
    census_take(&before);
    CHECK_EQ(0, os_thread_start(&thread, "ends", end_at_once, NULL));
    CHECK_EQ(0, lost_since(&before).threads);
    os_thread_join(&thread);
}

int main(void)
{
    RUN(nothing_done_is_nothing_lost);
    RUN(descriptors_left_open_are_counted);
    RUN(memory_left_is_counted);
    RUN(threads_left_asleep_are_counted);
    RUN(a_thread_that_ends_by_itself_is_none_that_is_left);
    return test_result(5);
}
