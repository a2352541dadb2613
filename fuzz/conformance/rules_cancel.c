/*
 * rules_cancel.c - C: a cancel is a request, and the packet still comes.
 */
#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"
#include "../sched/sched.h"
#include "scene.h"

#define READS 4
#define READ_SIZE 4

static void cancelled_op_has_one_packet(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    char in[4];
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "a pending op is not found");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, LOOP_EABORTED, packet.status,
               "a cancelled read is not aborted");
    observe_eq(o, 0, packet.size, "an aborted read has bytes");
    scene_quiet(&s, "a cancelled op has a second packet");
    scene_close(&s);
}

enum {
    CANCELLED_ABORTED = 1,
    CANCELLED_DONE = 2,         /* the cancel was accepted, and yet          */
    CANCELLED_FAILED = 4,
    REFUSED_DONE = 8,           /* nothing to cancel, and a packet came      */
    CANCELLED_DEAF = 16,        /* nothing came                              */
};

static uint32_t way_of(int cancelled, bool came, const struct packet *packet)
{
    if (!came)
        return CANCELLED_DEAF;
    if (cancelled == LOOP_ENOTFOUND)
        return REFUSED_DONE;
    switch (packet->status) {
    case LOOP_EABORTED:
        return CANCELLED_ABORTED;
    case 0:
        return CANCELLED_DONE;
    default:
        return CANCELLED_FAILED;
    }
}

static void write_far(void *arg)
{
    struct scene *s = arg;
    observe_eq(s->o, 1, peer_write(s->far, 1),
               "set-up: the peer cannot write");
}

static void judge_cancelled(struct observation *o, const struct port_op *op,
                            int cancelled, bool came,
                            const struct packet *packet)
{
    observe(o, cancelled == 0 || cancelled == LOOP_ENOTFOUND,
            "a cancel says something else");
    observe(o, came || cancelled == 0,
            "nothing was to be cancelled, and no packet comes");
    if (came)
        observe(o, packet->op == op && packet->key == SCENE_KEY,
                "the packet is another op's");
    if (came && packet->status == LOOP_EABORTED)
        observe_eq(o, 0, packet->size, "an aborted read has bytes");
    observe_way(o, way_of(cancelled, came, packet));
}

/* The data comes before the read starts, or beside the cancel. An op whose
 * device is deaf keeps its memory, as it has to. The other thread touches
 * the observation only before it is joined. */
static void cancel_once(struct observation *o, bool before)
{
    struct scene s;
    struct port_op *op = os_alloc(sizeof *op + READ_SIZE);
    struct os_thread thread = { 0 };
    struct packet packet = { 0 };
    scene_open_stream(&s, o);
    if (before)
        write_far(&s);
    scene_begin_read(&s, op, (char *)(op + 1), READ_SIZE);
    if (!before)
        observe_eq(o, 0, os_thread_start(&thread, "writer", write_far, &s),
                   "set-up: no thread");
    int cancelled = port_cancel(s.port, s.near, op);
    if (!before)
        os_thread_join(&thread);
    bool came = scene_take(s.port, &packet);
    judge_cancelled(o, op, cancelled, came, &packet);
    scene_quiet(&s, "a cancelled op has a second packet");
    if (came)
        os_free(op);
    scene_close(&s);
}

/* On a real machine the outcome is a matter of luck, so it is tried often. */
static void cancel_is_a_request(struct observation *o)
{
    enum { ROUNDS = 20 };
    for (int i = 0; i < ROUNDS; i++)
        cancel_once(o, i % 4 == 0);
}

static void cancel_after_the_end_finds_nothing(struct observation *o)
{
    struct scene s;
    struct port_op op = { 0 };
    char in[4];
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    observe_eq(o, 1, peer_write(s.far, 1), "set-up: the peer cannot write");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "a read fails");
    observe_eq(o, LOOP_ENOTFOUND, port_cancel(s.port, s.near, &op),
               "an op that was dequeued is found");

    observe_eq(o, 1, peer_write(s.far, 1), "set-up: the peer cannot write");
    scene_begin_read(&s, &op, in, sizeof in);
    settle();
    observe_eq(o, LOOP_ENOTFOUND, port_cancel(s.port, s.near, &op),
               "an op that has ended is found");
    packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "a read fails");

    scene_begin_read(&s, &op, in, sizeof in);
    port_cancel(s.port, s.near, &op);
    port_cancel(s.port, s.near, &op);
    scene_packet(&s, &op);
    scene_quiet(&s, "a second cancel adds a packet");
    observe_eq(o, LOOP_ENOTFOUND, port_cancel(s.port, s.near, &op),
               "a cancelled op that was dequeued is found");
    scene_close(&s);
}

enum { NONE_BEHIND = 1, ONE_BEHIND = 2 };

struct batch {
    struct scene    scene;
    struct os_mutex lock;
    struct port_op  op[READS];
    char            in[READS];
    unsigned        started;    /* under the lock                            */
    int             status[READS];
};

static void start_all(void *arg)
{
    struct batch *b = arg;
    for (unsigned i = 0; i < READS; i++) {
        os_mutex_lock(&b->lock);
        b->status[i] = scene_read(&b->scene, &b->op[i], &b->in[i], 1);
        b->started++;
        os_mutex_unlock(&b->lock);
    }
}

static unsigned cancel_started(struct batch *b)
{
    os_mutex_lock(&b->lock);
    unsigned count = b->started;
    for (unsigned i = 0; i < count; i++)
        port_cancel(b->scene.port, b->scene.near, &b->op[i]);
    os_mutex_unlock(&b->lock);
    return count;
}

static void batch_open(struct batch *b, struct observation *o)
{
    *b = (struct batch){ .started = 0 };
    scene_open_stream(&b->scene, o);
    observe_eq(o, 0, os_mutex_open(&b->lock), "set-up: no mutex");
}

static void batch_close(struct batch *b)
{
    os_mutex_close(&b->lock);
    scene_close(&b->scene);
}

/* Take n packets, each of another op of the batch and aborted. Returns
 * whether they came in the order in which the ops started. */
static bool batch_take(struct batch *b, unsigned n)
{
    struct observation *o = b->scene.o;
    unsigned seen[READS] = { 0 };
    bool ordered = true;
    long last = -1;
    for (unsigned i = 0; i < n; i++) {
        struct packet packet = { 0 };
        bool came = scene_take(b->scene.port, &packet);
        observe(o, came, "a cancelled op has no packet");
        if (!came)
            break;
        long at = packet.op - b->op;
        observe(o, at >= 0 && at < READS && ++seen[at] == 1,
                "a packet is no op's, or comes twice");
        observe_eq(o, LOOP_EABORTED, packet.status,
                   "a cancelled read is not aborted");
        ordered = ordered && at > last;
        last = at;
    }
    return ordered;
}

/* What is started behind a cancel of everything stays pending. */
static void cancel_of_all_is_not_atomic(struct observation *o)
{
    static struct batch b;
    struct os_thread thread = { 0 };
    batch_open(&b, o);
    observe_eq(o, 0, os_thread_start(&thread, "starter", start_all, &b),
               "set-up: no thread");
    unsigned cancelled = cancel_started(&b);
    os_thread_join(&thread);
    observe_way(o, cancelled < READS ? ONE_BEHIND : NONE_BEHIND);
    for (int i = 0; i < READS; i++)
        observe_eq(o, 0, b.status[i], "a start beside a cancel fails");
    batch_take(&b, cancelled);
    scene_quiet(&b.scene, "an op nobody has cancelled ends");
    cancel_started(&b);
    batch_take(&b, READS - cancelled);
    scene_quiet(&b.scene, "a cancelled op has a second packet");
    batch_close(&b);
}

enum { CANCEL_HEARD = 1, CANCEL_IGNORED = 2 };

static void cancel_may_be_ignored(struct observation *o)
{
    static struct port_op op;
    static char in[4];
    struct scene s;
    struct packet packet;
    op = (struct port_op){ 0 };
    scene_open_stream(&s, o);
    scene_begin_read(&s, &op, in, sizeof in);
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "a pending op is not found");
    bool heard = scene_take(s.port, &packet);
    observe_way(o, heard ? CANCEL_HEARD : CANCEL_IGNORED);
    scene_close(&s);
}

enum { IN_ORDER = 1, OUT_OF_ORDER = 2 };

static void aborted_packets_have_no_order(struct observation *o)
{
    static struct batch b;
    batch_open(&b, o);
    start_all(&b);
    cancel_started(&b);
    observe_way(o, batch_take(&b, READS) ? IN_ORDER : OUT_OF_ORDER);
    scene_quiet(&b.scene, "a cancelled op has a second packet");
    batch_close(&b);
}

static void cancelled_write_says_how_much(struct observation *o)
{
    static struct port_op op;
    static char out[64 * SCENE_BIG];
    struct scene s;
    op = (struct port_op){ 0 };
    scene_open_stream(&s, o);
    observe_eq(o, 0, scene_write(&s, &op, out, sizeof out),
               "set-up: a write does not start");
    settle();
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "set-up: a write is done at once");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, LOOP_EABORTED, packet.status,
               "a cancelled write is not aborted");
    scene_close_near(&s);
    observe_eq(o, packet.size, scene_far_reads(&s, sizeof out),
               "a cancelled write has moved another number of bytes");
    scene_close(&s);
}

static void cancelled_accept_leaves_the_listener(struct observation *o)
{
    struct scene s;
    struct port_address at;
    struct port_op op = { 0 };
    scene_open_listener(&s, o, &at);
    observe_eq(o, 0, scene_start(&s, &op, PORT_ACCEPT),
               "an accept does not start");
    observe_eq(o, 0, port_cancel(s.port, s.near, &op),
               "a pending accept is not found");
    struct packet packet = scene_packet(&s, &op);
    observe_eq(o, LOOP_EABORTED, packet.status,
               "a cancelled accept is not aborted");
    observe_eq(o, 0, peer_connect(at, &s.far),
               "a listener is gone after a cancelled accept");
    observe_eq(o, 0, scene_start(&s, &op, PORT_ACCEPT),
               "an accept does not start");
    packet = scene_packet(&s, &op);
    observe_eq(o, 0, packet.status, "an accept fails after a cancelled one");
    if (packet.handle != PORT_NO_HANDLE && packet.op)
        port_handle_close(packet.handle);
    scene_close(&s);
}

static void cancelled_op_leaves_a_known_state(struct observation *o)
{
    cancelled_write_says_how_much(o);
    cancelled_accept_leaves_the_listener(o);
}

struct short_life {
    struct scene   scene;
    struct port_op op;
    char           in[4];
};

static void start_and_leave(void *arg)
{
    struct short_life *l = arg;
    scene_begin_read(&l->scene, &l->op, l->in, sizeof l->in);
}

static void op_outlives_its_thread(struct observation *o)
{
    struct short_life l = { .in = "" };
    struct os_thread thread = { 0 };
    scene_open_stream(&l.scene, o);
    observe_eq(o, 0, os_thread_start(&thread, "starter", start_and_leave, &l),
               "set-up: no thread");
    os_thread_join(&thread);
    scene_quiet(&l.scene, "an op ends with the thread that started it");
    observe_eq(o, 2, peer_write(l.scene.far, 2),
               "set-up: the peer cannot write");
    struct packet packet = scene_packet(&l.scene, &l.op);
    observe_eq(o, 0, packet.status, "an op fails, since its thread has ended");
    observe_eq(o, 2, packet.size, "an op brings no data, since its thread has "
               "ended");
    scene_close(&l.scene);
}

#define OF_CANCEL "the documentation of CancelIoEx"
#define OF_PENDING "Canceling Pending I/O Operations, Microsoft"
#define NO_DEAF "every device here hears of a cancel"
#define ONE_BY_ONE "port.h cancels one op at a time"

static const struct rule rules[] = {
    { .id = "C1",
      .statement = "A cancelled op still has exactly one packet",
      .source = OF_CANCEL, .test = cancelled_op_has_one_packet,
      .races = true },
    { .id = "C2",
      .statement = "A cancel that is accepted does not mean aborted, and "
          "nothing to cancel does not mean no packet",
      .source = OF_CANCEL ", libuv", .test = cancel_is_a_request,
      .faults = 1u << SCHED_CANCEL,
      .ways = CANCELLED_ABORTED | CANCELLED_DONE | CANCELLED_FAILED |
              REFUSED_DONE | CANCELLED_DEAF,
      .races = true },
    { .id = "C3",
      .statement = "After an op has ended there is nothing to cancel, and a "
          "second cancel adds no packet",
      .source = OF_CANCEL, .test = cancel_after_the_end_finds_nothing,
      .races = true },
    { .id = "C4",
      .statement = "Cancelling a handle reaches the ops of every thread, and "
          "says when there are none",
      .source = OF_CANCEL,
      .announced = {
          ONLY_ON_WIN32(ONE_BY_ONE),
          [COLUMN_WINE] = DIFFERS("nothing pending is a success",
              "Wine 8 does not count") } },
    { .id = "C5",
      .statement = "CancelIo reaches the calling thread's ops only, and "
          "succeeds when there are none",
      .source = "the documentation of CancelIo",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "C6",
      .statement = "A cancel through a duplicate handle reaches the op",
      .source = "an op belongs to the file object",
      .announced = {
          ON_SIM(NOT_HERE("a handle has no duplicates at this seam")),
          ON_LINUX(DIFFERS("a duplicate reaches no op",
              "the port knows descriptors, not the files behind them")) } },
    { .id = "C7",
      .statement = "Cancelling everything is not atomic: an op that starts "
          "behind it goes on",
      .source = OF_PENDING, .test = cancel_of_all_is_not_atomic,
      .ways = NONE_BEHIND | ONE_BEHIND, .races = true },
    { .id = "C8",
      .statement = "A cancel may never take effect",
      .source = OF_PENDING, .test = cancel_may_be_ignored,
      .faults = 1u << SCHED_CANCEL, .ways = CANCEL_HEARD | CANCEL_IGNORED,
      .races = true,
      .announced = { ON_LINUX(NOT_HERE(NO_DEAF)),
                     ON_WIN32(NOT_HERE(NO_DEAF)) } },
    { .id = "C9",
      .statement = "The order of aborted packets is not specified",
      .source = "nobody specifies it", .test = aborted_packets_have_no_order,
      .faults = 1u << SCHED_PICK_OP, .ways = IN_ORDER | OUT_OF_ORDER,
      .races = true },
    { .id = "C10",
      .statement = "A cancelled write says how many bytes it has moved, and a "
          "cancelled accept leaves the listener usable",
      .source = OF_CANCEL, .test = cancelled_op_leaves_a_known_state },
    { .id = "C11",
      .statement = "An op on an associated handle outlives the thread that "
          "started it, unless it has an event",
      .source = "the documentation of ExitThread; Wine's tests of ws2_32",
      .test = op_outlives_its_thread, .races = true },
    { .id = "C12",
      .statement = "CancelSynchronousIo ends the call that another thread is "
          "blocked in, and says when there is none",
      .source = "the documentation of CancelSynchronousIo",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "C13",
      .statement = "Cancelling a handle ends a synchronous read of another "
          "thread, which has no packet",
      .source = OF_CANCEL, .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
    { .id = "C14",
      .statement = "Waiting for the result of a cancelled op does not take "
          "its packet",
      .source = "Raymond Chen, The Old New Thing, 2011",
      .announced = { ONLY_ON_WIN32(NO_SUCH_CALL) } },
};

const struct rule_group rules_cancel = {
    rules, sizeof rules / sizeof rules[0],
};
