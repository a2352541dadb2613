/*
 * engine_test.c - which engine a port is given, what it costs in calls of the
 * kernel, and how engines live together.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "../linux/test_child.h"
#include "../loop.h"
#include "../os.h"
#include "../port.h"
#include "../test_loop.h"
#include "engine.h"

static const struct port_request waiting = { .kind = PORT_WAIT };

static struct port_request reading(char *byte)
{
    return (struct port_request){ .kind = PORT_READ, .buffer = byte,
                                  .size = 1 };
}

static struct port_request writing(char *byte)
{
    return (struct port_request){ .kind = PORT_WRITE, .buffer = byte,
                                  .size = 1 };
}

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

static bool kernel_gives_rings(void)
{
    struct port *p = open_port();
    bool gives = port_uses_ring(p);
    port_close(p);
    return gives;
}

/* Send a byte through a pipe whose ends are on two ports, or on one. */
static bool byte_passes(struct port *from, struct port *to)
{
    port_handle reader, writer;
    struct port_op read = { 0 }, write = { 0 };
    char in = 0, out = 'p';
    struct port_request read_request = reading(&in);
    struct port_request write_request = writing(&out);
    if (port_pipe(&reader, &writer) || port_associate(to, reader, 1) ||
        port_associate(from, writer, 2) ||
        port_start(to, reader, &read, &read_request) ||
        port_start(from, writer, &write, &write_request))
        return false;
    /* On one port the two come in any order. */
    struct packet packet[2] = { dequeue_one(from), dequeue_one(to) };
    port_handle_close(reader);
    port_handle_close(writer);
    return packet[0].status == 0 && packet[1].status == 0 && in == 'p';
}

/* Whatever reason the kernel gives for refusing a ring, a port is had. */
static int open_refused(unsigned reason)
{
    if (forbid(SYS_io_uring_setup, SECCOMP_RET_ERRNO | reason))
        return CHILD_SKIPPED;
    struct port *p = open_port();
    bool passed = !port_uses_ring(p) && byte_passes(p, p);
    port_close(p);
    return passed ? CHILD_PASSED : CHILD_FAILED;
}

static int open_unknown(void)
{
    return open_refused(ENOSYS);
}

static int open_forbidden(void)
{
    return open_refused(EPERM);
}

static int open_too_old(void)
{
    return open_refused(EINVAL);
}

static int open_without_memory(void)
{
    return open_refused(ENOMEM);
}

static void refused_ring_falls_back(void)
{
    static const struct {
        int (*open)(void);
        const char *why;
    } child[] = {
        { open_unknown, "unknown" },
        { open_forbidden, "forbidden" },
        { open_too_old, "too old" },
        { open_without_memory, "without memory" },
    };
    for (size_t i = 0; i < sizeof child / sizeof *child; i++)
        check_child(child[i].why, child[i].open);
}

/* A port keeps its engine; ports of both kinds serve two ends of one pipe;
 * and a handle that has a port of one kind gets none of the other. */
static int use_both_engines(void)
{
    struct port *ring = open_port();
    if (forbid(SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS))
        return CHILD_SKIPPED;
    struct port *epoll = open_port();
    CHECK(port_uses_ring(ring));
    CHECK(!port_uses_ring(epoll));
    for (int i = 0; i < 50; i++) {
        CHECK(byte_passes(ring, epoll));
        CHECK(byte_passes(epoll, ring));
    }
    port_handle object;
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(ring, object, 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(epoll, object, 1));
    port_close(ring);
    CHECK_EQ(LOOP_EINVAL, port_associate(epoll, object, 1));
    port_handle_close(object);
    port_close(epoll);
    return test_failures ? CHILD_FAILED : CHILD_PASSED;
}

static void engines_live_side_by_side(void)
{
    check_child("engines_live_side_by_side", use_both_engines);
}

enum { READS = 10000 };

static struct port_op op[READS];
static char in[READS];

/* All reads but the first wait in user space, so that to cancel them asks
 * nothing of the kernel: a child that is killed if it enters the kernel can
 * do it, and what cannot be called cannot grow. */
static int cancel_without_calls(void)
{
    struct port *p = open_port();
    struct packet packet[100];
    port_handle reader, writer;
    int count = 0;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, reader, 1));
    for (int i = 0; i < READS; i++) {
        struct port_request request = reading(&in[i]);
        CHECK_EQ(0, port_start(p, reader, &op[i], &request));
    }
    CHECK_EQ(0, port_cancel(p, reader, &op[0]));
    if (forbid(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS))
        return CHILD_SKIPPED;
    for (int i = 1; i < READS; i++)
        CHECK_EQ(0, port_cancel(p, reader, &op[i]));
    while (count < READS) {
        int got = port_dequeue(p, packet, 100, PORT_FOREVER);
        for (int i = 0; i < got; i++)
            CHECK_EQ(LOOP_EABORTED, packet[i].status);
        count += got;
    }
    CHECK_EQ(READS, count);
    return test_failures ? CHILD_FAILED : CHILD_PASSED;
}

static void cancelling_many_reads_of_a_handle_calls_once(void)
{
    check_child("cancelling_many_reads_of_a_handle_calls_once",
                cancel_without_calls);
}

/* One of each of many handles, all in the kernel, which hears of the cancels
 * with the next wait. */
static int cancel_soon_without_calls(void)
{
    enum { HANDLES = 100 };
    struct port *p = open_port();
    port_handle reader[HANDLES], writer[HANDLES];
    struct port_started started[HANDLES];
    struct packet packet;
    for (int i = 0; i < HANDLES; i++) {
        struct port_request request = reading(&in[i]);
        CHECK_EQ(0, port_pipe(&reader[i], &writer[i]));
        CHECK_EQ(0, port_associate(p, reader[i], 1));
        CHECK_EQ(0, port_start(p, reader[i], &op[i], &request));
        started[i] = (struct port_started){ reader[i], &op[i] };
    }
    CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
    if (forbid(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS))
        return CHILD_SKIPPED;
    port_cancel_soon(p, started, HANDLES);
    return test_failures ? CHILD_FAILED : CHILD_PASSED;
}

static void cancelling_soon_calls_nothing(void)
{
    check_child("cancelling_soon_calls_nothing", cancel_soon_without_calls);
}

/* Reads and waits that are started while nobody sleeps go to the kernel
 * together with the next sleep. */
static int start_without_calls(void)
{
    enum { WAITS = 100 };
    struct port *p = open_port();
    if (forbid(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS))
        return CHILD_SKIPPED;
    for (int i = 0; i < WAITS; i++) {
        port_handle object;
        CHECK_EQ(0, port_object(&object));
        CHECK_EQ(0, port_associate(p, object, 1));
        CHECK_EQ(0, port_start(p, object, &op[i], &waiting));
    }
    return test_failures ? CHILD_FAILED : CHILD_PASSED;
}

static void starting_waits_calls_nothing(void)
{
    check_child("starting_waits_calls_nothing", start_without_calls);
}

/* A poll that finds nothing asks nothing of the kernel. */
static int poll_without_calls(void)
{
    struct port *p = open_port();
    struct packet packet;
    if (forbid(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS))
        return CHILD_SKIPPED;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
    return test_failures ? CHILD_FAILED : CHILD_PASSED;
}

static void empty_poll_calls_nothing(void)
{
    check_child("empty_poll_calls_nothing", poll_without_calls);
}

/* A thread whose calls to the ring are answered by another. */
struct ward {
    struct port   *port;
    port_handle    object;
    struct port_op op;
    struct gate    ready;
    int            listener;
};

static int listen_to_enter(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = 4, .filter = code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void start_as_ward(void *arg)
{
    struct ward *w = arg;
    struct packet packet;
    w->listener = listen_to_enter();
    gate_raise(&w->ready);
    if (w->listener < 0)
        return;
    CHECK_EQ(0, port_start(w->port, w->object, &w->op, &waiting));
    CHECK_EQ(0, port_dequeue(w->port, &packet, 1, 0));
}

/* Answer one call: with an error, or 0 to let it through. */
static void answer(int listener, int error)
{
    struct seccomp_notif call = { 0 };
    CHECK_EQ(0, ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call));
    struct seccomp_notif_resp response = {
        .id = call.id,
        .error = -error,
        .flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE,
    };
    CHECK_EQ(0, ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

/* A submission that the kernel puts off is made again: for want of memory, of
 * room for completions, or because a signal came. */
static void refused_submission_is_made_again(void)
{
    static const int errors[] = { EAGAIN, EBUSY, EINTR, EBUSY, 0 };
    struct ward w = { .port = open_port() };
    struct os_thread thread;
    gate_open(&w.ready);
    CHECK_EQ(0, port_object(&w.object));
    CHECK_EQ(0, port_associate(w.port, w.object, 1));
    test_thread_start(&thread, start_as_ward, &w);
    gate_wait(&w.ready, 1);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (w.listener >= 0)
            answer(w.listener, errors[i]);
    os_thread_join(&thread);
    if (w.listener >= 0) {
        port_object_set(w.object);
        CHECK(dequeue_one(w.port).op == &w.op);
        close(w.listener);
    } else {
        test_skip("refused_submission_is_made_again", "no seccomp");
    }
    gate_close(&w.ready);
    port_handle_close(w.object);
    port_close(w.port);
}

int main(void)
{
    RUN(refused_ring_falls_back);
    if (!kernel_gives_rings()) {
        for (int i = 0; i < 5; i++)
            test_skip("what a ring does", "this kernel gives none");
        return test_result(7);
    }
    RUN(engines_live_side_by_side);
    RUN(cancelling_many_reads_of_a_handle_calls_once);
    RUN(cancelling_soon_calls_nothing);
    RUN(starting_waits_calls_nothing);
    RUN(empty_poll_calls_nothing);
    RUN(refused_submission_is_made_again);
    return test_result(7);
}
