/*
 * task.c - tasks, what they wait for, and groups.
 *
 * A task whose wait is over gets a turn: an entry of its own on the ready
 * queue. While its step runs, on whichever thread, a wake-up is only noted,
 * and the turn is queued when the step has returned; so two threads never
 * step one task.
 */
#include "core.h"

static void queue_turn(struct task *t)
{
    t->wait = WAIT_NONE;
    t->turn = (struct loop_item){ .kind = LOOP_TASK };
    t->item.state = ITEM_QUEUED;
    core_ready(t->loop, &t->turn);
}

void task_wake(struct task *t, int status)
{
    LOOP_ASSERT(t->wait != WAIT_NONE);
    t->wake_status = status;
    if (t->stepping)
        t->stepping = STEPPING_DUE;
    else
        queue_turn(t);
}

int task_spawn(struct loop *l, struct task *t)
{
    LOOP_ASSERT(t->step);
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK) {
        t->loop = l;
        t->waiters = NULL;
        t->group = NULL;
        t->stepping = STEPPING_NOT;
        t->watched = false;
        t->wake_status = t->result = 0;

        /* Born while the others are told to end: so is this one. */
        t->cancel = l->tellings > 0;
        atomic_store_explicit(&t->told, l->tellings, memory_order_relaxed);
        core_accept(l, &t->item, LOOP_TASK, ITEM_QUEUED,
                    &l->waiting[LOOP_TASK]);
        queue_turn(t);
    }
    core_leave(l);
    return result;
}

/* Cancelling. */

/* Has a shutdown begun to tell all tasks, and not come to this one? Then it
 * is on that chain, and any cancel of it is the one that is on its way; or it
 * had ended before. */
static bool is_to_be_told(const struct task *t)
{
    return atomic_load_explicit(&t->told, memory_order_acquire) !=
           t->loop->tellings;
}

/* End what the task waits for, or put it on the list of those that are to
 * pass the cancel on. */
static void cancel_wait(struct task *t, struct task **list)
{
    switch ((enum wait)t->wait) {
    case WAIT_NONE:     /* the step that is due or running will be told */
    case WAIT_PASS:     /* the turn comes by itself */
        break;
    case WAIT_OP:       /* the step comes with the op's packet */
        op_request_cancel(t->loop, t->awaited);
        break;
    case WAIT_TIMER:
        heap_remove(&t->loop->task_timers, &t->timer);
        task_wake(t, LOOP_EABORTED);
        break;
    case WAIT_TASK:
    case WAIT_GROUP:
        t->cancel_next = *list;
        *list = t;
        break;
    case WAIT_JOB:      /* one that runs is waited for */
        job_request_cancel(t->loop, t->awaited);
        break;
    }
}

/* A task that waits for others passes a cancel on to them, and is put on a
 * list for that: so no chain of tasks that wait for one another, however long,
 * needs the stack. A wait that was begun in a running step is cancelled when
 * the step has returned: until then it may not be complete. */
static void ask(struct task **list, struct task *t)
{
    if (t->cancel || is_to_be_told(t))
        return;
    t->cancel = true;
    if (!t->stepping)
        cancel_wait(t, list);
}

static void ask_group(struct task **list, const struct group *g)
{
    for (struct task *t = g->members; t; t = t->group_next)
        ask(list, t);
}

static void ask_awaited(struct task *list)
{
    while (list) {
        struct task *t = list;
        list = t->cancel_next;
        if (t->wait == WAIT_TASK)
            ask(&list, t->awaited);
        else
            ask_group(&list, t->awaited);
    }
}

void task_request_cancel(struct task *t)
{
    struct task *list = NULL;
    ask(&list, t);
    ask_awaited(list);
}

int task_cancel(struct task *t)
{
    struct loop *l = t->loop;
    core_enter(l);
    task_request_cancel(t);
    core_leave(l);
    return LOOP_OK;
}

static size_t ask_listed(struct task **list, struct loop_item *head)
{
    size_t count = 0;
    for (struct loop_item *i = head->next; i != head; i = i->next) {
        ask(list, LIST_OF(i, struct task, item));
        count++;
    }
    return count;
}

/* Those that are on their way to a cancel are asked already. */
static size_t count_telling(struct loop *l)
{
    struct loop_item *first = chain_hold(&l->telling);
    size_t count = chain_length(first);
    chain_release(&l->telling, first);
    return count;
}

size_t task_cancel_all(struct loop *l)
{
    size_t count = 0;
    struct task *list = NULL;
    core_enter(l);
    count += ask_listed(&list, &l->told);
    count += count_telling(l);
    count += ask_listed(&list, &l->waiting[LOOP_TASK]);
    ask_awaited(list);
    core_leave(l);
    return count;
}

/* Waiting. Each is called in the task's own step. */

static void begin_wait(struct task *t, enum wait wait, void *awaited)
{
    LOOP_ASSERT(t->stepping);
    LOOP_ASSERT(t->wait == WAIT_NONE);
    t->wait = (uint8_t)wait;
    t->awaited = awaited;
}

void task_yield(struct task *t)
{
    core_enter(t->loop);
    begin_wait(t, WAIT_PASS, NULL);
    task_wake(t, 0);
    os_mutex_unlock(&t->loop->lock);
}

void task_await_timer(struct task *t, uint64_t due)
{
    core_enter(t->loop);
    begin_wait(t, WAIT_TIMER, NULL);
    if (core_takes_work(t->loop))
        timer_insert(t->loop, &t->loop->task_timers, &t->timer, due);
    else
        task_wake(t, LOOP_EABORTED);
    core_leave(t->loop);
}

void task_await_op(struct task *t, struct op *op)
{
    struct loop *l = t->loop;
    LOOP_ASSERT(!op->done);
    core_enter(l);
    LOOP_ASSERT(!op->waiter);
    begin_wait(t, WAIT_OP, op);
    if (op->item.state == ITEM_UNCLAIMED) {
        list_remove(&op->item);
        l->count[LOOP_OP]--;
        l->ops_unclaimed--;
        op->item.state = ITEM_ENDED;
        task_wake(t, op->status);
    } else if (op->item.state == ITEM_ENDED) {
        task_wake(t, LOOP_EABORTED);    /* dropped by a drain */
    } else {
        op->waiter = t;
    }
    os_mutex_unlock(&l->lock);
}

void task_await_job(struct task *t, struct job *job)
{
    struct loop *l = t->loop;
    LOOP_ASSERT(!job->done);
    core_enter(l);
    LOOP_ASSERT(!job->waiter);
    begin_wait(t, WAIT_JOB, job);
    if (job->item.state == ITEM_UNCLAIMED) {
        list_remove(&job->item);
        l->count[LOOP_JOB]--;
        job->item.state = ITEM_ENDED;
        task_wake(t, job->status);
    } else if (job->item.state == ITEM_ENDED) {
        task_wake(t, LOOP_EABORTED);    /* dropped by a drain */
    } else {
        job->waiter = t;
    }
    os_mutex_unlock(&l->lock);
}

void task_fire_next(struct loop *l)
{
    struct heap_node *next = l->task_timers.root;
    heap_remove(&l->task_timers, next);
    task_wake(LIST_OF(next, struct task, timer), 0);
}

void task_await_task(struct task *t, struct task *other)
{
    LOOP_ASSERT(t != other);
    core_enter(t->loop);
    begin_wait(t, WAIT_TASK, other);
    if (other->item.state == ITEM_ENDED) {
        task_wake(t, other->result);
    } else {
        t->wait_next = other->waiters;
        other->waiters = t;
        other->watched = true;
    }
    os_mutex_unlock(&t->loop->lock);
}

/* Groups. */

static void group_append(struct group *g, struct task *t)
{
    struct task *first = g->members;
    t->group = g;
    t->group_next = NULL;
    if (!first) {
        t->group_prev = t;
        g->members = t;
        return;
    }
    t->group_prev = first->group_prev;
    t->group_prev->group_next = t;
    first->group_prev = t;
}

static void group_remove(struct group *g, struct task *t)
{
    if (t == g->members)
        g->members = t->group_next;
    else
        t->group_prev->group_next = t->group_next;
    if (t->group_next)
        t->group_next->group_prev = t->group_prev;
    else if (g->members)
        g->members->group_prev = t->group_prev;
    t->group = NULL;
}

static void note_result(struct group *g, const struct task *t)
{
    if (t->result < 0 && g->status == 0)
        g->status = t->result;
}

void group_add(struct group *g, struct task *t)
{
    struct loop *l = t->loop;
    core_enter(l);
    LOOP_ASSERT(!t->group);

    /* A shutdown may be about to end it without the lock. */
    struct loop_item *telling = chain_hold(&l->telling);
    if (t->item.state == ITEM_ENDED) {
        note_result(g, t);
    } else {
        t->watched = true;
        group_append(g, t);
    }
    chain_release(&l->telling, telling);
    os_mutex_unlock(&l->lock);
}

static bool group_is_over(const struct group *g)
{
    return !g->members || (!g->return_exceptions && g->status < 0);
}

/* The group becomes the caller's again: whoever is still a member goes on
 * by itself. */
static void finish_group(struct group *g, struct task *waiter)
{
    while (g->members)
        group_remove(g, g->members);
    g->waiter = NULL;
    task_wake(waiter, g->return_exceptions ? 0 : g->status);
}

void task_await_group(struct task *t, struct group *g)
{
    core_enter(t->loop);
    LOOP_ASSERT(!g->waiter);
    begin_wait(t, WAIT_GROUP, g);
    if (group_is_over(g))
        finish_group(g, t);
    else
        g->waiter = t;
    os_mutex_unlock(&t->loop->lock);
}

/* Stepping and ending. */

static void tell_group(struct task *t)
{
    struct group *g = t->group;
    if (!g)
        return;
    group_remove(g, t);
    note_result(g, t);
    if (g->waiter && group_is_over(g))
        finish_group(g, g->waiter);
}

static void tell_waiters(struct task *t)
{
    struct task *next;
    for (struct task *w = t->waiters; w; w = next) {
        next = w->wait_next;
        task_wake(w, t->result);
    }
    t->waiters = NULL;
}

static void end_task(struct loop *l, struct task *t)
{
    void (*ended)(struct task *) = t->ended;
    LOOP_ASSERT(t->wait == WAIT_NONE);
    t->stepping = STEPPING_NOT;
    t->item.state = ITEM_ENDED;
    list_remove(&t->item);
    l->count[LOOP_TASK]--;
    tell_group(t);
    tell_waiters(t);
    if (!ended)
        return;
    os_mutex_unlock(&l->lock);
    ended(t);
    core_enter(l);
}

static void begin_waiting(struct task *t)
{
    bool is_due = t->stepping == STEPPING_DUE;
    LOOP_ASSERT(t->wait != WAIT_NONE);
    t->stepping = STEPPING_NOT;
    t->item.state = ITEM_WAITING;
    if (is_due) {
        queue_turn(t);
    } else if (t->cancel) {
        struct task *list = NULL;
        cancel_wait(t, &list);
        ask_awaited(list);
    }
}

void task_finish_step(struct loop *l, struct task *t, enum task_next next)
{
    if (next == TASK_ENDS)
        end_task(l, t);
    else
        begin_waiting(t);
}

void task_deliver(struct loop *l, struct loop_item *turn)
{
    struct task *t = LIST_OF(turn, struct task, turn);
    LOOP_ASSERT(!is_to_be_told(t));
    struct task_wake wake = { .cancelled = t->cancel,
                              .status = t->wake_status };
    t->cancel = false;
    t->wake_status = 0;
    t->stepping = STEPPING;
    t->item.state = ITEM_RUNNING;
    os_mutex_unlock(&l->lock);
    enum task_next next = t->step(t, wake);
    core_enter(l);
    task_finish_step(l, t, next);
}
