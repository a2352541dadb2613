/*
 * close_waits.c - a close that waits for what no one will post: a read is
 * pending on a pipe into which nobody writes, and instead of cancelling it
 * the close waits until it has come.
 */
#include "hang.h"
#include "../../loop/op.h"

static void do_nothing(struct op *op)
{
    (void)op;
}

int main(void)
{
    static char byte;
    static struct handle handle = { .item.name = "pipe" };
    static struct op op = { .item.name = "read of nothing",
                            .done = do_nothing };
    struct port_request request = { .kind = PORT_READ, .buffer = &byte,
                                    .size = 1 };
    port_handle reader, writer;
    struct loop *loop = hang_loop();
    witness_open(hang_dump, loop);
    int failed = port_pipe(&reader, &writer);
    LOOP_ASSERT(!failed);
    failed = handle_open(loop, &handle, reader, NULL);
    LOOP_ASSERT(!failed);
    failed = op_submit(&handle, &op, &request);
    LOOP_ASSERT(!failed);
    while (loop_close(loop) == LOOP_EBUSY)
        loop_run(loop, LOOP_ONCE);
    return 0;
}
