/*
 * op_test.c - ops and handles on real sockets, pipes and wait objects: point
 * 6 of the contract in loop.h, and the life of a handle in op.h.
 */
#include <stdatomic.h>
#include <string.h>

#include "op.h"
#include "test_loop.h"

enum { SIZE = 16 };

static int order;

/* A handle that notes when it was closed. */
struct end {
    struct handle handle;
    atomic_int    closed;
    int           order;
};

static void on_closed(struct handle *h)
{
    struct end *e = LIST_OF(h, struct end, handle);
    e->closed++;
    e->order = ++order;
}

static void end_open(struct loop *l, struct end *e, port_handle h)
{
    *e = (struct end){ .order = 0 };
    CHECK_EQ(0, handle_open(l, &e->handle, h, on_closed));
}

static void ends_close(struct loop *l, struct end *ends, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_EQ(0, handle_close(&ends[i].handle));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    for (int i = 0; i < count; i++)
        CHECK_EQ(1, ends[i].closed);
}

/* A reading end and a writing end, in this order. */
static void pipe_open(struct loop *l, struct end ends[2])
{
    port_handle reader, writer;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    end_open(l, &ends[0], reader);
    end_open(l, &ends[1], writer);
}

/* An op that counts its callbacks, and can cancel another one. */
struct call {
    struct op   op;
    struct op  *to_cancel;
    struct loop *to_stop;
    atomic_int  done;
    int         order;
    int         cancel_result;
    char        buffer[SIZE];
};

static void on_done(struct op *op)
{
    struct call *c = LIST_OF(op, struct call, op);
    c->done++;
    c->order = ++order;
    if (c->to_cancel)
        c->cancel_result = op_cancel(c->to_cancel);
    if (c->to_stop)
        loop_stop(c->to_stop);
}

static int submit(struct end *e, struct call *c, enum port_kind kind,
                  uint32_t size)
{
    struct port_request request = { .kind = kind, .size = size,
                                    .buffer = size > 0 ? c->buffer : NULL };
    c->op.done = on_done;
    c->done = 0;
    return op_submit(&e->handle, &c->op, &request);
}

static void submit_write(struct end *e, struct call *c, const char *text)
{
    uint32_t size = (uint32_t)strlen(text);
    memcpy(c->buffer, text, size);
    CHECK_EQ(0, submit(e, c, PORT_WRITE, size));
}

static int submit_connect(struct end *e, struct call *c,
                          struct port_address at)
{
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    c->op.done = on_done;
    c->done = 0;
    return op_submit(&e->handle, &c->op, &request);
}

static void run_idle(struct loop *l)
{
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
}

static void check_done(const struct call *c, int status, uint32_t size)
{
    CHECK_EQ(1, c->done);
    CHECK_EQ(status, c->op.status);
    CHECK_EQ(size, c->op.size);
    CHECK(c->op.accepted == PORT_NO_HANDLE);
}

/* Bytes go through a pipe, and its end is a read of nothing. */
static void pipe_carries_bytes_and_their_end(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call reading = { .done = 0 }, writing = { .done = 0 };
    pipe_open(l, ends);
    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(0, reading.done);
    submit_write(&ends[1], &writing, "last call");
    run_idle(l);
    check_done(&writing, 0, 9);
    check_done(&reading, 0, 9);
    CHECK_EQ(0, memcmp(reading.buffer, "last call", 9));

    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    CHECK_EQ(0, handle_close(&ends[1].handle));
    run_idle(l);
    check_done(&reading, 0, 0);
    ends_close(l, ends, 1);
    test_loop_end(l);
}

/* A write that nobody will read fails, and says so once. */
static void write_to_a_closed_reader_is_broken(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call writing = { .done = 0 };
    pipe_open(l, ends);
    CHECK_EQ(0, handle_close(&ends[0].handle));
    run_idle(l);
    submit_write(&ends[1], &writing, "gone");
    run_idle(l);
    check_done(&writing, LOOP_EBROKEN, 0);
    ends_close(l, &ends[1], 1);
    test_loop_end(l);
}

static void connection_is_accepted_and_carries_bytes(void)
{
    struct loop *l = test_loop_create(0);
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle h;
    enum { LISTENER, CLIENT, SERVER, ENDS };
    struct end ends[ENDS];
    struct call accepting = { .done = 0 }, connecting = { .done = 0 };
    CHECK_EQ(0, port_listen(&h, &at));
    end_open(l, &ends[LISTENER], h);
    CHECK_EQ(0, port_socket(&h));
    end_open(l, &ends[CLIENT], h);
    CHECK_EQ(0, submit(&ends[LISTENER], &accepting, PORT_ACCEPT, 0));
    CHECK_EQ(0, submit_connect(&ends[CLIENT], &connecting, at));
    run_idle(l);
    check_done(&connecting, 0, 0);
    CHECK_EQ(1, accepting.done);
    CHECK_EQ(0, accepting.op.status);
    CHECK(accepting.op.accepted != PORT_NO_HANDLE);
    end_open(l, &ends[SERVER], accepting.op.accepted);

    struct call reading = { .done = 0 }, writing = { .done = 0 };
    CHECK_EQ(0, submit(&ends[SERVER], &reading, PORT_READ, SIZE));
    submit_write(&ends[CLIENT], &writing, "hello");
    run_idle(l);
    check_done(&reading, 0, 5);
    CHECK_EQ(0, memcmp(reading.buffer, "hello", 5));
    ends_close(l, ends, ENDS);
    test_loop_end(l);
}

/* Nobody listens: the connect says so, as a refusal or in its packet. */
static void connect_to_nobody_is_refused(void)
{
    struct loop *l = test_loop_create(0);
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle listener, h;
    struct end ends[1];
    struct call connecting = { .done = 0 };
    CHECK_EQ(0, port_listen(&listener, &at));
    port_handle_close(listener);
    CHECK_EQ(0, port_socket(&h));
    end_open(l, &ends[0], h);
    int result = submit_connect(&ends[0], &connecting, at);
    run_idle(l);
    if (result == 0)
        check_done(&connecting, LOOP_EREFUSED, 0);
    else
        CHECK_EQ(LOOP_EREFUSED, result);
    ends_close(l, ends, 1);
    test_loop_end(l);
}

struct setter {
    struct os_thread thread;
    port_handle      object;
};

static void setter_main(void *arg)
{
    struct setter *s = arg;
    port_object_set(s->object);
}

/* An object that another thread sets ends one wait, and is then not set. */
static void set_object_ends_one_wait(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[1];
    struct call waits[2] = { { .done = 0 }, { .done = 0 } };
    struct setter setter;
    CHECK_EQ(0, port_object(&setter.object));
    end_open(l, &ends[0], setter.object);
    CHECK_EQ(0, submit(&ends[0], &waits[0], PORT_WAIT, 0));
    CHECK_EQ(0, submit(&ends[0], &waits[1], PORT_WAIT, 0));
    test_thread_start(&setter.thread, setter_main, &setter);
    while (waits[0].done + waits[1].done == 0)
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
    os_thread_join(&setter.thread);
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(1, waits[0].done + waits[1].done);
    port_object_set(setter.object);
    run_idle(l);
    check_done(&waits[0], 0, 0);
    check_done(&waits[1], 0, 0);
    ends_close(l, ends, 1);
    test_loop_end(l);
}

/* A start that is refused leaves nothing behind, and is never called. */
static void refused_op_is_not_called(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call wrong = { .done = 0 };
    pipe_open(l, ends);
    CHECK(submit(&ends[0], &wrong, PORT_ACCEPT, 0) < 0);
    CHECK(submit(&ends[0], &wrong, PORT_WAIT, 0) < 0);
    run_idle(l);
    CHECK_EQ(0, wrong.done);
    CHECK_EQ(2, loop_pending(l, NULL, 0));

    struct handle again = { .loop = NULL };
    CHECK_EQ(LOOP_EINVAL, handle_open(l, &again, ends[0].handle.port_handle,
                                      NULL));
    CHECK_EQ(2, loop_pending(l, NULL, 0));
    ends_close(l, ends, 2);
    test_loop_end(l);
}

/* 6: a cancel is a request; the op completes once, and its bytes are there
 * for the next one. */
static void cancelled_read_is_told_once(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call reading = { .done = 0 }, writing = { .done = 0 };
    pipe_open(l, ends);
    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    CHECK_EQ(0, op_cancel(&reading.op));
    CHECK_EQ(0, op_cancel(&reading.op));
    CHECK_EQ(0, reading.done);
    submit_write(&ends[1], &writing, "kept");
    run_idle(l);
    check_done(&reading, LOOP_EABORTED, 0);
    CHECK_EQ(LOOP_ENOTFOUND, op_cancel(&reading.op));
    CHECK_EQ(1, reading.done);

    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    run_idle(l);
    check_done(&reading, 0, 4);
    ends_close(l, ends, 2);
    test_loop_end(l);
}

/* Read until the end of the stream; how many bytes were there? */
static uint32_t read_rest(struct loop *l, struct end ends[2])
{
    uint32_t total = 0;
    struct call reading = { .done = 0 };
    CHECK_EQ(0, handle_close(&ends[1].handle));
    do {
        CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
        run_idle(l);
        total += reading.op.size;
    } while (reading.op.status == 0 && reading.op.size > 0);
    CHECK_EQ(0, reading.op.status);
    return total;
}

/* 6: what has happened is told, though a cancel came before the packet was
 * taken from the port. */
static void late_cancel_of_a_read_loses_no_bytes(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call reading = { .done = 0 }, writing = { .done = 0 };
    pipe_open(l, ends);
    submit_write(&ends[1], &writing, "real");
    run_idle(l);
    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    op_cancel(&reading.op);
    run_idle(l);
    CHECK_EQ(1, reading.done);
    CHECK_EQ(4, reading.op.size + read_rest(l, ends));
    ends_close(l, ends, 1);
    test_loop_end(l);
}

static void late_cancel_of_a_write_tells_what_was_written(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call writing = { .done = 0 };
    pipe_open(l, ends);
    submit_write(&ends[1], &writing, "real");
    op_cancel(&writing.op);
    run_idle(l);
    CHECK_EQ(1, writing.done);
    CHECK_EQ(writing.op.size, read_rest(l, ends));
    ends_close(l, ends, 1);
    test_loop_end(l);
}

/* 6: an op whose callback is next is too late to cancel, and says what it
 * has brought. */
static void ready_op_cannot_be_cancelled(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call first = { .done = 0 }, second = { .done = 0 };
    pipe_open(l, ends);
    first.to_cancel = &second.op;
    submit_write(&ends[1], &first, "a");
    submit_write(&ends[1], &second, "b");
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
    CHECK_EQ(LOOP_ENOTFOUND, first.cancel_result);
    check_done(&first, 0, 1);
    check_done(&second, 0, 1);
    ends_close(l, ends, 2);
    test_loop_end(l);
}

/* 6: a signal that races with a cancel is taken by the wait or is still
 * there for the next one; it never vanishes. */
static void cancel_racing_a_signal_loses_neither(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[1];
    struct setter setter;
    CHECK_EQ(0, port_object(&setter.object));
    end_open(l, &ends[0], setter.object);
    for (int round = 0; round < 300; round++) {
        struct call waiting = { .done = 0 };
        CHECK_EQ(0, submit(&ends[0], &waiting, PORT_WAIT, 0));
        test_thread_start(&setter.thread, setter_main, &setter);
        for (int i = 0; i < round % 50; i++)
            CHECK_EQ(1, loop_pending(l, NULL, 0) > 0);
        op_cancel(&waiting.op);
        run_idle(l);
        os_thread_join(&setter.thread);
        CHECK_EQ(1, waiting.done);
        if (waiting.op.status == 0)
            continue;
        CHECK_EQ(LOOP_EABORTED, waiting.op.status);
        CHECK_EQ(0, submit(&ends[0], &waiting, PORT_WAIT, 0));
        run_idle(l);
        check_done(&waiting, 0, 0);
    }
    ends_close(l, ends, 1);
    test_loop_end(l);
}

struct writer {
    struct os_thread thread;
    struct end      *end;
    struct call      call;
};

static void writer_main(void *arg)
{
    struct writer *w = arg;
    submit_write(w->end, &w->call, "0123456789");
}

/* 6: the same with bytes: each that was written is read once. */
static void cancel_racing_bytes_loses_none(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    uint32_t total = 0;
    pipe_open(l, ends);
    for (int round = 0; round < 300; round++) {
        struct call reading = { .done = 0 };
        struct writer writer = { .end = &ends[1] };
        CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
        test_thread_start(&writer.thread, writer_main, &writer);
        for (int i = 0; i < round % 50; i++)
            CHECK_EQ(1, loop_pending(l, NULL, 0) > 0);
        op_cancel(&reading.op);
        os_thread_join(&writer.thread);
        run_idle(l);
        check_done(&writer.call, 0, 10);
        CHECK_EQ(1, reading.done);
        uint32_t got = reading.op.size;
        if (got == 0) {
            CHECK_EQ(LOOP_EABORTED, reading.op.status);
            CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
            run_idle(l);
            got = reading.op.size;
        }
        total += got;
    }
    CHECK_EQ(3000, total);
    ends_close(l, ends, 2);
    test_loop_end(l);
}

/* A cancelled accept takes no connection with it. */
static void cancelled_accept_loses_no_connection(void)
{
    struct loop *l = test_loop_create(0);
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle h;
    enum { LISTENER, CLIENT, ENDS };
    struct end ends[ENDS];
    struct call accepting = { .done = 0 }, connecting = { .done = 0 };
    CHECK_EQ(0, port_listen(&h, &at));
    end_open(l, &ends[LISTENER], h);
    CHECK_EQ(0, port_socket(&h));
    end_open(l, &ends[CLIENT], h);
    CHECK_EQ(0, submit(&ends[LISTENER], &accepting, PORT_ACCEPT, 0));
    CHECK_EQ(0, op_cancel(&accepting.op));
    CHECK_EQ(0, submit_connect(&ends[CLIENT], &connecting, at));
    run_idle(l);
    CHECK_EQ(1, accepting.done);
    check_done(&connecting, 0, 0);
    if (accepting.op.status < 0) {
        check_done(&accepting, LOOP_EABORTED, 0);
        CHECK_EQ(0, submit(&ends[LISTENER], &accepting, PORT_ACCEPT, 0));
        run_idle(l);
    }
    CHECK_EQ(0, accepting.op.status);
    port_handle_close(accepting.op.accepted);
    ends_close(l, ends, ENDS);
    test_loop_end(l);
}

/* A closing handle takes no op, cancels those it has, and calls back when
 * the last of their callbacks has returned. */
static void handle_closes_after_its_ops(void)
{
    enum { OPS = 50 };
    static struct call reading[OPS];
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call late = { .done = 0 };
    pipe_open(l, ends);
    order = 0;
    for (int i = 0; i < OPS; i++)
        CHECK_EQ(0, submit(&ends[0], &reading[i], PORT_READ, SIZE));
    CHECK_EQ(0, handle_close(&ends[0].handle));
    CHECK_EQ(LOOP_ECLOSED, handle_close(&ends[0].handle));
    CHECK_EQ(LOOP_ECLOSED, submit(&ends[0], &late, PORT_READ, SIZE));
    CHECK_EQ(0, ends[0].closed);
    run_idle(l);
    for (int i = 0; i < OPS; i++) {
        check_done(&reading[i], LOOP_EABORTED, 0);
        CHECK(reading[i].order < ends[0].order);
    }
    CHECK_EQ(1, ends[0].closed);
    CHECK_EQ(OPS + 1, ends[0].order);
    CHECK_EQ(0, late.done);
    ends_close(l, &ends[1], 1);
    test_loop_end(l);
}

struct held {
    struct call    call;
    struct gate   *inside;
    struct gate   *go_on;
    struct end    *end;
    int            closed_meanwhile;
};

static void on_held(struct op *op)
{
    struct held *h = LIST_OF(op, struct held, call.op);
    gate_raise(h->inside);
    gate_wait(h->go_on, 1);
    h->closed_meanwhile = h->end->closed;
    h->call.done++;
}

static void idle_main(void *loop)
{
    loop_run(loop, LOOP_UNTIL_IDLE);
}

/* The close callback is not given while a thread is inside a callback of one
 * of the handle's ops: that callback may still use the handle. */
static void handle_outlives_a_running_callback(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct gate inside, go_on;
    struct os_thread thread;
    gate_open(&inside);
    gate_open(&go_on);
    pipe_open(l, ends);
    struct held held = { .inside = &inside, .go_on = &go_on,
                         .end = &ends[0] };
    struct port_request request = { .kind = PORT_READ, .size = SIZE,
                                    .buffer = held.call.buffer };
    held.call.op.done = on_held;
    CHECK_EQ(0, op_submit(&ends[0].handle, &held.call.op, &request));
    CHECK_EQ(0, op_cancel(&held.call.op));
    test_thread_start(&thread, idle_main, l);
    gate_wait(&inside, 1);
    CHECK_EQ(0, handle_close(&ends[0].handle));
    for (int i = 0; i < 5; i++)
        CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_NOWAIT));
    CHECK_EQ(0, ends[0].closed);
    gate_raise(&go_on);
    os_thread_join(&thread);
    run_idle(l);
    CHECK_EQ(0, held.closed_meanwhile);
    CHECK_EQ(1, held.call.done);
    CHECK_EQ(1, ends[0].closed);
    ends_close(l, &ends[1], 1);
    gate_close(&go_on);
    gate_close(&inside);
    test_loop_end(l);
}

/* 8: a loop with an open handle or a pending op is not closed. */
static void close_refuses_open_handles_and_ops(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call reading = { .done = 0 };
    pipe_open(l, ends);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
    CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    CHECK_EQ(0, handle_close(&ends[0].handle));
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    run_idle(l);
    check_done(&reading, LOOP_EABORTED, 0);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    ends_close(l, &ends[1], 1);
    test_loop_end(l);
}

/* A pending op keeps a run until idle; an open handle alone does not. */
static void op_of_another_thread_ends_a_wait(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct os_thread runner;
    pipe_open(l, ends);
    for (int round = 0; round < 50; round++) {
        struct call reading = { .done = 0 };
        struct writer writer = { .end = &ends[1] };
        CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
        test_thread_start(&runner, idle_main, l);
        test_thread_start(&writer.thread, writer_main, &writer);
        os_thread_join(&writer.thread);
        os_thread_join(&runner);
        run_idle(l);
        check_done(&reading, 0, 10);
        check_done(&writer.call, 0, 10);
    }
    ends_close(l, ends, 2);
    test_loop_end(l);
}

enum { LANES = 8, TURNS = 300, RUNNERS = 3 };

struct lane {
    struct end  ends[2];
    struct call reading;
    struct call writing;
    uint32_t    got;
    int         turns;
};

static void lane_write(struct lane *lane);

static void on_lane_read(struct op *op)
{
    struct lane *lane = LIST_OF(op, struct lane, reading.op);
    CHECK_EQ(0, op->status);
    lane->got += op->size;
    if (++lane->turns < TURNS)
        lane_write(lane);
}

static void on_lane_written(struct op *op)
{
    struct lane *lane = LIST_OF(op, struct lane, writing.op);
    struct port_request request = { .kind = PORT_READ, .size = SIZE,
                                    .buffer = lane->reading.buffer };
    CHECK_EQ(0, op->status);
    CHECK_EQ(1, op->size);
    lane->reading.op.done = on_lane_read;
    CHECK_EQ(0, op_submit(&lane->ends[0].handle, &lane->reading.op,
                          &request));
}

static void lane_write(struct lane *lane)
{
    struct port_request request = { .kind = PORT_WRITE, .size = 1,
                                    .buffer = lane->writing.buffer };
    lane->writing.op.done = on_lane_written;
    CHECK_EQ(0, op_submit(&lane->ends[1].handle, &lane->writing.op,
                          &request));
}

/* 6: several threads deliver on several pipes; each op is told once for each
 * submit. */
static void many_threads_deliver_each_op_once(void)
{
    static struct lane lanes[LANES];
    struct loop *l = test_loop_create(0);
    struct os_thread threads[RUNNERS];
    for (int i = 0; i < LANES; i++) {
        pipe_open(l, lanes[i].ends);
        lane_write(&lanes[i]);
    }
    for (int i = 0; i < RUNNERS; i++)
        test_thread_start(&threads[i], idle_main, l);
    for (int i = 0; i < RUNNERS; i++)
        os_thread_join(&threads[i]);
    run_idle(l);
    for (int i = 0; i < LANES; i++) {
        CHECK_EQ(TURNS, lanes[i].turns);
        CHECK_EQ(TURNS, lanes[i].got);
        ends_close(l, lanes[i].ends, 2);
    }
    test_loop_end(l);
}

/* 8, 9: a shutdown cancels ops, tells each, and closes every handle; what an
 * accept has brought and nobody has asked for is closed with it. */
static void shutdown_ends_ops_and_handles(void)
{
    struct loop *l = test_loop_create(0);
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle h;
    enum { READER, WRITER, LISTENER, CLIENT, ENDS };
    struct end ends[ENDS];
    struct call reading[3] = { { .done = 0 } }, connecting = { .done = 0 };
    struct op unclaimed = { .done = NULL };
    struct port_request accepting = { .kind = PORT_ACCEPT };
    pipe_open(l, ends);
    CHECK_EQ(0, port_listen(&h, &at));
    end_open(l, &ends[LISTENER], h);
    CHECK_EQ(0, port_socket(&h));
    end_open(l, &ends[CLIENT], h);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(0, submit(&ends[READER], &reading[i], PORT_READ, SIZE));
    CHECK_EQ(0, op_submit(&ends[LISTENER].handle, &unclaimed, &accepting));
    CHECK_EQ(0, submit_connect(&ends[CLIENT], &connecting, at));
    connecting.to_stop = l;
    CHECK_EQ(LOOP_STOPPED, loop_run(l, LOOP_FOREVER));
    check_done(&connecting, 0, 0);

    test_loop_shut_down(l);
    for (int i = 0; i < 3; i++)
        check_done(&reading[i], LOOP_EABORTED, 0);
    for (int i = 0; i < ENDS; i++)
        CHECK_EQ(1, ends[i].closed);
}

/* The op is the caller's again in its callback, also to be submitted. */
static void op_can_be_submitted_a_thousand_times(void)
{
    struct loop *l = test_loop_create(0);
    struct end ends[2];
    struct call reading = { .done = 0 }, writing = { .done = 0 };
    pipe_open(l, ends);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(0, submit(&ends[0], &reading, PORT_READ, SIZE));
        submit_write(&ends[1], &writing, "x");
        run_idle(l);
        check_done(&reading, 0, 1);
        check_done(&writing, 0, 1);
    }
    ends_close(l, ends, 2);
    test_loop_end(l);
}

static void on_free_op(struct op *op)
{
    os_free(LIST_OF(op, struct call, op));
}

static void on_free_handle(struct handle *h)
{
    os_free(h);
}

/* An op is the caller's from the moment its callback starts, and a handle
 * too: freed there, nobody may touch them any more. */
static void op_and_handle_may_be_freed_in_their_callbacks(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 20; i++) {
        port_handle reader, writer;
        struct handle *h = os_alloc(sizeof *h);
        struct call *c = os_alloc(sizeof *c);
        struct port_request request = { .kind = PORT_READ, .size = SIZE,
                                        .buffer = c->buffer };
        CHECK_EQ(0, port_pipe(&reader, &writer));
        CHECK_EQ(0, handle_open(l, h, reader, on_free_handle));
        c->op.done = on_free_op;
        CHECK_EQ(0, op_submit(h, &c->op, &request));
        if (i % 2)
            CHECK_EQ(0, op_cancel(&c->op));
        CHECK_EQ(0, handle_close(h));
        run_idle(l);
        port_handle_close(writer);
    }
    test_loop_end(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(pipe_carries_bytes_and_their_end);
    RUN(write_to_a_closed_reader_is_broken);
    RUN(connection_is_accepted_and_carries_bytes);
    RUN(connect_to_nobody_is_refused);
    RUN(set_object_ends_one_wait);
    RUN(refused_op_is_not_called);
    RUN(cancelled_read_is_told_once);
    RUN(late_cancel_of_a_read_loses_no_bytes);
    RUN(late_cancel_of_a_write_tells_what_was_written);
    RUN(ready_op_cannot_be_cancelled);
    RUN(cancel_racing_a_signal_loses_neither);
    RUN(cancel_racing_bytes_loses_none);
    RUN(cancelled_accept_loses_no_connection);
    RUN(handle_closes_after_its_ops);
    RUN(handle_outlives_a_running_callback);
    RUN(close_refuses_open_handles_and_ops);
    RUN(op_of_another_thread_ends_a_wait);
    RUN(many_threads_deliver_each_op_once);
    RUN(shutdown_ends_ops_and_handles);
    RUN(op_can_be_submitted_a_thousand_times);
    RUN(op_and_handle_may_be_freed_in_their_callbacks);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(21);
}
