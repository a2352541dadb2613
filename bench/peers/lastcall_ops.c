/*
 * lastcall_ops.c - one byte through a device whose ends are both on the
 * loop.
 *
 * A side has one read and one write. It begins the next two when both are
 * done, and the read comes first: so the byte finds somebody who waits for
 * it, and the port has to see it arrive. Across a socket pair two sides
 * answer each other; through a pipe there is one, which reads what it wrote.
 *
 * Rates are taken over slices, of which there are to be a dozen: how many ops
 * one has is found out while the first ops warm up. A figure is their median,
 * which one slice that was disturbed does not move.
 */
#include "lastcall_ops.h"

#include <stdbool.h>

#include "../../fuzz/peer.h"
#include "../../loop/check.h"
#include "../../loop/list.h"
#include "../../loop/op.h"
#include "../../loop/os.h"
#include "../machine.h"
#include "../statistics.h"

#define SLICES 12
#define SLICES_MAX 256
#define WARM_UP 1024u           /* ops                                   */
#define NANOSECONDS 1e9

struct side {
    struct handle *in;
    struct handle *out;
    struct op      read;
    struct op      write;
    unsigned       due;         /* of the two                            */
    char           got;
    char           sent;
};

static struct {
    struct handle handle[2];
    struct side   side[2];
    uint64_t      length;
    uint64_t      until;
    uint64_t      since;        /* the slice has begun                   */
    unsigned      ops;          /* done in it                            */
    unsigned      ops_wanted;
    double        rate[SLICES_MAX];
    unsigned      slices;
    bool          over;
} d;

static void finish(void)
{
    d.over = true;
    for (int i = 0; i < 2; i++) {
        int failed = handle_close(&d.handle[i]);
        LOOP_ASSERT(!failed);
    }
}

static void end_warm_up(uint64_t now)
{
    double each = (double)(now - d.since) / WARM_UP;
    double wanted = (double)d.length / SLICES / each;
    d.ops_wanted = wanted > WARM_UP ? (unsigned)wanted : WARM_UP;
    d.until = now + d.length;
}

static void end_slice(void)
{
    uint64_t now = os_now();
    if (d.until == 0)
        end_warm_up(now);
    else
        d.rate[d.slices++] = d.ops / ((double)(now - d.since) / NANOSECONDS);
    d.ops = 0;
    d.since = now;
    if (d.slices > 0 && (now >= d.until || d.slices == SLICES_MAX))
        finish();
}

static void submit_read(struct side *s)
{
    struct port_request request = { .kind = PORT_READ, .buffer = &s->got,
                                    .size = 1 };
    int failed = op_submit(s->in, &s->read, &request);
    LOOP_ASSERT(!failed);
    s->due++;
}

static void submit_write(struct side *s)
{
    struct port_request request = { .kind = PORT_WRITE, .buffer = &s->sent,
                                    .size = 1 };
    int failed = op_submit(s->out, &s->write, &request);
    LOOP_ASSERT(!failed);
    s->due++;
}

/* Ops that the end of the measurement has cancelled come here, too. */
static void end_op(struct side *s, const struct op *op)
{
    s->due--;
    if (d.over)
        return;
    LOOP_ASSERT(op->status == 0);
    LOOP_ASSERT(op->size == 1);
    if (++d.ops == d.ops_wanted)
        end_slice();
    if (s->due > 0 || d.over)
        return;
    submit_read(s);
    submit_write(s);
}

static void end_read(struct op *op)
{
    end_op(LIST_OF(op, struct side, read), op);
}

static void end_write(struct op *op)
{
    end_op(LIST_OF(op, struct side, write), op);
}

static void open_side(struct side *s, struct handle *in, struct handle *out)
{
    s->in = in;
    s->out = out;
    s->read.done = end_read;
    s->write.done = end_write;
    submit_read(s);
}

/* The loop is idle when both handles have been closed. */
static double run(struct loop *l, struct side *first, uint64_t length)
{
    machine_pin(machine_processors() - 1);
    d.length = length;
    d.ops_wanted = WARM_UP;
    d.since = os_now();
    submit_write(first);
    int end = loop_run(l, LOOP_UNTIL_IDLE);
    LOOP_ASSERT(end == LOOP_IDLE);
    LOOP_ASSERT(d.over);
    return statistics_median(d.rate, d.slices);
}

static void open_handles(struct loop *l, const port_handle ends[2])
{
    for (int i = 0; i < 2; i++) {
        int failed = handle_open(l, &d.handle[i], ends[i], NULL);
        LOOP_ASSERT(!failed);
    }
}

double lastcall_ops_socket(struct loop *l, uint64_t length)
{
    port_handle ends[2];
    int failed = peer_socket_pair(&ends[0], &ends[1]);
    LOOP_ASSERT(!failed);
    open_handles(l, ends);
    for (int i = 0; i < 2; i++)
        open_side(&d.side[i], &d.handle[i], &d.handle[i]);
    return run(l, &d.side[0], length);
}

double lastcall_ops_pipe(struct loop *l, uint64_t length)
{
    port_handle ends[2];
    int failed = port_pipe(&ends[0], &ends[1]);
    LOOP_ASSERT(!failed);
    open_handles(l, ends);
    open_side(&d.side[0], &d.handle[0], &d.handle[1]);
    return run(l, &d.side[0], length);
}
