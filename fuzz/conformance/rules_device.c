/*
 * rules_device.c - S: sockets. N: named and anonymous pipes.
 */
#include "../../loop/loop.h"
#include "../peer.h"
#include "scene.h"

/* Refused at once or by its packet, but said once. */
static void connect_to_nobody_is_refused(struct observation *o)
{
    struct scene s;
    struct port_address at = { .ip = PORT_LOOPBACK };
    struct port_op op = { 0 };
    port_handle listener = PORT_NO_HANDLE;
    observe_eq(o, 0, port_listen(&listener, &at), "set-up: no listener");
    port_handle_close(listener);
    s = (struct scene){ .o = o, .port = scene_port(o),
                        .far = PORT_NO_HANDLE };
    observe_eq(o, 0, port_socket(&s.near), "set-up: no socket");
    observe_eq(o, 0, port_associate(s.port, s.near, SCENE_KEY),
               "set-up: a handle is not associated");
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    int status = port_start(s.port, s.near, &op, &request);
    if (status == 0)
        status = scene_packet(&s, &op).status;
    observe_eq(o, LOOP_EREFUSED, status, "a connection to nobody is not "
               "refused");
    scene_quiet(&s, "a refusal is said twice");
    scene_close(&s);
}

/* What the peer never read makes its close a reset. */
static void reset_breaks_reads_and_writes(struct observation *o)
{
    struct scene s;
    struct port_op read = { 0 }, write = { 0 };
    char in[4], out[4] = { 0 };
    scene_open_stream(&s, o);
    observe_eq(o, 0, scene_write(&s, &write, out, sizeof out),
               "set-up: a write does not start");
    scene_packet(&s, &write);
    scene_begin_read(&s, &read, in, sizeof in);
    scene_close_far(&s);
    struct packet packet = scene_packet(&s, &read);
    observe_eq(o, LOOP_EBROKEN, packet.status, "a reset does not break a "
               "pending read");
    int status = scene_write(&s, &write, out, sizeof out);
    if (status == 0)
        status = scene_packet(&s, &write).status;
    observe_eq(o, LOOP_EBROKEN, status, "a write after a reset is not broken");
    scene_quiet(&s, "an op has a second packet");
    scene_close(&s);
}

#define NO_HALF_CLOSE "port.h has no half close"
#define NO_CONTEXT "a socket has no context to update"

static const struct rule rules[] = {
    { .id = "S1",
      .statement = "AcceptEx that is to receive completes when data came, "
          "under the listener's key",
      .source = "the documentation of AcceptEx",
      .announced = { ONLY_ON_WIN32("an accept of port.h receives nothing") } },
    { .id = "S2",
      .statement = "A socket from AcceptEx or ConnectEx is limited until its "
          "context is updated",
      .source = "the documentation of AcceptEx",
      .announced = {
          ONLY_ON_WIN32(NO_CONTEXT),
          [COLUMN_WINE] = DIFFERS("an accepted socket is not limited",
              "Wine 8 is laxer") } },
    { .id = "S3",
      .statement = "A connection to where nobody listens is refused, once; an "
          "unbound socket does not pend",
      .source = "Wine's tests of ws2_32",
      .test = connect_to_nobody_is_refused },
    { .id = "S4",
      .statement = "DisconnectEx has a packet also where success has none",
      .source = "Wine's tests of ws2_32",
      .announced = {
          ONLY_ON_WIN32(NO_SUCH_CALL),
          [COLUMN_WINE] = DIFFERS("a disconnect has no packet",
              "Wine 8 completes it at once") } },
    { .id = "S5",
      .statement = "A read of no bytes waits for data and takes none",
      .source = "Wine's tests of ws2_32",
      .announced = { ONLY_ON_WIN32("port.h reads 1 byte or more") } },
    { .id = "S6",
      .statement = "A reset breaks the pending read, and what is started "
          "later fails at once",
      .source = "Wine's tests of ws2_32", .test = reset_breaks_reads_and_writes,
      .announced = {
          [COLUMN_WINE] = DIFFERS("a read after a reset succeeds",
              "Wine 8 reports the end of the stream") } },
    { .id = "S7",
      .statement = "A shutdown has no packet, and the one of receiving ends "
          "no pending read",
      .source = "Wine's tests of ws2_32",
      .announced = { ONLY_ON_WIN32(NO_HALF_CLOSE) } },
    { .id = "S8",
      .statement = "After a shutdown of sending, a read to the end and a "
          "close, all that was sent has arrived",
      .source = "Graceful Shutdown, Microsoft",
      .announced = { ONLY_ON_WIN32(NO_HALF_CLOSE) } },
    { .id = "N1",
      .statement = "A client that is there already makes a connect fail with "
          "ERROR_PIPE_CONNECTED, and no packet comes",
      .source = "the documentation of ConnectNamedPipe",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "N2",
      .statement = "A read of a pipe without client fails at once, and a "
          "write over its quota pends",
      .source = "Wine's tests of kernel32",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "N3",
      .statement = "An anonymous pipe is synchronous only",
      .source = "Anonymous Pipe Operations, Microsoft",
      .announced = {
          ONLY_ON_WIN32("every pipe of this platform has both modes") } },
    { .id = "N4",
      .statement = "Closing a synchronous handle ends the read another thread "
          "is blocked in",
      .source = "seen on Wine",
      .announced = {
          ONLY_ON_WIN32("port.h has no synchronous handles"),
          [COLUMN_WINDOWS] = MAY_DIFFER("the close waits for the read",
              "calls on a synchronous file take turns") } },
};

const struct rule_group rules_device = {
    rules, sizeof rules / sizeof rules[0],
};
