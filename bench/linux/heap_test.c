/*
 * What the heap gives and takes is counted, by every name that it has.
 */
#include "../heap.h"

#include <malloc.h>
#include <stdlib.h>

#include "../../loop/test.h"

#define SIZE 1000u
#define SLACK 64u               /* by which the heap may round up        */

static struct heap_use since(struct heap_use before)
{
    struct heap_use now = heap_use();
    return (struct heap_use){ now.bytes - before.bytes,
                              now.calls - before.calls };
}

static bool is_about(int64_t bytes, int64_t size)
{
    return bytes >= size && bytes <= size + SLACK;
}

/* It is one call, of that size; when it is freed, as much is in use as
 * before. */
static void is_counted(void *memory, struct heap_use before)
{
    struct heap_use now = since(before);
    CHECK(memory != NULL);
    CHECK_EQ(1, now.calls);
    CHECK(is_about(now.bytes, SIZE));
    free(memory);
    now = since(before);
    CHECK_EQ(1, now.calls);
    CHECK_EQ(0, now.bytes);
}

static void each_way_to_allocate_is_one_call(void)
{
    void *memory = NULL;
    struct heap_use before = heap_use();
    is_counted(malloc(SIZE), before);
    before = heap_use();
    is_counted(calloc(SIZE / 10, 10), before);
    before = heap_use();
    is_counted(aligned_alloc(16, SIZE), before);
    before = heap_use();
    CHECK_EQ(0, posix_memalign(&memory, 16, SIZE));
    is_counted(memory, before);
    before = heap_use();
    is_counted(realloc(NULL, SIZE), before);
}

static void what_grows_is_counted_once(void)
{
    void *memory = malloc(SIZE);
    struct heap_use before = heap_use();
    memory = realloc(memory, 50 * SIZE);
    CHECK(memory != NULL);
    CHECK_EQ(1, since(before).calls);
    CHECK(is_about(since(before).bytes, 49 * SIZE - SLACK) ||
          is_about(since(before).bytes, 49 * SIZE));
    free(memory);
}

static void to_free_nothing_changes_nothing(void)
{
    struct heap_use before = heap_use();
    free(NULL);
    CHECK_EQ(0, since(before).calls);
    CHECK_EQ(0, since(before).bytes);
}

int main(void)
{
    CHECK(heap_is_counted());
    RUN(each_way_to_allocate_is_one_call);
    RUN(what_grows_is_counted_once);
    RUN(to_free_nothing_changes_nothing);
    return test_result(3);
}
