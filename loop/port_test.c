/*
 * port_test.c - the rules of port.h, checked on whatever platform is linked.
 *
 * Only port.h and os.h are used, and only what port.h promises is expected:
 * where it leaves something open, each legal answer passes. The letter and
 * number before a test name the rule of Win32 completion ports that it
 * stands for: P the port, O the life of an op, C cancelling, D closing.
 */
#include <stdatomic.h>
#include <string.h>

#include "loop.h"
#include "os.h"
#include "port.h"
#include "test.h"
#include "test_machine.h"

#define OPS_MANY 300
#define BIG_SIZE (1u << 20)     /* more than any pipe takes at once */

static struct port *open_port(void)
{
    struct port *p = NULL;
    CHECK_EQ(0, port_open(&p));
    return p;
}

static struct port_request reading(void *buffer, uint32_t size)
{
    return (struct port_request){ .kind = PORT_READ, .buffer = buffer,
                                  .size = size };
}

static struct port_request writing(void *buffer, uint32_t size)
{
    return (struct port_request){ .kind = PORT_WRITE, .buffer = buffer,
                                  .size = size };
}

static const struct port_request accepting = { .kind = PORT_ACCEPT };
static const struct port_request waiting = { .kind = PORT_WAIT };

static struct packet dequeue_one(struct port *p)
{
    struct packet packet = { 0 };
    CHECK_EQ(1, port_dequeue(p, &packet, 1, PORT_FOREVER));
    return packet;
}

static void nothing_is_queued(struct port *p)
{
    struct packet packet;
    CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
}

/* Run one op to its end, which may be a refusal: that has no packet. */
static struct packet run_op(struct port *p, port_handle h,
                            struct port_op *op, struct port_request request)
{
    int status = port_start(p, h, op, &request);
    if (status < 0)
        return (struct packet){ .op = op, .status = status,
                                .handle = PORT_NO_HANDLE };
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == op);
    return packet;
}

/* A pipe with both ends on the port: key 1 reads, key 2 writes. */
struct pipe {
    struct port *port;
    port_handle  reader;
    port_handle  writer;
};

static void pipe_open(struct pipe *pipe, struct port *p)
{
    pipe->port = p;
    CHECK_EQ(0, port_pipe(&pipe->reader, &pipe->writer));
    CHECK_EQ(0, port_associate(p, pipe->reader, 1));
    CHECK_EQ(0, port_associate(p, pipe->writer, 2));
}

static void pipe_close(struct pipe *pipe)
{
    port_handle_close(pipe->reader);
    port_handle_close(pipe->writer);
}

static void pipe_write(struct pipe *pipe, const char *text)
{
    struct port_op op = { 0 };
    char buffer[16];
    uint32_t size = (uint32_t)strlen(text);
    memcpy(buffer, text, size);
    struct packet packet =
        run_op(pipe->port, pipe->writer, &op, writing(buffer, size));
    CHECK_EQ(0, packet.status);
    CHECK_EQ(size, packet.size);
}

/* P7: what was posted comes back unchanged, and names no op or handle. */
static void post_delivers_its_key(void)
{
    struct port *p = open_port();
    const uint64_t keys[] = { 0, 1, UINT64_MAX, 0x8000000000000000u };
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(0, port_post(p, keys[i]));
        struct packet packet = dequeue_one(p);
        CHECK(packet.key == keys[i]);
        CHECK(packet.op == NULL);
        CHECK_EQ(0, packet.status);
        CHECK_EQ(0, packet.size);
        CHECK(packet.handle == PORT_NO_HANDLE);
    }
    port_close(p);
}

/* P9: one poster and one taker see one order, also when the queue grows far
 * past what was set aside for it. */
static void posts_come_in_order(void)
{
    enum { POSTS = 1000 };
    struct port *p = open_port();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < POSTS; i++)
            CHECK_EQ(0, port_post(p, (uint64_t)i));
        for (int i = 0; i < POSTS; i++)
            CHECK_EQ(i, dequeue_one(p).key);
    }
    nothing_is_queued(p);
    port_close(p);
}

/* P11: a poll of an empty port returns at once and stores nothing. */
static void empty_poll_touches_nothing(void)
{
    struct port *p = open_port();
    struct packet packet = { .key = 42, .size = 7 };
    CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
    CHECK_EQ(42, packet.key);
    CHECK_EQ(7, packet.size);
    port_close(p);
}

/* P13: up to cap packets, without waiting to fill it; later slots stay. */
static void batch_takes_what_is_there(void)
{
    struct port *p = open_port();
    struct packet out[8] = { 0 };
    for (uint64_t i = 1; i <= 5; i++)
        CHECK_EQ(0, port_post(p, i));
    out[2].key = 99;
    CHECK_EQ(2, port_dequeue(p, out, 2, PORT_FOREVER));
    CHECK_EQ(1, out[0].key);
    CHECK_EQ(2, out[1].key);
    CHECK_EQ(99, out[2].key);
    out[3].key = 99;
    CHECK_EQ(3, port_dequeue(p, out, 8, PORT_FOREVER));
    CHECK_EQ(3, out[0].key);
    CHECK_EQ(5, out[2].key);
    CHECK_EQ(99, out[3].key);
    port_close(p);
}

/* P17: a wait with a time ends, at most a little before it. */
static void timed_wait_ends(void)
{
    enum { WAIT_NS = 3000000, EARLY_NS = 2000000 };
    struct port *p = open_port();
    struct packet packet;
    uint64_t until = os_now() + WAIT_NS;
    CHECK_EQ(0, port_dequeue(p, &packet, 1, until));
    CHECK(os_now() + EARLY_NS >= until);
    CHECK_EQ(0, port_dequeue(p, &packet, 1, until - WAIT_NS));
    port_close(p);
}

/* P11: a packet that is there is taken also when the time is over. */
static void packet_beats_passed_time(void)
{
    struct port *p = open_port();
    struct packet packet;
    CHECK_EQ(0, port_post(p, 3));
    CHECK_EQ(1, port_dequeue(p, &packet, 1, 0));
    CHECK_EQ(0, port_post(p, 4));
    CHECK_EQ(1, port_dequeue(p, &packet, 1, 1));
    CHECK_EQ(4, packet.key);
    port_close(p);
}

/* P3: one port for the whole life of a handle, even if that port is gone. */
static void second_association_is_refused(void)
{
    struct port *p = open_port();
    struct port *other = open_port();
    port_handle reader, writer;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, reader, 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, reader, 2));
    CHECK_EQ(LOOP_EINVAL, port_associate(other, reader, 3));
    CHECK_EQ(0, port_associate(other, writer, 4));
    port_close(p);
    CHECK_EQ(LOOP_EINVAL, port_associate(other, reader, 5));
    port_handle_close(reader);
    port_handle_close(writer);
    port_close(other);
}

/* O6: a start that fails posts nothing; no port, wrong port, wrong kind. */
static void refused_start_has_no_packet(void)
{
    struct port *p = open_port();
    struct port *other = open_port();
    struct port_op op = { 0 };
    char byte;
    struct port_request request = reading(&byte, 1);
    port_handle reader, writer;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK(port_start(p, reader, &op, &request) < 0);
    CHECK_EQ(0, port_associate(p, reader, 1));
    CHECK(port_start(other, reader, &op, &request) < 0);
    CHECK(port_start(p, reader, &op, &accepting) < 0);
    CHECK(port_start(p, reader, &op, &waiting) < 0);
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(p, reader, &op));
    nothing_is_queued(p);
    nothing_is_queued(other);
    port_handle_close(reader);
    port_handle_close(writer);
    port_close(p);
    port_close(other);
}

/* P2, O4: the key of the association comes with every packet, and an op that
 * is done at once has a packet like any other. */
static void finished_op_has_one_packet(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op = { 0 };
    char buffer[8] = "abc";

    struct packet packet = run_op(p, pipe.writer, &op, writing(buffer, 3));
    CHECK_EQ(2, packet.key);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(3, packet.size);
    CHECK(packet.handle == PORT_NO_HANDLE);

    char read[8] = { 0 };
    packet = run_op(p, pipe.reader, &op, reading(read, sizeof read));
    CHECK_EQ(1, packet.key);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(3, packet.size);
    CHECK(memcmp(read, "abc", 3) == 0);
    nothing_is_queued(p);
    pipe_close(&pipe);
    port_close(p);
}

/* O1: an op that cannot be done yet waits, and its packet says what came. */
static void pending_read_gets_later_data(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op read = { 0 }, write = { 0 };
    char in[8] = { 0 }, out[8] = "xy";
    struct port_request request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, pipe.reader, &read, &request));
    nothing_is_queued(p);
    request = writing(out, 2);
    CHECK_EQ(0, port_start(p, pipe.writer, &write, &request));

    int reads = 0, writes = 0;
    while (reads + writes < 2) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        CHECK_EQ(2, packet.size);
        reads += packet.op == &read;
        writes += packet.op == &write;
    }
    CHECK_EQ(1, reads);
    CHECK_EQ(1, writes);
    CHECK(memcmp(in, "xy", 2) == 0);
    pipe_close(&pipe);
    port_close(p);
}

/* O1: reads of one handle are served in the order in which they started. */
static void reads_are_served_in_order(void)
{
    enum { READS = 4 };
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op[READS] = { 0 };
    char in[READS] = { 0 };
    for (int i = 0; i < READS; i++) {
        struct port_request request = reading(&in[i], 1);
        CHECK_EQ(0, port_start(p, pipe.reader, &op[i], &request));
    }
    struct port_op write = { 0 };
    char out[READS] = { 'a', 'b', 'c', 'd' };
    struct port_request request = writing(out, READS);
    CHECK_EQ(0, port_start(p, pipe.writer, &write, &request));
    for (int i = 0; i < READS + 1; i++)
        CHECK_EQ(0, dequeue_one(p).status);
    CHECK(memcmp(in, out, READS) == 0);
    pipe_close(&pipe);
    port_close(p);
}

/* D11: data that was written stays readable after its writer has gone; then
 * comes the end of the stream, for a read that waits and for a later one. */
static void end_of_stream_is_zero_bytes(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    pipe_write(&pipe, "z");
    struct port_op op[2] = { 0 };
    char in[2][4];
    for (int i = 0; i < 2; i++) {
        struct port_request request = reading(in[i], sizeof in[i]);
        CHECK_EQ(0, port_start(p, pipe.reader, &op[i], &request));
    }
    port_handle_close(pipe.writer);
    CHECK_EQ(1, dequeue_one(p).size);
    struct packet packet = dequeue_one(p);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, packet.size);
    packet = run_op(p, pipe.reader, &op[0], reading(in[0], sizeof in[0]));
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, packet.size);
    port_handle_close(pipe.reader);
    port_close(p);
}

/* D11: a write to a reader that has gone fails, and the process lives. */
static void write_to_nobody_is_broken(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    port_handle_close(pipe.reader);
    struct port_op op = { 0 };
    char byte = 0;
    struct packet packet = run_op(p, pipe.writer, &op, writing(&byte, 1));
    CHECK_EQ(LOOP_EBROKEN, packet.status);
    CHECK_EQ(0, packet.size);
    nothing_is_queued(p);
    port_handle_close(pipe.writer);
    port_close(p);
}

static char big_out[BIG_SIZE];
static char big_in[BIG_SIZE];

static void fill_big(void)
{
    for (uint32_t i = 0; i < BIG_SIZE; i++)
        big_out[i] = (char)(i * 7 + (i >> 8));
    memset(big_in, 0, sizeof big_in);
}

/* O2: a write is done when all of it was taken, however small the pieces,
 * and every byte arrives once and in its place. */
static void long_write_arrives_whole(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    fill_big();
    struct port_op write = { 0 }, read = { 0 };
    struct port_request request = writing(big_out, BIG_SIZE);
    CHECK_EQ(0, port_start(p, pipe.writer, &write, &request));

    uint32_t got = 0, written = 0;
    request = reading(big_in, BIG_SIZE);
    CHECK_EQ(0, port_start(p, pipe.reader, &read, &request));
    while (got < BIG_SIZE || written == 0) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        if (packet.op == &write) {
            written = packet.size;
            continue;
        }
        got += packet.size;
        if (got == BIG_SIZE)
            continue;
        request = reading(big_in + got, BIG_SIZE - got);
        CHECK_EQ(0, port_start(p, pipe.reader, &read, &request));
    }
    CHECK_EQ(BIG_SIZE, written);
    CHECK(memcmp(big_in, big_out, BIG_SIZE) == 0);
    nothing_is_queued(p);
    pipe_close(&pipe);
    port_close(p);
}

/* C10: a cancelled write says how much was taken; no less is readable. */
static void cancelled_write_says_how_much(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    fill_big();
    struct port_op op = { 0 };
    struct port_request request = writing(big_out, BIG_SIZE);
    CHECK_EQ(0, port_start(p, pipe.writer, &op, &request));
    port_cancel(p, pipe.writer, &op);
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == &op);
    CHECK(packet.status == LOOP_EABORTED || packet.status == 0);
    CHECK(packet.size <= BIG_SIZE);
    uint32_t taken = packet.size, got = 0;
    port_handle_close(pipe.writer);

    do {
        packet = run_op(p, pipe.reader, &op, reading(big_in, BIG_SIZE));
        CHECK_EQ(0, packet.status);
        CHECK(packet.size == 0 ||
              memcmp(big_in, big_out + got, packet.size) == 0);
        got += packet.size;
    } while (packet.size > 0);
    CHECK_EQ(taken, got);
    port_handle_close(pipe.reader);
    port_close(p);
}

/* C1, C3: a cancelled op posts once, and a second cancel adds nothing. */
static void cancelled_read_has_one_packet(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op = { 0 };
    char in[4];
    struct port_request request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, pipe.reader, &op, &request));
    CHECK_EQ(0, port_cancel(p, pipe.reader, &op));
    port_cancel(p, pipe.reader, &op);
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == &op);
    CHECK_EQ(1, packet.key);
    CHECK_EQ(LOOP_EABORTED, packet.status);
    CHECK_EQ(0, packet.size);
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(p, pipe.reader, &op));
    nothing_is_queued(p);
    pipe_close(&pipe);
    port_close(p);
}

/* C1: cancelling takes no data along: the next read finds it all. */
static void cancelled_read_takes_no_data(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op = { 0 };
    char in[4] = { 0 };
    struct port_request request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, pipe.reader, &op, &request));
    CHECK_EQ(0, port_cancel(p, pipe.reader, &op));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    pipe_write(&pipe, "q");
    struct packet packet =
        run_op(p, pipe.reader, &op, reading(in, sizeof in));
    CHECK_EQ(1, packet.size);
    CHECK_EQ('q', in[0]);
    pipe_close(&pipe);
    port_close(p);
}

/* Many may be cancelled in a row. Each says so, also when its other end is
 * closed next: that comes later. */
static void ops_cancelled_soon_see_no_later_close(void)
{
    enum { PIPES = 20 };
    static struct port_op op[PIPES];
    static char in[PIPES];
    struct port *p = open_port();
    struct pipe pipe[PIPES];
    for (int i = 0; i < PIPES; i++) {
        struct port_request request = reading(&in[i], 1);
        op[i] = (struct port_op){ 0 };
        pipe_open(&pipe[i], p);
        CHECK_EQ(0, port_start(p, pipe[i].reader, &op[i], &request));
    }
    struct port_started started[PIPES];
    for (int i = 0; i < PIPES; i++)
        started[i] = (struct port_started){ pipe[i].reader, &op[i] };
    port_cancel_soon(p, started, PIPES);
    for (int i = 0; i < PIPES; i++)
        port_handle_close(pipe[i].writer);
    for (int i = 0; i < PIPES; i++)
        CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_cancel_soon(p, started, 1);
    nothing_is_queued(p);
    for (int i = 0; i < PIPES; i++)
        port_handle_close(pipe[i].reader);
    port_close(p);
}

/* An object that is waited for, or a listener that accepts; of a port, if it
 * is given one. */
static void open_pending(struct port *p, bool listens, port_handle *handle,
                         struct port_op *op)
{
    struct port_address at = { .ip = PORT_LOOPBACK };
    CHECK_EQ(0, listens ? port_listen(handle, &at) : port_object(handle));
    if (!p)
        return;
    CHECK_EQ(0, port_associate(p, *handle, 1));
    CHECK_EQ(0, port_start(p, *handle, op, listens ? &accepting : &waiting));
}

/* Many may be closed in a row, whether they are of one port, of another or of
 * none, sockets or not. What is pending on one ends as if it were closed
 * alone. */
static void handles_close_together(void)
{
    enum { HANDLES = 200, IN_A_ROW = 5 };
    static struct port_op op[HANDLES];
    int before = test_machine_handles();
    struct port *p[3] = { open_port(), open_port(), NULL };
    port_handle handle[HANDLES];
    for (int i = 0; i < HANDLES; i++) {
        op[i] = (struct port_op){ 0 };
        open_pending(p[i / IN_A_ROW % 3], i % 2, &handle[i], &op[i]);
    }
    for (int i = 0; i < HANDLES; i++)
        if (i / IN_A_ROW % 3 == 0)
            CHECK_EQ(0, port_cancel(p[0], handle[i], &op[i]));
    for (int i = 0; i < HANDLES; i++)
        if (i / IN_A_ROW % 3 == 0)
            CHECK_EQ(LOOP_EABORTED, dequeue_one(p[0]).status);
    port_handles_close(handle, HANDLES);
    for (int i = 0; i < HANDLES; i++)
        if (i / IN_A_ROW % 3 == 1)
            CHECK_EQ(LOOP_EABORTED, dequeue_one(p[1]).status);
    for (int i = 0; i < 2; i++) {
        nothing_is_queued(p[i]);
        port_close(p[i]);
    }
    CHECK_EQ(before, test_machine_handles());
}

/* C2, C3: an op that was done posts its result, whatever cancel says. */
static void cancel_after_the_end_changes_nothing(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op = { 0 };
    char out[2] = "k";
    struct packet packet = run_op(p, pipe.writer, &op, writing(out, 1));
    CHECK_EQ(0, packet.status);
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(p, pipe.writer, &op));
    nothing_is_queued(p);

    char in[2] = { 0 };
    struct port_request request = reading(in, 1);
    CHECK_EQ(0, port_start(p, pipe.reader, &op, &request));
    port_cancel(p, pipe.reader, &op);
    packet = dequeue_one(p);
    CHECK(packet.status == LOOP_EABORTED || packet.size == 1);
    CHECK(packet.status == LOOP_EABORTED || in[0] == 'k');
    nothing_is_queued(p);
    pipe_close(&pipe);
    port_close(p);
}

/* C9: each of many cancelled ops posts once; their order is not promised.
 * From the middle outwards, so that every place in a list is left. */
static void every_one_of_many_cancels_posts(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    static struct port_op op[OPS_MANY];
    static int seen[OPS_MANY];
    static char in[OPS_MANY];
    memset(op, 0, sizeof op);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < OPS_MANY; i++) {
        struct port_request request = reading(&in[i], 1);
        CHECK_EQ(0, port_start(p, pipe.reader, &op[i], &request));
    }
    for (int i = 0; i < OPS_MANY; i++) {
        int far = i / 2 + i % 2;
        int at = OPS_MANY / 2 + (i % 2 ? -far : far);
        CHECK_EQ(0, port_cancel(p, pipe.reader, &op[at]));
    }
    for (int i = 0; i < OPS_MANY; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(LOOP_EABORTED, packet.status);
        seen[packet.op - op]++;
    }
    for (int i = 0; i < OPS_MANY; i++)
        CHECK_EQ(1, seen[i]);
    nothing_is_queued(p);
    pipe_close(&pipe);
    port_close(p);
}

/* C1: who stood behind a cancelled op is served as if it had not been. */
static void cancel_lets_the_next_op_through(void)
{
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op op[2] = { 0 };
    char in[2] = { 0 };
    for (int i = 0; i < 2; i++) {
        struct port_request request = reading(&in[i], 1);
        CHECK_EQ(0, port_start(p, pipe.reader, &op[i], &request));
    }
    CHECK_EQ(0, port_cancel(p, pipe.reader, &op[0]));
    CHECK(dequeue_one(p).op == &op[0]);
    struct port_op write = { 0 };
    char out = 'n';
    struct port_request request = writing(&out, 1);
    CHECK_EQ(0, port_start(p, pipe.writer, &write, &request));
    struct packet packet[2] = { dequeue_one(p), dequeue_one(p) };
    CHECK((packet[0].op == &op[1]) + (packet[1].op == &op[1]) == 1);
    CHECK_EQ('n', in[1]);
    pipe_close(&pipe);
    port_close(p);
}

/* P25: an op belongs to the caller again once its packet was dequeued. */
static void op_can_be_started_again(void)
{
    enum { ROUNDS = 200 };
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_op read = { 0 }, write = { 0 };
    for (int i = 0; i < ROUNDS; i++) {
        char out = (char)i, in = 0;
        CHECK_EQ(0, run_op(p, pipe.writer, &write, writing(&out, 1)).status);
        CHECK_EQ(1, run_op(p, pipe.reader, &read, reading(&in, 1)).size);
        CHECK_EQ(out, in);
    }
    pipe_close(&pipe);
    port_close(p);
}

enum { READS_LEFT = 2 };

struct orphans {
    struct pipe    pipe;
    struct port_op op[READS_LEFT];
    char           in[READS_LEFT];
};

static void start_reads(void *arg)
{
    struct orphans *o = arg;
    for (int i = 0; i < READS_LEFT; i++) {
        struct port_request request = reading(&o->in[i], 1);
        CHECK_EQ(0, port_start(o->pipe.port, o->pipe.reader, &o->op[i],
                               &request));
    }
}

/* C11: an op does not end with the thread that has started it: one gets its
 * data, one its cancel. */
static void op_outlives_its_thread(void)
{
    struct port *p = open_port();
    struct orphans o = { 0 };
    struct os_thread thread = { 0 };
    pipe_open(&o.pipe, p);
    CHECK_EQ(0, os_thread_start(&thread, "starter", start_reads, &o));
    os_thread_join(&thread);
    nothing_is_queued(p);
    CHECK_EQ(0, port_cancel(p, o.pipe.reader, &o.op[1]));
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == &o.op[1]);
    CHECK_EQ(LOOP_EABORTED, packet.status);

    struct port_op write = { 0 };
    char out = 'o';
    struct port_request request = writing(&out, 1);
    CHECK_EQ(0, port_start(p, o.pipe.writer, &write, &request));
    for (int i = 0; i < READS_LEFT; i++) {
        packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        CHECK_EQ(1, packet.size);
    }
    CHECK_EQ('o', o.in[0]);
    pipe_close(&o.pipe);
    port_close(p);
}

/* D15: numbers of handles come back at once; what belonged to the old handle
 * must not reach the new one, nor carry its key. */
static void reused_number_is_a_new_handle(void)
{
    enum { ROUNDS = 100 };
    struct port *p = open_port();
    for (uint64_t key = 1; key <= ROUNDS; key++) {
        port_handle reader, writer;
        struct port_op read = { 0 }, again = { 0 }, write = { 0 };
        char in = 0, out = 'r';
        CHECK_EQ(0, port_pipe(&reader, &writer));
        CHECK_EQ(0, port_associate(p, reader, key));
        CHECK_EQ(0, port_associate(p, writer, 0));
        struct port_request request = reading(&in, 1);
        CHECK_EQ(0, port_start(p, reader, &read, &request));
        CHECK_EQ(0, port_cancel(p, reader, &read));
        CHECK_EQ(0, port_start(p, reader, &again, &request));
        struct packet packet = dequeue_one(p);
        CHECK(packet.op == &read);
        CHECK_EQ(key, packet.key);

        request = writing(&out, 1);
        CHECK_EQ(0, port_start(p, writer, &write, &request));
        for (int i = 0; i < 2; i++) {
            packet = dequeue_one(p);
            CHECK_EQ(0, packet.status);
            CHECK_EQ(packet.op == &again ? key : 0, packet.key);
        }
        CHECK_EQ('r', in);
        port_handle_close(reader);
        port_handle_close(writer);
    }
    nothing_is_queued(p);
    port_close(p);
}

static port_handle listen_here(struct port_address *at)
{
    port_handle h = PORT_NO_HANDLE;
    *at = (struct port_address){ .ip = PORT_LOOPBACK };
    CHECK_EQ(0, port_listen(&h, at));
    CHECK(at->number != 0);
    return h;
}

static port_handle socket_on(struct port *p, uint64_t key)
{
    port_handle h = PORT_NO_HANDLE;
    CHECK_EQ(0, port_socket(&h));
    CHECK_EQ(0, port_associate(p, h, key));
    return h;
}

/* Connect to a listener of the same port and accept. */
static void connect_pair(struct port *p, port_handle listener,
                         struct port_address at, port_handle pair[2])
{
    struct port_op accept = { 0 }, connect = { 0 };
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    pair[0] = socket_on(p, 10);
    CHECK_EQ(0, port_start(p, listener, &accept, &accepting));
    CHECK_EQ(0, port_start(p, pair[0], &connect, &request));
    for (int i = 0; i < 2; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        CHECK((packet.handle != PORT_NO_HANDLE) == (packet.op == &accept));
        if (packet.op == &accept)
            pair[1] = packet.handle;
    }
    CHECK_EQ(0, port_associate(p, pair[1], 11));
}

/* P2: accept brings a connection that can be associated and used. */
static void accepted_connection_carries_data(void)
{
    struct port *p = open_port();
    struct port_address at;
    port_handle listener = listen_here(&at), pair[2];
    CHECK_EQ(0, port_associate(p, listener, 12));
    connect_pair(p, listener, at, pair);
    for (int from = 0; from < 2; from++) {
        struct port_op op = { 0 };
        char out[4] = "hey", in[4] = { 0 };
        CHECK_EQ(3, run_op(p, pair[from], &op, writing(out, 3)).size);
        CHECK_EQ(3, run_op(p, pair[1 - from], &op, reading(in, 4)).size);
        CHECK(memcmp(in, "hey", 3) == 0);
    }
    for (int i = 0; i < 2; i++)
        port_handle_close(pair[i]);
    port_handle_close(listener);
    port_close(p);
}

/* D11: the end of a connection is the end of the stream for a waiting read. */
static void closed_connection_ends_a_read(void)
{
    struct port *p = open_port();
    struct port_address at;
    port_handle listener = listen_here(&at), pair[2];
    CHECK_EQ(0, port_associate(p, listener, 12));
    connect_pair(p, listener, at, pair);
    struct port_op op = { 0 };
    char in[4];
    struct port_request request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, pair[0], &op, &request));
    port_handle_close(pair[1]);
    struct packet packet = dequeue_one(p);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, packet.size);
    port_handle_close(pair[0]);
    port_handle_close(listener);
    port_close(p);
}

/* C10: a cancelled accept leaves the listener usable, and a connection that
 * comes meanwhile waits for the next accept. */
static void cancelled_accept_loses_no_connection(void)
{
    struct port *p = open_port();
    struct port_address at;
    port_handle listener = listen_here(&at);
    CHECK_EQ(0, port_associate(p, listener, 12));
    struct port_op accept = { 0 }, connect = { 0 };
    CHECK_EQ(0, port_start(p, listener, &accept, &accepting));
    CHECK_EQ(0, port_cancel(p, listener, &accept));
    struct packet packet = dequeue_one(p);
    CHECK_EQ(LOOP_EABORTED, packet.status);
    CHECK(packet.handle == PORT_NO_HANDLE);

    port_handle client = socket_on(p, 10);
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    CHECK_EQ(0, run_op(p, client, &connect, request).status);
    packet = run_op(p, listener, &accept, accepting);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(12, packet.key);
    CHECK(packet.handle != PORT_NO_HANDLE);
    port_handle_close(packet.handle);
    port_handle_close(client);
    port_handle_close(listener);
    port_close(p);
}

/* A connection to where nobody listens is refused, and said once. */
static void connect_to_nobody_is_refused(void)
{
    struct port *p = open_port();
    struct port_address at;
    port_handle_close(listen_here(&at));
    port_handle client = socket_on(p, 10);
    struct port_op op = { 0 };
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    CHECK_EQ(LOOP_EREFUSED, run_op(p, client, &op, request).status);
    nothing_is_queued(p);
    port_handle_close(client);
    port_close(p);
}

/* An address that is taken cannot be had a second time. */
static void address_in_use_is_refused(void)
{
    struct port_address at;
    port_handle listener = listen_here(&at), second;
    CHECK_EQ(LOOP_EREFUSED, port_listen(&second, &at));
    port_handle_close(listener);
}

/* T4: a wait object that is set ends one wait, before or after its start;
 * setting twice is setting once. */
static void set_object_ends_one_wait(void)
{
    struct port *p = open_port();
    port_handle object;
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(p, object, 20));
    struct port_op op = { 0 };

    port_object_set(object);
    port_object_set(object);
    struct packet packet = run_op(p, object, &op, waiting);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(20, packet.key);

    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    nothing_is_queued(p);
    port_object_set(object);
    CHECK_EQ(0, dequeue_one(p).status);
    nothing_is_queued(p);
    port_handle_close(object);
    port_close(p);
}

/* C1: a cancelled wait takes no signal along. */
static void cancelled_wait_takes_no_signal(void)
{
    struct port *p = open_port();
    port_handle object;
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(p, object, 20));
    struct port_op op = { 0 };
    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    CHECK_EQ(0, port_cancel(p, object, &op));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_object_set(object);
    CHECK_EQ(0, run_op(p, object, &op, waiting).status);
    port_handle_close(object);
    port_close(p);
}

/* P23, P24: a port closes over queued packets and pending ops; nobody hears
 * of them, and their handles can still be closed. */
static void port_closes_over_pending_ops(void)
{
    static struct port_op read, write;
    static char in, out;
    struct port *p = open_port();
    struct pipe pipe;
    pipe_open(&pipe, p);
    struct port_request request = writing(&out, 1);
    CHECK_EQ(0, port_start(p, pipe.writer, &write, &request));
    CHECK_EQ(1, dequeue_one(p).size);
    for (int i = 0; i < OPS_MANY; i++)
        CHECK_EQ(0, port_post(p, 1));
    request = reading(&in, 1);
    CHECK_EQ(0, port_start(p, pipe.reader, &read, &request));
    port_close(p);
    pipe_close(&pipe);
}

/* A meeting of n threads: each waits for all. */
struct meeting {
    struct os_mutex lock;
    struct os_cond  all;
    int             members;
    int             here;
    int             round;
};

static void meeting_open(struct meeting *m, int members)
{
    *m = (struct meeting){ .members = members };
    CHECK_EQ(0, os_mutex_open(&m->lock));
    CHECK_EQ(0, os_cond_open(&m->all));
}

static void meeting_close(struct meeting *m)
{
    os_cond_close(&m->all);
    os_mutex_close(&m->lock);
}

static void meet(struct meeting *m)
{
    os_mutex_lock(&m->lock);
    int round = m->round;
    if (++m->here == m->members) {
        m->here = 0;
        m->round++;
        os_cond_broadcast(&m->all);
    }
    while (m->round == round)
        os_cond_wait(&m->all, &m->lock, OS_FOREVER);
    os_mutex_unlock(&m->lock);
}

enum { CLOSES = 200, TOGETHER = 8, LATER_NS = 1000 };

struct closing {
    struct meeting meeting;
    port_handle    handle[TOGETHER];
};

static void close_when_met(void *arg)
{
    struct closing *c = arg;
    for (int i = 0; i < CLOSES; i++) {
        meet(&c->meeting);
        port_handles_close(c->handle, TOGETHER);
        meet(&c->meeting);
    }
}

/* P24: who closes handles does not name their port, which another thread may
 * close at the same time, or a little later. */
static void port_closes_beside_its_handles(void)
{
    static struct port_op op[CLOSES][TOGETHER];
    struct closing c;
    struct os_thread thread = { 0 };
    int before = test_machine_handles();
    meeting_open(&c.meeting, 2);
    CHECK_EQ(0, os_thread_start(&thread, "closer", close_when_met, &c));
    for (int i = 0; i < CLOSES; i++) {
        struct port *p = open_port();
        for (int n = 0; n < TOGETHER; n++)
            open_pending(p, true, &c.handle[n], &op[i][n]);
        meet(&c.meeting);
        uint64_t later = os_now() + (uint64_t)i * LATER_NS;
        while (os_now() < later)
            continue;
        port_close(p);
        meet(&c.meeting);
    }
    os_thread_join(&thread);
    meeting_close(&c.meeting);
    CHECK_EQ(before, test_machine_handles());
}

enum { WAITERS = 4, MEETINGS = 300 };

struct waiters {
    struct port   *port;
    struct meeting meeting;
};

static void take_one_and_meet(void *arg)
{
    struct waiters *w = arg;
    for (int i = 0; i < MEETINGS; i++) {
        dequeue_one(w->port);
        meet(&w->meeting);
    }
}

/* A waiter must not sleep while packets are queued. Each waiter takes one
 * packet and then waits for the others, so a wake that is saved because one
 * thread is awake already shows as a hang. */
static void n_posts_wake_n_waiters(void)
{
    struct waiters w = { .port = open_port() };
    struct os_thread thread[WAITERS] = { 0 };
    meeting_open(&w.meeting, WAITERS + 1);
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "waiter", take_one_and_meet,
                                    &w));
    for (int i = 0; i < MEETINGS; i++) {
        for (int n = 0; n < WAITERS; n++)
            CHECK_EQ(0, port_post(w.port, 1));
        meet(&w.meeting);
    }
    for (int i = 0; i < WAITERS; i++)
        os_thread_join(&thread[i]);
    nothing_is_queued(w.port);
    meeting_close(&w.meeting);
    port_close(w.port);
}

static void take_one_and_meet_twice(void *arg)
{
    struct waiters *w = arg;
    for (int i = 0; i < MEETINGS; i++) {
        dequeue_one(w->port);
        meet(&w->meeting);
        meet(&w->meeting);
    }
}

/* A waiter goes to sleep while the port has no handle at all. */
static void first_handle_is_heard_by_who_sleeps(void)
{
    struct waiters w = { .port = open_port() };
    struct os_thread thread = { 0 };
    meeting_open(&w.meeting, 2);
    CHECK_EQ(0, os_thread_start(&thread, "waiter",
                                take_one_and_meet_twice, &w));
    for (int i = 0; i < MEETINGS; i++) {
        struct port_op op = { 0 };
        port_handle object;
        uint64_t later = os_now() + (uint64_t)i * LATER_NS;
        while (os_now() < later)
            continue;
        open_pending(w.port, false, &object, &op);
        port_object_set(object);
        meet(&w.meeting);
        port_handle_close(object);
        meet(&w.meeting);
    }
    os_thread_join(&thread);
    nothing_is_queued(w.port);
    meeting_close(&w.meeting);
    port_close(w.port);
}

/* As with posts above, and it is devices that become ready. */
static void n_completions_wake_n_waiters(void)
{
    struct waiters w = { .port = open_port() };
    struct os_thread thread[WAITERS] = { 0 };
    struct port_op op[WAITERS] = { 0 };
    port_handle object[WAITERS];
    meeting_open(&w.meeting, WAITERS + 1);
    for (int n = 0; n < WAITERS; n++) {
        CHECK_EQ(0, port_object(&object[n]));
        CHECK_EQ(0, port_associate(w.port, object[n], 1));
        CHECK_EQ(0, os_thread_start(&thread[n], "waiter", take_one_and_meet,
                                    &w));
    }
    for (int i = 0; i < MEETINGS; i++) {
        for (int n = 0; n < WAITERS; n++)
            CHECK_EQ(0, port_start(w.port, object[n], &op[n], &waiting));
        for (int n = 0; n < WAITERS; n++)
            port_object_set(object[n]);
        meet(&w.meeting);
    }
    for (int i = 0; i < WAITERS; i++) {
        os_thread_join(&thread[i]);
        port_handle_close(object[i]);
    }
    nothing_is_queued(w.port);
    meeting_close(&w.meeting);
    port_close(w.port);
}

struct echo {
    struct port *in;
    struct port *out;
    int          rounds;
};

static void echo_posts(void *arg)
{
    struct echo *e = arg;
    for (int i = 0; i < e->rounds; i++)
        CHECK_EQ(0, port_post(e->out, dequeue_one(e->in).key + 1));
}

/* A post that meets a waiter on its way to sleep is not lost: two threads
 * wake each other in turn, and each wake has only one chance. */
static void post_racing_a_waiter_is_never_lost(void)
{
    struct echo e = { .in = open_port(), .out = open_port(),
                      .rounds = 5000 };
    struct os_thread thread = { 0 };
    CHECK_EQ(0, os_thread_start(&thread, "echo", echo_posts, &e));
    for (int i = 0; i < e.rounds; i++) {
        CHECK_EQ(0, port_post(e.in, (uint64_t)i));
        CHECK_EQ(i + 1, dequeue_one(e.out).key);
    }
    os_thread_join(&thread);
    port_close(e.in);
    port_close(e.out);
}

/* The same with waits that have a time, so that time and wake race. */
static void echo_until_told(void *arg)
{
    struct echo *e = arg;
    for (int i = 0; i < e->rounds;) {
        struct packet packet;
        uint64_t until = os_now() + (uint64_t)(i % 8) * 4000;
        if (port_dequeue(e->in, &packet, 1, until) == 0)
            continue;
        i++;
        CHECK_EQ(0, port_post(e->out, packet.key + 1));
    }
}

static void post_racing_a_timeout_is_never_lost(void)
{
    struct echo e = { .in = open_port(), .out = open_port(),
                      .rounds = 3000 };
    struct os_thread thread = { 0 };
    CHECK_EQ(0, os_thread_start(&thread, "echo", echo_until_told, &e));
    for (int i = 0; i < e.rounds; i++) {
        CHECK_EQ(0, port_post(e.in, (uint64_t)i));
        CHECK_EQ(i + 1, dequeue_one(e.out).key);
    }
    os_thread_join(&thread);
    port_close(e.in);
    port_close(e.out);
}

enum { POSTERS = 3, POSTS_EACH = 3000, KEY_QUIT = POSTERS * POSTS_EACH };

struct crowd {
    struct port *port;
    atomic_int   next_poster;
    atomic_int   seen[POSTERS * POSTS_EACH];
};

static void post_many(void *arg)
{
    struct crowd *crowd = arg;
    int first = atomic_fetch_add(&crowd->next_poster, 1) * POSTS_EACH;
    for (int i = 0; i < POSTS_EACH; i++)
        while (port_post(crowd->port, (uint64_t)(first + i)) == LOOP_ENOMEM)
            os_pause();
}

static void count_until_quit(void *arg)
{
    struct crowd *crowd = arg;
    for (;;) {
        struct packet out[3];
        int count = port_dequeue(crowd->port, out, 3, PORT_FOREVER);
        for (int i = 0; i < count; i++) {
            if (out[i].key == KEY_QUIT) {
                /* Quits are equal: what the batch has too much goes back. */
                for (int n = i + 1; n < count; n++)
                    port_post(crowd->port, out[n].key);
                return;
            }
            atomic_fetch_add(&crowd->seen[out[i].key], 1);
        }
    }
}

/* P9: one packet goes to exactly one waiter, with many on both sides. */
static void packet_goes_to_one_waiter(void)
{
    static struct crowd crowd;
    crowd.port = open_port();
    struct os_thread poster[POSTERS] = { 0 }, taker[WAITERS] = { 0 };
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(0, os_thread_start(&taker[i], "taker", count_until_quit,
                                    &crowd));
    for (int i = 0; i < POSTERS; i++)
        CHECK_EQ(0, os_thread_start(&poster[i], "poster", post_many,
                                    &crowd));
    for (int i = 0; i < POSTERS; i++)
        os_thread_join(&poster[i]);
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(0, port_post(crowd.port, KEY_QUIT));
    for (int i = 0; i < WAITERS; i++)
        os_thread_join(&taker[i]);
    for (int i = 0; i < KEY_QUIT; i++)
        CHECK_EQ(1, atomic_load(&crowd.seen[i]));
    nothing_is_queued(crowd.port);
    port_close(crowd.port);
}

/* A loop whose packets never end still hears of its devices. */
static void posts_do_not_starve_devices(void)
{
    enum { TURNS_MAX = 100000 };
    struct port *p = open_port();
    port_handle object;
    struct port_op op = { 0 };
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(p, object, 20));
    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    CHECK_EQ(0, port_post(p, 1));
    port_object_set(object);
    int turns = 0;
    struct packet packet;
    do {
        CHECK_EQ(0, port_post(p, 1));
        packet = dequeue_one(p);
    } while (packet.op == NULL && ++turns < TURNS_MAX);
    CHECK(packet.op == &op);
    port_handle_close(object);
    port_close(p);
}

/*
 * The stress: starters, cancellers, writers and takers work on the same
 * handles at once. Whatever they hit, each start has one packet, and each
 * byte that was written is read once.
 */
enum {
    SLOTS = 24, PIPES = 3, STARTERS = 2, CANCELLERS = 2, TAKERS = 2,
    STARTS_EACH = 4000, STRESS_THREADS = STARTERS + CANCELLERS + TAKERS + 1,
};

#define KEY_END 1000u

struct slot {
    struct port_op  op;
    struct os_mutex lock;
    int             busy;       /* started, packet not seen by a taker */
    int             pipe;
    uint32_t        starts;
    uint32_t        packets;
    char            buffer[8];
};

struct stress {
    struct port *port;
    struct pipe  pipe[PIPES];
    struct slot  slot[SLOTS];
    atomic_int   seeds;
    atomic_int   started;       /* starters that have done their part */
    atomic_int   over;
    atomic_int   drained;
    atomic_ullong bytes_read;
    atomic_ullong bytes_written;
    atomic_uint  starts;
    atomic_uint  packets;
    atomic_uint  aborted;
};

static struct stress stress;

/* A fixed sequence for each thread: Knuth's generator for 64 bits. */
static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void try_start(struct slot *s, int pipe)
{
    os_mutex_lock(&s->lock);
    if (!s->busy) {
        struct port_request request = reading(s->buffer, sizeof s->buffer);
        s->busy = 1;
        s->pipe = pipe;
        s->starts++;
        atomic_fetch_add(&stress.starts, 1);
        CHECK_EQ(0, port_start(stress.port, stress.pipe[pipe].reader,
                               &s->op, &request));
    }
    os_mutex_unlock(&s->lock);
}

static void stress_starter(void *arg)
{
    (void)arg;
    uint64_t state = (uint64_t)atomic_fetch_add(&stress.seeds, 1);
    for (int i = 0; i < STARTS_EACH; i++)
        try_start(&stress.slot[next_random(&state) % SLOTS],
                  (int)(next_random(&state) % PIPES));

    /* An op may outlive its thread; but what happens to it in the moment in
     * which the thread ends is lost on Wine 8. */
    atomic_fetch_add(&stress.started, 1);
    while (!atomic_load(&stress.drained))
        os_pause();
}

static void stress_canceller(void *arg)
{
    (void)arg;
    uint64_t state = (uint64_t)atomic_fetch_add(&stress.seeds, 1);
    while (!atomic_load(&stress.over)) {
        struct slot *s = &stress.slot[next_random(&state) % SLOTS];
        os_mutex_lock(&s->lock);
        if (s->busy)
            port_cancel(stress.port, stress.pipe[s->pipe].reader, &s->op);
        os_mutex_unlock(&s->lock);
    }
}

/* Writes come from a port of their own, so that takers see reads only. */
static void stress_writer(void *arg)
{
    struct port *p = arg;
    uint64_t state = (uint64_t)atomic_fetch_add(&stress.seeds, 1);
    struct port_op op = { 0 };
    char out[4] = "wwww";
    while (!atomic_load(&stress.over)) {
        struct pipe *pipe = &stress.pipe[next_random(&state) % PIPES];
        struct port_request request =
            writing(out, 1 + next_random(&state) % 4);
        CHECK_EQ(0, port_start(p, pipe->writer, &op, &request));
        /* The pipe may be full while nobody reads: then take it back. */
        struct packet packet;
        if (port_dequeue(p, &packet, 1, os_now() + 200000) == 0) {
            port_cancel(p, pipe->writer, &op);
            packet = dequeue_one(p);
        }
        atomic_fetch_add(&stress.bytes_written, packet.size);
    }
}

static void take_packet(const struct packet *packet)
{
    struct slot *s = (struct slot *)(void *)packet->op;
    CHECK(packet->status == 0 || packet->status == LOOP_EABORTED);
    if (packet->status == LOOP_EABORTED) {
        CHECK_EQ(0, packet->size);
        atomic_fetch_add(&stress.aborted, 1);
    }
    os_mutex_lock(&s->lock);
    CHECK_EQ(1, s->busy);
    CHECK_EQ(1, packet->key);
    s->busy = 0;
    s->packets++;
    os_mutex_unlock(&s->lock);
    atomic_fetch_add(&stress.bytes_read, packet->size);
    atomic_fetch_add(&stress.packets, 1);
}

static void stress_taker(void *arg)
{
    (void)arg;
    for (;;) {
        struct packet packet = dequeue_one(stress.port);
        if (packet.op)
            take_packet(&packet);
        else if (packet.key == KEY_END)
            return;
    }
}

/* Cancel what is still pending: no byte will come for it. */
static void stress_cancel_rest(void)
{
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &stress.slot[i];
        os_mutex_lock(&s->lock);
        if (s->busy)
            port_cancel(stress.port, stress.pipe[s->pipe].reader, &s->op);
        os_mutex_unlock(&s->lock);
    }
}

static uint64_t bytes_left_in(struct pipe *pipe)
{
    uint64_t left = 0;
    struct port_op op = { 0 };
    struct packet packet;
    port_handle_close(pipe->writer);
    do {
        packet = run_op(stress.port, pipe->reader, &op,
                        reading(big_in, BIG_SIZE));
        CHECK_EQ(0, packet.status);
        left += packet.size;
    } while (packet.size > 0);
    port_handle_close(pipe->reader);
    return left;
}

static void stress_begin(struct port *writers)
{
    for (int i = 0; i < PIPES; i++) {
        struct pipe *pipe = &stress.pipe[i];
        CHECK_EQ(0, port_pipe(&pipe->reader, &pipe->writer));
        CHECK_EQ(0, port_associate(stress.port, pipe->reader, 1));
        CHECK_EQ(0, port_associate(writers, pipe->writer, 2));
    }
    for (int i = 0; i < SLOTS; i++)
        CHECK_EQ(0, os_mutex_open(&stress.slot[i].lock));
}

static void stress_check(void)
{
    uint64_t left = 0;
    nothing_is_queued(stress.port);
    CHECK_EQ(stress.starts, stress.packets);
    CHECK(stress.starts > 0);
    for (int i = 0; i < SLOTS; i++) {
        CHECK_EQ(stress.slot[i].starts, stress.slot[i].packets);
        os_mutex_close(&stress.slot[i].lock);
    }
    for (int i = 0; i < PIPES; i++)
        left += bytes_left_in(&stress.pipe[i]);
    CHECK_EQ(stress.bytes_written, stress.bytes_read + left);
}

static void each_started_op_has_one_packet(void)
{
    struct port *writers = open_port();
    void (*const entry[STRESS_THREADS])(void *) = {
        stress_starter, stress_starter, stress_canceller, stress_canceller,
        stress_taker, stress_taker, stress_writer,
    };
    struct os_thread thread[STRESS_THREADS] = { 0 };
    stress.port = open_port();
    stress_begin(writers);
    for (int i = 0; i < STRESS_THREADS; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "stress", entry[i],
                                    writers));
    while (atomic_load(&stress.started) < STARTERS)
        os_pause();
    atomic_store(&stress.over, 1);
    os_thread_join(&thread[2]);
    os_thread_join(&thread[3]);
    os_thread_join(&thread[6]);

    /* Aborted packets are queued by the cancel, before the posts that end
     * the takers, and nothing else can come any more. */
    stress_cancel_rest();
    while (atomic_load(&stress.packets) < atomic_load(&stress.starts))
        os_pause();
    atomic_store(&stress.drained, 1);
    for (int i = 0; i < STARTERS; i++)
        os_thread_join(&thread[i]);
    for (int i = 0; i < TAKERS; i++)
        CHECK_EQ(0, port_post(stress.port, KEY_END));
    os_thread_join(&thread[4]);
    os_thread_join(&thread[5]);
    stress_check();
    port_close(stress.port);
    port_close(writers);
}

enum { PAIRS = 2, CHURNS_EACH = 400, CHURNS = PAIRS * CHURNS_EACH };

struct churn {
    struct port *port;
    atomic_int   ended;
};

static void churn_handles(void *arg)
{
    struct port *p = ((struct churn *)arg)->port;
    for (int i = 0; i < CHURNS_EACH; i++) {
        struct port_op *op = os_alloc(sizeof *op);
        port_handle object;
        CHECK_EQ(0, port_object(&object));
        CHECK_EQ(0, port_associate(p, object, (uint64_t)object));
        CHECK_EQ(0, port_start(p, object, op, &waiting));
        /* Whoever takes the packet closes the handle and frees the op,
         * also before the call that has caused it returns. */
        if (i % 2)
            CHECK_EQ(0, port_cancel(p, object, op));
        else
            port_object_set(object);
    }
}

static void close_what_ends(void *arg)
{
    struct churn *churn = arg;
    struct packet packet;
    while (packet = dequeue_one(churn->port), packet.op) {
        CHECK(packet.status == 0 || packet.status == LOOP_EABORTED);
        port_handle_close((port_handle)packet.key);
        os_free(packet.op);
        if (atomic_fetch_add(&churn->ended, 1) == CHURNS - 1)
            for (int i = 0; i < PAIRS; i++)
                CHECK_EQ(0, port_post(churn->port, 0));
    }
}

/* D15, P25: handles are opened, used and closed while other threads hold
 * events of their predecessors with the same numbers. */
static void handles_come_and_go_under_waiters(void)
{
    struct churn churn = { .port = open_port() };
    struct os_thread thread[2 * PAIRS] = { 0 };
    for (int i = 0; i < 2 * PAIRS; i++)
        CHECK_EQ(0, os_thread_start(&thread[i], "churn",
                                    i % 2 ? churn_handles : close_what_ends,
                                    &churn));
    for (int i = 0; i < 2 * PAIRS; i++)
        os_thread_join(&thread[i]);
    CHECK_EQ(CHURNS, churn.ended);
    nothing_is_queued(churn.port);
    port_close(churn.port);
}

int main(void)
{
    RUN(post_delivers_its_key);
    RUN(posts_come_in_order);
    RUN(empty_poll_touches_nothing);
    RUN(batch_takes_what_is_there);
    RUN(timed_wait_ends);
    RUN(packet_beats_passed_time);
    RUN(second_association_is_refused);
    RUN(refused_start_has_no_packet);
    RUN(finished_op_has_one_packet);
    RUN(pending_read_gets_later_data);
    RUN(reads_are_served_in_order);
    RUN(end_of_stream_is_zero_bytes);
    RUN(write_to_nobody_is_broken);
    RUN(long_write_arrives_whole);
    RUN(cancelled_write_says_how_much);
    RUN(cancelled_read_has_one_packet);
    RUN(cancelled_read_takes_no_data);
    RUN(ops_cancelled_soon_see_no_later_close);
    RUN(handles_close_together);
    RUN(cancel_after_the_end_changes_nothing);
    RUN(every_one_of_many_cancels_posts);
    RUN(cancel_lets_the_next_op_through);
    RUN(op_can_be_started_again);
    RUN(op_outlives_its_thread);
    RUN(reused_number_is_a_new_handle);
    RUN(accepted_connection_carries_data);
    RUN(closed_connection_ends_a_read);
    RUN(cancelled_accept_loses_no_connection);
    RUN(connect_to_nobody_is_refused);
    RUN(address_in_use_is_refused);
    RUN(set_object_ends_one_wait);
    RUN(cancelled_wait_takes_no_signal);
    RUN(port_closes_over_pending_ops);
    RUN(port_closes_beside_its_handles);
    RUN(n_posts_wake_n_waiters);
    RUN(first_handle_is_heard_by_who_sleeps);
    RUN(n_completions_wake_n_waiters);
    RUN(post_racing_a_waiter_is_never_lost);
    RUN(post_racing_a_timeout_is_never_lost);
    RUN(packet_goes_to_one_waiter);
    RUN(posts_do_not_starve_devices);
    RUN(each_started_op_has_one_packet);
    RUN(handles_come_and_go_under_waiters);
    return test_result(43);
}
