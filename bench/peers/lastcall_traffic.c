/*
 * lastcall_traffic.c - reads and writes of our loop, in storage of the caller.
 *
 * A side has one read and one write. To echo, it begins the next two when both
 * are done, and the read comes first: so the byte finds somebody who waits for
 * it, and the port has to see it arrive. Across a socket pair two sides answer
 * each other; through a pipe there is one, which reads what it wrote.
 */
#include "../../loop/check.h"
#include "../../loop/list.h"
#include "../../loop/op.h"
#include "lastcall.h"
#include "peer_loop.h"

struct side {
    struct handle *in;
    struct handle *out;
    struct op      read;
    struct op      write;
    unsigned       due;         /* of the two                            */
};

static struct {
    struct handle handle[2];
    struct side   side[2];
    struct side  *next;         /* who writes first in the next run      */
    bool          pumps;
    bool          over;
    uint64_t      left;         /* bytes to be read                      */
    uint64_t      unsent;       /* to be written, by a pump              */
    char          got[PEER_BLOCK];
    char          sent[PEER_BLOCK];
} t;

static void submit(struct handle *handle, struct op *op, enum port_kind kind,
                   char *buffer)
{
    struct port_request request = { .kind = kind, .buffer = buffer,
                                    .size = t.pumps ? PEER_BLOCK : 1 };
    int failed = op_submit(handle, op, &request);
    LOOP_ASSERT(!failed);
}

static void submit_read(struct side *s)
{
    submit(s->in, &s->read, PORT_READ, t.got);
    s->due++;
}

static void submit_write(struct side *s)
{
    submit(s->out, &s->write, PORT_WRITE, t.sent);
    s->due++;
}

static void echo(struct side *s)
{
    if (s->due > 0)
        return;
    if (t.left == 0) {
        t.next = s;
        peer_loop_stop();
        return;
    }
    submit_read(s);
    submit_write(s);
}

static void note(struct side *s, const struct op *op)
{
    LOOP_ASSERT(op->status == 0);
    s->due--;
}

/* What the end of the measurement has cancelled comes here, too. */
static void end_read(struct op *op)
{
    struct side *s = LIST_OF(op, struct side, read);
    if (t.over)
        return;
    note(s, op);
    t.left -= op->size;
    if (!t.pumps)
        echo(s);
    else if (t.left > 0)
        submit_read(s);
    else
        peer_loop_stop();
}

static void end_write(struct op *op)
{
    struct side *s = LIST_OF(op, struct side, write);
    if (t.over)
        return;
    note(s, op);
    t.unsent -= t.pumps ? op->size : 0;
    if (!t.pumps)
        echo(s);
    else if (t.unsent > 0)
        submit_write(s);
}

static void open_side(struct side *s, struct handle *in, struct handle *out)
{
    *s = (struct side){ .in = in, .out = out };
    s->read.done = end_read;
    s->write.done = end_write;
}

bool peer_has_traffic(void)
{
    return true;
}

void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2])
{
    (void)is_pipe;
    t.pumps = kind == PEER_PUMP;
    for (int i = 0; i < 2; i++) {
        int failed = handle_open(lastcall_loop, &t.handle[i],
                                 (port_handle)ends[i], NULL);
        LOOP_ASSERT(!failed);
    }
    for (int i = 0; i < 2; i++)
        open_side(&t.side[i], &t.handle[i], &t.handle[i]);
    if (kind != PEER_ECHO_PAIR)
        t.side[0].out = &t.handle[1];
    t.next = &t.side[0];
    if (kind == PEER_ECHO_PAIR)
        submit_read(&t.side[1]);
}

void peer_traffic(unsigned count)
{
    t.left = t.unsent = (uint64_t)count * (t.pumps ? PEER_BLOCK : 1);
    submit_read(t.next);
    submit_write(t.next);
    peer_loop_run();
}

/* The loop is idle when both handles have been closed. */
void peer_traffic_close(void)
{
    t.over = true;
    for (int i = 0; i < 2; i++) {
        int failed = handle_close(&t.handle[i]);
        LOOP_ASSERT(!failed);
    }
    int end = loop_run(lastcall_loop, LOOP_UNTIL_IDLE);
    LOOP_ASSERT(end == LOOP_IDLE);
}
