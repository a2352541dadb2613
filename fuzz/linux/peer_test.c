/*
 * peer_test.c - the far ends do what peer.h says, against a real port.
 */
#include "../peer.h"

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/test.h"

#define MORE_THAN_FITS (64u << 20)

static struct port *open_port(void)
{
    struct port *p = NULL;
    CHECK_EQ(0, port_open(&p));
    return p;
}

static struct packet run_op(struct port *p, port_handle h,
                            enum port_kind kind, char *buffer,
                            uint32_t size)
{
    struct port_op op = { 0 };
    struct packet packet = { 0 };
    struct port_request request = { .kind = kind, .buffer = buffer,
                                    .size = size };
    CHECK_EQ(0, port_start(p, h, &op, &request));
    CHECK_EQ(1, port_dequeue(p, &packet, 1, PORT_FOREVER));
    CHECK(packet.op == &op);
    return packet;
}

/* What one side of a stream sends the other receives. */
static void stream_carries_both_ways(void)
{
    struct port *p = open_port();
    port_handle near, far;
    char bytes[64];
    CHECK_EQ(0, peer_socket_pair(&near, &far));
    CHECK_EQ(0, port_associate(p, near, 1));
    CHECK_EQ(0, peer_read(far, 1));
    CHECK_EQ(10, peer_write(far, 10));
    CHECK_EQ(10, run_op(p, near, PORT_READ, bytes, 64).size);
    CHECK_EQ(20, run_op(p, near, PORT_WRITE, bytes, 20).size);
    CHECK_EQ(15, peer_read(far, 15));
    CHECK_EQ(5, peer_read(far, 64));
    peer_close(far);
    CHECK_EQ(0, run_op(p, near, PORT_READ, bytes, 64).size);
    CHECK_EQ(LOOP_EBROKEN, run_op(p, near, PORT_WRITE, bytes, 1).status);
    port_handle_close(near);
    port_close(p);
}

/* A pipe carries one way, whichever end is near. */
static void pipe_carries_one_way(void)
{
    struct port *p = open_port();
    port_handle near, far;
    char bytes[8];
    CHECK_EQ(0, peer_pipe(&near, &far, 1));
    CHECK_EQ(0, port_associate(p, near, 1));
    CHECK_EQ(5, peer_write(far, 5));
    CHECK(peer_read(far, 1) < 0);
    CHECK_EQ(5, run_op(p, near, PORT_READ, bytes, 8).size);
    port_handle_close(near);
    CHECK_EQ(LOOP_EBROKEN, peer_write(far, 1));
    peer_close(far);

    CHECK_EQ(0, peer_pipe(&near, &far, 0));
    CHECK_EQ(0, port_associate(p, near, 1));
    CHECK_EQ(3, run_op(p, near, PORT_WRITE, bytes, 3).size);
    CHECK_EQ(3, peer_read(far, 8));
    port_handle_close(near);
    CHECK_EQ(0, peer_read(far, 8));
    peer_close(far);
    port_close(p);
}

/* A write of more than fits takes what fits, and does not wait. */
static void full_stream_takes_what_fits(void)
{
    port_handle near, far;
    CHECK_EQ(0, peer_socket_pair(&near, &far));
    int taken = peer_write(far, MORE_THAN_FITS);
    CHECK(taken > 0);
    CHECK(taken < (int)MORE_THAN_FITS);
    CHECK_EQ(0, peer_write(far, 1));
    CHECK_EQ(taken, peer_read(near, MORE_THAN_FITS));
    CHECK_EQ(1, peer_write(far, 1));
    peer_close(far);
    port_handle_close(near);
}

/* A connection gets to the listener, and to nobody once it is closed. */
static void connect_reaches_a_listener(void)
{
    struct port *p = open_port();
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle listener, far;
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_associate(p, listener, 1));
    CHECK_EQ(0, peer_connect(at, &far));
    struct packet packet = run_op(p, listener, PORT_ACCEPT, NULL, 0);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(7, peer_write(far, 7));
    CHECK_EQ(7, peer_read(packet.handle, 7));
    port_handle_close(packet.handle);
    peer_close(far);
    port_handle_close(listener);
    CHECK_EQ(LOOP_EREFUSED, peer_connect(at, &far));
    port_close(p);
}

int main(void)
{
    RUN(stream_carries_both_ways);
    RUN(pipe_carries_one_way);
    RUN(full_stream_takes_what_fits);
    RUN(connect_reaches_a_listener);
    return test_result(4);
}
