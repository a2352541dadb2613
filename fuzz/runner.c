#include "runner.h"

#include <stdio.h>
#include <string.h>

#include "../loop/os.h"
#include "oracle.h"
#include "peer.h"

#define THREADS 8
#define CALLBACKS 16
#define INSTANCES_MAX 64    /* of one kind                                 */
#define RESCUES_MAX 64
#define THREADS_SAFE 28     /* of the simulator's, some left for workers   */
#define FINISH_WITHIN 1000000000u   /* 1 s, virtual                        */

/* A dynamic object: what a number at the subject seam stands for. */
struct instance {
    uint8_t     object;     /* its number in the scenario, or ANY          */
    uint8_t     callback;   /* body to execute, or ANY                     */
    uint8_t     loop;
    bool        later;      /* hook: finishes later                        */
    uint16_t    pc;         /* task: next statement                        */
    uint16_t    resume;     /* task: where to go on after a swallow        */
    bool        handling;   /* task: in the part after on-cancel           */
    bool        begun;      /* task: its body was found                    */
    port_handle far;        /* handle: the peer's end                      */
    port_handle near;       /* handle: the loop's end                      */
    struct port_address at; /* handle: where it listens                    */
    bool        object_set; /* handle: a wait object                       */
};

enum instance_kind { I_POST, I_TIMER, I_OP, I_JOB, I_TASK, I_HANDLE, I_WATCH,
                     I_HOOK, I_KINDS };

static const unsigned latest_max[I_KINDS] = { 0, 16, 16, 8, 16, 8, 2, 4 };

static struct {
    const struct subject     *subject;
    const struct scenario    *scenario;
    const struct run_options *options;
    struct instance           instance[I_KINDS][INSTANCES_MAX];
    unsigned                  count[I_KINDS];
    unsigned                  objects_max;
    int16_t                   latest[I_KINDS][16];  /* of a scenario object */
    bool                      loop_begun[SUBJECT_LOOPS];
    bool                      loop_open[SUBJECT_LOOPS];
    bool                      loop_destroyed[SUBJECT_LOOPS];
    unsigned                  calls[SUBJECT_LOOPS + 1]; /* not returned     */
    struct os_thread          thread[THREADS];
    bool                      started[THREADS];
    bool                      ended[THREADS];
    unsigned                  alive;        /* threads that are not daemons */
    bool                      exited;
    bool                      finished;
    bool                      rescuing;
    unsigned                  rescues;
    struct os_mutex           lock;         /* guards raised and ended      */
    struct os_cond            changed;
    struct os_cond            never;
    bool                      raised[8];
    struct body {
        uint16_t first, end;    /* statements; end 0: there is none         */
    }                         body[ST_HOOK + 1][16];
    unsigned                  ran[CALLBACKS];
    struct os_thread          helper[RESCUES_MAX + 1];
    unsigned                  helpers;
} w;

/* Where a statement is executed. */
struct context {
    enum body_kind kind;
    int            task;        /* instance, in a task body                */
    int            hook;        /* instance, in a hook body                */
    bool           failed;
    bool           later;
    bool           exited;
};

/* Instances. */

static int new_instance(enum instance_kind kind, unsigned object,
                        unsigned loop, unsigned callback)
{
    if (w.count[kind] == w.objects_max)
        return -1;
    unsigned n = w.count[kind]++;
    w.instance[kind][n] = (struct instance){ .object = (uint8_t)object,
        .callback = (uint8_t)callback, .loop = (uint8_t)loop,
        .far = PORT_NO_HANDLE, .near = PORT_NO_HANDLE };
    if (object < latest_max[kind])
        w.latest[kind][object] = (int16_t)n;
    return (int)n;
}

static int latest(enum instance_kind kind, unsigned object)
{
    return object < latest_max[kind] ? w.latest[kind][object] : -1;
}

/* Where the bodies are: one look at the scenario instead of one a callback. */
static void find_bodies(const struct scenario *s)
{
    struct body *open = NULL;
    memset(w.body, 0, sizeof w.body);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct statement *st = &s->statement[i];
        if (st->op <= ST_HOOK) {
            open = &w.body[st->op][st->a % 16];
            open->first = (uint16_t)(i + 1);
        }
        if (open)
            open->end = (uint16_t)(i + 1);
    }
}

static bool find_body(enum statement_op section, unsigned object,
                      unsigned *first, unsigned *end)
{
    if (object >= 16 || w.body[section][object].end == 0)
        return false;
    *first = w.body[section][object].first;
    *end = w.body[section][object].end;
    return true;
}

static const char *name_of(enum scenario_kind kind, unsigned object)
{
    const char *given = w.scenario->names[kind][object];
    return *given ? given : NULL;
}

/* Can the loop be named in a call? */
static bool usable(unsigned loop)
{
    return loop < SUBJECT_LOOPS && w.loop_open[loop] &&
           !w.loop_destroyed[loop];
}

/* Expectations. */

static void mismatch(const struct statement *st, const char *what)
{
    char where[96];
    snprintf(where, sizeof where, "%s %s", scenario_table[st->op].word, what);
    sim_finding(VERDICT_ORDER_BROKEN, where);
}

/* The word of returns= that a result stands for; the lists in the table say
 * ok, busy, closed, not-found, deadline, or how a run ends. */
static const char *result_word(const struct statement *st, int result)
{
    static const char *const end[] = { "stopped", "idle", "passed" };
    if (st->op == ST_RUN && result >= 0 && result <= LOOP_PASSED)
        return end[result];
    return result >= 0 ? "ok" : loop_error_name(result);
}

/* returns= is always in field c; NULL if the statement has none. */
static const struct argument *returns_argument(const struct statement *st)
{
    const struct statement_form *form = &scenario_table[st->op];
    for (int i = 0; i < 4; i++)
        if (form->argument[i].key && !strcmp(form->argument[i].key,
                                             "returns"))
            return &form->argument[i];
    return NULL;
}

static void expect_result(const struct statement *st, int result)
{
    if (!w.options->expectations)
        return;
    const struct argument *returns = returns_argument(st);
    if (!returns)
        return;
    if (st->c == SCENARIO_ANY)
        return;
    if (strcmp(returns->words[st->c], result_word(st, result)) != 0) {
        char what[64];
        snprintf(what, sizeof what, "returns %s, not %s",
                 result_word(st, result), returns->words[st->c]);
        mismatch(st, what);
    }
}

/* Around a call: the trace. */

static unsigned statement_index(const struct statement *st)
{
    return (unsigned)(st - w.scenario->statement);
}

#define NO_LOOP SUBJECT_LOOPS

static void trace_call(const struct statement *st, unsigned loop)
{
    trace_emit(TRACE_CALL, statement_index(st), st->op);
    w.calls[loop]++;
}

static int trace_return(const struct statement *st, unsigned loop, int result)
{
    w.calls[loop]--;
    trace_emit(TRACE_RETURN, statement_index(st), result);
    expect_result(st, result);
    return result;
}

/* A loop's life. */

static void do_open(const struct statement *st)
{
    unsigned loop = st->a;
    if (loop >= SUBJECT_LOOPS || w.loop_begun[loop])
        return;
    w.loop_begun[loop] = true;
    unsigned first, end, workers = 0;
    if (find_body(ST_LOOP, loop, &first, &end))
        workers = w.scenario->statement[first - 1].value;
    trace_call(st, st->a);
    int result = w.subject->open(loop, workers > 8 ? 8 : workers);
    if (result == LOOP_OK) {
        w.loop_open[loop] = true;
        oracle_opened(loop);
    }
    trace_return(st, st->a, result);
}

static void do_run(const struct statement *st)
{
    static const enum loop_run_mode mode[] = {
        LOOP_FOREVER, LOOP_UNTIL_IDLE, LOOP_ONCE, LOOP_NOWAIT };
    if (!usable(st->a))
        return;
    trace_call(st, st->a);
    oracle_run_begins(st->a, mode[st->b % 4]);
    int result = w.subject->run(st->a, mode[st->b % 4]);
    trace_return(st, st->a, result);
    oracle_run_ended(st->a, result);
}

static void do_stop(const struct statement *st)
{
    if (!usable(st->a))
        return;
    trace_call(st, st->a);
    oracle_stop_begins(st->a);
    int result = w.subject->stop(st->a);
    trace_return(st, st->a, result);
    oracle_stop_ended(st->a, result);
}

static int shut_down(unsigned loop, enum shutdown_strategy strategy,
                     uint64_t within)
{
    struct shutdown_options options = { .strategy = strategy,
                                        .within = within };
    struct shutdown_report report;
    memset(&report, 0, sizeof report);
    oracle_shutdown_begins(loop, &options);
    int result = w.subject->shutdown(loop, &options, &report);
    oracle_shutdown_ended(loop, result, &report);
    return result;
}

static void do_shutdown(const struct statement *st)
{
    if (!usable(st->a))
        return;
    trace_call(st, st->a);
    enum shutdown_strategy how = (enum shutdown_strategy)(st->b % 5);
    trace_return(st, st->a, shut_down(st->a, how, st->value * 1000ull));
}

static void do_close(const struct statement *st)
{
    if (!usable(st->a))
        return;
    trace_call(st, st->a);
    oracle_close_begins(st->a);
    int result = w.subject->close(st->a);
    trace_return(st, st->a, result);
    oracle_close_ended(st->a, result);
}

/* Posts, timers, tasks. */

static void do_post(const struct statement *st)
{
    if (!usable(st->a))
        return;
    int n = new_instance(I_POST, SCENARIO_ANY, st->a, st->b);
    if (n < 0)
        return;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_POST, (unsigned)n, st->a, 0, false);
    int result = w.subject->post(st->a, (unsigned)n,
                                 name_of(KIND_CALLBACK, st->b));
    oracle_submitted(SUBJECT_POST, (unsigned)n, result);
    trace_return(st, st->a, result);
}

static void do_timer(const struct statement *st)
{
    if (!usable(st->a))
        return;
    int n = new_instance(I_TIMER, st->b, st->a, st->c);
    if (n < 0)
        return;
    uint64_t due = os_now() + st->value * 1000ull;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_TIMER, (unsigned)n, st->a, due, false);
    int result = w.subject->timer(st->a, (unsigned)n,
                                  name_of(KIND_TIMER, st->b), due);
    oracle_submitted(SUBJECT_TIMER, (unsigned)n, result);
    trace_return(st, st->a, result);
}

/* Cancel the latest instance of an object, if its loop is there. */
static void do_cancel(const struct statement *st, enum instance_kind kind,
                      enum subject_kind subject, int (*cancel)(unsigned))
{
    int n = latest(kind, st->a);
    if (n < 0 || !usable(w.instance[kind][n].loop))
        return;
    trace_call(st, w.instance[kind][n].loop);
    oracle_cancels(subject, (unsigned)n);
    int result = cancel((unsigned)n);
    oracle_cancelled(subject, (unsigned)n, result);
    trace_return(st, w.instance[kind][n].loop, result);
}

static void do_cancel_all(const struct statement *st)
{
    if (!usable(st->a))
        return;
    trace_call(st, st->a);
    int result = w.subject->task_cancel_all(st->a);
    trace_return(st, st->a, result);
}

static void do_spawn(const struct statement *st)
{
    if (!usable(st->a))
        return;
    int n = new_instance(I_TASK, st->b, st->a, SCENARIO_ANY);
    if (n < 0)
        return;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_TASK_END, (unsigned)n, st->a, 0, false);
    int result = w.subject->spawn(st->a, (unsigned)n,
                                  name_of(KIND_TASK, st->b));
    oracle_submitted(SUBJECT_TASK_END, (unsigned)n, result);
    trace_return(st, st->a, result);
}

/* A group is of one loop: a scenario's group stands for one in each. */
static unsigned group_of(unsigned group, unsigned loop)
{
    return group * SUBJECT_LOOPS + loop;
}

static void do_gather(const struct statement *st)
{
    int n = latest(I_TASK, st->b);
    if (n < 0 || !usable(w.instance[I_TASK][n].loop))
        return;
    trace_call(st, w.instance[I_TASK][n].loop);
    w.subject->group_add(group_of(st->a, w.instance[I_TASK][n].loop),
                         (unsigned)n);
    trace_return(st, w.instance[I_TASK][n].loop, 0);
}

/* Handles and ops. */

static int add_handle(const struct statement *st, port_handle near,
                      port_handle far)
{
    int n = new_instance(I_HANDLE, st->b, st->a, SCENARIO_ANY);
    if (n < 0) {
        port_handle_close(near);
        return -1;
    }
    struct instance *i = &w.instance[I_HANDLE][n];
    i->near = near;
    i->far = far;
    oracle_submits(SUBJECT_HANDLE_CLOSED, (unsigned)n, st->a, 0, false);
    int result = w.subject->handle_open(st->a, (unsigned)n,
                                        name_of(KIND_CHANNEL, st->b), near);
    oracle_submitted(SUBJECT_HANDLE_CLOSED, (unsigned)n, result);
    if (result < 0) {
        i->near = PORT_NO_HANDLE;
        port_handle_close(near);
    }
    return result < 0 ? -1 : n;
}

static void do_pair(const struct statement *st)
{
    if (!usable(st->a))
        return;
    port_handle near, far;
    trace_call(st, st->a);
    int result = st->c == 0 || st->c == SCENARIO_ANY
                     ? peer_socket_pair(&near, &far)
                     : peer_pipe(&near, &far, st->c == 1);
    if (result == 0 && add_handle(st, near, far) < 0) {
        int n = latest(I_HANDLE, st->b);
        if (n < 0 || w.instance[I_HANDLE][n].far != far)
            peer_close(far);
    }
    trace_return(st, st->a, result);
}

static void do_listen(const struct statement *st)
{
    if (!usable(st->a))
        return;
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle near;
    trace_call(st, st->a);
    int result = port_listen(&near, &at);
    if (result == 0) {
        int n = add_handle(st, near, PORT_NO_HANDLE);
        if (n >= 0)
            w.instance[I_HANDLE][n].at = at;
    }
    trace_return(st, st->a, result);
}

static void do_simple_handle(const struct statement *st,
                             int (*open)(port_handle *))
{
    if (!usable(st->a))
        return;
    port_handle near;
    trace_call(st, st->a);
    int result = open(&near);
    if (result == 0) {
        int n = add_handle(st, near, PORT_NO_HANDLE);
        if (n >= 0)
            w.instance[I_HANDLE][n].object_set = open == port_object;
    }
    trace_return(st, st->a, result);
}

static void do_op(const struct statement *st, enum port_kind kind,
                  uint32_t size, unsigned callback,
                  const struct port_address *to)
{
    int h = latest(I_HANDLE, st->a);
    if (h < 0 || !usable(w.instance[I_HANDLE][h].loop))
        return;
    unsigned loop = w.instance[I_HANDLE][h].loop;
    bool awaited = callback == SCENARIO_ANY;
    int n = new_instance(I_OP, st->b, loop, callback);
    if (n < 0)
        return;
    struct port_request request = { .kind = kind, .size = size };
    if (to)
        request.address = *to;
    trace_call(st, loop);
    oracle_submits(SUBJECT_OP, (unsigned)n, loop, (unsigned)h, awaited);
    int result = w.subject->submit((unsigned)h, (unsigned)n,
                                   name_of(KIND_OP, st->b), &request,
                                   awaited);
    oracle_submitted(SUBJECT_OP, (unsigned)n, result);
    trace_return(st, loop, result);
}

static void do_sized_op(const struct statement *st, enum port_kind kind)
{
    uint32_t size = st->value == 0 || st->value > 65536 ? 1 : st->value;
    do_op(st, kind, size, st->c, NULL);
}

static void do_connect(const struct statement *st)
{
    int to = latest(I_HANDLE, st->c);
    struct port_address nowhere = { .ip = PORT_LOOPBACK, .number = 1 };
    do_op(st, PORT_CONNECT, 0, st->value,
          to >= 0 ? &w.instance[I_HANDLE][to].at : &nowhere);
}

static void do_set(const struct statement *st)
{
    int n = latest(I_HANDLE, st->a);
    if (n < 0 || !w.instance[I_HANDLE][n].object_set ||
        w.instance[I_HANDLE][n].near == PORT_NO_HANDLE)
        return;
    trace_call(st, NO_LOOP);
    peer_set(w.instance[I_HANDLE][n].near);
    trace_return(st, NO_LOOP, 0);
}

static void do_peer(const struct statement *st)
{
    int n = latest(I_HANDLE, st->a);
    if (n < 0)
        return;
    struct instance *i = &w.instance[I_HANDLE][n];
    int result = 0;
    trace_call(st, NO_LOOP);
    if (st->op == ST_PEER_CONNECT) {
        if (i->at.number && i->far == PORT_NO_HANDLE)
            result = peer_connect(i->at, &i->far);
        if (result < 0)
            i->far = PORT_NO_HANDLE;
    } else if (i->far != PORT_NO_HANDLE) {
        if (st->op == ST_PEER_WRITE)
            result = peer_write(i->far, st->value ? st->value : 1);
        if (st->op == ST_PEER_READ)
            result = peer_read(i->far, st->value ? st->value : 1);
        if (st->op == ST_PEER_CLOSE) {
            peer_close(i->far);
            i->far = PORT_NO_HANDLE;
        }
    }
    trace_return(st, NO_LOOP, result);
}

/* Jobs, console, hooks. */

static void do_submit(const struct statement *st)
{
    if (!usable(st->a))
        return;
    bool awaited = st->value == SCENARIO_ANY;
    int n = new_instance(I_JOB, st->b, st->a, (uint8_t)st->value);
    if (n < 0)
        return;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_JOB, (unsigned)n, st->a, 0, awaited);
    int result = w.subject->job(st->a, (unsigned)n, name_of(KIND_JOB, st->b),
                                awaited);
    oracle_submitted(SUBJECT_JOB, (unsigned)n, result);
    trace_return(st, st->a, result);
}

static void do_watch(const struct statement *st)
{
    if (!usable(st->a) || latest(I_WATCH, st->a) >= 0)
        return;
    int n = new_instance(I_WATCH, st->a, st->a, st->b);
    if (n < 0)
        return;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_CONSOLE, (unsigned)n, st->a, 0, false);
    int result = w.subject->watch(st->a, (unsigned)n);
    oracle_submitted(SUBJECT_CONSOLE, (unsigned)n, result);
    trace_return(st, st->a, result);
}

static void do_unwatch(const struct statement *st)
{
    int n = latest(I_WATCH, st->a);
    if (n < 0 || !usable(st->a))
        return;
    trace_call(st, st->a);
    oracle_cancels(SUBJECT_CONSOLE, (unsigned)n);
    int result = w.subject->unwatch((unsigned)n);
    oracle_cancelled(SUBJECT_CONSOLE, (unsigned)n, result);
    trace_return(st, st->a, result);
}

static void do_console(const struct statement *st)
{
    /* Every watcher hears of it on a thread of its own. */
    if (sim_thread_count() + SUBJECT_LOOPS > THREADS_SAFE)
        return;
    trace_call(st, NO_LOOP);
    int what = st->a == 1 ? OS_CONSOLE_TERMINATE : OS_CONSOLE_INTERRUPT;
    if (sim_console(what) > 0)
        oracle_console_raised();
    trace_return(st, NO_LOOP, 0);
}

static void do_add_hook(const struct statement *st)
{
    if (!usable(st->a))
        return;
    int n = new_instance(I_HOOK, st->b, st->a, SCENARIO_ANY);
    if (n < 0)
        return;
    trace_call(st, st->a);
    oracle_submits(SUBJECT_HOOK, (unsigned)n, st->a, 0, false);
    int result = w.subject->hook(st->a, (unsigned)n,
                                 name_of(KIND_HOOK, st->b));
    oracle_submitted(SUBJECT_HOOK, (unsigned)n, result);
    trace_return(st, st->a, result);
}

static void do_finish(const struct statement *st)
{
    int n = latest(I_HOOK, st->a);
    if (n < 0 || !w.instance[I_HOOK][n].later ||
        !usable(w.instance[I_HOOK][n].loop) ||
        oracle_is_closed(w.instance[I_HOOK][n].loop))
        return;
    w.instance[I_HOOK][n].later = false;
    trace_call(st, w.instance[I_HOOK][n].loop);
    w.subject->hook_done((unsigned)n, st->b == 1 ? LOOP_EFAILED : 0);
    trace_return(st, w.instance[I_HOOK][n].loop, 0);
}

/* The harness's own statements. */

static void do_sleep(const struct statement *st)
{
    uint64_t until = os_now() + st->value * 1000ull;
    trace_call(st, NO_LOOP);
    os_mutex_lock(&w.lock);
    while (os_now() < until)
        os_cond_wait(&w.never, &w.lock, until);
    os_mutex_unlock(&w.lock);
    trace_return(st, NO_LOOP, 0);
}

static void raise_event(unsigned event)
{
    os_mutex_lock(&w.lock);
    w.raised[event % 8] = true;
    os_cond_broadcast(&w.changed);
    os_mutex_unlock(&w.lock);
}

static void do_await(const struct statement *st)
{
    trace_call(st, NO_LOOP);
    os_mutex_lock(&w.lock);
    while (!w.raised[st->a % 8])
        os_cond_wait(&w.changed, &w.lock, OS_FOREVER);
    os_mutex_unlock(&w.lock);
    trace_return(st, NO_LOOP, 0);
}

static void start_thread(unsigned thread);

static void do_join(const struct statement *st)
{
    unsigned thread = st->a % THREADS;
    if (!w.started[thread])
        return;
    trace_call(st, NO_LOOP);
    os_mutex_lock(&w.lock);
    while (!w.ended[thread])
        os_cond_wait(&w.changed, &w.lock, OS_FOREVER);
    os_mutex_unlock(&w.lock);
    trace_return(st, NO_LOOP, 0);
}

static void do_expect(const struct statement *st)
{
    if (!w.options->expectations)
        return;
    char what[64];
    if (st->op == ST_EXPECT_RAN && w.ran[st->a % CALLBACKS] != st->value) {
        snprintf(what, sizeof what, "%u times, not %u",
                 w.ran[st->a % CALLBACKS], (unsigned)st->value);
        mismatch(st, what);
    }
    if (st->op == ST_EXPECT_PENDING && usable(st->a)) {
        size_t left = w.subject->pending(st->a, NULL, 0);
        if (left != st->value) {
            snprintf(what, sizeof what, "%zu items, not %u", left,
                     (unsigned)st->value);
            mismatch(st, what);
        }
    }
}

/* Statements. */

/* What a task may wait for: returns true if the step has to return now. */
static bool do_task_await(const struct statement *st, struct context *c)
{
    unsigned task = (unsigned)c->task;
    struct instance *t = &w.instance[I_TASK][task];
    int result = LOOP_ENOTFOUND, n;
    trace_call(st, t->loop);
    switch (st->op) {
    case ST_AWAIT_TIMER:
        oracle_awaits(task, SUBJECT_TIMER, 0);
        result = w.subject->await_timer(task, os_now() + st->value * 1000ull);
        break;
    case ST_YIELD:
        oracle_awaits(task, SUBJECT_POST, 0);
        result = w.subject->await_pass(task);
        break;
    case ST_AWAIT_OP:
        n = latest(I_OP, st->a);
        if (n >= 0 && w.instance[I_OP][n].loop == t->loop)
            result = w.subject->await_op(task, (unsigned)n);
        if (result == LOOP_OK)
            oracle_awaits(task, SUBJECT_OP, (unsigned)n);
        break;
    case ST_AWAIT_JOB:
        n = latest(I_JOB, st->a);
        if (n >= 0 && w.instance[I_JOB][n].loop == t->loop)
            result = w.subject->await_job(task, (unsigned)n);
        if (result == LOOP_OK)
            oracle_awaits(task, SUBJECT_JOB, (unsigned)n);
        break;
    case ST_AWAIT_TASK:
        n = latest(I_TASK, st->a);
        if (n >= 0 && w.instance[I_TASK][n].loop == t->loop)
            result = w.subject->await_task(task, (unsigned)n);
        break;
    case ST_AWAIT_GROUP:
        result = w.subject->await_group(task, group_of(st->a, t->loop),
                                        st->b == 1);
        break;
    }
    trace_return(st, t->loop, result);
    return result == LOOP_OK;
}

static bool execute(const struct statement *st, struct context *c)
{
    switch ((enum statement_op)st->op) {
    case ST_OPEN:         do_open(st);      break;
    case ST_RUN:          do_run(st);       break;
    case ST_STOP:         do_stop(st);      break;
    case ST_SHUTDOWN:     do_shutdown(st);  break;
    case ST_CLOSE:        do_close(st);     break;
    case ST_POST:         do_post(st);      break;
    case ST_TIMER:        do_timer(st);     break;
    case ST_CANCEL_TIMER:
        do_cancel(st, I_TIMER, SUBJECT_TIMER, w.subject->timer_cancel);
        break;
    case ST_SPAWN:        do_spawn(st);     break;
    case ST_CANCEL_TASK:
        do_cancel(st, I_TASK, SUBJECT_TASK_END, w.subject->task_cancel);
        break;
    case ST_CANCEL_ALL:   do_cancel_all(st); break;
    case ST_GATHER:       do_gather(st);    break;
    case ST_FAIL:         c->failed = true; return true;
    case ST_PAIR:         do_pair(st);      break;
    case ST_LISTEN:       do_listen(st);    break;
    case ST_SOCKET:       do_simple_handle(st, port_socket); break;
    case ST_OBJECT:       do_simple_handle(st, port_object); break;
    case ST_READ:         do_sized_op(st, PORT_READ);  break;
    case ST_WRITE:        do_sized_op(st, PORT_WRITE); break;
    case ST_ACCEPT:       do_op(st, PORT_ACCEPT, 0, st->c, NULL); break;
    case ST_WAIT:         do_op(st, PORT_WAIT, 0, st->c, NULL);   break;
    case ST_CONNECT:      do_connect(st);   break;
    case ST_CANCEL:
        do_cancel(st, I_OP, SUBJECT_OP, w.subject->cancel);
        break;
    case ST_CLOSE_HANDLE:
        do_cancel(st, I_HANDLE, SUBJECT_HANDLE_CLOSED,
                  w.subject->handle_close);
        break;
    case ST_SET:          do_set(st);       break;
    case ST_PEER_WRITE:
    case ST_PEER_READ:
    case ST_PEER_CLOSE:
    case ST_PEER_CONNECT: do_peer(st);      break;
    case ST_SUBMIT_JOB:   do_submit(st);    break;
    case ST_CANCEL_JOB:
        do_cancel(st, I_JOB, SUBJECT_JOB, w.subject->job_cancel);
        break;
    case ST_WATCH:        do_watch(st);     break;
    case ST_UNWATCH:      do_unwatch(st);   break;
    case ST_CONSOLE:      do_console(st);   break;
    case ST_ADD_HOOK:     do_add_hook(st);  break;
    case ST_LATER:        c->later = true;  break;
    case ST_FINISH:       do_finish(st);    break;
    case ST_SLEEP:        do_sleep(st);     break;
    case ST_RAISE:        raise_event(st->a); break;
    case ST_AWAIT:        do_await(st);     break;
    case ST_START:        start_thread(st->a % THREADS); break;
    case ST_JOIN:         do_join(st);      break;
    case ST_EXIT:         c->exited = true; return true;
    case ST_EXPECT_RAN:
    case ST_EXPECT_PENDING: do_expect(st);  break;
    case ST_AWAIT_TIMER:
    case ST_AWAIT_OP:
    case ST_AWAIT_TASK:
    case ST_AWAIT_GROUP:
    case ST_AWAIT_JOB:
    case ST_YIELD:
        return c->kind == BODY_TASK && do_task_await(st, c);
    case ST_LOOP: case ST_THREAD: case ST_CALLBACK: case ST_TASK:
    case ST_JOB: case ST_HOOK: case ST_ON_CANCEL: case ST_SWALLOW:
    case ST_KERNEL: case ST_EXPECT: case ST_NAME: case ST_COMMENT:
    case ST_OPS:
        break;      /* structure: nothing to execute */
    }
    return false;
}

static void execute_body(enum statement_op section, unsigned object,
                         struct context *c)
{
    unsigned first, end;
    if (object == SCENARIO_ANY ||
        !find_body(section, object, &first, &end))
        return;
    for (unsigned i = first; i < end; i++)
        if (execute(&w.scenario->statement[i], c))
            return;
}

/* Tasks: a body that can be left at a wait and gone on with. */

static unsigned find_on_cancel(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        if (w.scenario->statement[i].op == ST_ON_CANCEL)
            return i;
    return end;
}

static enum subject_answer leave_task(const struct instance *t,
                                      const struct context *c)
{
    if (c->failed)
        return SUBJECT_FAILED;
    return t->handling ? SUBJECT_CANCELLED : SUBJECT_OK;
}

static enum subject_answer step_task(const struct subject_event *e)
{
    struct instance *t = &w.instance[I_TASK][e->number];
    struct context c = { .kind = BODY_TASK, .task = e->number };
    unsigned first, end;
    if (!find_body(ST_TASK, t->object, &first, &end))
        return SUBJECT_OK;
    unsigned handler = find_on_cancel(first, end);
    if (!t->begun) {
        t->begun = true;
        t->pc = (uint16_t)first;
    }
    if (e->cancelled) {
        if (handler == end || t->handling)
            return SUBJECT_CANCELLED;
        t->resume = t->pc;
        t->pc = (uint16_t)(handler + 1);
        t->handling = true;
    }
    while (t->pc < (t->handling ? end : handler)) {
        const struct statement *st = &w.scenario->statement[t->pc++];
        if (st->op == ST_SWALLOW && t->handling) {
            t->handling = false;
            t->pc = t->resume;
        } else if (execute(st, &c)) {
            bool ends = st->op == ST_FAIL || st->op == ST_EXIT;
            return ends ? leave_task(t, &c) : SUBJECT_WAITS;
        }
    }
    return leave_task(t, &c);
}

/* Callbacks. */

static void run_callback_body(enum instance_kind kind, unsigned number)
{
    struct instance *i = &w.instance[kind][number];
    struct context c = { .kind = BODY_CALLBACK };
    if (i->callback < CALLBACKS)
        w.ran[i->callback]++;
    execute_body(ST_CALLBACK, i->callback, &c);
}

static enum subject_answer run_hook(unsigned number)
{
    struct instance *i = &w.instance[I_HOOK][number];
    struct context c = { .kind = BODY_HOOK, .hook = (int)number };
    unsigned first, end;

    /* A callback may finish the hook before its body has ended. */
    if (find_body(ST_HOOK, i->object, &first, &end))
        for (unsigned s = first; s < end; s++)
            if (w.scenario->statement[s].op == ST_LATER)
                i->later = true;
    execute_body(ST_HOOK, i->object, &c);
    if (c.later)
        return SUBJECT_WAITS;
    i->later = false;
    return c.failed ? SUBJECT_FAILED : SUBJECT_OK;
}

static enum subject_answer run_job(unsigned number)
{
    struct context c = { .kind = BODY_JOB };
    execute_body(ST_JOB, w.instance[I_JOB][number].object, &c);
    return c.failed ? SUBJECT_FAILED : SUBJECT_OK;
}

static enum subject_answer answer_callback(const struct subject_event *e)
{
    switch (e->kind) {
    case SUBJECT_POST:
        if (e->status == 0)
            run_callback_body(I_POST, e->number);
        break;
    case SUBJECT_TIMER:     run_callback_body(I_TIMER, e->number);  break;
    case SUBJECT_OP:        run_callback_body(I_OP, e->number);     break;
    case SUBJECT_JOB:       run_callback_body(I_JOB, e->number);    break;
    case SUBJECT_CONSOLE:   run_callback_body(I_WATCH, e->number);  break;
    case SUBJECT_JOB_WORK:  return run_job(e->number);
    case SUBJECT_TASK_STEP: return step_task(e);
    case SUBJECT_HOOK:      return run_hook(e->number);
    case SUBJECT_HANDLE_CLOSED:
        w.instance[I_HANDLE][e->number].near = PORT_NO_HANDLE;
        break;
    case SUBJECT_TASK_END:
    case SUBJECT_KINDS:
        break;
    }
    return SUBJECT_OK;
}

static enum subject_answer on_callback(const struct subject_event *e)
{
    unsigned object = (unsigned)e->kind << 12 | e->number;
    trace_emit(TRACE_CALLBACK, object, e->status);
    oracle_callback(e);
    if (e->handle != PORT_NO_HANDLE)
        port_handle_close(e->handle);
    enum subject_answer answer = answer_callback(e);
    trace_emit(TRACE_CALLBACK_END, object, (int)answer);
    oracle_callback_ended(e);
    return answer;
}

/* Ending a run. */

static void close_peers(void)
{
    for (unsigned n = 0; n < w.count[I_HANDLE]; n++) {
        struct instance *i = &w.instance[I_HANDLE][n];
        if (i->far == PORT_NO_HANDLE)
            continue;
        peer_close(i->far);
        i->far = PORT_NO_HANDLE;
    }
}

/* Shut down and destroy what is still open, on the last thread. */
static void finish(void)
{
    w.finished = true;
    trace_emit(TRACE_PHASE, 0, 2);
    close_peers();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++) {
        if (!usable(loop) || oracle_is_used(loop))
            continue;
        if (!oracle_is_closed(loop))
            shut_down(loop, SHUTDOWN_DEADLINE, FINISH_WITHIN);

        /* A daemon thread may still be in a call: then the memory stays. */
        if (!oracle_is_closed(loop) || w.calls[loop] > 0)
            continue;
        w.loop_destroyed[loop] = true;
        w.subject->destroy(loop);
    }
}

static void thread_main(void *arg)
{
    unsigned thread = (unsigned)(uintptr_t)arg;
    unsigned first, end;
    struct context c = { .kind = BODY_THREAD };
    execute_body(ST_THREAD, thread, &c);
    bool daemon = find_body(ST_THREAD, thread, &first, &end) &&
                  w.scenario->statement[first - 1].c == 1;
    w.exited |= c.exited;
    os_mutex_lock(&w.lock);
    w.ended[thread] = true;
    os_cond_broadcast(&w.changed);
    os_mutex_unlock(&w.lock);
    if (!daemon && --w.alive == 0 && !w.exited)
        finish();
}

static void start_thread(unsigned thread)
{
    unsigned first, end;
    if (w.started[thread] ||
        !find_body(ST_THREAD, thread, &first, &end))
        return;
    const struct statement *st = &w.scenario->statement[first - 1];
    w.started[thread] = true;
    w.alive += st->c != 1;
    const char *name = scenario_object_name(w.scenario, KIND_THREAD, thread);
    if (*w.scenario->names[KIND_THREAD][thread])
        name = w.scenario->names[KIND_THREAD][thread];
    else
        name = "thread";
    if (os_thread_start(&w.thread[thread], name, thread_main,
                        (void *)(uintptr_t)thread) < 0) {
        w.started[thread] = false;
        w.alive -= st->c != 1;
    }
}

/* When nothing can run. */

static void rescue_main(void *arg)
{
    (void)arg;
    trace_emit(TRACE_PHASE, 0, 1);
    os_mutex_lock(&w.lock);
    memset(w.raised, true, sizeof w.raised);
    os_cond_broadcast(&w.changed);
    os_mutex_unlock(&w.lock);
    close_peers();
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++) {
        if (!usable(loop) || oracle_runs_unasked(loop) == 0)
            continue;
        w.calls[loop]++;
        oracle_stop_begins(loop);
        oracle_stop_ended(loop, w.subject->stop(loop));
        w.calls[loop]--;
    }
    w.rescuing = false;
}

static bool can_rescue(void)
{
    if (w.rescues >= RESCUES_MAX || w.rescuing)
        return false;
    for (unsigned event = 0; event < 8; event++)
        if (!w.raised[event])
            return true;
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (usable(loop) && oracle_runs_unasked(loop) > 0)
            return true;
    return false;
}

static bool start_helper(const char *name, void (*entry)(void *))
{
    return w.helpers <= RESCUES_MAX && sim_thread_count() < THREADS_SAFE &&
           os_thread_start(&w.helper[w.helpers++], name, entry, NULL) == 0;
}

static bool on_idle(bool timed)
{
    oracle_idle(timed);
    if (sim_verdict() != VERDICT_CLEAN || timed || w.exited)
        return false;
    if (!can_rescue())
        return false;
    w.rescuing = true;
    w.rescues++;
    return start_helper("rescue", rescue_main);
}

/* After `exit`, whoever is left keeps the process: a worker or a thread that
 * is not a daemon. */
static void check_exit(void)
{
    struct sim_thread_info info;
    for (unsigned t = 0; t < sim_thread_count(); t++) {
        sim_thread_info(t, &info);
        if (info.state == SIM_ENDED)
            continue;
        if (!strcmp(info.name, "worker"))
            sim_finding(VERDICT_LINGERING_PROCESS,
                        "a worker stays after main");
    }
    for (unsigned thread = 0; thread < THREADS; thread++) {
        unsigned first, end;
        if (!w.started[thread] || w.ended[thread] ||
            !find_body(ST_THREAD, thread, &first, &end))
            continue;
        if (w.scenario->statement[first - 1].c != 1)
            sim_finding(VERDICT_LINGERING_PROCESS,
                        "a thread stays after main");
    }
}

/* One run. */

static void reset(const struct subject *subject, const struct scenario *s,
                  const struct run_options *options)
{
    for (int kind = 0; kind < I_KINDS; kind++) {
        w.count[kind] = 0;
        for (unsigned i = 0; i < latest_max[kind]; i++)
            w.latest[kind][i] = -1;
    }
    memset(w.loop_begun, 0, sizeof w.loop_begun);
    memset(w.loop_open, 0, sizeof w.loop_open);
    memset(w.loop_destroyed, 0, sizeof w.loop_destroyed);
    memset(w.calls, 0, sizeof w.calls);
    memset(w.started, 0, sizeof w.started);
    memset(w.ended, 0, sizeof w.ended);
    memset(w.raised, 0, sizeof w.raised);
    memset(w.ran, 0, sizeof w.ran);
    memset(&w.lock, 0, sizeof w.lock);
    memset(&w.changed, 0, sizeof w.changed);
    memset(&w.never, 0, sizeof w.never);
    w.alive = w.rescues = w.helpers = 0;
    w.exited = w.finished = w.rescuing = false;
    find_bodies(s);
    w.subject = subject;
    w.scenario = s;
    w.options = options;
    w.objects_max = options->objects_max ? options->objects_max
                                         : INSTANCES_MAX;
    subject->reset(on_callback);
    oracle_reset(subject);
}

static struct sim_options sim_options_of(const struct scenario *s)
{
    struct sim_options options = { .profile = SIM_WIN10 };
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->statement[i].op != ST_KERNEL)
            continue;
        options.profile = (enum sim_profile)(s->statement[i].a % 3);
        options.faults = s->statement[i].value;
        break;
    }
    return options;
}

static void start_threads(const struct scenario *s)
{
    for (unsigned thread = 0; thread < THREADS; thread++) {
        unsigned first, end;
        if (find_body(ST_THREAD, thread, &first, &end) &&
            s->statement[first - 1].b != 1)
            start_thread(thread);
    }
}

static bool all_destroyed(void)
{
    for (unsigned loop = 0; loop < SUBJECT_LOOPS; loop++)
        if (usable(loop))
            return false;
    return true;
}

static void judge(enum sim_end end)
{
    if (end == SIM_STUCK && w.exited)
        check_exit();
    else if (end == SIM_STUCK)
        oracle_stuck();
    else if (end == SIM_DONE && w.finished && all_destroyed())
        oracle_end();
}

void runner_run(const struct subject *subject, const struct scenario *s,
                struct sched *sched, const struct run_options *options,
                struct run_result *out)
{
    struct sim_options sim = sim_options_of(s);
    sim.decisions_max = options->decisions_max;
    sim_begin(&sim, sched, on_idle);
    reset(subject, s, options);
    if (sched->begin)
        sched->begin(sched, options->seed);
    os_mutex_open(&w.lock);
    os_cond_open(&w.changed);
    os_cond_open(&w.never);
    start_threads(s);
    enum sim_end end = sim_run();
    judge(end);
    if (sched->end)
        sched->end(sched, sim_decisions());

    out->verdict = sim_verdict();
    out->budget = end == SIM_BUDGET;
    out->decisions = sim_decisions();
    out->trace_hash = trace_hash();
    snprintf(out->where, sizeof out->where, "%s", sim_where());
    snprintf(out->frames, sizeof out->frames, "%s", sim_frames());
}

void runner_replay(const struct subject *subject, const struct scenario *s,
                   const struct run_options *options, struct run_result *out)
{
    runner_run(subject, s, sched_replay(s->exception, s->exception_count),
               options, out);
}

void runner_forget_expectations(struct scenario *s)
{
    s->expect = VERDICT_CLEAN;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        struct statement st = s->statement[i];
        const struct argument *returns = returns_argument(&st);
        if (returns)
            st.c = SCENARIO_ANY;
        if (st.op != ST_EXPECT_RAN && st.op != ST_EXPECT_PENDING &&
            st.op != ST_EXPECT)
            s->statement[kept++] = st;
    }
    s->count = kept;
}

uint64_t runner_behaviour(void)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t count;
    const struct trace_event *e = trace_events(&count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (e[i].kind < TRACE_CALL || e[i].kind > TRACE_CALLBACK_END)
            continue;
        uint64_t word = (uint64_t)e[i].kind << 48 |
                        (uint64_t)e[i].object << 32 | (uint32_t)e[i].value;
        hash = (hash ^ word) * 0x100000001b3u;
    }
    return hash;
}

/* Names for people. */

static const char *object_name(enum scenario_kind kind, unsigned object)
{
    return object == SCENARIO_ANY ? "-"
                                  : scenario_object_name(w.scenario, kind,
                                                         object);
}

static const char *callback_label(unsigned kind, unsigned number)
{
    const struct instance *i;
    switch ((enum subject_kind)kind) {
    case SUBJECT_POST:
        return object_name(KIND_CALLBACK,
                           w.instance[I_POST][number].callback);
    case SUBJECT_TIMER:
        return object_name(KIND_TIMER, w.instance[I_TIMER][number].object);
    case SUBJECT_OP:
        return object_name(KIND_OP, w.instance[I_OP][number].object);
    case SUBJECT_JOB:
    case SUBJECT_JOB_WORK:
        return object_name(KIND_JOB, w.instance[I_JOB][number].object);
    case SUBJECT_TASK_STEP:
    case SUBJECT_TASK_END:
        return object_name(KIND_TASK, w.instance[I_TASK][number].object);
    case SUBJECT_HANDLE_CLOSED:
        i = &w.instance[I_HANDLE][number];
        return object_name(KIND_CHANNEL, i->object);
    case SUBJECT_CONSOLE:
        return "console";
    case SUBJECT_HOOK:
        return object_name(KIND_HOOK, w.instance[I_HOOK][number].object);
    case SUBJECT_KINDS:
        break;
    }
    return "-";
}

const char *runner_label(const struct trace_event *e)
{
    if (e->kind == TRACE_CALLBACK || e->kind == TRACE_CALLBACK_END)
        return callback_label(e->object >> 12, e->object & 0xfff);
    if ((e->kind == TRACE_CALL || e->kind == TRACE_RETURN) &&
        e->object < w.scenario->count)
        return scenario_table[w.scenario->statement[e->object].op].word;
    return NULL;
}
