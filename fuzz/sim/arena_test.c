/*
 * Every mistake with memory is found at the access, in the function that
 * makes it; its correct twin is clean. This file is built as a subject is.
 */
#include <string.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "every.h"
#include "sim.h"

#define SUBJECT __attribute__((noinline)) static

static volatile char sink;

/* Run one body on one thread. */
static void run(void (*body)(void *))
{
    struct os_thread t;
    sim_begin(&(struct sim_options){ 0 }, calm(), NULL);
    CHECK_EQ(0, os_thread_start(&t, "body", body, NULL));
    sim_run();
}

static void check_found(void (*body)(void *), enum verdict v,
                        const char *where)
{
    run(body);
    CHECK_EQ(v, sim_verdict());
    if (strcmp(where, sim_where()) != 0)
        printf("where is \"%s\", expected \"%s\"\n", sim_where(), where);
    CHECK(strcmp(where, sim_where()) == 0);
}

static void check_clean(void (*body)(void *))
{
    run(body);
    CHECK_EQ(VERDICT_CLEAN, sim_verdict());
    CHECK(sim_frames()[0] == '\0');
}

SUBJECT void read_byte(const char *p, size_t at)
{
    sink = p[at];
}

SUBJECT void write_byte(char *p, size_t at)
{
    p[at] = 1;
}

SUBJECT void write_word(char *p, size_t at)
{
    *(int *)(void *)(p + at) = 1;
}

SUBJECT void copy_bytes(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
}

static void reads_freed(void *arg)
{
    (void)arg;
    char *p = os_alloc(40);
    os_free(p);
    read_byte(p, 39);
}

static void writes_freed_word(void *arg)
{
    (void)arg;
    char *p = os_alloc(40);
    os_free(p);
    write_word(p, 8);
}

static void reads_last_byte(void *arg)
{
    (void)arg;
    char *p = os_alloc(41);
    read_byte(p, 40);
    write_byte(p, 40);
    write_word(p, 36);
    os_free(p);
}

static void writes_behind(void *arg)
{
    (void)arg;
    char *p = os_alloc(41);
    write_byte(p, 41);
}

static void writes_behind_full(void *arg)
{
    (void)arg;
    char *p = os_alloc(48);
    os_alloc(8);
    write_byte(p, 48);
}

static void writes_word_over_the_end(void *arg)
{
    (void)arg;
    char *p = os_alloc(42);
    write_word(p, 40);
}

static void reads_before(void *arg)
{
    (void)arg;
    char *p = os_alloc(16);
    read_byte(p - 1, 0);
}

static void reads_what_was_never_given(void *arg)
{
    (void)arg;
    char *p = os_alloc(16);
    read_byte(p, 1 << 20);
}

static char *nowhere;

static void reads_field_of_null(void *arg)
{
    (void)arg;
    read_byte(nowhere, 100);
}

static void copies_to_null(void *arg)
{
    (void)arg;
    copy_bytes(nowhere, os_alloc(8), 8);
}

static void opens_null_mutex(void *arg)
{
    (void)arg;
    os_mutex_open((struct os_mutex *)(void *)nowhere);
}

static void copies_over_the_end(void *arg)
{
    (void)arg;
    char *p = os_alloc(64);
    char *q = os_alloc(60);
    copy_bytes(q, p, 61);
}

static void copies_from_freed(void *arg)
{
    (void)arg;
    char *p = os_alloc(64);
    char *q = os_alloc(64);
    os_free(p);
    copy_bytes(q, p, 64);
}

static void copies_all(void *arg)
{
    (void)arg;
    char *p = os_alloc(61);
    char *q = os_alloc(61);
    copy_bytes(q, p, 61);
}

static void reads_lent(void *arg)
{
    (void)arg;
    char *p = os_alloc(100);
    sim_lend(p + 10, 80);
    read_byte(p, 89);
}

static void reads_around_lent(void *arg)
{
    (void)arg;
    char *p = os_alloc(100);
    sim_lend(p + 10, 80);
    read_byte(p, 9);
    read_byte(p, 90);
    write_byte(p, 99);
    sim_return(p + 10, 80);
    for (size_t i = 0; i < 100; i++)
        read_byte(p, i);
    os_free(p);
}

/* Two loans that share 8 bytes end one after the other. */
static void reads_second_of_two_loans(void *arg)
{
    (void)arg;
    char *p = os_alloc(32);
    sim_lend(p, 4);
    sim_lend(p + 4, 3);
    sim_return(p, 4);
    read_byte(p, 3);
    read_byte(p, 7);
    read_byte(p, 5);
}

static void reads_after_two_loans(void *arg)
{
    (void)arg;
    char *p = os_alloc(30);
    sim_lend(p, 4);
    sim_lend(p + 4, 26);
    sim_return(p + 4, 26);
    sim_return(p, 4);
    for (size_t i = 0; i < 30; i++)
        read_byte(p, i);
    os_free(p);
}

static void reads_behind_a_returned_loan(void *arg)
{
    (void)arg;
    char *p = os_alloc(30);
    sim_lend(p, 30);
    sim_return(p, 30);
    read_byte(p, 30);
}

SUBJECT void free_it(void *p)
{
    os_free(p);
}

/* Not the same as the one above, or a compiler makes one of the two. */
SUBJECT void free_again(char *block)
{
    sink = 2;
    os_free(block);
}

static void frees_twice(void *arg)
{
    (void)arg;
    char *p = os_alloc(10);
    free_it(p);
    free_again(p);
}

static void frees_lent(void *arg)
{
    (void)arg;
    char *p = os_alloc(10);
    sim_lend(p + 9, 1);
    free_it(p);
}

static void frees_wild(void *arg)
{
    (void)arg;
    char *p = os_alloc(64);
    free_it(p + 16);
}

static void frees_stack(void *arg)
{
    (void)arg;
    char c = 0;
    free_it(&c);
}

/*
 * An access to freed memory is found wherever in the block it is, and named
 * after the function that makes it, not after its caller or a hook.
 */
static void an_access_to_freed_memory_is_found(void)
{
    check_found(reads_freed, VERDICT_USE_AFTER_FREE, "read_byte");
    check_found(writes_freed_word, VERDICT_USE_AFTER_FREE, "write_word");
    check_found(copies_from_freed, VERDICT_USE_AFTER_FREE, "copy_bytes");
}

struct chain {
    char *memory;
    int   depth;
};

SUBJECT int reads_deep(struct chain *c)
{
    if (c->depth == 0)
        return c->memory[0];
    c->depth--;
    return reads_deep(c) + c->depth;
}

static void reads_freed_deep(void *arg)
{
    (void)arg;
    struct chain *c = os_alloc(sizeof *c);
    c->memory = os_alloc(1);
    c->depth = 2;
    os_free(c->memory);
    sink = (char)reads_deep(c);
}

/* The frames are those of the subject, without the suite's and the hooks'. */
static void frames_name_the_way_to_the_access(void)
{
    check_found(reads_freed_deep, VERDICT_USE_AFTER_FREE, "reads_deep");
    CHECK(strcmp(sim_frames(), "reads_deep < reads_deep < reads_deep < "
                               "reads_freed_deep") == 0);
}

static void an_access_past_the_end_is_found_at_its_byte(void)
{
    check_found(writes_behind, VERDICT_OUT_OF_BOUNDS, "write_byte");
    check_found(writes_behind_full, VERDICT_OUT_OF_BOUNDS, "write_byte");
    check_found(writes_word_over_the_end, VERDICT_OUT_OF_BOUNDS,
                "write_word");
    check_found(reads_before, VERDICT_OUT_OF_BOUNDS, "read_byte");
    check_found(reads_what_was_never_given, VERDICT_OUT_OF_BOUNDS,
                "read_byte");
    check_found(copies_over_the_end, VERDICT_OUT_OF_BOUNDS, "copy_bytes");
    check_found(reads_behind_a_returned_loan, VERDICT_OUT_OF_BOUNDS,
                "read_byte");
}

/* A null pointer ends the run and not the process. */
static void a_null_pointer_is_found(void)
{
    check_found(reads_field_of_null, VERDICT_OUT_OF_BOUNDS, "read_byte");
    check_found(copies_to_null, VERDICT_OUT_OF_BOUNDS, "copy_bytes");
    check_found(opens_null_mutex, VERDICT_OUT_OF_BOUNDS, "opens_null_mutex");
}

/*
 * What the kernel has may not be touched, to the byte: a neighbour in the
 * same 8 bytes may.
 */
static void lent_memory_may_not_be_touched(void)
{
    check_found(reads_lent, VERDICT_KERNEL_OWNED_ACCESS, "read_byte");
    check_found(reads_second_of_two_loans, VERDICT_KERNEL_OWNED_ACCESS,
                "read_byte");
    check_found(frees_lent, VERDICT_KERNEL_OWNED_ACCESS, "free_it");
}

static void a_bad_free_is_found(void)
{
    const char *wild = "free of memory that was never allocated";
    check_found(frees_twice, VERDICT_DOUBLE_FREE, "free_again");
    check_found(frees_wild, VERDICT_DOUBLE_FREE, wild);
    check_found(frees_stack, VERDICT_DOUBLE_FREE, wild);
}

static void correct_twins_are_clean(void)
{
    check_clean(reads_last_byte);
    check_clean(copies_all);
    check_clean(reads_around_lent);
    check_clean(reads_after_two_loans);
}

static char *addresses[2];

static void allocates(void *arg)
{
    char *p = os_alloc(24);
    char *q = os_alloc(24);
    for (size_t i = 0; i < 24; i++) {
        CHECK_EQ(0, q[i]);
        q[i] = 7;
    }
    os_free(p);
    CHECK(os_alloc(24) != p);
    addresses[(uintptr_t)arg] = q;
}

/* Addresses are the same in each run, contents are zero in each run, and
 * nothing is used twice within one. */
static void runs_begin_with_the_same_memory(void)
{
    for (uintptr_t i = 0; i < 2; i++) {
        struct os_thread t;
        sim_begin(&(struct sim_options){ 0 }, calm(), NULL);
        os_thread_start(&t, "body", allocates, (void *)i);
        CHECK_EQ(SIM_DONE, sim_run());
        struct ground_left left;
        ground_left(&left);
        CHECK_EQ(2, left.allocations);
        CHECK_EQ(24, sim_oldest_allocation());
    }
    CHECK(addresses[0] == addresses[1]);
}

static void fills_the_arena(void *arg)
{
    (void)arg;
    CHECK(os_alloc((size_t)1 << 40) == NULL);
    char *p = os_alloc((size_t)32 << 20);
    CHECK(p != NULL);
    write_byte(p, ((size_t)32 << 20) - 1);
    CHECK(os_alloc((size_t)32 << 20) == NULL);
    CHECK(os_alloc(1024) != NULL);
}

/* A block of half the arena leaves nothing behind in the next run. */
static void a_full_arena_says_no_and_is_empty_again(void)
{
    check_clean(fills_the_arena);
    check_clean(fills_the_arena);
    runs_begin_with_the_same_memory();
}

static void mutex_in_freed_memory(void *arg)
{
    (void)arg;
    struct os_mutex *m = os_alloc(sizeof *m);
    CHECK_EQ(0, os_mutex_open(m));
    os_free(m);
    os_mutex_lock(m);
}

/* What is handed to the platform is looked at too. */
static void a_freed_mutex_is_not_locked(void)
{
    run(mutex_in_freed_memory);
    CHECK_EQ(VERDICT_USE_AFTER_FREE, sim_verdict());
    CHECK(strcmp("mutex_in_freed_memory", sim_where()) == 0);
}

int main(void)
{
    RUN(an_access_to_freed_memory_is_found);
    RUN(frames_name_the_way_to_the_access);
    RUN(an_access_past_the_end_is_found_at_its_byte);
    RUN(a_null_pointer_is_found);
    RUN(lent_memory_may_not_be_touched);
    RUN(a_bad_free_is_found);
    RUN(correct_twins_are_clean);
    RUN(runs_begin_with_the_same_memory);
    RUN(a_full_arena_says_no_and_is_empty_again);
    RUN(a_freed_mutex_is_not_locked);
    return test_result(10);
}
