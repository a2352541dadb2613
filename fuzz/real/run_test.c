/*
 * run_test.c - a run on real threads ends as it should, and says so.
 *
 * All but a clean end is the end of the process too, so each case is this
 * program once more, watched by a watchdog. What breaks its contract is our
 * loop with one function replaced: all else that an oracle says is a false
 * alarm.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../../loop/port.h"
#include "../../loop/test.h"
#include "../host.h"
#include "../watchdog.h"
#include "../witness.h"
#include "seam.h"
#include "system.h"
#include "threads.h"

#define RUNS 12
#define SUSPICION_MS 300
#define LATE 10000000000u

static const char *root, *build;

/* Broken promises. Whoever waits leaves the harness first. */

static struct {
    subject_callback_fn *callback;
    struct os_mutex      mutex;
    struct os_cond       cond;
    struct os_thread     thread;
    struct os_console    console;
    struct port_op       op;
    struct port         *port;
    port_handle          handle;
} self;

static const struct subject *const real = &subject_lastcall;

static void wait_until(uint64_t until)
{
    os_mutex_open(&self.mutex);
    os_cond_open(&self.cond);
    os_mutex_lock(&self.mutex);
    while (os_cond_wait(&self.cond, &self.mutex, until))
        continue;
    os_mutex_unlock(&self.mutex);
}

static int stop_unheard(unsigned loop)
{
    (void)loop;
    return LOOP_OK;
}

static int run_busy(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    (void)mode;
    return LOOP_EBUSY;
}

static int run_spins(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    ground_leave();
    while (mode <= LOOP_NOWAIT)
        os_pause();
    return LOOP_OK;
}

static int open_with_mutex(unsigned loop, unsigned workers_max)
{
    os_mutex_open(&self.mutex);
    return real->open(loop, workers_max);
}

static int run_under_lock(unsigned loop, enum loop_run_mode mode)
{
    ground_leave();
    os_mutex_lock(&self.mutex);
    ground_enter();
    int result = real->run(loop, mode);
    os_mutex_unlock(&self.mutex);
    return result;
}

static int stop_under_lock(unsigned loop)
{
    ground_leave();
    os_mutex_lock(&self.mutex);
    ground_enter();
    int result = real->stop(loop);
    os_mutex_unlock(&self.mutex);
    return result;
}

static int post_forgotten(unsigned loop, unsigned number, const char *name)
{
    (void)loop;
    (void)number;
    (void)name;
    return LOOP_OK;
}

static int close_asserts(unsigned loop)
{
    real->destroy(loop);
    return LOOP_OK;
}

static int shutdown_late(unsigned loop, const struct shutdown_options *options,
                         struct shutdown_report *report)
{
    int result = real->shutdown(loop, options, report);
    ground_leave();
    wait_until(os_now() + options->within + LATE);
    ground_enter();
    return result;
}

static int leak_memory(unsigned loop, unsigned workers_max)
{
    self.port = os_alloc(24);
    return real->open(loop, workers_max);
}

static int leak_handle(unsigned loop, unsigned workers_max)
{
    port_object(&self.handle);
    return real->open(loop, workers_max);
}

static int leak_port(unsigned loop, unsigned workers_max)
{
    port_open(&self.port);
    return real->open(loop, workers_max);
}

static int leak_op(unsigned loop, unsigned workers_max)
{
    struct port_request request = { .kind = PORT_WAIT };
    port_open(&self.port);
    port_object(&self.handle);
    port_associate(self.port, self.handle, 1);
    port_start(self.port, self.handle, &self.op, &request);
    return real->open(loop, workers_max);
}

static void hear(struct os_console *c, enum os_console_event what)
{
    (void)c;
    (void)what;
}

static int leak_console(unsigned loop, unsigned workers_max)
{
    self.console.event = hear;
    os_console_watch(&self.console);
    return real->open(loop, workers_max);
}

static void stay(void *arg)
{
    (void)arg;
    wait_until(OS_FOREVER);
}

static int leak_worker(unsigned loop, unsigned workers_max)
{
    os_thread_start(&self.thread, "worker", stay, NULL);
    return real->open(loop, workers_max);
}

/* Opened past the seams: only the system knows. */
static int leak_file(unsigned loop, unsigned workers_max)
{
    static FILE *file;
    char path[HOST_PATH];
    host_program(path);
    file = fopen(path, "rb");
    return file ? real->open(loop, workers_max) : LOOP_ENOMEM;
}

static enum subject_answer tell_twice(const struct subject_event *e)
{
    self.callback(e);
    return self.callback(e);
}

static void reset_telling_twice(subject_callback_fn *callback)
{
    self.callback = callback;
    real->reset(tell_twice);
}

/* Cases. */

#define STOPPED \
    "loop main\nthread owner\n open main\n raise opened\n" \
    " run main mode=forever\n close main\n" \
    "thread stopper\n await opened\n stop main\n"
#define POSTED \
    "loop main\nthread owner\n open main\n raise opened\n" \
    " run main mode=forever\n close main\n" \
    "thread poster\n await opened\n post main do=work\n" \
    "callback work\n stop main\n"
#define CLOSED "loop main\nthread owner\n open main\n close main\n"
#define SHUT_DOWN \
    "loop main\nthread owner\n open main\n" \
    " shutdown main how=graceful within=1s\n"
#define STOPPED_FROM_OUTSIDE \
    "loop main\nthread owner\n open main\n run main mode=forever\n" \
    " close main\n"
#define HOUR_LONG \
    "loop main\nthread owner\n open main\n" \
    " timer main far do=work after=3600s\n run main mode=until-idle\n" \
    " sleep 3600s\n close main\ncallback work\n"
#define ABANDONED \
    "loop main\nthread program\n start looper\n await opened\n" \
    " shutdown main how=abandon\n exit\n" \
    "thread looper start=manual daemon=yes\n open main\n raise opened\n" \
    " run main mode=forever\n"

static const struct test_case {
    const char    *name;
    const char    *text;        /* NULL: the file of that name              */
    enum verdict   verdict;
    const char    *where;       /* of a finding; of others how they end     */
    struct subject with;        /* functions in place of the loop's         */
    uint64_t       events_max;
} cases[] = {
    /* as written: nothing is left, and the next run may follow */
    { .name = "accepted-while-cancelled", .where = "done" },
    { .name = "cancel-gather-stop", .where = "done" },
    { .name = "every-interrupt-is-heard", .where = "done" },
    { .name = "ops-complete-in-any-order", .where = "done" },
    { .name = "stop-wakes-idle-loop", .where = "done" },
    { .name = "two-loops-do-not-mix", .where = "done" },
    { .name = "stopped from outside", .text = STOPPED_FROM_OUTSIDE,
      .where = "done" },
    { .name = "hours pass", .text = HOUR_LONG, .where = "done" },
    /* what an abandoned loop leaves cannot be taken back */
    { .name = "abandon-lists-what-is-lost", .where = "left" },
    { .name = "daemon-thread-never-stopped", .where = "left" },
    { .name = "job-outlives-the-deadline", .where = "left" },
    { .name = "abandoned", .text = ABANDONED, .where = "left" },
    { .name = "for ever", .text = STOPPED, .with.run = run_spins,
      .where = "budget", .events_max = 600 },
    /* broken promises */
    { .name = "stop unheard", .text = STOPPED, .with.stop = stop_unheard,
      .verdict = VERDICT_STOP_IGNORED, .where = "run asleep after a stop" },
    { .name = "run busy", .text = STOPPED, .with.run = run_busy,
      .verdict = VERDICT_STALE_STATE },
    { .name = "run under a lock", .text = STOPPED,
      .with.open = open_with_mutex, .with.run = run_under_lock,
      .with.stop = stop_under_lock, .verdict = VERDICT_DEADLOCK,
      .where = "run waits for a packet" },
    { .name = "post forgotten", .text = POSTED, .with.post = post_forgotten,
      .verdict = VERDICT_LOST_WAKE, .where = "run asleep over a post" },
    { .name = "told twice", .text = POSTED,
      .with.reset = reset_telling_twice,
      .verdict = VERDICT_DUPLICATE_COMPLETION },
    { .name = "close asserts", .text = CLOSED, .with.close = close_asserts,
      .verdict = VERDICT_ABORT },
    { .name = "shutdown late", .text = SHUT_DOWN,
      .with.shutdown = shutdown_late, .verdict = VERDICT_DEADLINE_MISSED },
    { .name = "leaks memory", .text = CLOSED, .with.open = leak_memory,
      .verdict = VERDICT_LEAKED_MEMORY, .where = "memory left" },
    { .name = "leaks a handle", .text = CLOSED, .with.open = leak_handle,
      .verdict = VERDICT_LEAKED_HANDLE, .where = "handle left open" },
    { .name = "leaks a port", .text = CLOSED, .with.open = leak_port,
      .verdict = VERDICT_LEAKED_HANDLE, .where = "port left open" },
    { .name = "leaks an op", .text = CLOSED, .with.open = leak_op,
      .verdict = VERDICT_LEAKED_OP, .where = "op left in the kernel" },
    { .name = "leaks a watch", .text = CLOSED, .with.open = leak_console,
      .verdict = VERDICT_LEAKED_HANDLE, .where = "console watch left" },
    { .name = "worker stays", .text = CLOSED, .with.open = leak_worker,
      .verdict = VERDICT_LINGERING_PROCESS,
      .where = "worker waits for a condition" },
    { .name = "leaks a file", .text = CLOSED, .with.open = leak_file,
      .verdict = VERDICT_LEAKED_HANDLE, .where = "process has more handles" },
};

#define CASES (sizeof cases / sizeof cases[0])

/* In the child. */

static struct scenario scenario;

static bool load(const struct test_case *c)
{
    struct scenario_error error;
    char text[1024], path[HOST_PATH];
    snprintf(text, sizeof text, "scenario test\n%s", c->text ? c->text : "");
    snprintf(path, sizeof path, "%s/corpus/scenario/%s.scn", root, c->name);
    int result = c->text ? scenario_parse(&scenario, c->name, text,
                                          strlen(text), &error)
                         : scenario_load(&scenario, path, &error);
    if (result < 0)
        scenario_error_print(stderr, &error);
    return result == 0;
}

#define REPLACE(function)                                                   \
    (s->function = with->function ? with->function : real->function)

static void make_subject(struct subject *s, const struct subject *with)
{
    *s = *real;
    REPLACE(reset);
    REPLACE(open);
    REPLACE(run);
    REPLACE(stop);
    REPLACE(close);
    REPLACE(shutdown);
    REPLACE(post);
}

static void on_finding(enum verdict v, const char *where)
{
    witness_finding(v, where);
    system_end(1);
}

/* A thread that was joined may be listed for a moment longer. */
static bool threads_sink_to(unsigned count)
{
    for (int i = 0; i < 60000 && system_threads() > count; i++)
        os_pause();
    return system_threads() <= count;
}

static void check_nothing_left(unsigned threads_before)
{
    struct ground_left left;
    ground_left(&left);
    CHECK_EQ(0, left.ports + left.handles + left.ops_pending + left.packets);
    CHECK_EQ(0, left.threads + left.mutexes_held + left.console_watchers);
    CHECK_EQ(real->held(), left.allocations);
    CHECK(!system_knows_sleepers() || threads_sink_to(threads_before));
}

/* More handles after a run than after one before it are a finding already. */
static int child(const struct test_case *c)
{
    static const char *const word[] = { "done", "left", "budget" };
    struct run_limits limits = { .suspicion_ms = SUSPICION_MS,
        .expectations = true, .events_max = c->events_max };
    struct run_summary summary = { 0 };
    struct subject subject;
    witness_open(NULL, NULL);
    run_open(on_finding);
    make_subject(&subject, &c->with);
    if (!load(c))
        return 3;
    for (unsigned i = 0; i < RUNS && summary.end == RUN_DONE; i++) {
        unsigned threads_before = system_threads();
        limits.seed = i;
        run_scenario(&subject, &scenario, &limits, &summary);
        CHECK(summary.threads > 0);
        CHECK(summary.events > 0);
        if (summary.end == RUN_DONE)
            check_nothing_left(threads_before);
    }
    witness_line(word[summary.end]);
    fflush(stdout);
    if (summary.end != RUN_DONE)
        system_end(test_result(1));
    witness_main_returned();
    return test_result(1);
}

/* In the parent. */

static void keep_line(const char *line, void *arg)
{
    snprintf(arg, 16, "%.15s", line);
}

static void check_case(unsigned number)
{
    static char program[HOST_PATH];
    const struct test_case *c = &cases[number];
    char text[16], line[16] = "";
    host_program(program);
    snprintf(text, sizeof text, "%u", number);
    char *argv[] = { program, (char *)root, (char *)build, text, NULL };
    struct watchdog_options options = { .stall_ms = 60000,
                                        .line = keep_line, .arg = line };
    struct watchdog_report report = { 0 };
    int before = test_failures;
    CHECK_EQ(0, watchdog_run(argv, &options, &report));
    CHECK_EQ(c->verdict, report.verdict);
    CHECK_EQ(WATCHDOG_EXITED, report.end);
    if (c->where)
        CHECK(!strcmp(c->where, c->verdict ? report.where : line));
    if (test_failures > before)
        printf("  %s: %s %s, %s, '%s'\n", c->name,
               verdict_name(report.verdict), report.where, report.what, line);
    watchdog_report_free(&report);
}

static void check_cases(const char *where, bool broken)
{
    unsigned checked = 0;
    for (unsigned i = 0; i < CASES; i++)
        if (broken ? cases[i].verdict != VERDICT_CLEAN
                   : cases[i].where && !strcmp(cases[i].where, where)) {
            bool unseen = cases[i].with.open == leak_file &&
                          !system_knows_sleepers();
            if (!unseen)
                check_case(i);
            checked++;
        }
    CHECK(checked > 0);
}

static void clean_run_leaves_nothing(void)
{
    check_cases("done", false);
}

static void abandoned_loop_ends_the_process_without_a_finding(void)
{
    check_cases("left", false);
}

static void run_without_end_is_ended_by_its_budget(void)
{
    check_cases("budget", false);
}

static void broken_promise_is_found_for_what_it_is(void)
{
    check_cases(NULL, true);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: run_test ROOT BUILD\n");
        return 2;
    }
    root = argv[1];
    build = argv[2];
    if (argc > 3)
        return child(&cases[strtoul(argv[3], NULL, 10) % CASES]);
    RUN(clean_run_leaves_nothing);
    RUN(abandoned_loop_ends_the_process_without_a_finding);
    RUN(run_without_end_is_ended_by_its_budget);
    RUN(broken_promise_is_found_for_what_it_is);
    return test_result(4);
}
