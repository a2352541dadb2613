/*
 * pending.c - what keeps a loop from being closed, for people.
 */
#include "core.h"

static const char *const kind_name[LOOP_KINDS] = {
    [LOOP_POST] = "post",     [LOOP_OP] = "op",
    [LOOP_TIMER] = "timer",   [LOOP_TASK] = "task",
    [LOOP_JOB] = "job",       [LOOP_HANDLE] = "handle",
    [LOOP_CONSOLE] = "console",
};

static const char *const state_name[ITEM_STATES] = {
    [ITEM_QUEUED] = "queued",       [ITEM_PENDING] = "pending",
    [ITEM_CANCELLING] = "cancelling", [ITEM_READY] = "ready",
    [ITEM_UNCLAIMED] = "unclaimed", [ITEM_RUNNING] = "running",
    [ITEM_WAITING] = "waiting",     [ITEM_OPEN] = "open",
    [ITEM_CLOSING] = "closing",     [ITEM_ABORTED] = "aborted",
    [ITEM_ENDED] = "ended",
};

static const char *const error_name[] = {
    [-LOOP_OK] = "ok",               [-LOOP_EBUSY] = "busy",
    [-LOOP_ECLOSED] = "closed",      [-LOOP_ENOMEM] = "no-memory",
    [-LOOP_EABORTED] = "aborted",    [-LOOP_ENOTFOUND] = "not-found",
    [-LOOP_EINVAL] = "invalid",      [-LOOP_EBROKEN] = "broken",
    [-LOOP_EREFUSED] = "refused",    [-LOOP_EFAILED] = "failed",
    [-LOOP_EDEADLINE] = "deadline",
};

const char *loop_kind_name(enum loop_kind kind)
{
    return kind < LOOP_KINDS ? kind_name[kind] : "unknown";
}

const char *loop_error_name(int error)
{
    int count = (int)(sizeof error_name / sizeof error_name[0]);
    if (error > 0 || error <= -count)
        return "unknown";
    return error_name[-error];
}

/* The list being written: its slots, and how many there would be. */
struct listing {
    struct loop_pending *out;
    size_t               cap;
    size_t               count;
    uint64_t             now;
    bool                 is_cut;    /* at its cap                            */
};

static bool is_full(const struct listing *list)
{
    return list->is_cut && list->count >= list->cap;
}

static void add_as(struct listing *list, const char *name,
                   enum loop_kind kind, enum item_state state,
                   uint64_t since)
{
    if (list->count < list->cap) {
        struct loop_pending *p = &list->out[list->count];
        p->kind = kind;
        p->state = state_name[state];
        p->name = name ? name : "-";
        p->age = list->now > since ? list->now - since : 0;
    }
    list->count++;
}

static void add(struct listing *list, const struct loop_item *i)
{
    enum item_state state = (enum item_state)i->state;
    add_as(list, i->name, (enum loop_kind)i->kind,
           i->ready && state != ITEM_ABORTED ? ITEM_READY : state, i->since);
}

static void add_list(struct listing *list, const struct loop_item *head,
                     enum loop_kind kind)
{
    for (const struct loop_item *i = head->next;
         i != head && !is_full(list); i = i->next)
        if (i->kind == kind)
            add(list, i);
}

/* Ops are on the lists of their handles, open or closing. */
static void add_ops(struct listing *list, const struct loop_item *handles)
{
    for (struct loop_item *i = handles->next;
         i != handles && !is_full(list); i = i->next) {
        struct handle *h = LIST_OF(i, struct handle, item);
        add_list(list, &h->ops, LOOP_OP);
    }
}

/*
 * Accepted posts that no run has collected. The stack is newest first and
 * only the oldest has a time; with the lock held nobody takes from it, so
 * what was read at its head stays a list.
 */
static void add_stack(struct listing *list, const struct post *newest)
{
    size_t count = 0;
    uint64_t since = list->now;
    for (const struct post *p = newest; p; p = p->next) {
        since = p->since;
        count++;
    }
    size_t end = list->count + count;
    size_t at = end;
    for (const struct post *p = newest; p; p = p->next) {
        list->count = --at;
        add_as(list, p->name, LOOP_POST, ITEM_QUEUED, since);
    }
    list->count = end;
}

static void add_posts(struct listing *list, struct loop *l)
{
    struct post *first = chain_hold(&l->collected);
    for (const struct post *p = first; p && !is_full(list); p = p->next)
        add_as(list, p->name, LOOP_POST, ITEM_READY, l->collected_since);
    chain_release(&l->collected, first);
    add_stack(list, posts_newest(l));
}

static void add_cancelled(struct listing *list, struct loop *l)
{
    struct loop_item *first = chain_hold(&l->cancelled);
    for (const struct loop_item *i = first; i && !is_full(list); i = i->next)
        add_as(list, i->name, LOOP_TIMER, ITEM_ABORTED, i->since);
    chain_release(&l->cancelled, first);
}

/* Those on the waiting list were spawned after a shutdown had begun to tell
 * the others. */
static void add_tasks(struct listing *list, struct loop *l)
{
    add_list(list, &l->told, LOOP_TASK);
    struct loop_item *first = chain_hold(&l->telling);
    for (const struct loop_item *i = first; i && !is_full(list); i = i->next)
        add(list, i);
    chain_release(&l->telling, first);
    add_list(list, &l->waiting[LOOP_TASK], LOOP_TASK);
}

static size_t make_list(struct loop *l, struct listing list)
{
    list.now = os_now();
    for (int kind = 0; kind < LOOP_KINDS; kind++) {
        /* A task's own item stays on its list also while its turn, which is
         * another item, is on the ready queue. */
        if (kind == LOOP_TASK) {
            add_tasks(&list, l);
            continue;
        }
        add_list(&list, &l->ready, (enum loop_kind)kind);
        add_list(&list, &l->waiting[kind], (enum loop_kind)kind);
        if (kind == LOOP_JOB)
            add_list(&list, &l->jobs_begun, LOOP_JOB);
        if (kind == LOOP_OP)
            add_ops(&list, &l->waiting[LOOP_HANDLE]);
        if (kind == LOOP_POST)
            add_posts(&list, l);
        if (kind == LOOP_TIMER)
            add_cancelled(&list, l);
    }
    return list.count;
}

size_t core_list(struct loop *l, struct loop_pending *out, size_t cap)
{
    return make_list(l, (struct listing){ .out = out, .cap = cap,
                                          .is_cut = true });
}

size_t loop_pending(struct loop *l, struct loop_pending *out, size_t cap)
{
    core_enter(l);
    size_t count = make_list(l, (struct listing){ .out = out, .cap = cap });
    os_mutex_unlock(&l->lock);
    return count;
}
