/*
 * port_win32_test.c - what the port of Windows does beyond port.h: which
 * handles it takes, who is told when they close, and what is left of it all.
 */
#include <stdatomic.h>

#include "../loop.h"
#include "../test.h"
#include "../test_machine.h"
#include "kernel.h"

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

static struct port_request reading(char *buffer, uint32_t size)
{
    return (struct port_request){ .kind = PORT_READ, .buffer = buffer,
                                  .size = size };
}

static struct port_request writing(char *buffer, uint32_t size)
{
    return (struct port_request){ .kind = PORT_WRITE, .buffer = buffer,
                                  .size = size };
}

static struct packet run_op(struct port *p, port_handle h,
                            struct port_op *op, struct port_request request)
{
    CHECK_EQ(0, port_start(p, h, op, &request));
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == op);
    return packet;
}

/* A listener and a client on one port; the connection is not accepted. */
struct meeting {
    struct port        *port;
    struct port_address at;
    port_handle         listener;
    port_handle         client;
};

static void meeting_open(struct meeting *m, struct port *p)
{
    struct port_op op = { 0 };
    *m = (struct meeting){ .port = p, .at.ip = PORT_LOOPBACK };
    CHECK_EQ(0, port_listen(&m->listener, &m->at));
    CHECK_EQ(0, port_associate(p, m->listener, 1));
    CHECK_EQ(0, port_socket(&m->client));
    CHECK_EQ(0, port_associate(p, m->client, 2));
    struct port_request to = { .kind = PORT_CONNECT, .address = m->at };
    CHECK_EQ(0, run_op(p, m->client, &op, to).status);
}

static port_handle meeting_accept(struct meeting *m)
{
    struct port_op op = { 0 };
    struct packet packet = run_op(m->port, m->listener, &op, accepting);
    CHECK_EQ(0, packet.status);
    CHECK_EQ(0, port_associate(m->port, packet.handle, 3));
    return packet.handle;
}

static void meeting_close(struct meeting *m)
{
    port_handle_close(m->client);
    port_handle_close(m->listener);
}

static port_handle object_on(struct port *p)
{
    port_handle object = PORT_NO_HANDLE;
    CHECK_EQ(0, port_object(&object));
    CHECK_EQ(0, port_associate(p, object, 4));
    return object;
}

/* What a port cannot serve it refuses, and the handle is as it was. */
static void other_handles_are_refused(void)
{
    struct port *p = open_port();
    HANDLE file = CreateFileA("NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    HANDLE ends[2];
    port_handle object;
    CHECK(file != INVALID_HANDLE_VALUE);
    CHECK(CreatePipe(&ends[0], &ends[1], NULL, 0));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, (port_handle)file, 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, (port_handle)ends[0], 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, (port_handle)ends[1], 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, 0, 1));
    CHECK_EQ(LOOP_EINVAL, port_associate(p, PORT_NO_HANDLE, 1));
    CHECK_EQ(0, port_object(&object));
    port_handle_close(object);
    CHECK_EQ(LOOP_EINVAL, port_associate(p, object, 1));
    CHECK(CloseHandle(file));
    CHECK(CloseHandle(ends[0]));
    CHECK(CloseHandle(ends[1]));
    port_close(p);
}

/* P3: that goes for objects too, of which the kernel's port knows nothing,
 * until the handle is closed and its number starts a new life. */
static void object_has_one_port_for_life(void)
{
    struct port *p = open_port();
    struct port *other = open_port();
    struct port_op op = { 0 };
    port_handle object = object_on(p), next;
    CHECK_EQ(LOOP_EINVAL, port_associate(p, object, 5));
    CHECK_EQ(LOOP_EINVAL, port_associate(other, object, 5));
    port_close(p);
    CHECK_EQ(LOOP_EINVAL, port_associate(other, object, 5));
    CHECK_EQ(LOOP_EINVAL, port_start(other, object, &op, &waiting));
    port_handle_close(object);
    next = object_on(other);
    port_handle_close(next);
    port_close(other);
}

static bool inherits(port_handle h)
{
    DWORD flags = 0;
    CHECK(GetHandleInformation((HANDLE)h, &flags));
    return flags & HANDLE_FLAG_INHERIT;
}

/* A child process gets none of them: it would keep a stream open for ever. */
static void no_handle_is_inherited(void)
{
    struct port *p = open_port();
    struct meeting m;
    port_handle reader, writer, object = object_on(p);
    meeting_open(&m, p);
    port_handle accepted = meeting_accept(&m);
    CHECK_EQ(0, port_pipe(&reader, &writer));
    port_handle all[] = { m.listener, m.client, accepted, reader, writer,
                          object, (port_handle)p->completion };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        CHECK(!inherits(all[i]));
    meeting_close(&m);
    port_handle_close(accepted);
    port_handle_close(reader);
    port_handle_close(writer);
    port_handle_close(object);
    port_close(p);
}

/* S2: both ends of a connection can do all that a socket can. */
static void both_ends_are_whole_sockets(void)
{
    struct port *p = open_port();
    struct meeting m;
    meeting_open(&m, p);
    port_handle ends[2] = { m.client, meeting_accept(&m) };
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in name;
        int size = sizeof name;
        CHECK_EQ(0, getpeername((SOCKET)ends[i], (struct sockaddr *)&name,
                                &size));
        CHECK_EQ(0, shutdown((SOCKET)ends[i], SD_SEND));
    }
    for (int i = 0; i < 2; i++) {
        struct port_op op = { 0 };
        char in[4];
        struct packet packet =
            run_op(p, ends[i], &op, reading(in, sizeof in));
        CHECK_EQ(0, packet.status);
        CHECK_EQ(0, packet.size);
    }
    port_handle_close(ends[1]);
    meeting_close(&m);
    port_close(p);
}

/* P23: a connection in a packet that nobody will see is closed, and so is
 * the socket that waits for one that does not come any more. */
static void port_leaves_no_accepted_socket(void)
{
    static struct port_op accept[3];
    int before = test_machine_handles();
    struct port *p = open_port();
    struct meeting m;
    struct packet packet;
    meeting_open(&m, p);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(0, port_start(p, m.listener, &accept[i], &accepting));
    CHECK_EQ(before + 5, test_machine_handles());

    /* The one connection ends the first, and no one hears of it. */
    port_post(p, 9);
    CHECK_EQ(1, port_dequeue(p, &packet, 1, 0));
    port_close(p);
    if (packet.handle != PORT_NO_HANDLE)
        port_handle_close(packet.handle);
    meeting_close(&m);
    CHECK_EQ(before, test_machine_handles());
}

/* Closing a handle ends what is pending on it, each op once: aborted, or at
 * the end of the stream, since its own end is gone. */
static void closing_a_pipe_ends_its_ops(void)
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
        struct port_request request = reading(&in[i], 1);
        CHECK_EQ(0, port_start(p, reader, &op[i], &request));
    }
    port_handle_close(reader);
    for (int i = 0; i < READS; i++) {
        struct packet packet = dequeue_one(p);
        CHECK(packet.status == LOOP_EABORTED || packet.status == 0);
        CHECK_EQ(0, packet.size);
        CHECK_EQ(7, packet.key);
        seen |= 1 << (packet.op - op);
    }
    CHECK_EQ((1 << READS) - 1, seen);
    nothing_is_queued(p);
    port_handle_close(writer);
    port_close(p);
}

static void closing_an_object_aborts_its_waits(void)
{
    enum { WAITS = 3 };
    struct port *p = open_port();
    port_handle object = object_on(p);
    struct port_op op[WAITS] = { 0 };
    for (int i = 0; i < WAITS; i++)
        CHECK_EQ(0, port_start(p, object, &op[i], &waiting));
    port_handle_close(object);
    for (int i = 0; i < WAITS; i++) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(LOOP_EABORTED, packet.status);
        CHECK(packet.op == &op[i]);
    }
    nothing_is_queued(p);
    port_close(p);
}

/* T4: each signal ends one of the waits on an object, the oldest one, and the
 * others go on waiting. */
static void one_signal_ends_one_wait(void)
{
    enum { WAITS = 4 };
    struct port *p = open_port();
    port_handle object = object_on(p);
    struct port_op op[WAITS] = { 0 };
    for (int i = 0; i < WAITS; i++)
        CHECK_EQ(0, port_start(p, object, &op[i], &waiting));
    for (int i = 0; i < WAITS; i++) {
        nothing_is_queued(p);
        port_object_set(object);
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        CHECK(packet.op == &op[i]);
    }
    nothing_is_queued(p);
    port_handle_close(object);
    port_close(p);
}

/* A wait that was cancelled leaves the watch of its object behind; neither a
 * port that closes nor the handle's end trips over it. */
static void port_closes_over_a_watched_object(void)
{
    struct port *p = open_port();
    port_handle object = object_on(p), idle = object_on(p);
    static struct port_op op, cancelled;
    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    CHECK_EQ(0, port_start(p, idle, &cancelled, &waiting));
    CHECK_EQ(0, port_cancel(p, idle, &cancelled));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_close(p);
    port_object_set(object);
    port_object_set(idle);
    port_handle_close(object);
    port_handle_close(idle);
}

#define SEND_SIZE (8u << 20)    /* more than a connection takes at once */

static char send_buffer[SEND_SIZE];

/* D5: a send that is pending when its handle is closed goes to nobody, not
 * to the connection that gets the number next either. */
static void closed_send_reaches_no_stranger(void)
{
    struct port *p = open_port();
    struct meeting first, second;
    struct port_op op = { 0 };
    char in[4];
    meeting_open(&first, p);
    port_handle accepted = meeting_accept(&first);
    struct port_request request = writing(send_buffer, SEND_SIZE);
    CHECK_EQ(0, port_start(p, first.client, &op, &request));
    port_handle_close(first.client);
    struct packet packet = dequeue_one(p);
    CHECK(packet.op == &op);
    CHECK(packet.status != 0 || packet.size == SEND_SIZE);

    meeting_open(&second, p);
    port_handle stranger = meeting_accept(&second);
    request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, stranger, &op, &request));
    nothing_is_queued(p);
    CHECK_EQ(0, port_cancel(p, stranger, &op));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_handle_close(stranger);
    meeting_close(&second);
    port_handle_close(accepted);
    port_handle_close(first.listener);
    port_close(p);
}

/* S6: a connection that was reset is broken, which no end of a stream is. */
static void reset_connection_is_broken(void)
{
    struct port *p = open_port();
    struct meeting m;
    struct port_op op = { 0 };
    char in[4];
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    meeting_open(&m, p);
    port_handle accepted = meeting_accept(&m);
    struct port_request request = reading(in, sizeof in);
    CHECK_EQ(0, port_start(p, accepted, &op, &request));
    CHECK_EQ(0, setsockopt((SOCKET)m.client, SOL_SOCKET, SO_LINGER,
                           (char *)&hard, sizeof hard));
    port_handle_close(m.client);
    CHECK_EQ(LOOP_EBROKEN, dequeue_one(p).status);
    CHECK_EQ(LOOP_EBROKEN, run_op(p, accepted, &op, writing(in, 1)).status);
    port_handle_close(accepted);
    port_handle_close(m.listener);
    port_close(p);
}

/* What a device says at once has a packet as well, with the op's key. */
static void failure_at_the_start_has_a_packet(void)
{
    struct port *p = open_port();
    port_handle socket;
    struct port_op op = { 0 };
    char in[4];
    CHECK_EQ(0, port_socket(&socket));
    CHECK_EQ(0, port_associate(p, socket, 6));
    for (int i = 0; i < 2; i++) {
        struct packet packet =
            run_op(p, socket, &op, reading(in, sizeof in));
        CHECK_EQ(LOOP_EINVAL, packet.status);
        CHECK_EQ(6, packet.key);
        CHECK_EQ(0, packet.size);
    }
    CHECK(run_op(p, socket, &op, writing(in, 1)).status < 0);
    CHECK_EQ(LOOP_ENOTFOUND, port_cancel(p, socket, &op));
    nothing_is_queued(p);
    port_handle_close(socket);
    port_close(p);
}

static void return_at_once(void *arg)
{
    (void)arg;
}

/* A process or a thread that has ended stays so for everyone who waits. */
static void ended_thread_ends_every_wait(void)
{
    struct port *p = open_port();
    struct os_thread thread = { 0 };
    HANDLE copy;
    struct port_op op[2] = { 0 };
    CHECK_EQ(0, os_thread_start(&thread, "brief", return_at_once, NULL));
    CHECK(DuplicateHandle(GetCurrentProcess(),
                          (HANDLE)(uintptr_t)thread.platform[0],
                          GetCurrentProcess(), &copy, 0, FALSE,
                          DUPLICATE_SAME_ACCESS));
    CHECK_EQ(0, port_associate(p, (port_handle)copy, 8));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, port_start(p, (port_handle)copy, &op[i], &waiting));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, dequeue_one(p).status);
    CHECK_EQ(0, run_op(p, (port_handle)copy, &op[0], waiting).status);
    os_thread_join(&thread);
    port_handle_close((port_handle)copy);
    port_close(p);
}

enum { RACES = 500 };

/* Two threads that do their parts of a round at the same time. */
struct race {
    port_handle object;
    atomic_int  round;
    atomic_int  done;
};

static void set_each_round(void *arg)
{
    struct race *race = arg;
    for (int i = 1; i <= RACES; i++) {
        while (atomic_load(&race->round) < i)
            SwitchToThread();
        port_object_set(race->object);
        atomic_store(&race->done, i);
    }
}

/* A signal that races a cancel is taken by the op or kept for the next one,
 * never both and never neither. */
static void signal_is_taken_or_kept(void)
{
    struct port *p = open_port();
    struct race race = { .object = object_on(p) };
    struct os_thread thread = { 0 };
    int kept = 0, taken = 0;
    CHECK_EQ(0, os_thread_start(&thread, "set", set_each_round, &race));
    for (int i = 1; i <= RACES; i++) {
        struct port_op op = { 0 }, next = { 0 };
        CHECK_EQ(0, port_start(p, race.object, &op, &waiting));
        atomic_store(&race.round, i);
        for (int spin = 0; spin < i % 8 * 50; spin++)
            SwitchToThread();
        port_cancel(p, race.object, &op);
        struct packet packet = dequeue_one(p);
        while (atomic_load(&race.done) < i)
            SwitchToThread();
        CHECK_EQ(0, port_start(p, race.object, &next, &waiting));
        if (packet.status == 0)
            CHECK_EQ(0, port_cancel(p, race.object, &next));
        CHECK_EQ(packet.status == 0 ? LOOP_EABORTED : 0,
                 dequeue_one(p).status);
        kept += packet.status != 0;
        taken += packet.status == 0;
    }
    os_thread_join(&thread);
    CHECK_EQ(RACES, kept + taken);
    nothing_is_queued(p);
    port_handle_close(race.object);
    port_close(p);
}

/* A time further away than the kernel can count is no time in the past. */
static void far_time_waits(void)
{
    struct port *p = open_port();
    struct packet packet;
    CHECK_EQ(0, port_post(p, 5));
    CHECK_EQ(1, port_dequeue(p, &packet, 1, PORT_FOREVER - 1));
    CHECK_EQ(5, packet.key);
    port_close(p);
}

/* A batch larger than the port takes at once is a smaller one. */
static void large_batch_is_cut(void)
{
    enum { POSTS = 200 };
    struct port *p = open_port();
    static struct packet out[POSTS];
    for (uint64_t i = 0; i < POSTS; i++)
        CHECK_EQ(0, port_post(p, i));
    for (int got = 0; got < POSTS;) {
        int count = port_dequeue(p, out, POSTS, PORT_FOREVER);
        CHECK(count > 0);
        for (int i = 0; i < count; i++)
            CHECK_EQ(got + i, out[i].key);
        got += count;
    }
    nothing_is_queued(p);
    port_close(p);
}

/* One of everything, opened, used and closed. */
static void use_everything(void)
{
    struct port *p = open_port();
    struct meeting m;
    struct port_op op = { 0 };
    char bytes[4];
    port_handle reader, writer, object = object_on(p);
    meeting_open(&m, p);
    port_handle accepted = meeting_accept(&m);
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, port_associate(p, reader, 5));
    struct port_request request = reading(bytes, sizeof bytes);
    CHECK_EQ(0, port_start(p, reader, &op, &request));
    CHECK_EQ(0, port_cancel(p, reader, &op));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    CHECK_EQ(0, port_start(p, object, &op, &waiting));
    port_object_set(object);
    CHECK_EQ(0, dequeue_one(p).status);
    CHECK_EQ(0, port_start(p, m.listener, &op, &accepting));
    CHECK_EQ(0, port_cancel(p, m.listener, &op));
    CHECK_EQ(LOOP_EABORTED, dequeue_one(p).status);
    port_handle_close(object);
    port_handle_close(reader);
    port_handle_close(writer);
    port_handle_close(accepted);
    meeting_close(&m);
    port_close(p);
}

/* More handles than the registry begins with, and more objects than one
 * thread of the pool can watch: each op hears of its own, and closing every
 * other one leaves the rest as they were. */
static void many_handles_are_told_apart(void)
{
    enum { MANY = 300 };
    static port_handle object[MANY];
    static struct port_op op[MANY];
    struct port *p = open_port();
    for (uint64_t i = 0; i < MANY; i++) {
        CHECK_EQ(0, port_object(&object[i]));
        CHECK_EQ(0, port_associate(p, object[i], i));
        CHECK_EQ(0, port_start(p, object[i], &op[i], &waiting));
    }
    for (int i = 0; i < MANY; i += 2)
        port_handle_close(object[i]);
    for (int i = 0; i < MANY; i += 2) {
        struct packet packet = dequeue_one(p);
        CHECK_EQ(LOOP_EABORTED, packet.status);
        CHECK_EQ(i, packet.key);
    }
    for (int i = MANY - 1; i > 0; i -= 2) {
        port_object_set(object[i]);
        struct packet packet = dequeue_one(p);
        CHECK_EQ(0, packet.status);
        CHECK_EQ(i, packet.key);
        CHECK(packet.op == &op[i]);
        port_handle_close(object[i]);
    }
    nothing_is_queued(p);
    port_close(p);
}

static DWORD handle_count(void)
{
    DWORD count = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

/* Not one handle of any kind is left for each round; some come and go with
 * the thread pool, so their number is not compared exactly. */
static void no_handle_is_left(void)
{
    enum { ROUNDS = 100 };
    use_everything();
    DWORD before = handle_count();
    for (int i = 0; i < ROUNDS; i++)
        use_everything();
    CHECK(handle_count() < before + ROUNDS / 4);
}

/* A thread shows the name that it was given. */
typedef HRESULT(WINAPI *get_description)(HANDLE thread, WCHAR **text);

static get_description describe;

static void check_name(void *arg)
{
    WCHAR *text = NULL;
    (void)arg;
    CHECK(SUCCEEDED(describe(GetCurrentThread(), &text)));
    CHECK(text && lstrcmpW(text, L"a thread with a name") == 0);
    LocalFree(text);
}

static void thread_has_its_name(void)
{
    struct os_thread thread = { 0 };
    describe = (get_description)(void (*)(void))GetProcAddress(
        GetModuleHandleW(L"kernel32.dll"), "GetThreadDescription");
    if (!describe) {
        test_skip("thread_has_its_name", "no names in this system");
        return;
    }
    CHECK_EQ(0, os_thread_start(&thread, "a thread with a name", check_name,
                                NULL));
    os_thread_join(&thread);
}

int main(void)
{
    RUN(other_handles_are_refused);
    RUN(object_has_one_port_for_life);
    RUN(no_handle_is_inherited);
    RUN(both_ends_are_whole_sockets);
    RUN(port_leaves_no_accepted_socket);
    RUN(closing_a_pipe_ends_its_ops);
    RUN(closing_an_object_aborts_its_waits);
    RUN(one_signal_ends_one_wait);
    RUN(port_closes_over_a_watched_object);
    RUN(closed_send_reaches_no_stranger);
    RUN(reset_connection_is_broken);
    RUN(failure_at_the_start_has_a_packet);
    RUN(ended_thread_ends_every_wait);
    RUN(signal_is_taken_or_kept);
    RUN(far_time_waits);
    RUN(large_batch_is_cut);
    RUN(many_handles_are_told_apart);
    RUN(no_handle_is_left);
    RUN(thread_has_its_name);
    return test_result(19);
}
