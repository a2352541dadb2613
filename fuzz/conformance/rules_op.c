/*
 * rules_op.c - O: the life of an op, from its start to its packet.
 */
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"
#include "../sched/sched.h"
#include "scene.h"

static void started_op_waits_for_its_end(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    char in[8] = { 0 };
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    scene_quiet(&s, "a pending op has a packet");
    observe_eq(o, 3, peer_write(s.far, 3), "set-up: the peer cannot write");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "an op that was pending fails");
    scene_quiet(&s, "an op has a second packet");
    scene_close(&s);
}

static void packet_tells_result_and_size(struct observation *o)
{
    struct scene s;
    struct port_op read = { 0 }, write = { 0 };
    char in[8] = { 0 }, out[5] = { 0 };
    scene_open_stream(&s, o);
    observe_eq(o, 0, scene_write(&s, &write, out, 5),
               "a write does not start");
    struct packet packet = scene_packet(&s, &write);
    observe_eq(o, 0, packet.status, "a write fails");
    observe_eq(o, 5, packet.size, "a write has another size");
    observe_eq(o, 5, scene_far_reads(&s, 5), "what was written is not there");

    observe_eq(o, 3, peer_write(s.far, 3), "set-up: the peer cannot write");
    scene_begin_read(&s, &read, in, sizeof in);
    packet = scene_packet(&s, &read);
    observe_eq(o, 0, packet.status, "a read fails");
    observe_eq(o, 3, packet.size, "a read has another size");
    scene_close(&s);
}

/* Of both directions, since devices differ in what they do at once. */
static void op_done_at_once_has_a_packet(struct observation *o)
{
    struct scene s;
    struct port_op read = { 0 }, write = { 0 };
    char in[8], out[8] = { 0 };
    scene_open_stream(&s, o);
    observe_eq(o, 2, peer_write(s.far, 2), "set-up: the peer cannot write");
    scene_begin_read(&s, &read, in, sizeof in);
    scene_packet(&s, &read);
    observe_eq(o, 0, scene_write(&s, &write, out, 2),
               "a write does not start");
    scene_packet(&s, &write);
    scene_quiet(&s, "an op that is done at once has two packets");
    scene_close(&s);
}

enum { OP_STARTED = 1, OP_REFUSED = 2 };

/* Either refused, and no packet comes, or started, and its packet comes. */
static int try_start(struct scene *s, enum port_kind kind)
{
    struct port_op op = { 0 };
    char in[4];
    bool reads = kind == PORT_READ;
    int status = reads ? scene_read(s, &op, in, sizeof in)
                       : scene_start(s, &op, kind);
    observe_way(s->o, status == 0 ? OP_STARTED : OP_REFUSED);
    if (status == 0)
        status = scene_packet(s, &op).status;
    else
        observe_eq(s->o, LOOP_ENOTFOUND, port_cancel(s->port, s->near, &op),
                   "an op that did not start is there");
    scene_quiet(s, "a start that fails has a packet");
    return status;
}

static void refused_op_has_no_packet(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    struct port_request request = { .kind = PORT_WAIT };
    struct port *other = scene_port(o);
    scene_open_stream(&s, o);
    observe(o, port_start(other, s.near, &op, &request) < 0,
            "an op starts on a port that is not its handle's");
    observe(o, scene_is_quiet(other), "a start that fails has a packet");
    observe(o, try_start(&s, PORT_WAIT) < 0, "a stream is waited for");
    observe_eq(o, 1, peer_write(s.far, 1), "set-up: the peer cannot write");
    try_start(&s, PORT_READ);
    port_close(other);
    scene_close(&s);
}

#define OF_OVERLAPPED "the documentation of OVERLAPPED"
#define UNDEFINED "undefined, so nothing asks for it"

static const struct rule rules[] = {
    { .id = "O1",
      .statement = "A started op is pending, and the kernel's until its packet "
          "is dequeued",
      .source = OF_OVERLAPPED, .test = started_op_waits_for_its_end,
      .races = true },
    { .id = "O2",
      .statement = "A packet tells the result of its op, and how many bytes "
          "were moved",
      .source = OF_OVERLAPPED, .test = packet_tells_result_and_size,
      .races = true },
    { .id = "O3",
      .statement = "The status block is not updated before the packet is "
          "dequeued",
      .source = "I/O Completion Ports, Microsoft",
      .announced = {
          ONLY_ON_WIN32("an op has no status block at this seam"),
          [COLUMN_WINE] = DIFFERS("the status is there at completion",
              "Wine 8 writes it when the op ends") } },
    { .id = "O4",
      .statement = "An op that succeeds at once still queues a packet",
      .source = "Wine's tests of ws2_32",
      .test = op_done_at_once_has_a_packet,
      .faults = 1u << SCHED_SYNC, .races = true },
    { .id = "O5",
      .statement = "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS spares the packet of "
          "an op that succeeds at once, of no other, and for ever",
      .source = "the documentation of SetFileCompletionNotificationModes",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "O6",
      .statement = "An op that fails at once never has a packet",
      .source = "Wine's tests of ws2_32", .test = refused_op_has_no_packet,
      .faults = 1u << SCHED_REFUSE, .ways = OP_STARTED | OP_REFUSED,
      .races = true },
    { .id = "O7",
      .statement = "A warning is no failure: the short read of a message has "
          "a packet, also where success has none",
      .source = "Wine's tests of kernel32",
      .announced = {
          ONLY_ON_WIN32("a stream has no messages"),
          [COLUMN_WINE] = DIFFERS("a warning has no packet where success "
              "has none", "Wine 8 does as Windows before 8") } },
    { .id = "O8",
      .statement = "An event with its low bit set keeps the packet from the "
          "port; without, there are both",
      .source = "the documentation of GetQueuedCompletionStatus",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "O9",
      .statement = "Asking for the result of a pending op says incomplete, and "
          "asking for it afterwards takes no packet",
      .source = "the documentation of GetOverlappedResult",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "O10",
      .statement = "Reading with an APC on an associated handle fails",
      .source = "Wine's tests of ntdll",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "O11",
      .statement = "Reading without an OVERLAPPED on an overlapped handle is "
          "undefined",
      .source = "the documentation of ConnectNamedPipe",
      .announced = { ON_SIM(NOT_HERE(UNDEFINED)), ON_LINUX(NOT_HERE(UNDEFINED)),
                     ON_WIN32(NOT_HERE(UNDEFINED)) } },
    { .id = "O12",
      .statement = "Reading a file on disk pends or fails at its end at once, "
          "and has a packet if it pended",
      .source = "Wine's tests of ntdll",
      .announced = { ONLY_ON_WIN32("port.h has no files on disk") } },
    { .id = "O13",
      .statement = "Memory of an op that is freed before its packet is written "
          "to all the same",
      .source = "Raymond Chen, The Old New Thing, 2011",
      .announced = {
          ON_SIM(DIFFERS("kernel-owned-access: free_before_the_packet",
              "the simulator finds it")),
          ON_LINUX(NOT_HERE("the damage is not for a test to do")),
          ON_WIN32(NOT_HERE("the damage is not for a test to do")) } },
};

const struct rule_group rules_op = { rules, sizeof rules / sizeof rules[0] };
