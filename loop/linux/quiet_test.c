/*
 * quiet_test.c - what a loop does not do: allocate in its steady state, and
 * wake up while it is idle.
 *
 * Allocations are counted by the sanitizers' hook where one is linked; where
 * none is, the allocator's own count of bytes in use may not grow.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../op.h"
#include "../task.h"
#include "../test_loop.h"
#include "../timer.h"
#include "../worker.h"

enum { WARM_UP = 50, ROUNDS = 1000 };

int __sanitizer_install_malloc_and_free_hooks(
    void (*on_alloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *)) __attribute__((weak));

static atomic_size_t allocations;

static void on_alloc(const volatile void *memory, size_t size)
{
    (void)memory;
    (void)size;
    allocations++;
}

static void on_free(const volatile void *memory)
{
    (void)memory;
}

/* One of each kind, for as many turns as it is asked for. */
struct mill {
    struct loop  *loop;
    struct post   post;
    struct timer  timer;
    struct task   task;
    struct job    job;
    struct handle reader;
    struct handle writer;
    struct op     reading;
    struct op     writing;
    char          in;
    char          out;
    bool          submitted;    /* the job, in this turn */
    int           turns;
};

static void on_post(struct post *p, int status)
{
    CHECK_EQ(0, status);
    LIST_OF(p, struct mill, post)->turns++;
}

static void on_timer(struct timer *t, int status)
{
    CHECK_EQ(0, status);
    LIST_OF(t, struct mill, timer)->turns++;
}

static enum task_next on_task(struct task *t, struct task_wake wake)
{
    struct mill *m = LIST_OF(t, struct mill, task);
    (void)wake;
    if (m->submitted)
        return TASK_ENDS;
    m->submitted = true;
    CHECK_EQ(0, job_submit(m->loop, &m->job));
    task_await_job(t, &m->job);
    return TASK_WAITS;
}

static int on_job(struct job *j)
{
    (void)j;
    return 0;
}

static void on_op(struct op *op)
{
    CHECK_EQ(0, op->status);
}

static void turn(struct mill *m)
{
    struct port_request read = { .kind = PORT_READ, .buffer = &m->in,
                                 .size = 1 };
    struct port_request write = { .kind = PORT_WRITE, .buffer = &m->out,
                                  .size = 1 };
    m->submitted = false;
    CHECK_EQ(0, loop_post(m->loop, &m->post));
    CHECK_EQ(0, timer_start(m->loop, &m->timer, 1));
    CHECK_EQ(0, task_spawn(m->loop, &m->task));
    CHECK_EQ(0, op_submit(&m->reader, &m->reading, &read));
    CHECK_EQ(0, op_submit(&m->writer, &m->writing, &write));
    CHECK_EQ(LOOP_IDLE, loop_run(m->loop, LOOP_UNTIL_IDLE));
}

/* After the first turns, a thousand of each kind of work need no memory. */
static void steady_state_allocates_nothing(void)
{
    port_handle reader, writer;
    struct mill m = { .loop = test_loop_create(1),
                      .post.run = on_post, .timer.fire = on_timer,
                      .task.step = on_task, .job.work = on_job,
                      .reading.done = on_op, .writing.done = on_op };
    CHECK_EQ(0, port_pipe(&reader, &writer));
    CHECK_EQ(0, handle_open(m.loop, &m.reader, reader, NULL));
    CHECK_EQ(0, handle_open(m.loop, &m.writer, writer, NULL));
    for (int i = 0; i < WARM_UP; i++)
        turn(&m);
    size_t counted = allocations;
    CHECK(counted > 0 || !__sanitizer_install_malloc_and_free_hooks);
    size_t used = mallinfo2().uordblks;
    for (int i = 0; i < ROUNDS; i++)
        turn(&m);
    CHECK_EQ(counted, allocations);
    CHECK_EQ(used, mallinfo2().uordblks);
    CHECK_EQ(2 * (WARM_UP + ROUNDS), m.turns);
    test_loop_shut_down(m.loop);
}

/* One line of what the kernel says about a thread, or -1. */
static long status_of(long thread, const char *field)
{
    char path[64], line[128];
    long value = -1;
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            sscanf(line + strlen(field), ":%ld", &value);
    if (file)
        fclose(file);
    return value;
}

static long switches_of(long thread)
{
    return status_of(thread, "voluntary_ctxt_switches");
}

struct sleeper {
    struct os_thread thread;
    struct loop     *loop;
    struct post      post;
    struct gate      inside;
    atomic_long      id;
};

static void on_sleeper(struct post *p, int status)
{
    struct sleeper *s = LIST_OF(p, struct sleeper, post);
    CHECK_EQ(0, status);
    s->id = (long)gettid();
    gate_raise(&s->inside);
}

static void sleeper_main(void *arg)
{
    struct sleeper *s = arg;
    CHECK_EQ(LOOP_STOPPED, loop_run(s->loop, LOOP_FOREVER));
}

/* Wait until a thread has not gone to sleep anew for a while. */
static long settle(long thread)
{
    long before = -1, now = switches_of(thread);
    for (int i = 0; i < TEST_LOOKS && now != before; i++) {
        before = now;
        for (int k = 0; k < 20; k++)
            os_pause();
        now = switches_of(thread);
    }
    return now;
}

/* 10: a thread that is idle does not wake, neither for a look at the clock
 * nor for a far timer: it goes to sleep once. */
static void idle_loop_does_not_wake(void)
{
    struct sleeper s = { .loop = test_loop_create(0),
                         .post.run = on_sleeper };
    struct mill m = { .timer.fire = on_timer };
    gate_open(&s.inside);
    CHECK_EQ(0, timer_start(s.loop, &m.timer, TEST_FAR));
    test_thread_start(&s.thread, sleeper_main, &s);
    CHECK_EQ(0, loop_post(s.loop, &s.post));
    gate_wait(&s.inside, 1);
    long before = settle(s.id);
    CHECK(before >= 0);
    for (int i = 0; i < 200; i++)
        os_pause();
    CHECK_EQ(before, switches_of(s.id));
    CHECK_EQ(0, loop_stop(s.loop));
    os_thread_join(&s.thread);
    CHECK_EQ(0, timer_cancel(s.loop, &m.timer));
    gate_close(&s.inside);
    test_loop_end(s.loop);
}

int main(void)
{
    int descriptors = test_descriptors();
    if (__sanitizer_install_malloc_and_free_hooks)
        __sanitizer_install_malloc_and_free_hooks(on_alloc, on_free);
    RUN(steady_state_allocates_nothing);
    RUN(idle_loop_does_not_wake);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(2);
}
