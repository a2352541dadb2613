/*
 * The simulated kernel: one test per rule of loop/port.h and per choice that
 * a device has. This file is built as a subject is.
 */
#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/port.h"
#include "../../loop/test.h"
#include "../peer.h"
#include "../trace.h"
#include "every.h"
#include "sim.h"

#define MILLISECOND 1000000u
#define GOLDEN (940070027001605223)

/* What a body of the subject may use; set up by the first thread. */
static struct port     *port;
static port_handle      near, far;
static struct port_op  *op, *second_op;
static char            *buffer;
static struct packet    packet[8];
static struct os_thread threads[8];
static int              seen[32];
static unsigned         order[8], order_count;

static struct sim_options options;

static void start(unsigned i, void (*entry)(void *))
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    CHECK_EQ(0, os_thread_start(&threads[i], names[i], entry,
                                (void *)(uintptr_t)i));
}

static void reset(void)
{
    memset(threads, 0, sizeof threads);
    memset(packet, 0, sizeof packet);
    order_count = 0;
    port = NULL;
}

static enum sim_end run_with(struct sched *s, void (*first)(void *))
{
    sim_begin(&options, s, NULL);
    reset();
    start(0, first);
    return sim_run();
}

static void run_clean(void (*first)(void *))
{
    CHECK_EQ(SIM_DONE, run_with(calm(), first));
    if (sim_verdict() != VERDICT_CLEAN)
        printf("found: %s\n", sim_where());
}

static void check_found(void (*first)(void *), enum verdict v,
                        const char *where)
{
    CHECK_EQ(SIM_FINDING, run_with(calm(), first));
    CHECK_EQ(v, sim_verdict());
    if (strcmp(where, sim_where()) != 0)
        test_fail(__FILE__, __LINE__, sim_where(), 0, 0, 0);
}

/* All schedules and outcomes; returns how many runs there were. */
static unsigned run_every(void (*first)(void *))
{
    struct every e;
    every_begin(&e);
    memset(seen, 0, sizeof seen);
    do {
        enum sim_end end = run_with(&e.sched, first);
        CHECK(end == SIM_DONE || end == SIM_STUCK);
        if (end == SIM_STUCK)
            seen[31]++;
    } while (every_next(&e));
    return e.runs;
}

static struct port_op *new_op(void)
{
    return os_alloc(sizeof(struct port_op));
}

static struct port_request request(enum port_kind kind, uint32_t size)
{
    return (struct port_request){
        .kind = kind, .buffer = size > 0 ? buffer : NULL, .size = size };
}

/* A port, a stream with a peer, two ops, a buffer. */
static void set_up(void)
{
    CHECK_EQ(0, port_open(&port));
    CHECK_EQ(0, peer_socket_pair(&near, &far));
    CHECK_EQ(0, port_associate(port, near, 7));
    op = new_op();
    second_op = new_op();
    buffer = os_alloc(64);
}

static int start_op(struct port_op *o, enum port_kind kind, uint32_t size)
{
    struct port_request r = request(kind, size);
    return port_start(port, near, o, &r);
}

static int dequeue(void)
{
    return port_dequeue(port, packet, 8, PORT_FOREVER);
}

static void check_packet(unsigned i, struct port_op *o, int status,
                         uint32_t size)
{
    CHECK_EQ(7, packet[i].key);
    CHECK(packet[i].op == o);
    CHECK_EQ(status, packet[i].status);
    CHECK_EQ(size, packet[i].size);
    CHECK(packet[i].handle == PORT_NO_HANDLE);
}

/* --- one packet -------------------------------------------------------- */

static void reads_five(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, start_op(op, PORT_READ, 64));
    CHECK_EQ(0, port_dequeue(port, packet, 8, 0));
    CHECK_EQ(5, peer_write(far, 5));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 5);
    CHECK(buffer[4] != 0);
    CHECK_EQ(0, buffer[5]);
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + MILLISECOND));
}

/* A start is answered once, with its own key and op, and never again. */
static void a_started_op_ends_in_one_packet(void)
{
    run_clean(reads_five);
    struct ground_left left;
    ground_left(&left);
    CHECK_EQ(1, left.ops_dequeued);
    CHECK_EQ(0, left.ops_pending);
    CHECK_EQ(1, left.handles);
    CHECK_EQ(1, left.ports);
    CHECK_EQ(SIM_EPOCH + MILLISECOND, ground_time());
}

static void ends_of_a_stream(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(70, peer_write(far, 70));
    CHECK_EQ(0, start_op(op, PORT_READ, 64));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 64);
    peer_close(far);
    CHECK_EQ(0, start_op(op, PORT_READ, 64));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 6);
    CHECK_EQ(0, start_op(op, PORT_READ, 64));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 0);
    CHECK_EQ(0, start_op(op, PORT_WRITE, 64));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, LOOP_EBROKEN, 0);
}

static void reset_of_a_stream(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, start_op(op, PORT_WRITE, 8));
    CHECK_EQ(1, dequeue());
    CHECK_EQ(0, start_op(op, PORT_READ, 8));
    peer_close(far);        /* with 8 bytes it has not read */
    CHECK_EQ(1, dequeue());
    check_packet(0, op, LOOP_EBROKEN, 0);
}

/* What was sent can be read, then the end; unread data makes it a reset. */
static void a_stream_ends_or_breaks(void)
{
    run_clean(ends_of_a_stream);
    run_clean(reset_of_a_stream);
}

static void writes_more_than_the_window(void *arg)
{
    (void)arg;
    set_up();
    buffer = os_alloc(100000);
    CHECK_EQ(0, start_op(op, PORT_WRITE, 100000));
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + MILLISECOND));
    CHECK_EQ(65536, peer_read(far, 1000000));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 100000);
    CHECK_EQ(34464, peer_read(far, 1000000));
}

static void a_write_waits_for_room(void)
{
    run_clean(writes_more_than_the_window);
}

static void connects(void *arg)
{
    (void)arg;
    struct port_address at = { PORT_LOOPBACK, 0 };
    port_handle listener, client;
    set_up();
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK(at.number != 0);
    CHECK_EQ(0, port_socket(&client));
    CHECK_EQ(0, port_associate(port, listener, 7));
    CHECK_EQ(0, port_associate(port, client, 7));
    CHECK_EQ(LOOP_EINVAL, port_associate(port, client, 8));

    struct port_request r = { .kind = PORT_ACCEPT };
    CHECK_EQ(0, port_start(port, listener, op, &r));
    r = (struct port_request){ .kind = PORT_CONNECT, .address = at };
    CHECK_EQ(0, port_start(port, client, second_op, &r));
    int got = 0;
    while (got < 2)
        got += port_dequeue(port, packet + got, 8 - got, PORT_FOREVER);
    unsigned accept = packet[0].op == op ? 0 : 1;
    port_handle accepted = packet[accept].handle;
    packet[accept].handle = PORT_NO_HANDLE;
    check_packet(accept, op, 0, 0);
    check_packet(1 - accept, second_op, 0, 0);
    CHECK(accepted != PORT_NO_HANDLE);

    CHECK_EQ(0, port_associate(port, accepted, 7));
    near = client;
    CHECK_EQ(0, start_op(op, PORT_WRITE, 9));
    CHECK_EQ(1, dequeue());
    near = accepted;
    CHECK_EQ(0, start_op(op, PORT_READ, 64));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 9);

    port_handle stranger;
    CHECK_EQ(0, peer_connect(at, &stranger));
    port_handle_close(listener);
    CHECK_EQ(LOOP_EBROKEN, peer_read(stranger, 1));
    CHECK_EQ(LOOP_EREFUSED, peer_connect(at, &stranger));
}

static void connect_meets_accept(void)
{
    run_clean(connects);
    options.profile = SIM_LINUX;
    run_clean(connects);
    options.profile = SIM_WIN10;
}

static void is_refused(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, port_socket(&near));
    CHECK_EQ(0, port_associate(port, near, 7));
    struct port_request r = { .kind = PORT_CONNECT,
                              .address = { PORT_LOOPBACK, 99 } };
    CHECK_EQ(0, port_start(port, near, op, &r));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, LOOP_EREFUSED, 0);
}

static void nobody_listens_there(void)
{
    run_clean(is_refused);
}

static void waits_for_object(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, port_object(&near));
    CHECK_EQ(0, port_associate(port, near, 7));
    CHECK_EQ(0, start_op(op, PORT_WAIT, 0));
    CHECK_EQ(0, start_op(second_op, PORT_WAIT, 0));
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + MILLISECOND));
    port_object_set(near);
    port_object_set(near);
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 0);
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + MILLISECOND));
    port_object_set(near);
    CHECK_EQ(1, dequeue());
    check_packet(0, second_op, 0, 0);
}

static void an_object_ends_one_wait_each_time(void)
{
    run_clean(waits_for_object);
}

static void starts_what_cannot_be(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(LOOP_EINVAL, start_op(op, PORT_ACCEPT, 0));
    CHECK_EQ(LOOP_EINVAL, start_op(op, PORT_WAIT, 0));
    op->platform[0] = 1;
    buffer[0] = 1;
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + MILLISECOND));
}

static void a_refused_start_brings_no_packet(void)
{
    run_clean(starts_what_cannot_be);
}

static void may_be_refused(void *arg)
{
    (void)arg;
    set_up();
    peer_write(far, 1);
    int result = start_op(op, PORT_READ, 8);
    int count = port_dequeue(port, packet, 8, os_now() + MILLISECOND);
    CHECK_EQ(result == 0, count);
    CHECK(result == 0 || result == LOOP_EFAILED);
    seen[result == 0]++;
}

static void a_device_may_refuse_at_once(void)
{
    options.faults = SIM_FAULT(SCHED_REFUSE);
    run_every(may_be_refused);
    options.faults = 0;
    CHECK(seen[0] > 0);
    CHECK(seen[1] > 0);
}

/* --- memory ------------------------------------------------------------ */

__attribute__((noinline)) static void touch(void *memory)
{
    *(volatile char *)memory = 1;
}

static void touches_op(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    touch(op);
}

static void touches_buffer_of_queued_packet(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    peer_write(far, 1);
    os_pause();         /* the device has had its turn */
    touch(buffer + 63);
}

static void frees_buffer(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    os_free(buffer);
}

static void touches_after_dequeue(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    peer_write(far, 1);
    dequeue();
    touch(op);
    touch(buffer);
    os_free(op);
    os_free(buffer);
}

static void touches_past_a_cancel(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    CHECK_EQ(0, port_cancel(port, near, op));
    touch(buffer);
}

/* From start to dequeue, and not one access longer or shorter. */
static void memory_is_lent_until_the_packet_is_dequeued(void)
{
    check_found(touches_op, VERDICT_KERNEL_OWNED_ACCESS, "touch");
    check_found(touches_buffer_of_queued_packet, VERDICT_KERNEL_OWNED_ACCESS,
                "touch");
    check_found(frees_buffer, VERDICT_KERNEL_OWNED_ACCESS, "frees_buffer");
    check_found(touches_past_a_cancel, VERDICT_KERNEL_OWNED_ACCESS, "touch");
    run_clean(touches_after_dequeue);
}

static void starts_twice(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 8);
    start_op(op, PORT_READ, 8);
}

static void starts_freed(void *arg)
{
    (void)arg;
    set_up();
    os_free(op);
    start_op(op, PORT_READ, 8);
}

static void an_op_is_started_when_it_is_free(void)
{
    check_found(starts_twice, VERDICT_STALE_STATE, "starts a pending op");
    check_found(starts_freed, VERDICT_USE_AFTER_FREE, "start_op");
}

/* --- cancel ------------------------------------------------------------ */

static void cancels(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    CHECK_EQ(0, port_cancel(port, near, op));
    CHECK_EQ(0, port_cancel(port, near, op));
    CHECK_EQ(0, port_dequeue(port, packet, 8, 0));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, LOOP_EABORTED, 0);
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(port, near, op));

    start_op(op, PORT_READ, 64);
    peer_write(far, 3);
    os_pause();
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(port, near, op));
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 3);
}

/* Cancelling is a request: the packet comes later, and once. */
static void a_cancel_asks_and_the_packet_answers(void)
{
    run_clean(cancels);
}

static void cancels_with_data(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 64);
    peer_write(far, 3);
    int result = port_cancel(port, near, op);
    int count = port_dequeue(port, packet, 8, os_now() + MILLISECOND);
    CHECK(result == 0 || result == LOOP_ENOTFOUND);
    if (count == 0) {
        seen[0]++;
        CHECK_EQ(0, result);
        struct ground_left left;
        ground_left(&left);
        CHECK_EQ(1, left.ops_pending);
        return;
    }
    CHECK_EQ(1, count);
    seen[10 + (result == 0)] += packet[0].status == 0;
    seen[20 + (result == 0)] += packet[0].status == LOOP_EABORTED;
    seen[25 + (result == 0)] += packet[0].status == LOOP_EFAILED;
}

/* Aborted, a result after all, another error, never; and too late. */
static void a_cancel_can_end_in_every_way(void)
{
    options.faults = SIM_FAULT(SCHED_CANCEL);
    run_every(cancels_with_data);
    options.faults = 0;
    CHECK(seen[0] > 0);
    CHECK(seen[10] > 0);
    CHECK(seen[11] > 0);
    CHECK_EQ(0, seen[20]);
    CHECK(seen[21] > 0);
    CHECK_EQ(0, seen[25]);
    CHECK(seen[26] > 0);

    run_every(cancels_with_data);
    CHECK_EQ(0, seen[0]);
    CHECK_EQ(0, seen[11]);
    CHECK_EQ(0, seen[26]);
}

static void many_cancelled(void *arg)
{
    (void)arg;
    set_up();
    struct port_op *ops[3] = { new_op(), new_op(), new_op() };
    for (int i = 0; i < 3; i++) {
        start_op(ops[i], PORT_READ, 8);
        buffer += 8;
    }
    for (int i = 0; i < 3; i++)
        port_cancel(port, near, ops[i]);
    int got = 0;
    while (got < 3)
        got += port_dequeue(port, packet + got, 8, PORT_FOREVER);
    unsigned code = 0;
    for (int i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 3; k++)
            code = packet[i].op == ops[k] ? code * 3 + k : code;
    }
    seen[code]++;
}

/* 012 is calm; with the fault every order of the three is met. */
static void aborted_packets_come_in_any_order(void)
{
    run_every(many_cancelled);
    for (unsigned code = 0; code < 27; code++)
        CHECK_EQ(code == 5, seen[code] > 0);
    options.faults = SIM_FAULT(SCHED_PICK_OP);
    run_every(many_cancelled);
    options.faults = 0;
    unsigned orders = 0;
    for (unsigned code = 0; code < 27; code++)
        orders += seen[code] > 0;
    CHECK_EQ(6, orders);
}

/* --- when and how much ------------------------------------------------- */

static void may_complete_inside(void *arg)
{
    (void)arg;
    set_up();
    peer_write(far, 8);
    size_t before, after;
    trace_events(&before, NULL);
    start_op(op, PORT_READ, 8);
    const struct trace_event *event = trace_events(&after, NULL);
    bool inside = false;
    for (size_t i = before; i < after; i++)
        inside |= event[i].kind == TRACE_COMPLETE && event[i].thread == 0;
    seen[inside]++;
    CHECK_EQ(1, dequeue());
    check_packet(0, op, 0, 8);
}

static void an_op_may_complete_before_start_returns(void)
{
    run_every(may_complete_inside);
    CHECK_EQ(0, seen[1]);
    options.faults = SIM_FAULT(SCHED_SYNC);
    run_every(may_complete_inside);
    options.faults = 0;
    CHECK(seen[1] > 0);
}

static void reads_eight(void *arg)
{
    (void)arg;
    set_up();
    peer_write(far, 8);
    start_op(op, PORT_READ, 64);
    CHECK_EQ(1, dequeue());
    seen[packet[0].size]++;
}

static void a_read_may_be_partial(void)
{
    run_every(reads_eight);
    CHECK_EQ(0, seen[1] + seen[4]);
    options.faults = SIM_FAULT(SCHED_PARTIAL);
    run_every(reads_eight);
    options.faults = 0;
    CHECK(seen[1] > 0);
    CHECK(seen[4] > 0);
    CHECK(seen[8] > 0);
}

static void polls_while_reading(void *arg)
{
    (void)arg;
    set_up();
    peer_write(far, 8);
    start_op(op, PORT_READ, 64);
    seen[port_dequeue(port, packet, 8, 0)]++;
}

/* The device is scheduled like a thread: early or late. */
static void a_completion_comes_at_any_decision(void)
{
    run_every(polls_while_reading);
    CHECK(seen[0] > 0);
    CHECK(seen[1] > 0);
}

static void waits_two_milliseconds(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, port_dequeue(port, packet, 8, os_now() + 2 * MILLISECOND));
    seen[(os_now() - SIM_EPOCH) / MILLISECOND]++;
}

static void a_timeout_may_end_early(void)
{
    run_every(waits_two_milliseconds);
    CHECK_EQ(0, seen[1]);
    CHECK_EQ(1, seen[2]);
    options.faults = SIM_FAULT(SCHED_EARLY);
    run_every(waits_two_milliseconds);
    options.faults = 0;
    CHECK_EQ(1, seen[1]);
    CHECK_EQ(1, seen[2]);
}

static void posts_three(void *arg)
{
    (void)arg;
    set_up();
    for (uint64_t key = 1; key <= 3; key++)
        CHECK_EQ(0, port_post(port, key));
    int count = port_dequeue(port, packet, 2, 0);
    seen[count]++;
    for (int i = 0; i < count; i++) {
        CHECK_EQ((uint64_t)i + 1, packet[i].key);
        CHECK(packet[i].op == NULL);
    }
}

static void packets_come_in_order_as_many_as_fit(void)
{
    run_every(posts_three);
    CHECK_EQ(0, seen[1]);
    CHECK_EQ(1, seen[2]);
    options.faults = SIM_FAULT(SCHED_BATCH);
    run_every(posts_three);
    options.faults = 0;
    CHECK_EQ(1, seen[1]);
    CHECK_EQ(1, seen[2]);
}

static void posts_until_it_works(void *arg)
{
    (void)arg;
    int failures = 0;
    set_up();
    while (port_post(port, 1) != 0)
        failures++;
    CHECK(failures <= 3);
    seen[failures]++;
    CHECK_EQ(1, dequeue());
}

/* A failure is the caller's to survive, so it is no worse than this. */
static void a_post_fails_at_most_three_times_in_a_row(void)
{
    run_every(posts_until_it_works);
    CHECK_EQ(0, seen[1]);
    options.faults = SIM_FAULT(SCHED_POST);
    run_every(posts_until_it_works);
    options.faults = 0;
    for (int i = 0; i <= 3; i++)
        CHECK_EQ(1, seen[i]);
}

/* --- who gets it -------------------------------------------------------- */

static void takes_one(void *arg)
{
    struct packet mine;
    CHECK_EQ(1, port_dequeue(port, &mine, 1, PORT_FOREVER));
    order[order_count++] = (unsigned)(uintptr_t)arg;
}

static void three_wait_for_posts(void *arg)
{
    (void)arg;
    set_up();
    for (unsigned i = 1; i <= 3; i++)
        start(i, takes_one);
    os_pause();         /* until all of them wait */
    for (int i = 0; i < 3; i++) {
        port_post(port, 1);
        os_pause();
    }
    unsigned code = 0;
    for (unsigned i = 0; i < order_count; i++)
        code = code * 3 + order[i] - 1;
    CHECK_EQ(3, order_count);
    seen[code]++;
}

static unsigned release_order(enum sim_profile profile, uint32_t faults)
{
    options = (struct sim_options){ .profile = profile, .faults = faults };
    memset(seen, 0, sizeof seen);
    run_clean(three_wait_for_posts);
    options = (struct sim_options){ 0 };
    unsigned code = 0;
    while (code < 27 && seen[code] == 0)
        code++;
    return code;
}

/* Windows releases the last that came first, the others the first. */
static void waiters_are_released_in_the_profile_s_order(void)
{
    CHECK_EQ((2 * 3 + 1) * 3 + 0, release_order(SIM_WIN10, 0));
    CHECK_EQ((0 * 3 + 1) * 3 + 2, release_order(SIM_WINE8, 0));
    CHECK_EQ((0 * 3 + 1) * 3 + 2, release_order(SIM_LINUX, 0));
    CHECK_EQ((2 * 3 + 1) * 3 + 0,
             release_order(SIM_WIN10, SIM_FAULT(SCHED_RELEASE)));
}

static void takes_if_there(void *arg)
{
    (void)arg;
    struct packet mine;
    int count = port_dequeue(port, &mine, 1, 0);
    seen[count]++;
}

static void posts_to_waiter_and_poller(void *arg)
{
    (void)arg;
    set_up();
    start(1, takes_one);
    start(2, takes_if_there);
    port_post(port, 1);
    os_thread_join(&threads[2]);
    if (order_count == 0)
        port_post(port, 2);
}

/* One packet goes to one of them; whoever was woken and finds nothing waits
 * on, and is not lost. */
static void a_poller_may_be_faster_than_the_one_who_was_woken(void)
{
    CHECK(run_every(posts_to_waiter_and_poller) > 10);
    CHECK(seen[0] > 0);
    CHECK(seen[1] > 0);
    CHECK_EQ(0, seen[31]);
}

/* --- handles ------------------------------------------------------------ */

static void uses_closed(void *arg)
{
    (void)arg;
    set_up();
    port_handle_close(near);
    start_op(op, PORT_READ, 8);
}

static void uses_recycled(void *arg)
{
    (void)arg;
    set_up();
    port_handle other;
    port_handle_close(near);
    CHECK_EQ(0, port_object(&other));
    CHECK_EQ((uint32_t)near, (uint32_t)other);
    start_op(op, PORT_READ, 8);
}

static void closes_twice(void *arg)
{
    (void)arg;
    set_up();
    port_handle_close(near);
    port_handle_close(near);
}

static void closes_recycled(void *arg)
{
    (void)arg;
    port_handle other;
    set_up();
    port_handle_close(near);
    CHECK_EQ(0, port_object(&other));
    port_handle_close(near);
}

static void cancels_closed(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 8);
    port_handle_close(near);
    port_cancel(port, near, op);
}

/* A number is given out again at once, last closed first; whoever still
 * names the old handle is found, and not served. */
static void a_stale_handle_is_found(void)
{
    check_found(uses_closed, VERDICT_STALE_STATE, "uses a closed handle");
    check_found(uses_recycled, VERDICT_STALE_STATE, "uses a recycled handle");
    check_found(closes_twice, VERDICT_DOUBLE_CLOSE, "closes a handle twice");
    check_found(closes_recycled, VERDICT_DOUBLE_CLOSE,
                "closes a recycled handle");
    check_found(cancels_closed, VERDICT_STALE_STATE, "uses a closed handle");
}

static enum port_kind close_kind;

static void closes_with_pending(void *arg)
{
    (void)arg;
    set_up();
    if (close_kind == PORT_WRITE) {
        buffer = os_alloc(70000);
        start_op(op, PORT_WRITE, 70000);
        os_pause();
    } else {
        start_op(op, PORT_READ, 8);
    }
    port_handle_close(near);
    int count = port_dequeue(port, packet, 8, os_now() + MILLISECOND);
    seen[0] = count;
    seen[1] = count > 0 ? packet[0].status : 1;
    if (count == 0) {
        peer_read(far, 70000);
        count = port_dequeue(port, packet, 8, os_now() + MILLISECOND);
        seen[2] = count > 0 ? packet[0].status : 1;
    }
}

static void close_pending(enum sim_profile profile, enum port_kind kind)
{
    options = (struct sim_options){ .profile = profile };
    close_kind = kind;
    memset(seen, 0, sizeof seen);
    run_clean(closes_with_pending);
    options = (struct sim_options){ 0 };
}

/* Windows aborts; Wine lets a send go on until the peer has it and calls it
 * failed; on Linux nothing completes, now or later. */
static void closing_with_pending_ops_is_the_device_s_choice(void)
{
    close_pending(SIM_WIN10, PORT_READ);
    CHECK_EQ(LOOP_EABORTED, seen[1]);
    close_pending(SIM_WIN10, PORT_WRITE);
    CHECK_EQ(LOOP_EABORTED, seen[1]);
    close_pending(SIM_WINE8, PORT_READ);
    CHECK_EQ(LOOP_EABORTED, seen[1]);
    close_pending(SIM_WINE8, PORT_WRITE);
    CHECK_EQ(0, seen[0]);
    CHECK_EQ(LOOP_EFAILED, seen[2]);
    close_pending(SIM_LINUX, PORT_READ);
    CHECK_EQ(0, seen[0]);
    CHECK_EQ(1, seen[2]);
    struct ground_left left;
    ground_left(&left);
    CHECK_EQ(1, left.ops_pending);
}

static void closes_pipe_reader(void *arg)
{
    (void)arg;
    set_up();
    CHECK_EQ(0, peer_pipe(&near, &far, 1));
    CHECK_EQ(0, port_associate(port, near, 7));
    start_op(op, PORT_READ, 8);
    port_handle_close(near);
    CHECK_EQ(1, dequeue());
    check_packet(0, op, LOOP_EBROKEN, 0);
    CHECK_EQ(LOOP_EBROKEN, peer_write(far, 1));
}

static void closing_a_pipe_breaks_its_reads(void)
{
    run_clean(closes_pipe_reader);
}

static void closes_over_a_read(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 8);
    port_handle_close(near);
    seen[peer_read(far, 8) == LOOP_EBROKEN]++;
}

static bool may_cut(enum sim_profile profile)
{
    options = (struct sim_options){ .profile = profile,
                                    .faults = SIM_FAULT(SCHED_CANCEL) };
    run_every(closes_over_a_read);
    options = (struct sim_options){ 0 };
    CHECK(seen[0] > 0);
    return seen[1] > 0;
}

/* A port that cancels first is spared the reset. */
static void only_windows_resets_what_is_closed_over_a_read(void)
{
    CHECK(may_cut(SIM_WIN10));
    CHECK(!may_cut(SIM_WINE8));
    CHECK(!may_cut(SIM_LINUX));
}

/* --- ports --------------------------------------------------------------- */

static void waits_in_port(void *arg)
{
    (void)arg;
    dequeue();
}

static void closes_under_waiter(void *arg)
{
    (void)arg;
    set_up();
    start(1, waits_in_port);
    os_pause();
    port_close(port);
}

static void posts_to_closed(void *arg)
{
    (void)arg;
    set_up();
    port_close(port);
    port_post(port, 1);
}

static void uses_wild_port(void *arg)
{
    (void)arg;
    port_post(NULL, 1);
}

static void a_closed_port_is_not_used(void)
{
    check_found(closes_under_waiter, VERDICT_STALE_STATE,
                "closes a port with a thread waiting");
    check_found(posts_to_closed, VERDICT_STALE_STATE, "uses a closed port");
    check_found(uses_wild_port, VERDICT_STALE_STATE,
                "uses a port that never was");
}

static void closes_over_packets(void *arg)
{
    (void)arg;
    set_up();
    start_op(op, PORT_READ, 8);
    buffer += 8;
    start_op(second_op, PORT_READ, 8);
    port_post(port, 1);
    peer_write(far, 1);
    os_pause();
    port_close(port);
    peer_write(far, 1);
    os_pause();
}

/* What completes to nobody stays the kernel's, and is counted. */
static void packets_dropped_at_close_leave_their_memory_lent(void)
{
    struct ground_left left;
    run_clean(closes_over_packets);
    ground_left(&left);
    CHECK_EQ(2, left.ops_pending);
    CHECK_EQ(0, left.packets);
    CHECK_EQ(0, left.ports);
    CHECK_EQ(0, left.ops_dequeued);
}

/* --- where others can come in -------------------------------------------- */

static struct {
    void (*call)(void);
    size_t events;
    bool   calling, between;
} point;

static size_t event_count(void)
{
    size_t count;
    trace_events(&count, NULL);
    return count;
}

static void looks_in(void *arg)
{
    (void)arg;
    struct ground_thread_info info;
    ground_thread_info(0, &info);
    if (point.calling && info.state == GROUND_READY &&
        event_count() == point.events)
        point.between = true;
}

static void calls(void *arg)
{
    (void)arg;
    set_up();
    start(1, looks_in);
    point.events = event_count();
    point.calling = true;
    point.call();
    point.calling = false;
}

static bool others_come_before(void (*call)(void))
{
    struct every e;
    point.call = call;
    point.between = false;
    every_begin(&e);
    do {
        point.calling = false;
        run_with(&e.sched, calls);
    } while (every_next(&e));
    return point.between;
}

static void do_nothing(void)
{
}

static void do_open(void)
{
    port_open(&port);
}

static void do_close(void)
{
    port_close(port);
}

static void do_start(void)
{
    start_op(op, PORT_READ, 8);
}

static void do_cancel(void)
{
    port_cancel(port, near, op);
}

static void do_post(void)
{
    port_post(port, 1);
}

static void do_dequeue(void)
{
    dequeue();
}

static void do_poll(void)
{
    port_dequeue(port, packet, 8, 0);
}

static void do_socket(void)
{
    port_socket(&near);
}

static void do_associate(void)
{
    port_handle h = near;
    port_associate(port, h, 1);
}

static void do_handle_close(void)
{
    port_handle_close(near);
}

static void do_peer_write(void)
{
    peer_write(far, 1);
}

static void do_listen(void)
{
    struct port_address at = { PORT_LOOPBACK, 0 };
    port_listen(&near, &at);
}

static void do_pipe(void)
{
    port_handle writer;
    port_pipe(&near, &writer);
}

static void do_object(void)
{
    port_object(&near);
}

static void do_object_set(void)
{
    port_object_set(near);
}

static void do_peer_pair(void)
{
    peer_socket_pair(&near, &far);
}

static void do_peer_pipe(void)
{
    peer_pipe(&near, &far, 1);
}

static void do_peer_connect(void)
{
    peer_connect((struct port_address){ PORT_LOOPBACK, 5 }, &far);
}

static void do_peer_read(void)
{
    peer_read(far, 1);
}

static void do_peer_set(void)
{
    peer_set(near);
}

static void do_peer_close(void)
{
    peer_close(far);
}

static void every_call_is_a_scheduling_point(void)
{
    CHECK(!others_come_before(do_nothing));
    CHECK(others_come_before(do_open));
    CHECK(others_come_before(do_close));
    CHECK(others_come_before(do_start));
    CHECK(others_come_before(do_cancel));
    CHECK(others_come_before(do_post));
    CHECK(others_come_before(do_dequeue));
    CHECK(others_come_before(do_poll));
    CHECK(others_come_before(do_socket));
    CHECK(others_come_before(do_associate));
    CHECK(others_come_before(do_handle_close));
    CHECK(others_come_before(do_listen));
    CHECK(others_come_before(do_pipe));
    CHECK(others_come_before(do_object));
    CHECK(others_come_before(do_object_set));
    CHECK(others_come_before(do_peer_pair));
    CHECK(others_come_before(do_peer_pipe));
    CHECK(others_come_before(do_peer_connect));
    CHECK(others_come_before(do_peer_write));
    CHECK(others_come_before(do_peer_read));
    CHECK(others_come_before(do_peer_set));
    CHECK(others_come_before(do_peer_close));
}

/* --- determinism --------------------------------------------------------- */

static uint64_t random_state;

static unsigned draws_thread(struct sched *s, uint32_t enabled,
                             unsigned current)
{
    (void)s;
    (void)current;
    unsigned skip = sched_below(&random_state,
                                (unsigned)__builtin_popcount(enabled));
    while (skip-- > 0)
        enabled &= enabled - 1;
    return (unsigned)__builtin_ctz(enabled);
}

static unsigned draws_outcome(struct sched *s, enum sched_outcome what,
                              unsigned count)
{
    (void)s;
    (void)what;
    return sched_below(&random_state, count);
}

static void reads_and_writes(void *arg)
{
    char *mine = os_alloc(32);
    struct port_op *o = arg == NULL ? op : second_op;
    struct port_request r = { .kind = arg == NULL ? PORT_READ : PORT_WRITE,
                              .buffer = mine, .size = 32 };
    for (int i = 0; i < 3; i++) {
        struct packet p;
        if (o == NULL || port_start(port, near, o, &r) != 0)
            continue;
        port_cancel(port, near, o);
        port_dequeue(port, &p, 1, os_now() + MILLISECOND);
        port_post(port, 9);
        o = NULL;
    }
    peer_write(far, 16);
}

static void all_at_once(void *arg)
{
    set_up();
    start(1, reads_and_writes);
    start(2, takes_one);
    reads_and_writes(arg);
    port_handle_close(near);
}

static uint64_t hash_of_run(uint64_t seed)
{
    struct sched s = { .thread = draws_thread, .outcome = draws_outcome };
    random_state = seed;
    options.profile = (enum sim_profile)(seed % 3);
    options.faults = ~(SIM_FAULT(SCHED_MEMORY) | SIM_FAULT(SCHED_SPURIOUS));
    run_with(&s, all_at_once);
    options = (struct sim_options){ 0 };
    return trace_hash();
}

/* The number holds for both compilers and all levels of optimization. */
static void the_same_decisions_give_the_same_trace(void)
{
    uint64_t all = 0, last = 0;
    unsigned changes = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        uint64_t hash = hash_of_run(seed);
        CHECK(hash == hash_of_run(seed));
        changes += hash != last;
        all = all * 31 + hash;
        last = hash;
    }
    CHECK(changes > 900);
    CHECK_EQ(GOLDEN, (long long)all);
}

int main(void)
{
    RUN(a_started_op_ends_in_one_packet);
    RUN(a_stream_ends_or_breaks);
    RUN(a_write_waits_for_room);
    RUN(connect_meets_accept);
    RUN(nobody_listens_there);
    RUN(an_object_ends_one_wait_each_time);
    RUN(a_refused_start_brings_no_packet);
    RUN(a_device_may_refuse_at_once);
    RUN(memory_is_lent_until_the_packet_is_dequeued);
    RUN(an_op_is_started_when_it_is_free);
    RUN(a_cancel_asks_and_the_packet_answers);
    RUN(a_cancel_can_end_in_every_way);
    RUN(aborted_packets_come_in_any_order);
    RUN(an_op_may_complete_before_start_returns);
    RUN(a_read_may_be_partial);
    RUN(a_completion_comes_at_any_decision);
    RUN(a_timeout_may_end_early);
    RUN(packets_come_in_order_as_many_as_fit);
    RUN(a_post_fails_at_most_three_times_in_a_row);
    RUN(waiters_are_released_in_the_profile_s_order);
    RUN(a_poller_may_be_faster_than_the_one_who_was_woken);
    RUN(a_stale_handle_is_found);
    RUN(closing_with_pending_ops_is_the_device_s_choice);
    RUN(only_windows_resets_what_is_closed_over_a_read);
    RUN(closing_a_pipe_breaks_its_reads);
    RUN(a_closed_port_is_not_used);
    RUN(packets_dropped_at_close_leave_their_memory_lent);
    RUN(every_call_is_a_scheduling_point);
    RUN(the_same_decisions_give_the_same_trace);
    return test_result(29);
}
