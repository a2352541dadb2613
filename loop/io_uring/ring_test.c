/*
 * ring_test.c - what the engine over io_uring promises beyond port.h, where
 * the kernel leaves it to the program: who submitted an op, how many
 * completions fit, what a descriptor means after its close.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../linux/kernel.h"
#include "../loop.h"
#include "../test_loop.h"
#include "engine.h"

static const struct port_request accepting = { .kind = PORT_ACCEPT };
static const struct port_request waiting = { .kind = PORT_WAIT };

static struct port *open_port(void)
{
    struct port *p = NULL;
    CHECK_EQ(0, port_open(&p));
    return p;
}

static struct packet dequeue_one(struct port *p)
{
    struct packet packet = { 0 };
    CHECK_EQ(1, port_dequeue(p, &packet, 1, PORT_FOREVER));
    return packet;
}

/* A poll takes what was started to the kernel. */
static void nothing_is_queued(struct port *p)
{
    struct packet packet;
    CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
}

struct starter {
    struct port        *port;
    port_handle         handle;
    struct port_op      op;
    struct port_request request;
};

static void start_and_end(void *arg)
{
    struct starter *s = arg;
    CHECK_EQ(0, port_start(s->port, s->handle, &s->op, &s->request));
    nothing_is_queued(s->port);
}

/* Start an op on a thread that submits it and ends. */
static void start_elsewhere(struct starter *s)
{
    struct os_thread thread;
    CHECK_EQ(0, port_associate(s->port, s->handle, 1));
    test_thread_start(&thread, start_and_end, s);
    os_thread_join(&thread);
}

static struct port_request reading(void *buffer, uint32_t size)
{
    return (struct port_request){ .kind = PORT_READ, .buffer = buffer,
                                  .size = size };
}

/* The kernel ends what a thread has submitted that is no more, as cancelled
 * and with nothing moved; nobody has asked for that. */
static void read_survives_its_starter(void)
{
    int pair[2][2];
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair[0]));
    CHECK_EQ(0, pipe(pair[1]));
    for (int i = 0; i < 2; i++) {
        char in[8] = { 0 };
        struct starter s = { .port = open_port(),
                             .handle = (port_handle)pair[i][0],
                             .request = reading(in, sizeof in) };
        start_elsewhere(&s);
        CHECK_EQ(5, write(pair[i][1], "later", 5));
        struct packet packet = dequeue_one(s.port);
        CHECK_EQ(0, packet.status);
        CHECK_EQ(5, packet.size);
        CHECK(strcmp(in, "later") == 0);
        port_handle_close(s.handle);
        close(pair[i][1]);
        port_close(s.port);
    }
}

static void wait_survives_its_starter(void)
{
    struct starter s = { .port = open_port(), .request = waiting };
    CHECK_EQ(0, port_object(&s.handle));
    start_elsewhere(&s);
    port_object_set(s.handle);
    CHECK_EQ(0, dequeue_one(s.port).status);
    port_handle_close(s.handle);
    port_close(s.port);
}

static int connect_to(struct port_address at)
{
    struct sockaddr_in name = socket_address(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(0, connect(fd, (struct sockaddr *)&name, sizeof name));
    return fd;
}

static void accept_survives_its_starter(void)
{
    struct port_address at = { .ip = PORT_LOOPBACK };
    struct starter s = { .port = open_port(), .request = accepting };
    CHECK_EQ(0, port_listen(&s.handle, &at));
    start_elsewhere(&s);
    int client = connect_to(at);
    struct packet packet = dequeue_one(s.port);
    CHECK_EQ(0, packet.status);
    CHECK(packet.handle != PORT_NO_HANDLE);
    port_handle_close(packet.handle);
    port_handle_close(s.handle);
    close(client);
    port_close(s.port);
}

enum { LONG_SIZE = 4 << 20 };

static char long_out[LONG_SIZE], long_in[LONG_SIZE];

static void fill_long(void)
{
    for (int i = 0; i < LONG_SIZE; i++)
        long_out[i] = (char)(i * 31 + (i >> 11));
}

/* Read until size bytes are in, and let the port go on meanwhile. */
static void read_long(struct port *p, int fd, struct packet *packet)
{
    size_t size = 0;
    while (size < LONG_SIZE) {
        ssize_t got = recv(fd, long_in + size, LONG_SIZE - size,
                           MSG_DONTWAIT);
        if (got > 0)
            size += (size_t)got;
        if (got < 0)
            CHECK_EQ(EAGAIN, errno);
        port_dequeue(p, packet, 1, 0);
    }
}

/* A write goes on where it was, also when the thread is gone that has begun
 * it: no byte twice, none left out. */
static void write_survives_its_starter(void)
{
    int pair[2];
    struct packet packet = { 0 };
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    fill_long();
    struct starter s = { .port = open_port(),
                         .handle = (port_handle)pair[0],
                         .request = { .kind = PORT_WRITE,
                                      .buffer = long_out,
                                      .size = LONG_SIZE } };
    start_elsewhere(&s);
    read_long(s.port, pair[1], &packet);
    if (!packet.op)
        packet = dequeue_one(s.port);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(LONG_SIZE, packet.size);
    CHECK(memcmp(long_in, long_out, LONG_SIZE) == 0);
    port_handle_close(s.handle);
    close(pair[1]);
    port_close(s.port);
}

/* More completions than the kernel's queue has places, all before anybody
 * looks; and more starts than the other queue has. */
static void overflow_loses_no_completion(void)
{
    enum { OBJECTS = 5000, SPARE = 100 };
    static struct port_op op[OBJECTS];
    static port_handle object[OBJECTS];
    static int seen[OBJECTS];
    struct rlimit limit;
    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_max < OBJECTS + SPARE) {
        test_skip("overflow_loses_no_completion", "too few descriptors");
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

    struct port *p = open_port();
    for (int i = 0; i < OBJECTS; i++) {
        CHECK_EQ(0, port_object(&object[i]));
        CHECK_EQ(0, port_associate(p, object[i], (uint64_t)i));
        CHECK_EQ(0, port_start(p, object[i], &op[i], &waiting));
    }
    nothing_is_queued(p);
    for (int i = 0; i < OBJECTS; i++)
        port_object_set(object[i]);
    for (int i = 0; i < OBJECTS; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        seen[packet.key]++;
    }
    nothing_is_queued(p);
    for (int i = 0; i < OBJECTS; i++) {
        CHECK_EQ(1, seen[i]);
        port_handle_close(object[i]);
    }
    port_close(p);
}

/* Once the port is closed nothing is done for it any more, and nothing that
 * waited behind takes its turn: data stays in the pipe, a connection with its
 * listener. */
static void closed_port_takes_nothing(void)
{
    static struct port_op read_op, next_op, accept_op;
    static char in = 'u';
    struct port *p = open_port();
    struct port_address at = { .ip = PORT_LOOPBACK };
    struct port_request request = reading(&in, 1);
    port_handle reader, writer, listener;
    char byte = 0;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_associate(p, reader, 1));
    CHECK_EQ(0, port_associate(p, listener, 1));
    CHECK_EQ(0, port_start(p, reader, &read_op, &request));
    CHECK_EQ(0, port_start(p, reader, &next_op, &request));
    CHECK_EQ(0, port_start(p, listener, &accept_op, &accepting));
    nothing_is_queued(p);
    /* It would wait for much longer if one of them were left pending. */
    uint64_t until = os_now() + UINT64_C(4000000000);
    port_close(p);
    CHECK(os_now() < until);

    CHECK_EQ(1, write((int)writer, "d", 1));
    CHECK_EQ('u', in);
    CHECK_EQ(1, read((int)reader, &byte, 1));
    CHECK_EQ('d', byte);
    int client = connect_to(at);
    int accepted = accept((int)listener, NULL, NULL);
    CHECK(accepted >= 0);
    close(accepted);
    close(client);
    port_handle_close(listener);
    port_handle_close(reader);
    port_handle_close(writer);
}

/* The number of a closed handle is somebody else's at once. The op of the old
 * one ends as aborted, under its own key, and takes nothing from the new. */
static void number_of_a_closed_handle_is_free(int in_kernel)
{
    struct port *p = open_port();
    struct port_op op = { 0 };
    char in = 'u', byte = 0;
    struct port_request request = reading(&in, 1);
    port_handle old[2], new[2];
    CHECK_EQ(0, port_pipe(&old[0], &old[1]));
    CHECK_EQ(0, port_associate(p, old[0], 1));
    CHECK_EQ(0, port_start(p, old[0], &op, &request));
    if (in_kernel)
        nothing_is_queued(p);
    port_handle_close(old[0]);
    CHECK_EQ(0, port_pipe(&new[0], &new[1]));
    CHECK_EQ(old[0], new[0]);
    CHECK_EQ(1, write((int)new[1], "n", 1));

    struct packet packet = dequeue_one(p);
    CHECK_EQ(LOOP_EABORTED, packet.status);
    CHECK_EQ(1, packet.key);
    CHECK_EQ('u', in);
    CHECK_EQ(1, read((int)new[0], &byte, 1));
    for (int i = 0; i < 2; i++)
        port_handle_close(new[i]);
    port_handle_close(old[1]);
    port_close(p);
}

static void op_does_not_outlive_its_handle(void)
{
    number_of_a_closed_handle_is_free(1);
}

static void op_not_yet_submitted_meets_no_stranger(void)
{
    number_of_a_closed_handle_is_free(0);
}

/* The engine tries a write by this function of the C library. While one is
 * held, it waits here, as a thread that loses its processor would. */
static struct hold {
    atomic_bool begun;
    struct gate tried, released;
} hold;

ssize_t send(int fd, const void *from, size_t size, int flags)
{
    if (atomic_load(&hold.begun)) {
        gate_raise(&hold.tried);
        gate_wait(&hold.released, 1);
    }
    return sendto(fd, from, size, flags, NULL, 0);
}

static void start(void *arg)
{
    struct starter *s = arg;
    CHECK_EQ(0, port_start(s->port, s->handle, &s->op, &s->request));
}

struct reopener {
    int old, new[2];
};

static void close_and_reopen(void *arg)
{
    struct reopener *r = arg;
    port_handle_close((port_handle)r->old);
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, r->new));
}

/* Another thread closes the handle, which comes to be not the port's any more,
 * and opens its number again, while the write is held. */
static void close_beside_a_try(struct port *p)
{
    char byte = 'r';
    int old[2];
    struct os_thread starter, closer;
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, old));
    CHECK_EQ(0, port_associate(p, (port_handle)old[0], 1));
    struct reopener r = { .old = old[0] };
    struct starter s = { .port = p, .handle = (port_handle)old[0],
                         .request = { .kind = PORT_WRITE, .buffer = &byte,
                                      .size = 1 } };
    gate_open(&hold.tried);
    gate_open(&hold.released);
    atomic_store(&hold.begun, true);
    test_thread_start(&starter, start, &s);
    gate_wait(&hold.tried, 1);
    test_thread_start(&closer, close_and_reopen, &r);
    while (port_cancel(p, s.handle, &s.op) == 0)
        continue;
    atomic_store(&hold.begun, false);
    gate_raise(&hold.released);
    os_thread_join(&starter);
    os_thread_join(&closer);

    CHECK_EQ(old[0], r.new[0]);
    CHECK_EQ(-1, recv(r.new[1], &byte, 1, MSG_DONTWAIT));
    CHECK_EQ(1, recv(old[1], &byte, 1, MSG_DONTWAIT));
    CHECK_EQ(0, dequeue_one(p).status);
    close(old[1]);
    close(r.new[0]);
    close(r.new[1]);
    gate_close(&hold.tried);
    gate_close(&hold.released);
}

/* Nor does a write that is being tried, and it comes to its end. */
static void op_being_tried_meets_no_stranger(void)
{
    enum { TURNS = 30 };
    struct port *p = open_port();
    for (int i = 0; i < TURNS; i++)
        close_beside_a_try(p);
    nothing_is_queued(p);
    port_close(p);
}

/* As above, for listeners that close together: their numbers are free when the
 * call is over, and the connection that comes next is not taken by an accept of
 * the old one. */
static void closed_listener_takes_nothing_from_the_next(void)
{
    struct port *p = open_port();
    struct port_op op = { 0 };
    struct port_address at = { .ip = PORT_LOOPBACK }, next = at;
    port_handle old[2], new;
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(0, port_listen(&old[i], &at));
        CHECK_EQ(0, port_associate(p, old[i], 1));
        at.number = 0;
    }
    CHECK_EQ(0, port_start(p, old[0], &op, &accepting));
    port_handles_close(old, 2);
    CHECK_EQ(0, port_listen(&new, &next));
    CHECK_EQ(old[0], new);
    int client = connect_to(next);

    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    int accepted = accept((int)new, NULL, NULL);
    CHECK(accepted >= 0);
    close(accepted);
    close(client);
    port_handle_close(new);
    port_close(p);
}

/* As over epoll: an op on it could not be cancelled. */
static void file_of_a_disk_is_refused(void)
{
    struct port *p = open_port();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_EQ(LOOP_EINVAL, port_associate(p, (port_handle)file, 1));
    close(file);
    port_close(p);
}

/* A write that waits for room learns that the reader has gone, and no thread
 * gets a signal for it. */
static void waiting_write_breaks_without_a_signal(void)
{
    struct port *p = open_port();
    struct port_op op = { 0 };
    port_handle reader, writer;
    struct port_request request = { .kind = PORT_WRITE, .buffer = long_out,
                                    .size = LONG_SIZE };
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, writer, 1));
    CHECK_EQ(0, port_start(p, writer, &op, &request));
    nothing_is_queued(p);
    port_handle_close(reader);
    struct packet packet = dequeue_one(p);
    CHECK_EQ(LOOP_EBROKEN, packet.status);
    CHECK(packet.size > 0 && packet.size < LONG_SIZE);
    port_handle_close(writer);
    port_close(p);
}

enum { FILLERS = 4, WAITS_EACH = 60, FILLS = 20 };

struct filler {
    struct port        *port;
    port_handle         object[WAITS_EACH];
    struct port_op      op[WAITS_EACH];
    struct port_started started[WAITS_EACH];
};

static void open_filler(struct filler *f, struct port *p, int number)
{
    f->port = p;
    for (int i = 0; i < WAITS_EACH; i++) {
        uint64_t key = (uint64_t)(number * WAITS_EACH + i);
        CHECK_EQ(0, port_object(&f->object[i]));
        CHECK_EQ(0, port_associate(p, f->object[i], key));
        f->started[i] = (struct port_started){ f->object[i], &f->op[i] };
    }
}

static void fill(void *arg)
{
    struct filler *f = arg;
    for (int i = 0; i < WAITS_EACH; i++)
        CHECK_EQ(0, port_start(f->port, f->object[i], &f->op[i], &waiting));
    port_cancel_soon(f->port, f->started, WAITS_EACH);
}

static void end_what_was_filled(struct port *p)
{
    bool seen[FILLERS * WAITS_EACH] = { false };
    for (int i = 0; i < FILLERS * WAITS_EACH; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(LOOP_EABORTED, packet.status);
        CHECK(!seen[packet.key]);
        seen[packet.key] = true;
    }
    nothing_is_queued(p);
}

/* More is kept than the queue has room for, by several threads at once, of
 * which each one that finds it full gives all of it to the kernel. */
static void threads_fill_the_queue_together(void)
{
    static struct filler filler[FILLERS];
    struct os_thread thread[FILLERS];
    struct port *p = open_port();
    for (int i = 0; i < FILLERS; i++)
        open_filler(&filler[i], p, i);
    for (int turn = 0; turn < FILLS; turn++) {
        for (int i = 0; i < FILLERS; i++)
            test_thread_start(&thread[i], fill, &filler[i]);
        for (int i = 0; i < FILLERS; i++)
            os_thread_join(&thread[i]);
        end_what_was_filled(p);
    }
    for (int i = 0; i < FILLERS; i++)
        port_handles_close(filler[i].object, WAITS_EACH);
    port_close(p);
}

enum { WAITERS = 16, EVENTS = 300, SLEEPS_EACH_MAX = 4 };

struct crowd {
    struct port *port;
    struct gate  taken;
    long         sleeps[WAITERS];
    atomic_int   next;
};

static long sleeps_of_this_thread(void)
{
    struct rusage usage;
    CHECK_EQ(0, getrusage(RUSAGE_THREAD, &usage));
    return usage.ru_nvcsw;
}

static void take_until_told(void *arg)
{
    struct crowd *crowd = arg;
    int self = atomic_fetch_add(&crowd->next, 1);
    while (dequeue_one(crowd->port).key != 0)
        gate_raise(&crowd->taken);
    crowd->sleeps[self] = sleeps_of_this_thread();
}

static void cause(struct crowd *crowd, port_handle object,
                  struct port_op *op, int i)
{
    if (i % 2) {
        CHECK_EQ(0, port_post(crowd->port, 1));
    } else {
        CHECK_EQ(0, port_start(crowd->port, object, op, &waiting));
        port_object_set(object);
    }
    gate_wait(&crowd->taken, i + 1);
}

/* An event wakes who takes it, and perhaps who leads next, not all of the
 * others too. */
static void event_wakes_few_of_many(void)
{
    struct crowd crowd = { .port = open_port() };
    struct os_thread thread[WAITERS];
    struct port_op op = { 0 };
    port_handle object;
    long sleeps = 0;
    gate_open(&crowd.taken);
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(crowd.port, object, 1));
    for (int i = 0; i < WAITERS; i++)
        test_thread_start(&thread[i], take_until_told, &crowd);
    for (int i = 0; i < EVENTS; i++)
        cause(&crowd, object, &op, i);
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(0, port_post(crowd.port, 0));
    for (int i = 0; i < WAITERS; i++)
        os_thread_join(&thread[i]);
    for (int i = 0; i < WAITERS; i++)
        sleeps += crowd.sleeps[i];
    CHECK(sleeps < EVENTS * SLEEPS_EACH_MAX);
    port_handle_close(object);
    gate_close(&crowd.taken);
    port_close(crowd.port);
}

static bool kernel_gives_rings(void)
{
    struct port *p = open_port();
    bool gives = port_uses_ring(p);
    port_close(p);
    return gives;
}

int main(void)
{
    if (!kernel_gives_rings()) {
        test_skip("what a ring does", "this kernel gives none");
        return test_result(1);
    }
    int before = test_descriptors();
    RUN(read_survives_its_starter);
    RUN(wait_survives_its_starter);
    RUN(accept_survives_its_starter);
    RUN(write_survives_its_starter);
    RUN(overflow_loses_no_completion);
    RUN(closed_port_takes_nothing);
    RUN(op_does_not_outlive_its_handle);
    RUN(op_not_yet_submitted_meets_no_stranger);
    RUN(op_being_tried_meets_no_stranger);
    RUN(closed_listener_takes_nothing_from_the_next);
    RUN(file_of_a_disk_is_refused);
    RUN(waiting_write_breaks_without_a_signal);
    RUN(threads_fill_the_queue_together);
    RUN(event_wakes_few_of_many);
    CHECK_EQ(before, test_descriptors());
    return test_result(14);
}
