/*
 * child_count.c - a fixed number of each thing, for who counts instructions.
 *
 * Each of the functions that begin with counted_ does one thing for a number
 * of times, on one thread, and never waits, so that it executes the same
 * instructions each time. A tool begins to count at counting_begins, and
 * writes the count down when one of them returns. Each is entered with a
 * number and with twice that: what the difference leaves out is what is done
 * but once.
 */
#include <math.h>
#include <stdio.h>

#include "../../loop/os.h"
#include "../clock.h"
#include "peer_loop.h"
#include "scatter.h"

#define DUE UINT64_C(1000000)   /* soon, by loops that count milliseconds */
#define COUNTED __attribute__((noinline)) static void

static struct {
    unsigned left;
    bool     posts_again;
} c;

static void ran(void)
{
    if (--c.left == 0)
        peer_loop_stop();
    else if (c.posts_again)
        peer_post(0, 1);
}

COUNTED counted_post(unsigned count)
{
    peer_post(0, count);
    peer_loop_run();
}

/* Each pass runs the post of the one before. */
COUNTED counted_pass(unsigned count)
{
    (void)count;
    peer_post(0, 1);
    peer_loop_run();
}

COUNTED counted_stop(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        c.left = 1;
        peer_loop_ready();
        peer_post(0, 1);
        peer_loop_run();
    }
}

COUNTED counted_arm(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer_timer_start(i, scatter_due(i));
}

COUNTED counted_cancel(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer_timer_cancel(i);
}

COUNTED counted_fire(unsigned count)
{
    (void)count;
    peer_loop_run();
}

COUNTED counted_task(unsigned count)
{
    peer_tasks_open(count);
}

COUNTED counted_close(unsigned count)
{
    (void)count;
    peer_loop_end();
}

COUNTED counted_create(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_loop_open(1);
        peer_loop_end();
    }
}

/* From here on it counts. */
COUNTED counting_begins(void)
{
    __asm__ volatile("");
}

/* A line says what is counted next, in the order of the counts. */
static void say(const char *what, unsigned count)
{
    printf("counted %u %s\n", count, what);
    counting_begins();
}

static void count_posts(unsigned count)
{
    peer_posts_open(count, ran);
    c.left = count;
    peer_loop_ready();
    say("post", count);
    counted_post(count);
    peer_loop_ready();
    c.left = count;
    c.posts_again = true;
    say("pass", count);
    counted_pass(count);
    c.posts_again = false;
    say("stop", count);
    counted_stop(count);
    peer_posts_close();
}

static void count_timers(unsigned count)
{
    peer_timers_open(count, ran);
    say("timer arm", count);
    counted_arm(count);
    say("timer cancel", count);
    counted_cancel(count);
    /* Due in the order in which they are armed, whatever time that takes. */
    for (unsigned i = 0; i < count; i++)
        peer_timer_start(i, 0);
    clock_spin_until(os_now() + 2 * DUE);
    c.left = count;
    peer_loop_ready();
    say("timer fire", count);
    counted_fire(count);
    for (unsigned i = 0; i < count; i++)
        peer_timer_start(i, scatter_due(i));
    say("close, each timer", count);
    counted_close(count);
    peer_timers_close();
}

static void count_tasks(unsigned count)
{
    if (!peer_loop_has(PEER_TASKS))
        return;
    peer_loop_open(1);
    say("task to its first wait", count);
    counted_task(count);
    say("close, each task", count);
    counted_close(count);
    peer_tasks_close();
}

static void count_late_posts(unsigned count)
{
    if (!peer_loop_has(PEER_POSTS))
        return;
    peer_loop_open(1);
    peer_posts_open(count, ran);
    peer_post(0, count);
    say("close, each post", count);
    counted_close(count);
    peer_posts_close();
}

static void count_all(unsigned count)
{
    peer_loop_open(1);
    count_posts(count);
    count_timers(count);
    count_tasks(count);
    count_late_posts(count);
    say("create and destroy", count / 10);
    counted_create(count / 10);
}

/* Once before, so that memory and code are there. */
double child_count(unsigned count, uint64_t unused, struct histogram *seen)
{
    (void)unused;
    (void)seen;
    if (!peer_loop_has(PEER_TIMERS))
        return NAN;
    count_all(count);
    count_all(count);
    count_all(2 * count);
    return count;
}
