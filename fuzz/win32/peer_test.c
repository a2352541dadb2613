/*
 * peer_test.c - the far ends do what peer.h says, against a real port.
 */
#include "../peer.h"

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/test.h"

#define MORE_THAN_FITS (64u << 20)
#define LOOKS 60000     /* a minute of pauses */

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

/* A stream of TCP takes a moment, even within a machine. */
static uint32_t read_all(port_handle from, uint32_t size)
{
    uint32_t got = 0;
    for (int i = 0; i < LOOKS && got < size; i++) {
        int n = peer_read(from, size - got);
        CHECK(n >= 0);
        got += n > 0 ? (uint32_t)n : 0;
        if (n <= 0)
            os_pause();
    }
    return got;
}

/* The first write to a far end that has gone may still get on its way. */
static int32_t write_until_broken(struct port *p, port_handle h)
{
    char byte = 0;
    int32_t status = 0;
    for (int i = 0; i < LOOKS && status == 0; i++) {
        status = run_op(p, h, PORT_WRITE, &byte, 1).status;
        os_pause();
    }
    return status;
}

/* What one side of a stream sends the other receives. */
static void stream_carries_both_ways(void)
{
    struct port *p = open_port();
    port_handle near_end, far_end;
    char bytes[64];
    CHECK_EQ(0, peer_socket_pair(&near_end, &far_end));
    CHECK_EQ(0, port_associate(p, near_end, 1));
    CHECK_EQ(0, peer_read(far_end, 1));
    CHECK_EQ(10, peer_write(far_end, 10));
    CHECK_EQ(10, run_op(p, near_end, PORT_READ, bytes, 64).size);
    CHECK_EQ(20, run_op(p, near_end, PORT_WRITE, bytes, 20).size);
    CHECK_EQ(15, read_all(far_end, 15));
    CHECK_EQ(5, read_all(far_end, 5));
    CHECK_EQ(0, peer_read(far_end, 64));
    peer_close(far_end);
    struct packet packet = run_op(p, near_end, PORT_READ, bytes, 64);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, packet.size);
    CHECK_EQ(LOOP_EBROKEN, write_until_broken(p, near_end));
    port_handle_close(near_end);
    port_close(p);
}

/* A pipe carries one way, whichever end is near. */
static void pipe_carries_one_way(void)
{
    struct port *p = open_port();
    port_handle near_end, far_end;
    char bytes[8];
    CHECK_EQ(0, peer_pipe(&near_end, &far_end, 1));
    CHECK_EQ(0, port_associate(p, near_end, 1));
    CHECK_EQ(5, peer_write(far_end, 5));
    CHECK(peer_read(far_end, 1) < 0);
    CHECK_EQ(5, run_op(p, near_end, PORT_READ, bytes, 8).size);
    port_handle_close(near_end);
    CHECK_EQ(LOOP_EBROKEN, peer_write(far_end, 1));
    peer_close(far_end);

    CHECK_EQ(0, peer_pipe(&near_end, &far_end, 0));
    CHECK_EQ(0, port_associate(p, near_end, 1));
    CHECK_EQ(0, peer_read(far_end, 8));
    CHECK_EQ(3, run_op(p, near_end, PORT_WRITE, bytes, 3).size);
    CHECK_EQ(3, peer_read(far_end, 8));
    CHECK_EQ(0, peer_read(far_end, 8));
    port_handle_close(near_end);
    CHECK_EQ(0, peer_read(far_end, 8));
    peer_close(far_end);
    port_close(p);
}

/* A write of more than fits takes what fits, and does not wait. */
static void full_stream_takes_what_fits(void)
{
    port_handle near_end, far_end;
    CHECK_EQ(0, peer_socket_pair(&near_end, &far_end));
    int taken = peer_write(far_end, MORE_THAN_FITS);
    CHECK(taken > 0);
    CHECK(taken < (int)MORE_THAN_FITS);
    CHECK_EQ(taken, read_all(near_end, (uint32_t)taken));
    CHECK_EQ(1, peer_write(far_end, 1));
    CHECK_EQ(1, read_all(near_end, 1));
    peer_close(far_end);
    port_handle_close(near_end);
}

static void full_pipe_takes_what_fits(void)
{
    enum { ODD_SIZE = 1000001 };
    struct port *p = open_port();
    port_handle near_end, far_end;
    static char bytes[ODD_SIZE];
    CHECK_EQ(0, peer_pipe(&near_end, &far_end, 1));
    CHECK_EQ(0, port_associate(p, near_end, 1));
    int taken = peer_write(far_end, ODD_SIZE);
    CHECK(taken > 0);
    CHECK(taken < ODD_SIZE);
    uint32_t got = 0;
    while (got < (uint32_t)taken)
        got += run_op(p, near_end, PORT_READ, bytes, ODD_SIZE).size;
    CHECK_EQ(taken, got);
    CHECK_EQ(1, peer_write(far_end, 1));
    peer_close(far_end);
    CHECK_EQ(1, run_op(p, near_end, PORT_READ, bytes, ODD_SIZE).size);
    CHECK_EQ(0, run_op(p, near_end, PORT_READ, bytes, ODD_SIZE).size);
    port_handle_close(near_end);
    port_close(p);
}

/* A connection gets to the listener, and to nobody once it is closed. */
static void connect_reaches_a_listener(void)
{
    struct port *p = open_port();
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle listener, far_end;
    char bytes[8];
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_associate(p, listener, 1));
    CHECK_EQ(0, peer_connect(at, &far_end));
    struct packet packet = run_op(p, listener, PORT_ACCEPT, NULL, 0);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, port_associate(p, packet.handle, 2));
    CHECK_EQ(7, peer_write(far_end, 7));
    CHECK_EQ(7, run_op(p, packet.handle, PORT_READ, bytes, 8).size);
    port_handle_close(packet.handle);
    peer_close(far_end);
    port_handle_close(listener);
    CHECK_EQ(LOOP_EREFUSED, peer_connect(at, &far_end));
    port_close(p);
}

/* Setting an object ends a wait; after its close it reaches nobody, not even
 * who has got its number. */
static void set_reaches_only_an_open_object(void)
{
    struct port *p = open_port();
    port_handle object, next;
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(p, object, 1));
    peer_set(object);
    CHECK_EQ(0, run_op(p, object, PORT_WAIT, NULL, 0).status);
    port_handle_close(object);
    peer_set(object);

    CHECK_EQ(0, port_socket(&next));
    CHECK_EQ(0, port_associate(p, next, 2));
    peer_set(object);
    peer_set(next);
    port_handle_close(next);
    port_close(p);
}

int main(void)
{
    RUN(stream_carries_both_ways);
    RUN(pipe_carries_one_way);
    RUN(full_stream_takes_what_fits);
    RUN(full_pipe_takes_what_fits);
    RUN(connect_reaches_a_listener);
    RUN(set_reaches_only_an_open_object);
    return test_result(6);
}
