/*
 * end.c - a process that ends a loop by one strategy and tells what that took
 * and lost.
 *
 * usage: lastcall-bench-end-NAME STRATEGY WORK COUNT
 *        lastcall-bench-end-NAME about
 *
 *   STRATEGY   stop graceful hooks deadline abandon
 *   WORK       posts timers tasks jobs reads write
 *
 * Exit status 77: this loop has no such strategy or work.
 *
 * There are two processes. The one that was started reads the far ends of
 * streams, slowly, to their end, and so knows what arrived also when the
 * other, which has the loop, is gone. What a loop or a library makes once for
 * the life of a process is no loss of one loop: a first one with a little of
 * the same work is ended gracefully before anything is counted.
 */
#include "end.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../gate.h"
#include "../heap.h"
#include "../loss.h"
#include "census.h"

#define HAS_NONE 77
#define WARM_UP 8u
#define JOB_TIME 40000000L
#define READ_TIME 1000000L          /* between two reads of the reader   */
#define READ_SIZE 32768

enum { FIRST, COUNTED, STREAMS };

static const char *const strategies[] = { "stop", "graceful", "hooks",
                                          "deadline", "abandon", NULL };
static const char *const works[] = { "posts", "timers", "tasks", "jobs",
                                     "reads", "write", NULL };

static struct {
    struct os_thread thread;
    struct gate  inside;
    atomic_uint  jobs_begun;
    atomic_bool  asked;
    atomic_ulong ran;
    atomic_ulong told;
    int          near[STREAMS];
    int          far[STREAMS];
    int          stream;            /* which one is in use               */
    char        *text;
} self;

/* For the loop's file. */

void end_thread_start(void (*run)(void *unused))
{
    int failed = os_thread_start(&self.thread, "inside", run, NULL);
    LOOP_ASSERT(!failed);
}

void end_thread_join(void)
{
    os_thread_join(&self.thread);
}

void end_inside(void)
{
    gate_add(&self.inside);
}

void end_wait_inside(unsigned times)
{
    gate_wait(&self.inside, times);
}

/* It spins: to be woken would be a part of what is measured. */
void end_hold(void)
{
    end_inside();
    while (!atomic_load(&self.asked))
        continue;
}

static void pause_for(long nanoseconds)
{
    struct timespec time = { .tv_nsec = nanoseconds };
    while (nanosleep(&time, &time) != 0)
        continue;
}

void end_work_job(void)
{
    if (atomic_fetch_add(&self.jobs_begun, 1) >= END_WORKERS)
        return;
    end_inside();
    pause_for(JOB_TIME);
}

int end_stream(void)
{
    return self.near[self.stream];
}

char *end_text(unsigned count)
{
    (void)count;
    return self.text;
}

void end_ran(void)
{
    atomic_fetch_add_explicit(&self.ran, 1, memory_order_relaxed);
}

void end_told(void)
{
    atomic_fetch_add_explicit(&self.told, 1, memory_order_relaxed);
}

/* One loop, from its beginning to its end. */

static uint64_t live(enum end_strategy strategy, enum end_work work,
                     unsigned count)
{
    gate_open(&self.inside);
    atomic_store(&self.asked, false);
    atomic_store(&self.jobs_begun, 0);
    atomic_store(&self.ran, 0);
    atomic_store(&self.told, 0);
    end_begin(strategy, work, count);
    uint64_t before = os_now();
    atomic_store(&self.asked, true);
    end_by(strategy);
    return os_now() - before;
}

static void live_first(enum end_work work, unsigned count)
{
    self.stream = FIRST;
    unsigned few = count < WARM_UP ? count : WARM_UP;
    end_room_open(work, few);
    live(END_GRACEFUL, work, few);
    census_settle();
    end_room_close();
    gate_close(&self.inside);
    self.stream = COUNTED;
}

static void tell_losses(enum end_work work, unsigned count,
                        const struct census *before)
{
    struct census now;
    census_settle();
    census_take(&now);
    unsigned long items = work == END_WRITE ? 1 : count;
    unsigned long ran = atomic_load(&self.ran);
    unsigned long told = atomic_load(&self.told);
    if (work == END_POSTS || work == END_JOBS)
        loss_print(LOSS_NOT_RUN, (long long)(items - ran), stdout);
    loss_print(LOSS_UNTOLD, (long long)(items - ran - told), stdout);
    loss_print(LOSS_DESCRIPTORS, now.descriptors - before->descriptors,
               stdout);
    loss_print(LOSS_THREADS, now.threads - before->threads, stdout);
    if (heap_is_counted())
        loss_print(LOSS_MEMORY, now.memory - before->memory, stdout);
}

/* The end of the stream that the loop takes over is not one it leaves. */
static void live_and_tell(enum end_strategy strategy, enum end_work work,
                          unsigned count)
{
    struct census before;
    live_first(work, count);
    end_room_open(work, count);
    census_take(&before);
    before.descriptors -= work == END_WRITE;
    uint64_t took = live(strategy, work, count);
    tell_losses(work, count, &before);
    printf("engine %s\ntook %llu\n", end_engine(), (unsigned long long)took);
    fflush(stdout);
}

/* Two processes. */

/* Nobody is left to read if the other one dies. A stream that is not for
 * this work is closed, lest it be a descriptor of the count. */
static _Noreturn void be_loop(enum end_strategy strategy, enum end_work work,
                              unsigned count, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (int i = 0; i < STREAMS; i++) {
        close(self.far[i]);
        if (work != END_WRITE)
            close(self.near[i]);
    }
    self.text = calloc(count, END_KIB);
    LOOP_ASSERT(self.text);
    live_and_tell(strategy, work, count);
    _exit(0);
}

/* The bytes of a stream, until its other end is closed. The first stream is
 * emptied in passing. */
static unsigned long long read_slowly(void)
{
    static char text[READ_SIZE];
    unsigned long long bytes = 0;
    for (;;) {
        ssize_t got = recv(self.far[FIRST], text, sizeof text, MSG_DONTWAIT);
        (void)got;
        got = recv(self.far[COUNTED], text, sizeof text, 0);
        if (got <= 0)
            return bytes;
        bytes += (unsigned long long)got;
        pause_for(READ_TIME);
    }
}

static int be_reader(pid_t loop, enum end_work work, unsigned count)
{
    int status;
    for (int i = 0; i < STREAMS; i++)
        close(self.near[i]);
    unsigned long long arrived = read_slowly();
    if (waitpid(loop, &status, 0) != loop)
        return 1;
    if (work == END_WRITE)
        loss_print(LOSS_BYTES,
                   (long long)count * END_KIB - (long long)arrived, stdout);
    fflush(stdout);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int index_of(const char *word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

static int live_beside_reader(enum end_strategy strategy, enum end_work work,
                              unsigned count)
{
    pid_t parent = getpid();
    for (int i = 0; i < STREAMS; i++) {
        int ends[2];
        int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
        LOOP_ASSERT(!failed);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        self.near[i] = ends[0];
        self.far[i] = ends[1];
    }
    fflush(stdout);
    pid_t loop = fork();
    LOOP_ASSERT(loop >= 0);
    if (loop == 0)
        be_loop(strategy, work, count, parent);
    return be_reader(loop, work, count);
}

/* The engine is that of a loop that was open. */
static int about(void)
{
    end_room_open(END_TIMERS, 1);
    live(END_GRACEFUL, END_TIMERS, 1);
    printf("engine %s\n", end_engine());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "about") == 0)
        return about();
    int strategy = argc == 4 ? index_of(argv[1], strategies) : -1;
    int work = argc == 4 ? index_of(argv[2], works) : -1;
    unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (strategy < 0 || work < 0 || count == 0 || count > 10000000) {
        fprintf(stderr, "usage: lastcall-bench-end-NAME STRATEGY WORK COUNT"
                "\n       lastcall-bench-end-NAME about\n");
        return 2;
    }
    if (!end_has((enum end_strategy)strategy, (enum end_work)work))
        return HAS_NONE;
    return live_beside_reader((enum end_strategy)strategy,
                              (enum end_work)work, (unsigned)count);
}
