/*
 * shutdown.c - the five strategies.
 *
 * The order of phases is the design. Runs leave first, so that one thread
 * pumps. Tasks come before anything is refused, because a task that cleans
 * up may need ops, timers and other tasks. Then new work is refused, before
 * anything is cancelled: a callback that ran in between could submit an op
 * that nobody would be left to cancel. Ops are cancelled before their
 * handles are closed, workers are joined when no job is left, and the port
 * goes last.
 */
#include "core.h"

enum hook_state {
    HOOK_ADDED,
    HOOK_BEGUN,
    HOOK_DONE,
};

/* One shutdown, on the stack of the thread that does it. */
struct shutdown {
    struct loop           *loop;
    enum shutdown_strategy strategy;
    uint64_t               deadline;
    uint64_t               phase_began;
    struct run             run;
    struct shutdown_report report;
};

static bool expired(const struct shutdown *s)
{
    return os_now() >= s->deadline;
}

static void end_phase(struct shutdown *s, enum shutdown_phase phase)
{
    uint64_t now = os_now();
    s->report.phase_time[phase] = now - s->phase_began;
    s->phase_began = now;
}

/* One pass of this thread, which never leaves because of a stop: that mark
 * only ends its wait, so that it looks at its phase again. */
static void pump(struct shutdown *s)
{
    s->run.stop = false;
    atomic_store(&s->run.leave, false);
    core_pass(s->loop, &s->run, s->deadline);
}

/* Each phase returns whether it was finished in time. */

static bool end_runs(struct shutdown *s)
{
    struct loop *l = s->loop;
    core_stop_runs(l);
    core_leave(l);
    core_enter(l);
    while (l->runs && !expired(s))
        os_cond_wait(&l->left, &l->lock, s->deadline);
    end_phase(s, SHUTDOWN_PHASE_RUNS);
    return !l->runs;
}

static void begin_hook(struct loop *l, struct shutdown_hook *h)
{
    h->state = HOOK_BEGUN;
    os_mutex_unlock(&l->lock);
    bool done = h->begin(h);
    core_enter(l);
    if (done)
        h->state = HOOK_DONE;
}

static bool run_hooks(struct shutdown *s)
{
    struct loop *l = s->loop;
    while (l->hooks && !expired(s)) {
        struct shutdown_hook *h = l->hooks;
        if (h->state == HOOK_ADDED)
            begin_hook(l, h);
        while (h->state != HOOK_DONE && !expired(s))
            pump(s);
        if (h->state == HOOK_DONE) {
            l->hooks = h->next;
            s->report.hooks_failed += h->status < 0;
        }
    }
    end_phase(s, SHUTDOWN_PHASE_HOOKS);
    return !l->hooks;
}

static bool end_tasks(struct shutdown *s)
{
    struct loop *l = s->loop;
    task_tell_all(l);
    while (l->count[LOOP_TASK] > 0 && !expired(s))
        pump(s);
    end_phase(s, SHUTDOWN_PHASE_TASKS);
    return l->count[LOOP_TASK] == 0;
}

static void refuse_work(struct loop *l)
{
    l->state = STATE_DRAINING;
    posts_close(l);
}

static bool is_drained(struct loop *l)
{
    return core_idle(l) && l->count[LOOP_HANDLE] == 0 &&
           l->count[LOOP_CONSOLE] == 0;
}

static bool drain(struct shutdown *s)
{
    struct loop *l = s->loop;
    refuse_work(l);
    op_drop_unclaimed(l);
    job_drop_unclaimed(l);
    timer_cancel_all(l);
    job_cancel_all(l);
    handle_close_all(l);
    console_unwatch_all(l);

    /* Until idle: a wait ends also when the last thing to wait for ends
     * without a callback. */
    s->run.mode = LOOP_UNTIL_IDLE;
    while (!is_drained(l) && !expired(s))
        pump(s);
    end_phase(s, SHUTDOWN_PHASE_DRAIN);
    return is_drained(l);
}

static bool drain_all(struct shutdown *s)
{
    core_run_begin(s->loop, &s->run, LOOP_FOREVER);
    s->run.deadline = s->deadline;
    bool done = (s->strategy != SHUTDOWN_HOOKS || run_hooks(s)) &&
                end_tasks(s) && drain(s);
    core_run_end(s->loop, &s->run);
    return done;
}

static void list_left(struct shutdown *s)
{
    struct loop *l = s->loop;
    struct shutdown_report *report = &s->report;
    size_t left = core_list(l, report->entry, SHUTDOWN_LEFT_MAX);
    report->entry_count =
        (uint32_t)(left < SHUTDOWN_LEFT_MAX ? left : SHUTDOWN_LEFT_MAX);
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        report->left[kind] = l->count[kind];
    report->left[LOOP_POST] = posts_count(l);
    for (const struct run *r = l->runs; r; r = r->next)
        report->runs_left++;
    report->posts_cancelled = l->posts_cancelled;
}

/* Let go: refuse everything, send everybody away, wait for nobody. */
static void abandon(struct shutdown *s)
{
    struct loop *l = s->loop;
    l->state = STATE_ABANDONED;
    posts_close(l);
    core_stop_runs(l);
    worker_quit(l);
    s->report.outcome = SHUTDOWN_ABANDONED;
}

static void give_up(struct shutdown *s)
{
    if (s->strategy == SHUTDOWN_DEADLINE) {
        abandon(s);
        return;
    }
    if (s->strategy != SHUTDOWN_STOP) {
        refuse_work(s->loop);
        core_stop_runs(s->loop);
    }
    s->report.outcome = SHUTDOWN_GAVE_UP;
}

static void shut_down(struct shutdown *s)
{
    if (s->strategy == SHUTDOWN_ABANDON) {
        abandon(s);
    } else if (!end_runs(s)) {
        give_up(s);
    } else if (s->strategy != SHUTDOWN_STOP) {
        if (drain_all(s)) {
            core_finish(s->loop);
            end_phase(s, SHUTDOWN_PHASE_CLOSE);
        } else {
            give_up(s);
        }
    }
    list_left(s);
}

int loop_shutdown(struct loop *l, const struct shutdown_options *options,
                  struct shutdown_report *report)
{
    struct shutdown s = {
        .loop = l,
        .strategy = options ? options->strategy : SHUTDOWN_GRACEFUL,
        .phase_began = os_now(),
    };
    uint64_t within = options ? options->within : 0;
    s.deadline = s.phase_began + (within ? within : SHUTDOWN_WITHIN_DEFAULT);

    core_enter(l);
    int refused = LOOP_OK;
    if (l->state >= STATE_CLOSED)
        refused = LOOP_ECLOSED;
    else if (l->shutting_down || core_inside(l))
        refused = LOOP_EBUSY;
    if (refused < 0) {
        os_mutex_unlock(&l->lock);
        return refused;
    }
    l->shutting_down = true;
    shut_down(&s);
    l->shutting_down = false;
    core_leave(l);
    if (report)
        *report = s.report;
    return s.report.outcome == SHUTDOWN_DRAINED ? LOOP_OK : LOOP_EDEADLINE;
}

int shutdown_hook_add(struct loop *l, struct shutdown_hook *h)
{
    LOOP_ASSERT(h->begin);
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK) {
        h->loop = l;
        h->state = HOOK_ADDED;
        h->status = 0;
        h->next = l->hooks;
        l->hooks = h;
    }
    os_mutex_unlock(&l->lock);
    return result;
}

void shutdown_hook_done(struct shutdown_hook *h, int status)
{
    struct loop *l = h->loop;
    core_enter(l);
    h->status = status;
    h->state = HOOK_DONE;

    /* Only a shutdown can be inside: this ends its wait. */
    if (l->shutting_down)
        core_stop_runs(l);
    core_leave(l);
}
