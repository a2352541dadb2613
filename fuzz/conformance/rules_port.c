/*
 * rules_port.c - P1 to P9: the port, who is on it, and what is posted to it.
 */
#include "../../loop/loop.h"
#include "../sched/sched.h"
#include "scene.h"

#define POSTS 200

static void ports_do_not_mix(struct observation *o)
{
    struct port *p = scene_port(o), *other = scene_port(o);
    struct packet packet = { 0 };
    observe(o, p != other, "a second port is the first one");
    observe_eq(o, 0, port_post(p, 1), "a post fails");
    observe_eq(o, 0, port_dequeue(other, &packet, 1, 0),
               "a new port is not empty");
    observe_eq(o, 1, port_dequeue(p, &packet, 1, 0),
               "a packet is not in its port");
    port_close(p);
    port_close(other);
}

static void key_comes_verbatim(struct observation *o)
{
    static const uint64_t keys[] = { 0, 1, UINT64_C(1) << 63, UINT64_MAX };
    struct port *p = scene_port(o);
    for (int i = 0; i < 4; i++) {
        port_handle object = PORT_NO_HANDLE;
        struct port_op op = { 0 };
        struct port_request request = { .kind = PORT_WAIT };
        struct packet packet = { 0 };
        observe_eq(o, 0, port_object(&object), "set-up: no wait object");
        observe_eq(o, 0, port_associate(p, object, keys[i]),
                   "a handle is not associated");
        for (int turn = 0; turn < 2; turn++) {
            observe_eq(o, 0, port_start(p, object, &op, &request),
                       "a wait does not start");
            port_object_set(object);
            observe(o, scene_take(p, &packet), "no packet comes");
            observe(o, packet.key == keys[i], "the key is another one");
        }
        port_handle_close(object);
    }
    port_close(p);
}

static void second_association_fails(struct observation *o)
{
    struct scene s;
    struct port *other = scene_port(o);
    scene_open_stream(&s, o);
    observe_eq(o, LOOP_EINVAL, port_associate(s.port, s.near, 1),
               "a second association with the same port succeeds");
    observe_eq(o, LOOP_EINVAL, port_associate(other, s.near, 2),
               "an association with a second port succeeds");
    port_close(s.port);
    observe_eq(o, LOOP_EINVAL, port_associate(other, s.near, 3),
               "a handle gets a new port after its own was closed");
    s.port = other;
    scene_close(&s);
}

static void post_comes_back_unchanged(struct observation *o)
{
    static const uint64_t keys[] = { 0, 1, UINT64_C(1) << 63, UINT64_MAX };
    struct port *p = scene_port(o);
    for (int i = 0; i < 4; i++) {
        struct packet packet = { .op = (struct port_op *)&packet };
        observe_eq(o, 0, port_post(p, keys[i]), "a post fails");
        observe(o, scene_take(p, &packet), "no packet comes");
        observe(o, packet.key == keys[i], "the key is another one");
        observe(o, packet.op == NULL, "a post names an op");
        observe_eq(o, 0, packet.status, "a post has a status");
        observe_eq(o, 0, packet.size, "a post has a size");
        observe(o, packet.handle == PORT_NO_HANDLE, "a post has a handle");
    }
    port_close(p);
}

enum { POST_QUEUED = 1, POST_FAILED = 2 };

static void failed_post_queues_nothing(struct observation *o)
{
    struct port *p = scene_port(o);
    struct packet packet = { 0 };
    int queued = 0;
    for (uint64_t key = 1; key <= 3; key++) {
        bool accepted = port_post(p, key) == 0;
        observe_way(o, accepted ? POST_QUEUED : POST_FAILED);
        queued += accepted;
    }
    for (int i = 0; i < queued; i++)
        observe(o, scene_take(p, &packet), "an accepted post is lost");
    observe(o, scene_is_quiet(p), "a refused post has queued a packet");
    port_close(p);
}

static void packets_come_in_order(struct observation *o)
{
    struct port *p = scene_port(o);
    for (uint64_t key = 0; key < POSTS; key++)
        observe_eq(o, 0, port_post(p, key), "a post fails");
    for (uint64_t key = 0; key < POSTS; key++) {
        struct packet packet = { 0 };
        observe(o, scene_take(p, &packet), "no packet comes");
        observe(o, packet.key == key, "a packet overtakes another");
    }
    port_close(p);
}

#define OF_CREATE "the documentation of CreateIoCompletionPort"
#define NO_SHORTAGE "memory does not run out on demand"

static const struct rule rules[] = {
    { .id = "P1",
      .statement = "Opening makes a port of its own, with no packets; the "
          "call that opens takes no port and ignores the key",
      .source = OF_CREATE, .test = ports_do_not_mix },
    { .id = "P2",
      .statement = "Associating gives the same port back, and its 64-bit key "
          "comes verbatim with every packet of the handle",
      .source = OF_CREATE, .test = key_comes_verbatim },
    { .id = "P3",
      .statement = "A file is associated once, for life: a second time fails, "
          "through a duplicate handle and after the port was closed as well",
      .source = OF_CREATE, .test = second_association_fails,
      .announced = {
          ON_LINUX(DIFFERS("a duplicate gets a port of its own",
              "the port knows descriptors, not the files behind them")) } },
    { .id = "P4",
      .statement = "What has no overlapped mode cannot be associated",
      .source = OF_CREATE,
      .announced = {
          ON_SIM(NOT_HERE("every handle there is can be associated")) } },
    { .id = "P5",
      .statement = "The port is looked up when an op completes: one that "
          "started before the association still posts, with its key",
      .source = "Wine's tests of ntdll and ws2_32",
      .announced = {
          ONLY_ON_WIN32("port.h starts ops on associated handles only") } },
    { .id = "P6",
      .statement = "The concurrency value caps the runnable threads of a port",
      .source = "I/O Completion Ports, Microsoft",
      .announced = {
          ONLY_ON_WIN32("a port has no concurrency value at this seam"),
          [COLUMN_WINE] = DIFFERS("every worker runs at once",
              "Wine 8 ignores the value") } },
    { .id = "P7",
      .statement = "What was posted comes back unchanged and is not looked "
          "into",
      .source = "the documentation of PostQueuedCompletionStatus",
      .test = post_comes_back_unchanged },
    { .id = "P8",
      .statement = "A post may fail; then nothing was queued",
      .source = "Asio, which keeps an overflow list",
      .test = failed_post_queues_nothing,
      .faults = 1u << SCHED_POST, .ways = POST_QUEUED | POST_FAILED,
      .races = true,
      .announced = { ON_LINUX(NOT_HERE(NO_SHORTAGE)),
                     ON_WIN32(NOT_HERE(NO_SHORTAGE)) } },
    { .id = "P9",
      .statement = "Packets are queued first in, first out",
      .source = "I/O Completion Ports, Microsoft",
      .test = packets_come_in_order },
};

const struct rule_group rules_port = {
    rules, sizeof rules / sizeof rules[0],
};
