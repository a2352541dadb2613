/*
 * rules_close.c - D: what becomes of pending ops when an end is closed.
 */
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"
#include "../sched/sched.h"
#include "scene.h"

#define ACCEPTS 3
#define ROUNDS 50
#define SOON_NS 500000000u
#define EITHER_WAY 1        /* no status                                     */

enum { ENDS_BY_ITSELF = 1, ENDS_BY_THE_PEER = 2 };

/* Ops that a close may leave pending for ever are not on anyone's stack. */
static struct port_op op;
static char in[8];
static char big[64 * SCENE_BIG];

static bool take_of_closed(struct scene *s, const struct port_op *expected,
                           struct packet *out, const char *if_none)
{
    bool came = scene_take(s->port, out);
    observe(s->o, came, if_none);
    if (came) {
        observe(s->o, out->op == expected, "the packet names another op");
        observe(s->o, out->key == SCENE_KEY, "the packet has another key");
    }
    return came;
}

static void begin(struct scene *s, struct observation *o)
{
    op = (struct port_op){ 0 };
    scene_open_stream(s, o);
    scene_begin_read(s, &op, in, sizeof in);
}

#define STAYS "no packet comes"

static void packet_comes_after_the_close(struct observation *o)
{
    struct scene s;
    struct packet packet;
    begin(&s, o);
    scene_close_near(&s);
    take_of_closed(&s, &op, &packet, STAYS);
    scene_quiet(&s, "a closed op has a second packet");
    scene_close(&s);
}

static void cancel_drain_close_loses_nothing(struct observation *o)
{
    struct scene s;
    begin(&s, o);
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "a pending op is not found");
    scene_packet(&s, &op);
    scene_close_near(&s);
    scene_quiet(&s, "a close adds a packet to a drained op");
    scene_close(&s);
}

static void closed_socket_aborts_its_read(struct observation *o)
{
    struct scene s;
    struct packet packet = { 0 };
    begin(&s, o);
    scene_close_near(&s);
    if (take_of_closed(&s, &op, &packet, STAYS))
        observe_eq(o, LOOP_EABORTED, packet.status,
                   "the read ends with another error");
    scene_close(&s);
}

/* Does a packet come soon, with nobody at the far end doing anything? */
static bool comes_by_itself(struct scene *s, struct packet *out)
{
    return port_dequeue(s->port, out, 1, os_now() + SOON_NS) == 1;
}

/* One that stays is told apart by what becomes of it once the peer reads. */
static void closed_write_ends(struct scene *s, int status)
{
    struct observation *o = s->o;
    struct packet packet = { 0 };
    op = (struct port_op){ 0 };
    observe_eq(o, 0, scene_write(s, &op, big, sizeof big),
               "set-up: a write does not start");
    settle();
    scene_close_near(s);
    if (comes_by_itself(s, &packet)) {
        observe_way(o, ENDS_BY_ITSELF);
        observe(o, status == EITHER_WAY || status == packet.status,
                "the write ends with another error");
    } else {
        observe_way(o, ENDS_BY_THE_PEER);
        scene_far_reads(s, sizeof big);
        observe(o, scene_take(s->port, &packet), STAYS);
        observe(o, status == EITHER_WAY,
                "the write goes on until the peer has read");
    }
    scene_quiet(s, "a closed op has a second packet");
}

static void closed_socket_aborts_its_write(struct observation *o)
{
    struct scene s;
    scene_open_stream(&s, o);
    closed_write_ends(&s, LOOP_EABORTED);
    scene_close(&s);
}

static void closed_listener_aborts_its_accepts(struct observation *o)
{
    static struct port_op accept[ACCEPTS];
    struct scene s;
    struct port_address at;
    struct packet packet = { 0 };
    int seen[ACCEPTS] = { 0 };
    scene_open_listener(&s, o, &at);
    for (int i = 0; i < ACCEPTS; i++) {
        accept[i] = (struct port_op){ 0 };
        observe_eq(o, 0, scene_start(&s, &accept[i], PORT_ACCEPT),
                   "an accept does not start");
    }
    scene_close_near(&s);
    for (int i = 0; i < ACCEPTS && scene_take(s.port, &packet); i++) {
        long at_index = packet.op - accept;
        observe(o, at_index >= 0 && at_index < ACCEPTS,
                "the packet names another op");
        observe(o, packet.key == SCENE_KEY,
                "the packet has not the listener's key");
        observe_eq(o, LOOP_EABORTED, packet.status,
                   "an accept ends with another error");
        if (at_index >= 0 && at_index < ACCEPTS)
            seen[at_index]++;
    }
    for (int i = 0; i < ACCEPTS; i++)
        observe_eq(o, 1, seen[i], seen[i] ? "an accept has two packets"
                                          : STAYS);
    scene_close(&s);
}

static void closed_pipe_breaks_its_read(struct observation *o)
{
    struct scene s;
    struct packet packet = { 0 };
    op = (struct port_op){ 0 };
    scene_open_reader(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    scene_close_near(&s);
    if (take_of_closed(&s, &op, &packet, STAYS)) {
        observe(o, packet.status != LOOP_EABORTED, "the read is aborted");
        observe_eq(o, LOOP_EBROKEN, packet.status,
                   "the read ends with another error");
    }
    scene_close(&s);
}

static void closed_pipe_keeps_or_breaks_its_write(struct observation *o)
{
    struct scene s;
    scene_open_writer(&s, o);
    closed_write_ends(&s, EITHER_WAY);
    scene_close(&s);
}

static void data_outlives_its_writer(struct observation *o)
{
    struct scene s;
    uint32_t got = 0;
    struct packet packet;
    op = (struct port_op){ 0 };
    scene_open_reader(&s, o);
    observe_eq(o, 5, peer_write(s.far, 5), "set-up: the peer cannot write");
    scene_close_far(&s);
    do {
        scene_begin_read(&s, &op, in, 2);
        packet = scene_packet(&s, &op);
        observe_eq(o, 0, packet.status, "the end of a stream is an error");
        got += packet.size;
    } while (packet.op && packet.size > 0);
    observe_eq(o, 5, got, "data is lost when its writer closes");
    scene_close(&s);
}

static void closed_peer_ends_what_is_pending(struct observation *o)
{
    struct scene s;
    begin(&s, o);
    scene_close_far(&s);
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "the end of a stream is an error");
    observe_eq(o, 0, packet.size, "the end of a stream has bytes");
    scene_close(&s);

    op = (struct port_op){ 0 };
    scene_open_writer(&s, o);
    observe_eq(o, 0, scene_write(&s, &op, big, sizeof big),
               "set-up: a write does not start");
    settle();
    scene_close_far(&s);
    packet = scene_packet(&s, &op);
    observe_eq(o, LOOP_EBROKEN, packet.status,
               "a write that nobody will read is not broken");
    scene_quiet(&s, "an op has a second packet");
    scene_close(&s);
}

static void gone_peer_is_heard_of(struct observation *o)
{
    data_outlives_its_writer(o);
    closed_peer_ends_what_is_pending(o);
}

static void closed_port_hears_of_nothing(struct observation *o)
{
    struct scene s;
    begin(&s, o);
    struct port *other = scene_port(o);
    port_close(s.port);
    s.port = other;
    observe_eq(o, 3, peer_write(s.far, 3), "set-up: the peer cannot write");
    scene_quiet(&s, "a packet of a closed port comes from another");
    scene_close_near(&s);
    scene_quiet(&s, "a packet of a closed port comes from another");
    scene_close(&s);
}

/* The read is pending, so there is nothing that an orderly end would lose. */
static void pending_read_turns_close_to_reset(struct observation *o)
{
    struct scene s;
    struct packet packet;
    int got = 0;
    begin(&s, o);
    scene_close_near(&s);
    scene_take(s.port, &packet);
    for (int i = 0; i < ROUNDS && got == 0; i++) {
        got = peer_read(s.far, 1);
        os_pause();
    }
    observe(o, got == LOOP_EBROKEN, "the peer sees an orderly end");
    scene_close(&s);
}

/* Each handle is another one's successor, and gets nothing of it. */
static void recycled_number_is_a_new_handle(struct observation *o)
{
    struct port *p = scene_port(o);
    struct port_request request = { .kind = PORT_WAIT };
    port_handle last = PORT_NO_HANDLE;
    bool recycled = false;
    for (uint64_t key = 1; key <= ROUNDS; key++) {
        struct port_op wait = { 0 };
        struct packet packet = { 0 };
        port_handle object = PORT_NO_HANDLE;
        observe_eq(o, 0, port_object(&object), "set-up: no wait object");
        recycled = recycled || object == last;
        observe_eq(o, 0, port_associate(p, object, key),
                   "a new handle has a port already");
        observe_eq(o, 0, port_start(p, object, &wait, &request),
                   "a wait does not start");
        port_object_set(object);
        observe(o, scene_take(p, &packet), "no packet comes");
        observe(o, packet.key == key, "a new handle has an old key");
        port_object_set(object);
        port_handle_close(object);
        last = object;
    }
    observe(o, scene_is_quiet(p), "a closed handle has a packet");
    observe(o, recycled, "no number comes again");
    port_close(p);
}

#define OF_CLOSE "the documentation of closesocket"
#define OF_NPFS "ReactOS, whose named pipes are a model"
#define PIPE_ONLY "a pipe of the seam is connected from its birth"
#define HARSH DIFFERS(STAYS, "the profile's devices complete nothing")

static const struct rule rules[] = {
    { .id = "D1",
      .statement = "Closing acts when the last handle goes: while a duplicate "
          "is open nothing completes",
      .source = "Wine's tests of ws2_32",
      .announced = {
          ON_SIM(NOT_HERE("a handle has no duplicates at this seam")),
          ON_LINUX(DIFFERS("the op ends although a duplicate is open",
              "the port aborts what was started on the descriptor")) } },
    { .id = "D2",
      .statement = "A close does not wait; packets come later, with the key",
      .source = OF_CLOSE, .test = packet_comes_after_the_close,
      .announced = { [COLUMN_SIM_LINUX] = HARSH } },
    { .id = "D3",
      .statement = "Not every device completes its ops at a close; who "
          "cancels, drains and then closes loses nothing",
      .source = "Raymond Chen, The Old New Thing, 2021",
      .test = cancel_drain_close_loses_nothing, .races = true },
    { .id = "D4",
      .statement = "Closing a socket aborts its pending read",
      .source = OF_CLOSE, .test = closed_socket_aborts_its_read,
      .announced = {
          [COLUMN_SIM_LINUX] = HARSH,
          [COLUMN_WINE] = DIFFERS("the read ends with ERROR_HANDLES_CLOSED",
              "Wine 8 has a status of its own") } },
    { .id = "D5",
      .statement = "Closing a socket aborts its pending write",
      .source = OF_CLOSE, .test = closed_socket_aborts_its_write,
      .announced = {
          [COLUMN_SIM_WINE8] = DIFFERS(
              "the write goes on until the peer has read", "as in Wine 8"),
          [COLUMN_SIM_LINUX] = HARSH,
          [COLUMN_WINE] = DIFFERS(
              "the write goes on until the peer has read",
              "Wine 8 lets the device finish") } },
    { .id = "D6",
      .statement = "Closing a listener aborts each pending accept, under the "
          "listener's key",
      .source = "Wine's tests of ws2_32",
      .test = closed_listener_aborts_its_accepts,
      .announced = { [COLUMN_SIM_LINUX] = HARSH } },
    { .id = "D7",
      .statement = "Closing the socket that a pending accept is to use ends "
          "the accept",
      .source = "Wine's tests of ws2_32",
      .announced = {
          ONLY_ON_WIN32("an accept of port.h makes its own socket") } },
    { .id = "D8",
      .statement = "Closing a pipe breaks its own pending read, rather than "
          "aborting it",
      .source = "Wine's tests of ntdll", .test = closed_pipe_breaks_its_read,
      .announced = {
          [COLUMN_SIM_LINUX] = HARSH,
          ON_LINUX(DIFFERS("the read is aborted",
              "the port ends ops of all devices alike")),
          ON_WIN32(DIFFERS("the read is aborted",
              "the port cancels what is pending before it closes")) } },
    { .id = "D9",
      .statement = "Closing a pipe breaks its own pending connect",
      .source = OF_NPFS,
      .announced = {
          ONLY_ON_WIN32(PIPE_ONLY),
          [COLUMN_WINE] = DIFFERS("the connect ends with ERROR_HANDLES_CLOSED",
              "Wine 8 has a status of its own"),
          [COLUMN_WINDOWS] = MAY_DIFFER(
              "the connect ends with ERROR_HANDLES_CLOSED",
              "the model is no proof") } },
    { .id = "D10",
      .statement = "Closing a pipe ends its own pending write at once, or "
          "keeps it until the peer has read or closed",
      .source = OF_NPFS, .test = closed_pipe_keeps_or_breaks_its_write,
      .faults = 1u << SCHED_CANCEL, .ways = ENDS_BY_ITSELF | ENDS_BY_THE_PEER,
      .races = true,
      .announced = { [COLUMN_SIM_LINUX] = HARSH } },
    { .id = "D11",
      .statement = "When the peer closes, what it had written stays readable, "
          "then reads end and writes break",
      .source = OF_NPFS, .test = gone_peer_is_heard_of },
    { .id = "D12",
      .statement = "Disconnecting a pipe ends all that is pending on it and "
          "discards what was not read",
      .source = "the documentation of DisconnectNamedPipe",
      .announced = {
          ONLY_ON_WIN32(PIPE_ONLY),
          [COLUMN_WINE] = DIFFERS("a pipe that listens is not disconnected",
              "Wine 8 fails with ERROR_PIPE_LISTENING"),
          [COLUMN_WINDOWS] = MAY_DIFFER(
              "a pipe that listens is not disconnected",
              "the model is no proof") } },
    { .id = "D13",
      .statement = "If the port is closed before its handles, nobody hears of "
          "their ops any more",
      .source = "the documentation of CreateIoCompletionPort",
      .test = closed_port_hears_of_nothing },
    { .id = "D14",
      .statement = "Closing a socket with a read pending resets the "
          "connection",
      .source = "libuv, which cancels the read first",
      .test = pending_read_turns_close_to_reset,
      .announced = {
          [COLUMN_SIM_WINE8] = DIFFERS("the peer sees an orderly end",
              "Wine closes a descriptor of Linux"),
          [COLUMN_SIM_LINUX] = DIFFERS("the peer sees an orderly end",
              "a read that waits is not the kernel's"),
          ON_LINUX(DIFFERS("the peer sees an orderly end",
              "a read that waits is not the kernel's")),
          [COLUMN_WINE] = DIFFERS("the peer sees an orderly end; a bare close "
              "is an orderly end", "Wine closes a descriptor of Linux"),
          [COLUMN_WINDOWS] = MAY_DIFFER("the peer sees an orderly end",
              "the port cancels what is pending before it closes") } },
    { .id = "D15",
      .statement = "The number of a closed handle is given out again, and the "
          "new handle inherits nothing",
      .source = OF_CLOSE, .test = recycled_number_is_a_new_handle,
      .announced = {
          ON_SIM(DIFFERS("no number comes again",
              "a stale handle is known for one")) } },
    { .id = "D16",
      .statement = "Closing a handle that another thread waits for is "
          "undefined",
      .source = "Raymond Chen, The Old New Thing, 2025",
      .announced = {
          ON_SIM(NOT_HERE("undefined, so nothing does it")),
          ON_LINUX(NOT_HERE("undefined, so nothing does it")),
          ON_WIN32(NOT_HERE("undefined, so nothing does it")) } },
};

const struct rule_group rules_close = {
    rules, sizeof rules / sizeof rules[0],
};
