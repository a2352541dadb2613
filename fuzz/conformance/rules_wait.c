/*
 * rules_wait.c - P10 to P26: who waits on a port and what they are given, and
 * what becomes of a port that is closed.
 */
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"
#include "../sched/sched.h"
#include "scene.h"

#define WAITERS 3
#define MILLISECOND 1000000u
#define EARLY_NS (20 * MILLISECOND)     /* a tick of a coarse clock          */

struct waiter {
    struct os_thread thread;
    struct port     *port;
    struct os_mutex *lock;
    unsigned        *served;    /* in all, under the lock                    */
    unsigned         turn;      /* of this one, from 1; 0: not served        */
};

static void wait_once(void *arg)
{
    struct waiter *w = arg;
    struct packet packet;
    if (!scene_take(w->port, &packet))
        return;
    os_mutex_lock(w->lock);
    w->turn = ++*w->served;
    os_mutex_unlock(w->lock);
}

/* One post at a time, so that who it wakes is done before the next. */
static unsigned serve(struct observation *o, struct waiter *waiter)
{
    struct os_mutex lock = { 0 };
    struct port *p = scene_port(o);
    unsigned served = 0;
    observe_eq(o, 0, os_mutex_open(&lock), "set-up: no mutex");
    for (int i = 0; i < WAITERS; i++) {
        waiter[i] = (struct waiter){ .port = p, .lock = &lock,
                                     .served = &served };
        observe_eq(o, 0, os_thread_start(&waiter[i].thread, "waiter",
                                         wait_once, &waiter[i]),
                   "set-up: no thread");
        settle();
    }
    for (int i = 0; i < WAITERS; i++) {
        port_post(p, 1);
        settle();
    }
    for (int i = 0; i < WAITERS; i++)
        os_thread_join(&waiter[i].thread);
    os_mutex_close(&lock);
    port_close(p);
    return served;
}

/* A platform may not know for sure who sleeps already: what most rounds say
 * is what counts. */
static void last_waiter_is_served_first(struct observation *o)
{
    enum { ROUNDS = 7 };
    int last = 0, first = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct waiter waiter[WAITERS];
        unsigned served = serve(o, waiter);
        observe_eq(o, WAITERS, served, "a waiter is not served");
        last += waiter[2].turn == 1 && waiter[0].turn == WAITERS;
        first += waiter[0].turn == 1 && waiter[2].turn == WAITERS;
    }
    observe(o, first <= ROUNDS / 2, "the waiter that came first is served");
    observe(o, last > ROUNDS / 2, "any waiter is served");
}

static void empty_port_stores_nothing(struct observation *o)
{
    struct port *p = scene_port(o);
    struct packet packet = { .key = 42, .size = 7 };
    observe_eq(o, 0, port_dequeue(p, &packet, 1, 0),
               "a poll finds a packet in an empty port");
    observe_eq(o, 0, port_dequeue(p, &packet, 1, os_now() + MILLISECOND),
               "a wait finds a packet in an empty port");
    observe_eq(o, 42, (long long)packet.key, "a key was stored");
    observe_eq(o, 7, packet.size, "a size was stored");
    port_post(p, 43);
    observe_eq(o, 1, port_dequeue(p, &packet, 1, 0),
               "a poll passes a packet by");
    port_close(p);
}

static void failed_op_is_dequeued_like_any(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    char out = 0;
    scene_open_writer(&s, o);
    scene_close_far(&s);
    if (scene_write(&s, &op, &out, 1) == 0) {
        struct packet packet = scene_packet(&s, &op);
        observe_eq(o, LOOP_EBROKEN, packet.status,
                   "the packet does not say how its op failed");
    }
    scene_quiet(&s, "a failed op has a second packet");
    scene_close(&s);
}

static void batch_takes_what_is_there(struct observation *o)
{
    struct port *p = scene_port(o);
    struct packet out[8] = { 0 };
    uint64_t soon = os_now() + SCENE_WAIT_NS;
    for (uint64_t key = 1; key <= 5; key++)
        port_post(p, key);
    out[2].key = out[5].key = 99;
    observe_eq(o, 2, port_dequeue(p, out, 2, soon),
               "a batch does not take as many as fit");
    observe_eq(o, 99, (long long)out[2].key, "a slot past the end is written");
    observe_eq(o, 3, port_dequeue(p, out + 2, 6, soon),
               "a batch waits, or leaves packets behind");
    observe_eq(o, 99, (long long)out[5].key, "a slot past the end is written");
    for (int i = 0; i < 5; i++)
        observe_eq(o, i + 1, (long long)out[i].key, "a batch is out of order");
    port_close(p);
}

enum { ENDS_ON_TIME = 1, ENDS_EARLY = 2 };

static void timed_wait_ends_in_time(struct observation *o)
{
    struct port *p = scene_port(o);
    struct packet packet;
    uint64_t until = os_now() + 3 * MILLISECOND;
    observe_eq(o, 0, port_dequeue(p, &packet, 1, until),
               "a packet comes from nowhere");
    uint64_t now = os_now();
    observe_way(o, now < until ? ENDS_EARLY : ENDS_ON_TIME);
    observe(o, now + EARLY_NS >= until, "a wait ends long before its time");
    port_close(p);
}

static void queued_packets_go_with_their_port(struct observation *o)
{
    static struct port_op op;
    static char in[4];
    struct scene s;
    op = (struct port_op){ 0 };
    scene_open_stream(&s, o);
    observe_eq(o, 1, peer_write(s.far, 1), "set-up: the peer cannot write");
    scene_begin_read(&s, &op, in, sizeof in);
    for (uint64_t key = 0; key < 3; key++)
        observe_eq(o, 0, port_post(s.port, key), "a post fails");
    port_close(s.port);
    s.port = scene_port(o);
    scene_quiet(&s, "packets of a closed port come from another");
    scene_close(&s);
}

/* The write needs the peer to read, so most of it lies ahead when the port
 * goes. The buffer and the op are not this function's any more. */
static void op_outlives_its_port(struct observation *o)
{
    static struct port_op op;
    static char out[SCENE_BIG];
    struct scene s;
    op = (struct port_op){ 0 };
    scene_open_writer(&s, o);
    observe_eq(o, 0, scene_write(&s, &op, out, SCENE_BIG),
               "set-up: a write does not start");
    port_close(s.port);
    observe(o, scene_far_reads(&s, SCENE_BIG) == SCENE_BIG,
            "an op stands still once its port is closed");
    s.port = scene_port(o);
    scene_quiet(&s, "a packet of a closed port comes from another");
    scene_close(&s);
}

enum { PACKET_LATER = 1, PACKET_FIRST = 2 };

struct starter {
    struct scene     scene;
    struct os_mutex  lock;
    bool             went_on;   /* the starter, past its call; locked        */
    bool             came;
    bool             first;     /* the packet, before that                   */
};

static void take_at_once(void *arg)
{
    struct starter *s = arg;
    struct packet packet;
    s->came = scene_take(s->scene.port, &packet);
    os_mutex_lock(&s->lock);
    s->first = !s->went_on;
    os_mutex_unlock(&s->lock);
}

static void packet_may_outrun_its_start(struct observation *o)
{
    struct starter s = { 0 };
    struct os_thread thread = { 0 };
    struct port_op op = { 0 };
    char in[4];
    scene_open_stream(&s.scene, o);
    observe_eq(o, 0, os_mutex_open(&s.lock), "set-up: no mutex");
    observe_eq(o, 1, peer_write(s.scene.far, 1),
               "set-up: the peer cannot write");
    observe_eq(o, 0, os_thread_start(&thread, "taker", take_at_once, &s),
               "set-up: no thread");
    int started = scene_read(&s.scene, &op, in, sizeof in);
    os_mutex_lock(&s.lock);
    s.went_on = true;
    os_mutex_unlock(&s.lock);
    os_thread_join(&thread);
    observe_eq(o, 0, started, "the start of a finished op fails");
    observe(o, s.came, "no packet comes");
    observe_way(o, s.first ? PACKET_FIRST : PACKET_LATER);
    scene_quiet(&s.scene, "an op has a second packet");
    os_mutex_close(&s.lock);
    scene_close(&s.scene);
}

#define OF_CREATE "the documentation of CreateIoCompletionPort"
#define FIRST_SERVED "the waiter that came first is served"

static const struct rule rules[] = {
    { .id = "P10",
      .statement = "Threads that wait are released last in, first out",
      .source = "I/O Completion Ports, Microsoft",
      .test = last_waiter_is_served_first,
      .announced = {
          [COLUMN_SIM_WINE8] = DIFFERS(FIRST_SERVED, "as Wine 8 does"),
          [COLUMN_SIM_LINUX] = DIFFERS(FIRST_SERVED,
              "as a queue of threads does"),
          [COLUMN_IO_URING] = MAY_DIFFER("any waiter is served",
              "one waits in the kernel and is woken last, a condition chooses "
              "among the others"),
          [COLUMN_WINE] = DIFFERS(FIRST_SERVED, "Wine 8 keeps a queue") } },
    { .id = "P11",
      .statement = "A wait that finds nothing stores nothing; no time polls",
      .source = "the documentation of GetQueuedCompletionStatus",
      .test = empty_port_stores_nothing },
    { .id = "P12",
      .statement = "The packet of a failed op is dequeued like any other, and "
          "says how it failed",
      .source = "the documentation of GetQueuedCompletionStatus",
      .test = failed_op_is_dequeued_like_any },
    { .id = "P13",
      .statement = "A batch takes what is there, up to its size, and never "
          "waits to be full",
      .source = "the documentation of GetQueuedCompletionStatusEx",
      .test = batch_takes_what_is_there },
    { .id = "P14",
      .statement = "A batch that ends by time has dequeued nothing, and its "
          "count says 1",
      .source = "Wine's tests of ntdll",
      .announced = {
          ONLY_ON_WIN32("port.h returns a count of its own: see P11") } },
    { .id = "P15",
      .statement = "A batch of no packets is undefined",
      .source = "nobody defines it",
      .announced = {
          ON_SIM(NOT_HERE("undefined, so port.h asks for 1 or more")),
          ON_LINUX(NOT_HERE("undefined, so port.h asks for 1 or more")),
          ON_WIN32(NOT_HERE("undefined, so port.h asks for 1 or more")) } },
    { .id = "P16",
      .statement = "An alertable wait ends by an APC if no packet is there, "
          "and by the packet otherwise",
      .source = "the documentation of GetQueuedCompletionStatusEx",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "P17",
      .statement = "A wait with a time may end a little before it",
      .source = "libuv, which looks at its clock and waits again",
      .test = timed_wait_ends_in_time,
      .faults = 1u << SCHED_EARLY, .ways = ENDS_ON_TIME | ENDS_EARLY,
      .races = true },
    { .id = "P18",
      .statement = "The time of a wait does not count while the machine is "
          "suspended",
      .source = "the documentation of GetQueuedCompletionStatusEx",
      .announced = {
          ON_SIM(NOT_HERE("the simulated machine is never suspended")),
          ON_LINUX(NOT_HERE("a test cannot suspend its machine")),
          ON_WIN32(NOT_HERE("a test cannot suspend its machine")) } },
    { .id = "P19",
      .statement = "A port is signalled while a packet is queued, and waiting "
          "for that takes none",
      .source = "Wine's tests of ntdll",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "P20",
      .statement = "Closing a port ends every wait on it as abandoned",
      .source = "the documentation of GetQueuedCompletionStatus",
      .announced = {
          ON_SIM(DIFFERS("stale-state: closes a port with a thread waiting",
              "port.h forbids it, and the simulator finds it")),
          ON_LINUX(DIFFERS("nobody is woken",
              "closing a descriptor wakes nobody who waits on it")),
          [COLUMN_WINE] = DIFFERS("nobody is woken",
              "Wine 8 does not abandon waits") } },
    { .id = "P21",
      .statement = "While a duplicate of the port is open, closing one handle "
          "abandons nobody, and who waits is served",
      .source = "newer Wine's server",
      .announced = {
          ON_SIM(NOT_HERE("a port has no duplicates at this seam")),
          [COLUMN_WINE] = DIFFERS("the wait ends as an invalid handle",
              "Wine 8 looks the handle up again when it wakes") } },
    { .id = "P22",
      .statement = "A port that was closed is an invalid handle",
      .source = "seen on Wine",
      .announced = {
          ON_SIM(DIFFERS("stale-state: uses a closed port",
              "the simulator finds it")),
          ON_LINUX(NOT_HERE("a closed port is freed memory")) } },
    { .id = "P23",
      .statement = "Packets that are queued when a port is closed are dropped",
      .source = "Wine's server", .test = queued_packets_go_with_their_port },
    { .id = "P24",
      .statement = "Ops go on and complete after their port was closed, to "
          "nobody",
      .source = OF_CREATE, .test = op_outlives_its_port,
      .announced = {
          ON_LINUX(DIFFERS("an op stands still once its port is closed",
              "who drives the ops has gone with the port")) } },
    { .id = "P25",
      .statement = "A packet may be dequeued before the call that started its "
          "op has returned",
      .source = "Asio, whose ops have a flag for it",
      .test = packet_may_outrun_its_start,
      .faults = 1u << SCHED_SYNC, .ways = PACKET_LATER | PACKET_FIRST,
      .races = true },
    { .id = "P26",
      .statement = "A thread belongs to one port at a time",
      .source = "I/O Completion Ports, Microsoft",
      .announced = {
          ON_SIM(NOT_HERE("it only shows through P6")),
          ON_LINUX(NOT_HERE("it only shows through P6")),
          ON_WIN32(NOT_HERE("it only shows through P6")) } },
};

const struct rule_group rules_wait = {
    rules, sizeof rules / sizeof rules[0],
};
