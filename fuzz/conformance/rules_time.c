/*
 * rules_time.c - T: timers, waits for objects, and jobs.
 */
#include "../../loop/loop.h"
#include "../peer.h"
#include "scene.h"

/* Signalled before the wait starts, and after; twice is once. */
static void object_ends_one_wait(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    scene_open_object(&s, o);
    port_object_set(s.near);
    port_object_set(s.near);
    for (int turn = 0; turn < 2; turn++) {
        observe_eq(o, 0, scene_start(&s, &op, PORT_WAIT),
                   "a wait does not start");
        if (turn > 0) {
            scene_quiet(&s, "one signal ends two waits");
            peer_set(s.near);
        }
        struct packet packet = scene_packet(&s, &op);
        observe_eq(o, 0, packet.status, "a wait fails");
    }
    scene_quiet(&s, "a wait has a second packet");
    scene_close(&s);
}

static void cancelled_wait_takes_no_signal(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    scene_open_object(&s, o);
    observe_eq(o, 0, scene_start(&s, &op, PORT_WAIT),
               "a wait does not start");
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "a pending wait is not found");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, LOOP_EABORTED, packet.status,
               "a cancelled wait is not aborted");
    port_object_set(s.near);
    observe_eq(o, LOOP_ENOTFOUND, port_cancel(s.port, s.near, &op),
               "a wait that is over is found");
    observe_eq(o, 0, scene_start(&s, &op, PORT_WAIT),
               "a wait does not start again");
    packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "a signal is lost to a cancelled wait");
    scene_close(&s);
}

static void wait_is_for_one_signal(struct observation *o)
{
    object_ends_one_wait(o);
    cancelled_wait_takes_no_signal(o);
}

static const struct rule rules[] = {
    { .id = "T1",
      .statement = "The APC of a waitable timer runs in an alertable wait of "
          "the thread that set it; cancelling takes it away",
      .source = "the documentation of SetWaitableTimer",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "T2",
      .statement = "A timer with an APC is cancelled when the thread that set "
          "it ends",
      .source = "the documentation of SetWaitableTimer",
      .announced = {
          ONLY_ON_WIN32(NO_SUCH_CALL),
          [COLUMN_WINE] = DIFFERS("the timer of a thread that ended is "
              "signalled", "Wine 8 does not tie it to the thread") } },
    { .id = "T3",
      .statement = "Deleting a timer whose callback runs says pending, or "
          "waits for its end when asked to",
      .source = "the documentation of DeleteTimerQueueTimer",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "T4",
      .statement = "Unregistering a wait whose callback runs says pending, "
          "and signals or waits for its end when asked to",
      .source = "the documentation of UnregisterWaitEx",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "T5",
      .statement = "A wait for an object has one packet, can be armed again, "
          "and leaves the signal when it is cancelled",
      .source = "the documentation of NtAssociateWaitCompletionPacket",
      .test = wait_is_for_one_signal, .races = true,
      .announced = {
          [COLUMN_WINE] = DIFFERS("there are no wait completion packets",
              "Wine 8 lacks the call") } },
    { .id = "T6",
      .statement = "A job tells its port of processes that start and end, with "
          "a number in place of the op",
      .source = "the documentation of JOBOBJECT_ASSOCIATE_COMPLETION_PORT",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
};

const struct rule_group rules_time = {
    rules, sizeof rules / sizeof rules[0],
};
