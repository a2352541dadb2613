/*
 * seam_test.c - the account of what is left, and a clock that is moved on.
 *
 * The platform under the seams is the real one; what each call has left
 * behind is counted in front of it.
 */
#include "seam.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/port.h"
#include "../../loop/test_loop.h"
#include "../peer.h"
#include "noise.h"
#include "system.h"
#include "threads.h"

#define HOUR UINT64_C(3600000000000)
#define SLICES_NS 20000000u
#define KEY 5

static struct ground_left left(void)
{
    struct ground_left now;
    ground_left(&now);
    return now;
}

static void begin(void)
{
    threads_begin();
    seam_begin();
    noise_begin(0);
    noise_end();
}

static void check_nothing_left(void)
{
    struct ground_left none = { .ops_dequeued = left().ops_dequeued };
    struct ground_left now = left();
    CHECK(!memcmp(&none, &now, sizeof now));
}

static void ports_are_counted(void)
{
    struct port *a, *b;
    begin();
    CHECK_EQ(0, port_open(&a));
    CHECK_EQ(1, left().ports);
    CHECK_EQ(0, port_open(&b));
    CHECK_EQ(2, left().ports);
    port_close(a);
    CHECK_EQ(1, left().ports);
    port_close(b);
    check_nothing_left();
}

/* The far end of a pair is the peer's own, and not the loop's to leave. */
static void handles_of_every_kind_are_counted(void)
{
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle h[8], far[3];
    begin();
    CHECK_EQ(0, port_socket(&h[0]));
    CHECK_EQ(0, port_listen(&h[1], &at));
    CHECK_EQ(0, port_object(&h[2]));
    CHECK_EQ(3, left().handles);
    CHECK_EQ(0, port_pipe(&h[3], &h[4]));
    CHECK_EQ(5, left().handles);
    CHECK_EQ(0, peer_socket_pair(&h[5], &far[0]));
    CHECK_EQ(0, peer_pipe(&h[6], &far[1], 1));
    CHECK_EQ(0, peer_pipe(&h[7], &far[2], 0));
    CHECK_EQ(8, left().handles);
    for (unsigned i = 0; i < 3; i++)
        peer_close(far[i]);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ(8 - i, left().handles);
        port_handle_close(h[i]);
    }
    check_nothing_left();
}

static struct packet take_packet(struct port *p)
{
    struct packet packet;
    CHECK_EQ(1, port_dequeue(p, &packet, 1, PORT_FOREVER));
    return packet;
}

/* A handle that comes in a packet is opened by nobody, and left like any. */
static void accepted_handle_is_counted(void)
{
    struct port_address at = { .ip = PORT_LOOPBACK };
    struct port_request request = { .kind = PORT_ACCEPT };
    static struct port_op op;
    struct port *p;
    port_handle listener, far;
    begin();
    CHECK_EQ(0, port_open(&p));
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_associate(p, listener, KEY));
    CHECK_EQ(0, port_start(p, listener, &op, &request));
    CHECK_EQ(1, left().handles);
    CHECK_EQ(1, left().ops_pending);
    CHECK_EQ(0, peer_connect(at, &far));
    struct packet packet = take_packet(p);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(2, left().handles);
    CHECK_EQ(0, left().ops_pending);
    peer_close(far);
    port_handle_close(packet.handle);
    port_handle_close(listener);
    port_close(p);
    check_nothing_left();
}

/* From the start until the packet is dequeued, whatever the packet says; a
 * packet that was posted is no op. */
static void ops_are_pending_until_they_are_dequeued(void)
{
    static struct port_op op[2];
    char buffer[2][8];
    struct port *p;
    port_handle near, far;
    begin();
    CHECK_EQ(0, port_open(&p));
    CHECK_EQ(0, peer_socket_pair(&near, &far));
    CHECK_EQ(0, port_associate(p, near, KEY));
    struct port_request read = { .kind = PORT_READ, .buffer = buffer[0],
                                 .size = 8 };
    struct port_request write = { .kind = PORT_WRITE, .buffer = buffer[1],
                                  .size = 8 };
    memset(buffer, 0, sizeof buffer);
    CHECK_EQ(0, port_start(p, near, &op[0], &read));
    CHECK_EQ(1, left().ops_pending);
    CHECK_EQ(0, port_start(p, near, &op[1], &write));
    CHECK_EQ(2, left().ops_pending);
    CHECK(take_packet(p).op == &op[1]);
    CHECK_EQ(1, left().ops_pending);
    CHECK_EQ(1, left().ops_dequeued);
    CHECK_EQ(0, port_post(p, KEY));
    CHECK(take_packet(p).op == NULL);
    CHECK_EQ(1, left().ops_pending);
    CHECK_EQ(0, port_cancel(p, near, &op[0]));
    CHECK_EQ(LOOP_EABORTED, take_packet(p).status);
    CHECK_EQ(0, left().ops_pending);
    CHECK_EQ(2, left().ops_dequeued);
    port_handle_close(near);
    peer_close(far);
    port_close(p);
    check_nothing_left();
}

static void allocations_are_counted(void)
{
    begin();
    void *a = os_alloc(1), *b = os_alloc(1000);
    CHECK_EQ(2, left().allocations);
    os_free(NULL);
    CHECK_EQ(2, left().allocations);
    os_free(a);
    CHECK_EQ(1, left().allocations);
    os_free(b);
    check_nothing_left();
}

static struct os_console watcher[2];
static atomic_uint       events;

static void hear(struct os_console *c, enum os_console_event what)
{
    CHECK(c == &watcher[0] || c == &watcher[1]);
    CHECK_EQ(OS_CONSOLE_INTERRUPT, what);
    atomic_fetch_add(&events, 1);
}

static void wait_for_events(unsigned count)
{
    for (int i = 0; i < TEST_LOOKS && atomic_load(&events) < count; i++)
        os_pause();
    CHECK_EQ(count, atomic_load(&events));
}

/* An event goes to those that watch, and to the system not at all when there
 * is nobody. */
static void console_watchers_are_counted(void)
{
    begin();
    system_console_begin();
    CHECK_EQ(0, ground_console(OS_CONSOLE_INTERRUPT));
    watcher[0].event = watcher[1].event = hear;
    CHECK_EQ(0, os_console_watch(&watcher[0]));
    CHECK_EQ(0, os_console_watch(&watcher[1]));
    CHECK_EQ(2, left().console_watchers);
    unsigned told = ground_console(OS_CONSOLE_INTERRUPT);
    if (told == 0)
        test_skip("console events", "this system lets nobody raise one");
    else
        CHECK_EQ(2, told);
    wait_for_events(told);
    os_console_ignore(&watcher[0]);
    CHECK_EQ(1, left().console_watchers);
    os_console_ignore(&watcher[1]);
    check_nothing_left();
}

static void pass(void *arg)
{
    gate_raise(arg);
    gate_wait(arg, 2);
}

static void threads_are_counted_until_they_end(void)
{
    struct gate gate;
    struct os_thread thread;
    begin();
    gate_open(&gate);
    test_thread_start(&thread, pass, &gate);
    gate_wait(&gate, 1);
    CHECK_EQ(1, left().threads);
    gate_raise(&gate);
    os_thread_join(&thread);
    gate_close(&gate);
    check_nothing_left();
}

/* What one run has left is not the next one's. */
static void new_account_is_empty(void)
{
    struct port *p;
    port_handle h;
    begin();
    CHECK_EQ(0, port_open(&p));
    CHECK_EQ(0, port_object(&h));
    void *memory = os_alloc(1);
    begin();
    check_nothing_left();
    os_free(memory);
    port_handle_close(h);
    port_close(p);
}

/* Time. */

static void clock_goes_on_and_never_back(void)
{
    begin();
    uint64_t now = os_now();
    seam_pass_time(now + HOUR);
    CHECK(os_now() >= now + HOUR);
    CHECK(ground_time() >= now + HOUR);
    CHECK(os_now() < now + 2 * HOUR);
    seam_pass_time(now);
    seam_pass_time(OS_FOREVER);
    CHECK(os_now() >= now + HOUR);
    CHECK(os_now() < now + 2 * HOUR);
}

/* A thread that waits, in one way or another. */
static struct waiter {
    struct os_mutex lock;
    struct os_cond  cond;
    struct port    *port;
    uint64_t        until;
    bool            set;
    int             result;
    uint64_t        ended;
} waiter[2];

static void wait_for_cond(void *arg)
{
    struct waiter *w = arg;
    os_mutex_lock(&w->lock);
    do
        w->result = os_cond_wait(&w->cond, &w->lock, w->until);
    while (w->result && !w->set);
    os_mutex_unlock(&w->lock);
    w->ended = os_now();
}

static void wait_for_packet(void *arg)
{
    struct waiter *w = arg;
    struct packet packet;
    w->result = port_dequeue(w->port, &packet, 1, w->until);
    w->ended = os_now();
}

static void open_waiter(struct waiter *w, uint64_t until)
{
    *w = (struct waiter){ .until = until };
    CHECK_EQ(0, os_mutex_open(&w->lock));
    CHECK_EQ(0, os_cond_open(&w->cond));
    CHECK_EQ(0, port_open(&w->port));
}

static void close_waiter(struct waiter *w)
{
    port_close(w->port);
    os_cond_close(&w->cond);
    os_mutex_close(&w->lock);
}

static void wait_until_all_wait(uint64_t until)
{
    uint64_t earliest = 0;
    for (int i = 0; i < TEST_LOOKS; i++) {
        if (threads_all_wait(&earliest) && earliest == until)
            return;
        os_pause();
    }
    CHECK_EQ(until, earliest);
}

/* A wait that is made of slices has had several by then. */
static void let_slices_end(void)
{
    uint64_t began = system_now();
    while (system_now() - began < SLICES_NS)
        os_pause();
}

/* An hour of waiting ends as soon as the clock is moved, not before, and as
 * one that has run its time. */
static void check_hour_passes(void (*wait)(void *))
{
    struct os_thread thread;
    begin();
    uint64_t until = os_now() + HOUR;
    open_waiter(&waiter[0], until);
    test_thread_start(&thread, wait, &waiter[0]);
    wait_until_all_wait(until);
    let_slices_end();
    wait_until_all_wait(until);
    seam_pass_time(until);
    os_thread_join(&thread);
    CHECK_EQ(0, waiter[0].result);
    CHECK(waiter[0].ended >= until);
    close_waiter(&waiter[0]);
    check_nothing_left();
}

static void passed_time_ends_a_timed_wait_for_a_condition(void)
{
    check_hour_passes(wait_for_cond);
}

static void passed_time_ends_a_timed_dequeue(void)
{
    check_hour_passes(wait_for_packet);
}

/* The timed wait beside it has ended by then, so the clock was seen to have
 * moved; who waits without a limit is ended by what it waits for alone. */
static void waits_without_limit_outlast_passed_time(void)
{
    struct os_thread timed, cond, packet;
    begin();
    uint64_t until = os_now() + HOUR;
    struct waiter third;
    open_waiter(&waiter[0], OS_FOREVER);
    open_waiter(&waiter[1], OS_FOREVER);
    open_waiter(&third, until);
    test_thread_start(&cond, wait_for_cond, &waiter[0]);
    test_thread_start(&packet, wait_for_packet, &waiter[1]);
    test_thread_start(&timed, wait_for_packet, &third);
    wait_until_all_wait(until);
    seam_pass_time(until);
    os_thread_join(&timed);
    wait_until_all_wait(OS_FOREVER);
    CHECK_EQ(2, left().threads);
    os_mutex_lock(&waiter[0].lock);
    waiter[0].set = true;
    os_cond_signal(&waiter[0].cond);
    os_mutex_unlock(&waiter[0].lock);
    CHECK_EQ(0, port_post(waiter[1].port, KEY));
    os_thread_join(&cond);
    os_thread_join(&packet);
    CHECK_EQ(1, waiter[0].result);
    CHECK_EQ(1, waiter[1].result);
    close_waiter(&waiter[0]);
    close_waiter(&waiter[1]);
    close_waiter(&third);
    check_nothing_left();
}

/* A packet ends a timed wait as it ends any, long before its time. */
static void packet_comes_before_the_time(void)
{
    struct os_thread thread;
    begin();
    uint64_t until = os_now() + HOUR;
    open_waiter(&waiter[0], until);
    test_thread_start(&thread, wait_for_packet, &waiter[0]);
    wait_until_all_wait(until);
    CHECK_EQ(0, port_post(waiter[0].port, KEY));
    os_thread_join(&thread);
    CHECK_EQ(1, waiter[0].result);
    CHECK(waiter[0].ended < until);
    close_waiter(&waiter[0]);
    check_nothing_left();
}

int main(void)
{
    RUN(ports_are_counted);
    RUN(handles_of_every_kind_are_counted);
    RUN(accepted_handle_is_counted);
    RUN(ops_are_pending_until_they_are_dequeued);
    RUN(allocations_are_counted);
    RUN(console_watchers_are_counted);
    RUN(threads_are_counted_until_they_end);
    RUN(new_account_is_empty);
    RUN(clock_goes_on_and_never_back);
    RUN(passed_time_ends_a_timed_wait_for_a_condition);
    RUN(passed_time_ends_a_timed_dequeue);
    RUN(waits_without_limit_outlast_passed_time);
    RUN(packet_comes_before_the_time);
    return test_result(13);
}
