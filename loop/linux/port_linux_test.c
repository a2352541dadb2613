/*
 * port_linux_test.c - what Linux's port promises beyond port.h, and how it
 * behaves where the process or the kernel sets limits.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../loop.h"
#include "../os.h"
#include "../port.h"
#include "../test.h"
#include "test_child.h"

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

static void nothing_is_queued(struct port *p)
{
    struct packet packet;
    CHECK_EQ(0, port_dequeue(p, &packet, 1, 0));
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* Allow this many more descriptors than are open; their numbers have no
 * gaps, so the next free number is the count. */
static void allow_descriptors(int more)
{
    struct rlimit limit;
    int next = dup(0);
    CHECK(next >= 0);
    close(next);
    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = (rlim_t)(next + more);
    CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

static void allow_all_descriptors(void)
{
    struct rlimit limit;
    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

static int try_port(void)
{
    struct port *p;
    int status = port_open(&p);
    if (status == 0)
        port_close(p);
    return status;
}

static int try_pipe(void)
{
    port_handle reader, writer;
    int status = port_pipe(&reader, &writer);
    if (status == 0) {
        port_handle_close(reader);
        port_handle_close(writer);
    }
    return status;
}

static int try_socket(void)
{
    port_handle h;
    int status = port_socket(&h);
    if (status == 0)
        port_handle_close(h);
    return status;
}

static int try_listen(void)
{
    port_handle h;
    struct port_address at = { .ip = PORT_LOOPBACK };
    int status = port_listen(&h, &at);
    if (status == 0)
        port_handle_close(h);
    return status;
}

static int try_object(void)
{
    port_handle h;
    int status = port_object(&h);
    if (status == 0)
        port_handle_close(h);
    return status;
}

/* Whatever opens descriptors fails with LOOP_ENOMEM at each of them, and
 * gives back those it had. A port needs one or two, by its engine. */
static void failed_open_leaves_nothing_behind(void)
{
    static const struct {
        int (*try)(void);
        int needs_min;
        int needs_max;
    } opener[] = {
        { try_port, 1, 2 }, { try_pipe, 2, 2 }, { try_socket, 1, 1 },
        { try_listen, 1, 1 }, { try_object, 1, 1 },
    };
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof opener / sizeof *opener; i++)
        for (int more = 0; more <= opener[i].needs_max; more++) {
            allow_descriptors(more);
            int status = opener[i].try();
            allow_all_descriptors();
            if (more < opener[i].needs_min)
                CHECK_EQ(LOOP_ENOMEM, status);
            if (more == opener[i].needs_max)
                CHECK_EQ(0, status);
            CHECK(status == 0 || status == LOOP_ENOMEM);
            CHECK_EQ(before, open_descriptors());
        }
}

/* An accept that has no descriptor for the connection says so, and leaves
 * the connection to an accept that has one. */
static void accept_without_descriptors_loses_nothing(void)
{
    struct port *p = open_port();
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle listener, client;
    struct port_op accept = { 0 }, connect = { 0 };
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_socket(&client));
    CHECK_EQ(0, port_associate(p, listener, 1));
    CHECK_EQ(0, port_associate(p, client, 2));
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    CHECK_EQ(0, port_start(p, client, &connect, &request));
    CHECK_EQ(0, dequeue_one(p).status);

    allow_descriptors(0);
    CHECK_EQ(0, port_start(p, listener, &accept, &accepting));
    struct packet packet = dequeue_one(p);
    CHECK_EQ(LOOP_ENOMEM, packet.status);
    CHECK(packet.handle == PORT_NO_HANDLE);
    allow_all_descriptors();

    CHECK_EQ(0, port_start(p, listener, &accept, &accepting));
    packet = dequeue_one(p);
    CHECK_EQ(0, packet.status);
    port_handle_close(packet.handle);
    port_handle_close(client);
    port_handle_close(listener);
    port_close(p);
}

/* A connection that was accepted stands against a cancel; and if the port
 * closes over its packet, it is closed, not leaked. */
static void accepted_connection_is_never_leaked(void)
{
    int before = open_descriptors();
    struct port *p = open_port();
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle listener, client;
    struct port_op accept = { 0 }, connect = { 0 };
    CHECK_EQ(0, port_listen(&listener, &at));
    CHECK_EQ(0, port_socket(&client));
    CHECK_EQ(0, port_associate(p, listener, 1));
    CHECK_EQ(0, port_associate(p, client, 2));
    struct port_request request = { .kind = PORT_CONNECT, .address = at };
    CHECK_EQ(0, port_start(p, client, &connect, &request));
    CHECK_EQ(0, dequeue_one(p).status);
    CHECK_EQ(0, port_start(p, listener, &accept, &accepting));
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(p, listener, &accept));
    port_close(p);
    port_handle_close(client);
    port_handle_close(listener);
    CHECK_EQ(before, open_descriptors());
}

/* Closing a handle aborts what is pending on it, each op once. */
static void closing_a_handle_aborts_its_ops(void)
{
    enum { READS = 5 };
    struct port *p = open_port();
    port_handle reader, writer;
    struct port_op op[READS] = { 0 };
    char in[READS];
    int seen = 0;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, reader, 7));
    for (int i = 0; i < READS; i++) {
        struct port_request request = { .kind = PORT_READ,
                                        .buffer = &in[i], .size = 1 };
        CHECK_EQ(0, port_start(p, reader, &op[i], &request));
    }
    port_handle_close(reader);
    for (int i = 0; i < READS; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(LOOP_EABORTED, packet.status);
        CHECK_EQ(7, packet.key);
        seen |= 1 << (packet.op - op);
    }
    CHECK_EQ((1 << READS) - 1, seen);
    nothing_is_queued(p);
    port_handle_close(writer);
    port_close(p);
}

/* A descriptor that a child still holds is forgotten all the same: its
 * events would come to a port that does not know it. */
static void duplicated_descriptor_is_forgotten(void)
{
    struct port *p = open_port();
    port_handle object;
    struct port_op op = { 0 };
    CHECK_EQ(0, port_object(&object));
    int copy = dup((int)object);
    CHECK_EQ(0, port_associate(p, object, 1));
    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    port_handle_close(object);
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_object_set((port_handle)copy);
    nothing_is_queued(p);
    close(copy);
    port_close(p);
}

/* A broken pipe is a status. The signal neither arrives nor stays pending
 * nor stays blocked. */
static void broken_pipe_leaves_no_signal(void)
{
    struct port *p = open_port();
    port_handle reader, writer;
    struct port_op op = { 0 };
    char byte = 0;
    struct port_request request = { .kind = PORT_WRITE, .buffer = &byte,
                                    .size = 1 };
    sigset_t set;
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, writer, 1));
    port_handle_close(reader);
    CHECK_EQ(0, port_start(p, writer, &op, &request));
    CHECK_EQ(LOOP_EBROKEN, dequeue_one(p).status);
    CHECK_EQ(0, sigpending(&set));
    CHECK_EQ(0, sigismember(&set, SIGPIPE));
    CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, NULL, &set));
    CHECK_EQ(0, sigismember(&set, SIGPIPE));
    port_handle_close(writer);
    port_close(p);
}

/* A connection that was reset is broken, for a read as for a write. */
static void reset_connection_is_broken(void)
{
    int pair[2];
    struct port *p = open_port();
    struct port_op op = { 0 };
    char bytes[8] = "reset";
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(0, port_associate(p, (port_handle)pair[0], 1));
    /* Closing a Unix socket with unread data resets its peer. */
    struct port_request request = { .kind = PORT_WRITE, .buffer = bytes,
                                    .size = 5 };
    CHECK_EQ(0, port_start(p, (port_handle)pair[0], &op, &request));
    CHECK_EQ(0, dequeue_one(p).status);
    close(pair[1]);
    CHECK_EQ(0, port_start(p, (port_handle)pair[0], &op, &request));
    CHECK_EQ(LOOP_EBROKEN, dequeue_one(p).status);
    request.kind = PORT_READ;
    CHECK_EQ(0, port_start(p, (port_handle)pair[0], &op, &request));
    struct packet packet = dequeue_one(p);
    CHECK(packet.status == LOOP_EBROKEN || packet.size == 0);
    port_handle_close((port_handle)pair[0]);
    port_close(p);
}

static long sleeps_of_a_wait(struct port *p)
{
    enum { WAIT_NS = 30000000 };
    struct rusage before, after;
    struct packet packet;
    CHECK_EQ(0, getrusage(RUSAGE_THREAD, &before));
    uint64_t until = os_now() + WAIT_NS;
    CHECK_EQ(0, port_dequeue(p, &packet, 1, until));
    CHECK(os_now() >= until);
    CHECK_EQ(0, getrusage(RUSAGE_THREAD, &after));
    return after.ru_nvcsw - before.ru_nvcsw;
}

/* A wait is one sleep, however long it is: no polling. The kernel interrupts
 * a sleep now and then to clear away ports that were closed before, so one
 * quiet wait of several is asked for; who polls has none. */
static void idle_waiter_sleeps_once(void)
{
    enum { WAITS = 30, SLEEPS_MAX = 3 };
    struct port *p = open_port();
    nothing_is_queued(p);
    long sleeps = SLEEPS_MAX + 1;
    for (int i = 0; i < WAITS && sleeps > SLEEPS_MAX; i++)
        sleeps = sleeps_of_a_wait(p);
    CHECK(sleeps <= SLEEPS_MAX);
    port_close(p);
}

#ifdef SYS_epoll_wait
#define EPOLL_WAIT SYS_epoll_wait
#else
#define EPOLL_WAIT SYS_epoll_pwait
#endif

/* Posting to a port where nobody sleeps, and taking from it, needs no
 * system call: a child that is killed if it wakes or waits can do both. */
static int post_and_take_without_calls(void)
{
    struct port *p;
    struct packet packet;
    if (port_open(&p))
        return CHILD_FAILED;
    if (forbid(SYS_write, SECCOMP_RET_KILL_PROCESS) ||
        forbid(SYS_epoll_pwait2, SECCOMP_RET_KILL_PROCESS) ||
        forbid(SYS_epoll_pwait, SECCOMP_RET_KILL_PROCESS) ||
        forbid(EPOLL_WAIT, SECCOMP_RET_KILL_PROCESS) ||
        forbid(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS) ||
        forbid(SYS_futex, SECCOMP_RET_KILL_PROCESS))
        return CHILD_SKIPPED;
    for (int i = 0; i < 50; i++) {
        if (port_post(p, 1) || port_dequeue(p, &packet, 1, PORT_FOREVER) != 1)
            return CHILD_FAILED;
    }
    return CHILD_PASSED;
}

static void busy_port_makes_no_system_calls(void)
{
    check_child("busy_port_makes_no_system_calls", post_and_take_without_calls);
}

static void post_back(void *arg)
{
    struct port **p = arg;
    for (int i = 0; i < 200; i++)
        if (port_post(p[1], dequeue_one(p[0]).key))
            _exit(CHILD_FAILED);
}

static int wait_coarsely(void)
{
    struct port *p[2];
    struct packet packet;
    struct os_thread thread = { 0 };
    if (port_open(&p[0]) || port_open(&p[1]))
        return CHILD_FAILED;
    if (forbid(SYS_epoll_pwait2, SECCOMP_RET_ERRNO | ENOSYS))
        return CHILD_SKIPPED;
    for (int i = 0; i < 5; i++) {
        uint64_t until = os_now() + 1300000;
        if (port_dequeue(p[0], &packet, 1, until) != 0 || os_now() < until)
            return CHILD_FAILED;
    }
    if (os_thread_start(&thread, "back", post_back, p))
        return CHILD_FAILED;
    for (int i = 0; i < 200; i++)
        if (port_post(p[0], 1) || dequeue_one(p[1]).key != 1)
            return CHILD_FAILED;
    os_thread_join(&thread);
    return CHILD_PASSED;
}

/* A kernel without epoll_pwait2 waits in milliseconds, never too short. */
static void older_kernel_waits_long_enough(void)
{
    check_child("older_kernel_waits_long_enough", wait_coarsely);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

struct pestering {
    struct port *port;
    pthread_t    waiter;
};

static void pester(void *arg)
{
    struct pestering *pestering = arg;
    for (int i = 0; i < 200; i++)
        pthread_kill(pestering->waiter, SIGUSR1);
    CHECK_EQ(0, port_post(pestering->port, 9));
}

/* Signals end the kernel's wait, not the port's. */
static void signal_does_not_end_a_wait(void)
{
    struct pestering pestering = { .port = open_port(),
                                   .waiter = pthread_self() };
    struct sigaction action = { .sa_handler = count_signal };
    struct os_thread thread = { 0 };
    CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
    CHECK_EQ(0, os_thread_start(&thread, "pester", pester, &pestering));
    CHECK_EQ(9, dequeue_one(pestering.port).key);
    os_thread_join(&thread);
    CHECK(signals > 0);
    port_close(pestering.port);
}

int main(void)
{
    int before = open_descriptors();
    RUN(failed_open_leaves_nothing_behind);
    RUN(accept_without_descriptors_loses_nothing);
    RUN(accepted_connection_is_never_leaked);
    RUN(closing_a_handle_aborts_its_ops);
    RUN(duplicated_descriptor_is_forgotten);
    RUN(broken_pipe_leaves_no_signal);
    RUN(reset_connection_is_broken);
    RUN(idle_waiter_sleeps_once);
    RUN(busy_port_makes_no_system_calls);
    RUN(older_kernel_waits_long_enough);
    RUN(signal_does_not_end_a_wait);
    CHECK_EQ(before, open_descriptors());
    return test_result(11);
}
