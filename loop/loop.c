/*
 * loop.c - runs, passes, posts, stop and close.
 *
 * core.h says how the threads share a loop; loop.h is the contract.
 */
#include "core.h"

#define WAKE_TRIES 1000     /* with an os_pause between, about a second */
#define AHEAD 4             /* packets to be foreseen */
#define LOOK_AFTER 16       /* callbacks without a look at the port */
#define GLANCE_WORTH 10000  /* ns: of a sleep that a glance may replace */

/* Releasing and destroying. */

static void free_memory(struct loop *l)
{
    os_mutex_close(&l->wake_lock);
    os_cond_close(&l->job_queued);
    os_cond_close(&l->left);
    os_mutex_close(&l->lock);
    os_free(l);
}

int loop_create(struct loop **out, const struct loop_options *options)
{
    struct loop *l = os_alloc(sizeof *l);
    if (!l)
        return LOOP_ENOMEM;
    if (os_mutex_open(&l->lock) < 0)
        goto fail_memory;
    if (os_cond_open(&l->left) < 0)
        goto fail_lock;
    if (os_cond_open(&l->job_queued) < 0)
        goto fail_left;
    if (os_mutex_open(&l->wake_lock) < 0)
        goto fail_job_queued;
    if (port_open(&l->port) < 0)
        goto fail_wake_lock;

    l->port_alive = true;
    list_open(&l->ready);
    list_open(&l->jobs_begun);
    list_open(&l->told);
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        list_open(&l->waiting[kind]);
    l->workers_max = options ? options->workers_max : 0;
    if (l->workers_max == 0)
        l->workers_max = 4;
    l->now = os_now();
    *out = l;
    return 0;

fail_wake_lock:
    os_mutex_close(&l->wake_lock);
fail_job_queued:
    os_cond_close(&l->job_queued);
fail_left:
    os_cond_close(&l->left);
fail_lock:
    os_mutex_close(&l->lock);
fail_memory:
    os_free(l);
    return LOOP_ENOMEM;
}

/* After an abandon: does a thread or the kernel still know this memory? */
static bool still_used(const struct loop *l)
{
    return l->runs || l->workers_ended < l->workers_started ||
           l->count[LOOP_OP] > l->ops_unclaimed;
}

void loop_destroy(struct loop *l)
{
    if (!l)
        return;
    core_enter(l);
    LOOP_ASSERT(l->state >= STATE_CLOSED);
    LOOP_ASSERT(!l->shutting_down);
    bool used = l->state == STATE_ABANDONED && still_used(l);

    /* Also if the memory stays: nobody is left to deliver events to. */
    console_unwatch_all(l);
    os_mutex_unlock(&l->lock);
    if (used)
        return;

    worker_join(l);
    if (l->port_alive)
        port_close(l->port);
    free_memory(l);
}

/* Waking. */

/* Is there something whose callback is next? */
static bool has_ready(struct loop *l)
{
    return !list_empty(&l->ready) || !chain_is_empty(&l->collected) ||
           !chain_is_empty(&l->cancelled) || !chain_is_empty(&l->telling);
}

/* Is some sleeping thread wrong to sleep on? */
static bool sleeper_is_owed(struct loop *l)
{
    if (atomic_load(&l->sleepers) == 0)
        return false;
    for (struct run *r = l->runs; r; r = r->next) {
        if (!r->asleep)
            continue;
        if (r->stop || has_ready(l) || timer_next(l) < r->until)
            return true;
        if (r->mode == LOOP_UNTIL_IDLE && core_idle(l))
            return true;
    }
    return false;
}

static int post_wake(struct loop *l)
{
    int status = 0;
    os_mutex_lock(&l->wake_lock);
    if (l->port_alive) {
        status = port_post(l->port, KEY_WAKE);
        for (int i = 1; status < 0 && i < WAKE_TRIES; i++) {
            os_pause();
            status = port_post(l->port, KEY_WAKE);
        }
    }
    os_mutex_unlock(&l->wake_lock);
    return status;
}

int core_wake(struct loop *l)
{
    if (atomic_load(&l->sleepers) == 0)
        return 0;
    if (atomic_exchange(&l->wake_pending, true))
        return 0;
    int status = post_wake(l);
    if (status < 0)
        atomic_store(&l->wake_pending, false);
    return status < 0 ? LOOP_ENOMEM : 0;
}

void core_enter(struct loop *l)
{
    os_mutex_lock(&l->lock);
}

int core_leave(struct loop *l)
{
    bool owed = sleeper_is_owed(l);
    os_mutex_unlock(&l->lock);
    return owed ? core_wake(l) : 0;
}

/* Items. */

static uint64_t clock_of(const struct loop *l)
{
    return l->delivering ? l->now : os_now();
}

void core_accept(struct loop *l, struct loop_item *i, enum loop_kind kind,
                 enum item_state state, struct loop_item *list)
{
    i->kind = (uint8_t)kind;
    i->state = (uint8_t)state;
    i->ready = 0;
    i->since = clock_of(l);
    l->count[kind]++;
    list_append(list, i);
}

void core_ready(struct loop *l, struct loop_item *i)
{
    LOOP_ASSERT(!i->ready);
    i->ready = 1;
    list_append(&l->ready, i);
    l->ready_count++;
}

void core_unready(struct loop *l, struct loop_item *i)
{
    LOOP_ASSERT(i->ready);
    LOOP_ASSERT(l->ready_count > 0);
    i->ready = 0;
    list_remove(i);
    l->ready_count--;
}

bool core_takes_work(const struct loop *l)
{
    return l->state == STATE_OPEN;
}

bool core_idle(struct loop *l)
{
    return l->delivering == 0 && !has_ready(l) &&
           l->count[LOOP_OP] == 0 && l->count[LOOP_TIMER] == 0 &&
           l->count[LOOP_TASK] == 0 && l->count[LOOP_JOB] == 0 &&
           l->handles_closing == 0 && !posts_waiting(l);
}

/* Passes. */

static void deliver_one(struct loop *l)
{
    struct loop_item *i = l->ready.next;
    core_unready(l, i);
    foresee(l->ready.next, 2 * CACHE_LINE);
    l->delivering++;

    /* More than one is ready: another thread may as well take the next. */
    if (sleeper_is_owed(l))
        core_wake(l);
    switch ((enum loop_kind)i->kind) {
    case LOOP_OP:      op_deliver(l, i);      break;
    case LOOP_TIMER:   timer_deliver(l, i);   break;
    case LOOP_TASK:    task_deliver(l, i);    break;
    case LOOP_JOB:     job_deliver(l, i);     break;
    case LOOP_HANDLE:  handle_deliver(l, i);  break;
    case LOOP_CONSOLE: console_deliver(l, i); break;
    case LOOP_POST:         /* never there: see post.c */
    case LOOP_KINDS:   LOOP_ASSERT(false);    break;
    }
    l->delivering--;
}

/*
 * Deliver what is ready now: the ready queue, then the chains. What callbacks
 * add comes behind the snapshot and waits for the next pass, so that nobody
 * can keep a run from looking at stop and at the port. Only tasks that are
 * told to end come before all: one that has its turn must have been told.
 */
static void deliver_snapshot(struct loop *l, const struct run *r)
{
    uint32_t snapshot = l->ready_count;
    l->since_look += snapshot + task_deliver_telling(l, r);
    if (!chain_is_empty(&l->telling))
        return;
    while (snapshot-- > 0 && !list_empty(&l->ready)) {
        if (atomic_load(&r->leave) || run_is_late(r, snapshot))
            return;
        deliver_one(l);
    }
    l->since_look += posts_deliver(l, r);
    l->since_look += timer_deliver_cancelled(l, r);
}

static bool must_stay_awake(struct loop *l, const struct run *r)
{
    return r->stop || has_ready(l) || posts_waiting(l) ||
           (r->mode == LOOP_UNTIL_IDLE && core_idle(l));
}

/*
 * Nothing is ready, but whoever posts often may be about to: wait for that
 * without going to sleep, which takes both sides longer. Not counted as a
 * sleeper, this thread is not woken, and looks again for itself.
 */
static void glance(struct loop *l, const struct run *r)
{
    uint64_t turn = 0;
    core_leave(l);
    while (!posts_waiting(l) && !atomic_load(&r->leave) && os_spin(&turn))
        continue;
    core_enter(l);
}

/* Would it have been worth while to glance before a sleep that has ended? */
static bool was_woken_soon(struct loop *l, uint64_t slept)
{
    return posts_waiting(l) && slept < GLANCE_WORTH;
}

/* A timer of no delay is no reason to wait. */
static bool is_due(const struct loop *l)
{
    uint64_t next = timer_next(l);
    return next != PORT_FOREVER && next <= os_now();
}

/*
 * Release the lock, wait in the port until a time, and take the lock again.
 *
 *   returns   how many packets there are in batch
 */
static int wait_in_port(struct loop *l, struct run *r, struct packet *batch,
                        uint64_t until)
{
    uint64_t before = until > 0 ? os_now() : 0;

    /* Count myself before the last look for posts: see core.h. */
    if (until > 0) {
        r->until = until;
        r->asleep = true;
        atomic_fetch_add(&l->sleepers, 1);
        if (posts_waiting(l))
            until = 0;
    }
    core_leave(l);
    int n = port_dequeue(l->port, batch, LOOP_BATCH, until);
    LOOP_ASSERT(n >= 0);
    for (int i = 0; i < n; i++)
        if (batch[i].key == KEY_WAKE)
            atomic_store(&l->wake_pending, false);
    core_enter(l);
    l->since_look = 0;
    l->now = os_now();
    if (r->asleep) {
        r->asleep = false;
        r->glances = was_woken_soon(l, l->now - before);
        atomic_fetch_sub(&l->sleepers, 1);
    }
    return n;
}

static void take_packets(struct loop *l, const struct packet *batch, int n)
{
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n && batch[i + AHEAD].op)
            foresee(LIST_OF(batch[i + AHEAD].op, struct op, port_op),
                    sizeof(struct op));
        if (batch[i].key != KEY_WAKE)
            op_complete(l, &batch[i]);
    }
}

/*
 * This thread has nothing to do. If it has taken the wake that was meant for
 * another sleeper, post it again, and stay away from the port for long enough
 * that the other one gets it: ports do not say which waiter wakes.
 */
static void hand_over(struct loop *l)
{
    if (!sleeper_is_owed(l))
        return;
    core_leave(l);
    os_pause();
    core_enter(l);
}

/* To look at the port costs as much as some callbacks. A run that goes on
 * and on does it after some of them; one that makes a single pass does it. */
static bool may_skip_port(const struct loop *l, const struct run *r)
{
    return !r->stop && l->since_look < LOOK_AFTER &&
           (r->mode == LOOP_FOREVER || r->mode == LOOP_UNTIL_IDLE);
}

/*
 * Wait until something is ready, the run should leave, or the time is over.
 * A packet may wake a thread over nothing, and a wait may end early, so this
 * looks again and goes back to sleep.
 *
 * Who is asked to leave delivers nothing more, so it collects nothing either:
 * where the processor has slept, to look at what there may be is a fifth of
 * its way out. As it leaves it wakes who sleeps, to look instead.
 */
static void wait_for_work(struct loop *l, struct run *r, uint64_t until)
{
    struct packet batch[LOOP_BATCH];
    for (;;) {
        int n = 0;
        if (r->glances && until > 0 && !must_stay_awake(l, r))
            glance(l, r);
        bool stay = until == 0 || must_stay_awake(l, r) || is_due(l);
        uint64_t next = timer_next(l);
        uint64_t wake_at = stay ? 0 : next < until ? next : until;
        if (stay && until > 0 && may_skip_port(l, r))
            l->now = os_now();
        else
            n = wait_in_port(l, r, batch, wake_at);
        take_packets(l, batch, n);
        if (atomic_load(&r->leave))
            return;
        posts_collect(l);
        timer_collect(l);
        if (stay || must_stay_awake(l, r) || l->now >= until)
            return;
        hand_over(l);
    }
}

void core_pass(struct loop *l, struct run *r, uint64_t until)
{
    wait_for_work(l, r, until);
    if (!atomic_load(&r->leave))
        deliver_snapshot(l, r);
}

/* Runs. */

bool core_inside(const struct loop *l)
{
    uint64_t self = os_thread_self();
    for (const struct run *r = l->runs; r; r = r->next)
        if (r->thread == self)
            return true;
    return false;
}

void core_run_begin(struct loop *l, struct run *r, enum loop_run_mode mode)
{
    *r = (struct run){ .thread = os_thread_self(), .mode = mode,
                       .next = l->runs };
    l->runs = r;
}

void core_run_end(struct loop *l, struct run *r)
{
    struct run **at = &l->runs;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (l->shutting_down || l->unwatching > 0)
        os_cond_broadcast(&l->left);

    /* A thread that sleeps on may have relied on this one for the next
     * timer or for a wake that this one has taken: let it look again. */
    if (atomic_load(&l->sleepers) > 0)
        core_wake(l);
}

/*
 * A run of short passes has the lock most of the time, and who wants it to
 * stop would be put to sleep over that: let it in first.
 */
static void give_way(struct loop *l)
{
    uint64_t turn = 0;
    core_leave(l);
    while (atomic_load(&l->stoppers) > 0 && os_spin(&turn))
        continue;
    core_enter(l);
}

static enum loop_run_end run_until_end(struct loop *l, struct run *r)
{
    for (;;) {
        if (atomic_load(&l->stoppers) > 0)
            give_way(l);
        if (atomic_load(&r->leave))
            return LOOP_STOPPED;
        if (!r->stop && r->mode == LOOP_UNTIL_IDLE && core_idle(l))
            return LOOP_IDLE;
        bool blocks = !r->stop && r->mode != LOOP_NOWAIT;
        core_pass(l, r, blocks ? PORT_FOREVER : 0);
        if (r->stop)
            return LOOP_STOPPED;
        if (r->mode == LOOP_ONCE || r->mode == LOOP_NOWAIT)
            return LOOP_PASSED;
    }
}

int loop_run(struct loop *l, enum loop_run_mode mode)
{
    core_enter(l);
    int result = LOOP_OK;
    if (core_inside(l))
        result = LOOP_EBUSY;
    else if (l->state != STATE_OPEN || l->shutting_down)
        result = LOOP_ECLOSED;
    if (result < 0) {
        os_mutex_unlock(&l->lock);
        return result;
    }

    struct run r;
    core_run_begin(l, &r, mode);
    r.stop = l->stop_kept;
    l->stop_kept = false;
    result = run_until_end(l, &r);
    core_run_end(l, &r);
    os_mutex_unlock(&l->lock);
    return result;
}

void core_stop_runs(struct loop *l)
{
    /* A run that was in its one pass for a kept stop is asked once more: it
     * ends after the callback it is in, as any other. */
    for (struct run *r = l->runs; r; r = r->next) {
        r->stop = true;
        atomic_store(&r->leave, true);
    }
}

int loop_stop(struct loop *l)
{
    atomic_fetch_add(&l->stoppers, 1);
    core_enter(l);
    atomic_fetch_sub(&l->stoppers, 1);
    if (l->state >= STATE_CLOSED) {
        os_mutex_unlock(&l->lock);
        return LOOP_ECLOSED;
    }
    /* A shutdown ends every run by itself, and nothing may end its own. */
    if (!l->shutting_down) {
        l->stop_kept = !l->runs;
        core_stop_runs(l);
    }
    return core_leave(l);
}

/* Closing. */

static bool has_left(const struct loop *l)
{
    for (int kind = 0; kind < LOOP_KINDS; kind++)
        if (l->count[kind] > 0)
            return true;
    return false;
}

static void cancel_posts(struct loop *l)
{
    static const struct run none;    /* it is never asked to leave */
    posts_close(l);
    LOOP_ASSERT(list_empty(&l->ready));
    l->posts_cancelled += posts_deliver(l, &none);
}

void core_finish(struct loop *l)
{
    LOOP_ASSERT(!l->runs);
    LOOP_ASSERT(!has_left(l));

    /* Refuse before calling anybody: a callback below may try to post. */
    l->state = STATE_CLOSED;
    l->hooks = NULL;
    cancel_posts(l);
    worker_quit(l);
    os_mutex_unlock(&l->lock);
    worker_join(l);

    os_mutex_lock(&l->wake_lock);
    l->port_alive = false;
    os_mutex_unlock(&l->wake_lock);

    /* A wake that came too late to be needed is dropped with the port. */
    port_close(l->port);
    core_enter(l);
}

int loop_close(struct loop *l)
{
    core_enter(l);
    int result = LOOP_OK;
    if (l->state >= STATE_CLOSED)
        result = LOOP_ECLOSED;
    else if (l->runs || l->shutting_down || has_left(l))
        result = LOOP_EBUSY;
    if (result == LOOP_OK) {
        l->shutting_down = true;
        core_finish(l);
        l->shutting_down = false;
    }
    os_mutex_unlock(&l->lock);
    return result;
}
