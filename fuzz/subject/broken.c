#include "broken.h"

#include "../../loop/os.h"
#include "../peer.h"
#include "../sim/sim.h"

#define NEVER 3600000000000u    /* an hour: no scenario here is that long    */
#define MILLISECOND 1000000u
#define LATE 1000000000u        /* 1 s, past any slack                       */

/* The state of one run. What the simulator has to see lies in static storage
 * that reset clears, as a subject's own would. */
static struct state {
    subject_callback_fn *callback;
    unsigned             inside;        /* calls to run                     */
    struct os_mutex      mutex;
    struct os_cond       cond;
    struct os_thread     worker;
    struct os_console    console;
    struct port_op       op;
    struct port         *port;
    port_handle          handle[SUBJECT_NUMBERS];
    bool                 closed[SUBJECT_NUMBERS];   /* the handle was       */
    unsigned             held_back;     /* post, and one                    */
} self;

static struct subject       table;
static subject_callback_fn *between;    /* the loop and the runner, or NULL  */

static const struct subject *const real = &subject_lastcall;

/* Wait for ever; nobody signals. */
static void wait_for_ever(void)
{
    os_mutex_open(&self.mutex);
    os_cond_open(&self.cond);
    os_mutex_lock(&self.mutex);
    for (;;)
        os_cond_wait(&self.cond, &self.mutex, OS_FOREVER);
}

/* Run and stop. */

static int stop_unheard(unsigned loop)
{
    (void)loop;
    return LOOP_OK;
}

static int count_run(unsigned loop, enum loop_run_mode mode)
{
    self.inside++;
    int result = real->run(loop, mode);
    self.inside--;
    return result;
}

static int stop_not_kept(unsigned loop)
{
    return self.inside > 0 ? real->stop(loop) : LOOP_OK;
}

static int run_swallows_stops(unsigned loop, enum loop_run_mode mode)
{
    int result;
    do
        result = real->run(loop, mode);
    while (result == LOOP_STOPPED);
    return result;
}

static int stop_refused(unsigned loop)
{
    real->stop(loop);
    return LOOP_ECLOSED;
}

static int run_busy(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    (void)mode;
    return LOOP_EBUSY;
}

static int run_closed(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    (void)mode;
    return LOOP_ECLOSED;
}

static int run_nested(unsigned loop, enum loop_run_mode mode)
{
    int result = real->run(loop, mode);
    return result == LOOP_EBUSY ? LOOP_PASSED : result;
}

static int run_stopped(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    (void)mode;
    return LOOP_STOPPED;
}

static int run_idle_early(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    (void)mode;
    return LOOP_IDLE;
}

static int run_never_idle(unsigned loop, enum loop_run_mode mode)
{
    return real->run(loop, mode == LOOP_UNTIL_IDLE ? LOOP_FOREVER : mode);
}

static int run_two_passes(unsigned loop, enum loop_run_mode mode)
{
    int result = real->run(loop, mode);
    return result == LOOP_PASSED ? real->run(loop, mode) : result;
}

static int open_with_mutex(unsigned loop, unsigned workers_max)
{
    os_mutex_open(&self.mutex);
    return real->open(loop, workers_max);
}

static int run_under_lock(unsigned loop, enum loop_run_mode mode)
{
    os_mutex_lock(&self.mutex);
    int result = real->run(loop, mode);
    os_mutex_unlock(&self.mutex);
    return result;
}

static int stop_under_lock(unsigned loop)
{
    os_mutex_lock(&self.mutex);
    int result = real->stop(loop);
    os_mutex_unlock(&self.mutex);
    return result;
}

static int run_spins(unsigned loop, enum loop_run_mode mode)
{
    (void)loop;
    while (mode <= LOOP_NOWAIT)
        os_pause();
    return LOOP_OK;
}

/* Posts. */

static int post_forgotten(unsigned loop, unsigned number, const char *name)
{
    (void)loop;
    (void)number;
    (void)name;
    return LOOP_OK;
}

static int post_after_close(unsigned loop, unsigned number, const char *name)
{
    real->post(loop, number, name);
    return LOOP_OK;
}

static int post_refused_and_run(unsigned loop, unsigned number,
                                const char *name)
{
    real->post(loop, number, name);
    return LOOP_ECLOSED;
}

static int post_at_once(unsigned loop, unsigned number, const char *name)
{
    struct subject_event e = { .kind = SUBJECT_POST,
        .number = (uint16_t)number, .handle = PORT_NO_HANDLE };
    (void)loop;
    (void)name;
    self.callback(&e);
    return LOOP_OK;
}

/* The first of two waits for the second. */
static int post_out_of_order(unsigned loop, unsigned number, const char *name)
{
    if (self.held_back == 0) {
        self.held_back = number + 1;
        return LOOP_OK;
    }
    int result = real->post(loop, number, name);
    real->post(loop, self.held_back - 1, name);
    self.held_back = 0;
    return result;
}

/* Timers. */

static int timer_early(unsigned loop, unsigned number, const char *name,
                       uint64_t due)
{
    return real->timer(loop, number, name, due - MILLISECOND);
}

static int timer_never(unsigned loop, unsigned number, const char *name,
                       uint64_t due)
{
    return real->timer(loop, number, name, due + NEVER);
}

static int cancel_unheard(unsigned number)
{
    (void)number;
    return LOOP_OK;
}

static int cancel_too_late(unsigned number)
{
    real->timer_cancel(number);
    return LOOP_OK;
}

/* Ops and handles. */

static int note_handle(unsigned loop, unsigned number, const char *name,
                       port_handle h)
{
    self.handle[number] = h;
    return real->handle_open(loop, number, name, h);
}

static int submit_to_closed(unsigned handle, unsigned number,
                            const char *name,
                            const struct port_request *request, bool awaited)
{
    if (!self.closed[handle])
        return real->submit(handle, number, name, request, awaited);
    struct subject_event e = { .kind = SUBJECT_OP,
        .number = (uint16_t)number, .handle = PORT_NO_HANDLE };
    self.callback(&e);
    return LOOP_OK;
}

static int await_ended_op(unsigned task, unsigned op)
{
    int result = real->await_op(task, op);
    return result < 0 ? real->await_pass(task) : result;
}

static int close_handle_early(unsigned number)
{
    struct subject_event e = { .kind = SUBJECT_HANDLE_CLOSED,
        .number = (uint16_t)number, .handle = PORT_NO_HANDLE };
    int result = real->handle_close(number);
    self.callback(&e);
    return result;
}

/* Jobs. */

static void stay(void *argument)
{
    (void)argument;
    wait_for_ever();
}

static int job_with_worker(unsigned loop, unsigned number, const char *name,
                           bool awaited)
{
    os_thread_start(&self.worker, "worker", stay, NULL);
    return real->job(loop, number, name, awaited);
}

/* Closing. */

static int close_over_work(unsigned loop)
{
    int result = real->close(loop);
    return result == LOOP_EBUSY ? LOOP_OK : result;
}

static int close_busy(unsigned loop)
{
    (void)loop;
    return LOOP_EBUSY;
}

/* What is destroyed has to be closed: the loop asserts that. */
static int close_asserts(unsigned loop)
{
    real->destroy(loop);
    return LOOP_OK;
}

static int shutdown_late(unsigned loop, const struct shutdown_options *options,
                         struct shutdown_report *report)
{
    int result = real->shutdown(loop, options, report);
    sim_sleep(os_now() + options->within + LATE);
    return result;
}

static int shutdown_for_ever(unsigned loop,
                             const struct shutdown_options *options,
                             struct shutdown_report *report)
{
    (void)loop;
    (void)options;
    (void)report;
    wait_for_ever();
    return LOOP_OK;
}

static int shutdown_lists_nothing(unsigned loop,
                                  const struct shutdown_options *options,
                                  struct shutdown_report *report)
{
    int result = real->shutdown(loop, options, report);
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        report->left[kind] = 0;
    return result;
}

static int shutdown_lies(unsigned loop, const struct shutdown_options *options,
                         struct shutdown_report *report)
{
    struct shutdown_options abandon = *options;
    abandon.strategy = SHUTDOWN_ABANDON;
    real->shutdown(loop, &abandon, report);
    report->outcome = SHUTDOWN_DRAINED;
    return LOOP_OK;
}

/* What is left, or touched. */

static int leak_memory(unsigned loop, unsigned workers_max)
{
    os_alloc(24);
    return real->open(loop, workers_max);
}

static int leak_handle(unsigned loop, unsigned workers_max)
{
    port_object(&self.handle[0]);
    return real->open(loop, workers_max);
}

static int leak_port(unsigned loop, unsigned workers_max)
{
    port_open(&self.port);
    return real->open(loop, workers_max);
}

/* A wait that never ends, on a port of its own. */
static int leak_op(unsigned loop, unsigned workers_max)
{
    struct port_request request = { .kind = PORT_WAIT };
    port_open(&self.port);
    port_object(&self.handle[0]);
    port_associate(self.port, self.handle[0], 1);
    port_start(self.port, self.handle[0], &self.op, &request);
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

static int hold_mutex(unsigned loop, unsigned workers_max)
{
    os_mutex_open(&self.mutex);
    os_mutex_lock(&self.mutex);
    return real->open(loop, workers_max);
}

static int lock_twice(unsigned loop, unsigned workers_max)
{
    os_mutex_open(&self.mutex);
    os_mutex_lock(&self.mutex);
    os_mutex_lock(&self.mutex);
    return real->open(loop, workers_max);
}

static int free_twice(unsigned loop, unsigned workers_max)
{
    void *memory = os_alloc(24);
    os_free(memory);
    os_free(memory);
    return real->open(loop, workers_max);
}

/* The buffer of a read that is pending. */
static int free_lent(unsigned loop, unsigned workers_max)
{
    void *buffer = os_alloc(64);
    struct port_request request = { .kind = PORT_READ, .buffer = buffer,
                                    .size = 64 };
    port_open(&self.port);
    peer_socket_pair(&self.handle[0], &self.handle[1]);
    port_associate(self.port, self.handle[0], 1);
    port_start(self.port, self.handle[0], &self.op, &request);
    os_free(buffer);
    return real->open(loop, workers_max);
}

/* What is handed to a seam call is looked at, as an access would be. */
static int touch_free(unsigned loop, unsigned workers_max)
{
    struct os_mutex *m = os_alloc(sizeof *m);
    os_free(m);
    os_mutex_open(m);
    return real->open(loop, workers_max);
}

static int touch_beyond(unsigned loop, unsigned workers_max)
{
    void *small = os_alloc(sizeof(struct os_mutex) / 2);
    os_mutex_open(small);
    return real->open(loop, workers_max);
}

/* Callbacks. */

static enum subject_answer tell(const struct subject_event *e)
{
    return self.callback(e);
}

static enum subject_answer tell_but_no_aborted_post(
    const struct subject_event *e)
{
    if (e->kind == SUBJECT_POST && e->status == LOOP_EABORTED)
        return SUBJECT_OK;
    return tell(e);
}

static enum subject_answer tell_of_another(const struct subject_event *e)
{
    struct subject_event other = *e;
    if (e->kind == SUBJECT_POST)
        other.number += 100;
    return tell(&other);
}

static enum subject_answer tell_twice(const struct subject_event *e)
{
    struct subject_event again = *e;
    again.handle = PORT_NO_HANDLE;
    enum subject_answer answer = tell(e);
    bool ends = e->kind != SUBJECT_JOB_WORK && e->kind != SUBJECT_TASK_STEP &&
                e->kind != SUBJECT_CONSOLE;
    return ends ? tell(&again) : answer;
}

static enum subject_answer tell_but_no_op(const struct subject_event *e)
{
    return e->kind == SUBJECT_OP ? SUBJECT_OK : tell(e);
}

static enum subject_answer tell_and_note_closed(const struct subject_event *e)
{
    if (e->kind == SUBJECT_HANDLE_CLOSED)
        self.closed[e->number] = true;
    return tell(e);
}

static enum subject_answer tell_and_close_again(const struct subject_event *e)
{
    if (e->kind == SUBJECT_HANDLE_CLOSED)
        port_handle_close(self.handle[e->number]);
    return tell(e);
}

static enum subject_answer tell_and_step_again(const struct subject_event *e)
{
    struct subject_event step = *e;
    enum subject_answer answer = tell(e);
    step.kind = SUBJECT_TASK_STEP;
    return e->kind == SUBJECT_TASK_END ? tell(&step) : answer;
}

static enum subject_answer tell_no_cancel(const struct subject_event *e)
{
    struct subject_event step = *e;
    step.cancelled = false;
    return tell(&step);
}

static enum subject_answer tell_work_twice(const struct subject_event *e)
{
    enum subject_answer answer = tell(e);
    return e->kind == SUBJECT_JOB_WORK ? tell(e) : answer;
}

static enum subject_answer tell_and_work_again(const struct subject_event *e)
{
    struct subject_event work = *e;
    enum subject_answer answer = tell(e);
    work.kind = SUBJECT_JOB_WORK;
    return e->kind == SUBJECT_JOB ? tell(&work) : answer;
}

static enum subject_answer tell_but_no_console(const struct subject_event *e)
{
    return e->kind == SUBJECT_CONSOLE ? SUBJECT_OK : tell(e);
}

/* The list. */

struct breach {
    const char          *name;
    enum verdict         verdict;
    struct subject       with;      /* functions in place of the loop's     */
    subject_callback_fn *tell;      /* between the loop and the runner      */
};

static const struct breach breach[BROKENS] = {
    [BROKEN_STOP_UNHEARD] = { "stop unheard", VERDICT_STOP_IGNORED,
        { .stop = stop_unheard }, NULL },
    [BROKEN_STOP_NOT_KEPT] = { "stop not kept", VERDICT_STOP_IGNORED,
        { .stop = stop_not_kept, .run = count_run }, NULL },
    [BROKEN_STOP_SWALLOWED] = { "stop swallowed", VERDICT_STOP_IGNORED,
        { .run = run_swallows_stops }, NULL },
    [BROKEN_STOP_REFUSED] = { "stop refused", VERDICT_STALE_STATE,
        { .stop = stop_refused }, NULL },
    [BROKEN_RUN_BUSY] = { "run busy", VERDICT_STALE_STATE,
        { .run = run_busy }, NULL },
    [BROKEN_RUN_CLOSED] = { "run closed", VERDICT_STALE_STATE,
        { .run = run_closed }, NULL },
    [BROKEN_RUN_NESTED] = { "run nested", VERDICT_ORDER_BROKEN,
        { .run = run_nested }, NULL },
    [BROKEN_RUN_STOPPED] = { "run stopped", VERDICT_STALE_STATE,
        { .run = run_stopped }, NULL },
    [BROKEN_RUN_IDLE_EARLY] = { "run idle early", VERDICT_EARLY_QUIESCENCE,
        { .run = run_idle_early }, NULL },
    [BROKEN_RUN_NEVER_IDLE] = { "run never idle", VERDICT_DEADLOCK,
        { .run = run_never_idle }, NULL },
    [BROKEN_RUN_TWO_PASSES] = { "run two passes", VERDICT_ORDER_BROKEN,
        { .run = run_two_passes }, NULL },
    [BROKEN_RUN_UNDER_A_LOCK] = { "run under a lock", VERDICT_DEADLOCK,
        { .open = open_with_mutex, .run = run_under_lock,
          .stop = stop_under_lock }, NULL },
    [BROKEN_RUN_SPINS] = { "run spins", VERDICT_LIVELOCK,
        { .run = run_spins }, NULL },
    [BROKEN_POST_FORGOTTEN] = { "post forgotten", VERDICT_LOST_WAKE,
        { .post = post_forgotten }, NULL },
    [BROKEN_POST_DROPPED_AT_CLOSE] = { "post dropped at close",
        VERDICT_LOST_COMPLETION, { .name = NULL }, tell_but_no_aborted_post },
    [BROKEN_POST_AFTER_CLOSE] = { "post after close",
        VERDICT_LOST_COMPLETION, { .post = post_after_close }, NULL },
    [BROKEN_POST_REFUSED_AND_RUN] = { "post refused and run",
        VERDICT_LATE_CALLBACK, { .post = post_refused_and_run }, NULL },
    [BROKEN_POST_AT_ONCE] = { "post at once", VERDICT_ORDER_BROKEN,
        { .post = post_at_once }, NULL },
    [BROKEN_POST_OUT_OF_ORDER] = { "post out of order", VERDICT_ORDER_BROKEN,
        { .post = post_out_of_order }, NULL },
    [BROKEN_POST_UNKNOWN] = { "post unknown", VERDICT_HARNESS_FAULT,
        { .name = NULL }, tell_of_another },
    [BROKEN_CALLED_TWICE] = { "called twice", VERDICT_DUPLICATE_COMPLETION,
        { .name = NULL }, tell_twice },
    [BROKEN_TIMER_EARLY] = { "timer early", VERDICT_ORDER_BROKEN,
        { .timer = timer_early }, NULL },
    [BROKEN_TIMER_NEVER] = { "timer never", VERDICT_LOST_WAKE,
        { .timer = timer_never }, NULL },
    [BROKEN_TIMER_CANCEL_UNHEARD] = { "timer cancel unheard",
        VERDICT_LATE_CALLBACK, { .timer_cancel = cancel_unheard }, NULL },
    [BROKEN_TIMER_CANCEL_TOO_LATE] = { "timer cancel too late",
        VERDICT_LATE_CALLBACK, { .timer_cancel = cancel_too_late }, NULL },
    [BROKEN_OP_DROPPED] = { "op dropped", VERDICT_LOST_COMPLETION,
        { .name = NULL }, tell_but_no_op },
    [BROKEN_OP_OF_CLOSED_HANDLE] = { "op of closed handle",
        VERDICT_LATE_CALLBACK, { .submit = submit_to_closed },
        tell_and_note_closed },
    [BROKEN_OP_ENDS_TWICE] = { "op ends twice", VERDICT_DUPLICATE_COMPLETION,
        { .await_op = await_ended_op }, NULL },
    [BROKEN_HANDLE_CLOSED_EARLY] = { "handle closed early",
        VERDICT_EARLY_QUIESCENCE, { .handle_close = close_handle_early },
        NULL },
    [BROKEN_HANDLE_CLOSED_TWICE] = { "handle closed twice",
        VERDICT_DOUBLE_CLOSE, { .handle_open = note_handle },
        tell_and_close_again },
    [BROKEN_TASK_AFTER_ITS_END] = { "task after its end",
        VERDICT_LATE_CALLBACK, { .name = NULL }, tell_and_step_again },
    [BROKEN_TASK_CANCEL_UNTOLD] = { "task cancel untold", VERDICT_LOST_WAKE,
        { .name = NULL }, tell_no_cancel },
    [BROKEN_TASK_CANCEL_UNHEARD] = { "task cancel unheard",
        VERDICT_LOST_WAKE, { .task_cancel = cancel_unheard }, NULL },
    [BROKEN_JOB_TWICE] = { "job twice", VERDICT_DUPLICATE_COMPLETION,
        { .name = NULL }, tell_work_twice },
    [BROKEN_JOB_AFTER_ITS_END] = { "job after its end",
        VERDICT_LATE_CALLBACK, { .name = NULL }, tell_and_work_again },
    [BROKEN_JOB_WORKER_STAYS] = { "job worker stays",
        VERDICT_LINGERING_PROCESS, { .job = job_with_worker }, NULL },
    [BROKEN_CONSOLE_UNTOLD] = { "console untold", VERDICT_LOST_WAKE,
        { .name = NULL }, tell_but_no_console },
    [BROKEN_CONSOLE_UNWATCH_UNHEARD] = { "console unwatch unheard",
        VERDICT_LATE_CALLBACK, { .unwatch = cancel_unheard }, NULL },
    [BROKEN_CLOSE_OVER_WORK] = { "close over work", VERDICT_EARLY_QUIESCENCE,
        { .close = close_over_work }, NULL },
    [BROKEN_CLOSE_BUSY] = { "close busy", VERDICT_STALE_STATE,
        { .close = close_busy }, NULL },
    [BROKEN_CLOSE_ASSERTS] = { "close asserts", VERDICT_ABORT,
        { .close = close_asserts }, NULL },
    [BROKEN_SHUTDOWN_LATE] = { "shutdown late", VERDICT_DEADLINE_MISSED,
        { .shutdown = shutdown_late }, NULL },
    [BROKEN_SHUTDOWN_FOR_EVER] = { "shutdown for ever", VERDICT_DEADLOCK,
        { .shutdown = shutdown_for_ever }, NULL },
    [BROKEN_SHUTDOWN_LISTS_NOTHING] = { "shutdown lists nothing",
        VERDICT_EARLY_QUIESCENCE, { .shutdown = shutdown_lists_nothing },
        NULL },
    [BROKEN_SHUTDOWN_LIES] = { "shutdown lies", VERDICT_EARLY_QUIESCENCE,
        { .shutdown = shutdown_lies }, NULL },
    [BROKEN_LEAKS_MEMORY] = { "leaks memory", VERDICT_LEAKED_MEMORY,
        { .open = leak_memory }, NULL },
    [BROKEN_LEAKS_HANDLE] = { "leaks handle", VERDICT_LEAKED_HANDLE,
        { .open = leak_handle }, NULL },
    [BROKEN_LEAKS_PORT] = { "leaks port", VERDICT_LEAKED_HANDLE,
        { .open = leak_port }, NULL },
    [BROKEN_LEAKS_OP] = { "leaks op", VERDICT_LEAKED_OP,
        { .open = leak_op }, NULL },
    [BROKEN_LEAKS_CONSOLE] = { "leaks console", VERDICT_LEAKED_HANDLE,
        { .open = leak_console }, NULL },
    [BROKEN_HOLDS_A_MUTEX] = { "holds a mutex", VERDICT_STALE_STATE,
        { .open = hold_mutex }, NULL },
    [BROKEN_LOCKS_TWICE] = { "locks twice", VERDICT_DEADLOCK,
        { .open = lock_twice }, NULL },
    [BROKEN_FREES_TWICE] = { "frees twice", VERDICT_DOUBLE_FREE,
        { .open = free_twice }, NULL },
    [BROKEN_FREES_WHAT_IS_LENT] = { "frees what is lent",
        VERDICT_KERNEL_OWNED_ACCESS, { .open = free_lent }, NULL },
    [BROKEN_TOUCHES_WHAT_IS_FREE] = { "touches what is free",
        VERDICT_USE_AFTER_FREE, { .open = touch_free }, NULL },
    [BROKEN_TOUCHES_BEYOND] = { "touches beyond", VERDICT_OUT_OF_BOUNDS,
        { .open = touch_beyond }, NULL },
};

static void reset(subject_callback_fn *callback)
{
    self = (struct state){ .callback = callback };
    real->reset(between ? between : callback);
}

#define REPLACE(function)                                                   \
    (table.function = with->function ? with->function : real->function)

const struct subject *broken_subject(enum broken which)
{
    const struct subject *with = &breach[which].with;
    between = breach[which].tell;
    table = *real;
    table.name = breach[which].name;
    table.reset = reset;
    REPLACE(open);
    REPLACE(run);
    REPLACE(stop);
    REPLACE(close);
    REPLACE(shutdown);
    REPLACE(post);
    REPLACE(timer);
    REPLACE(timer_cancel);
    REPLACE(task_cancel);
    REPLACE(await_op);
    REPLACE(handle_open);
    REPLACE(handle_close);
    REPLACE(submit);
    REPLACE(job);
    REPLACE(unwatch);
    return &table;
}

const char *broken_name(enum broken which)
{
    return breach[which].name;
}

enum verdict broken_verdict(enum broken which)
{
    return breach[which].verdict;
}
