/*
 * oracle_end.c - when nothing can run, and when all is over: what is owed,
 * and what is left.
 */
#include <string.h>

#include "account.h"

/* Nothing can run. */

static bool retry_pauses(void)
{
    for (unsigned t = 0; t < ground_thread_count(); t++) {
        struct ground_thread_info info;
        ground_thread_info(t, &info);
        if (info.state == GROUND_BLOCKED_PAUSE)
            return true;
    }
    return false;
}

/* What a run sleeps over. When nobody waits for a time, a timer that is still
 * to come will never come. */
static const char *owed(const struct active *a, bool timed)
{
    uint64_t now = ground_time();
    for (unsigned n = 0; n < account.high[SUBJECT_POST]; n++) {
        const struct object *x = &account.object[SUBJECT_POST][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop)
            return "asleep over a post";
    }
    for (unsigned n = 0; n < account.high[SUBJECT_TIMER]; n++) {
        const struct object *x = &account.object[SUBJECT_TIMER][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop &&
            x->cancelling == 0 && (x->detail < now || !timed))
            return "asleep over a timer";
    }
    for (unsigned n = 0; n < account.high[SUBJECT_TASK_END]; n++) {
        const struct object *x = &account.object[SUBJECT_TASK_END][n];
        if (x->life == LIFE_LIVE && x->loop == a->loop && !timed &&
            x->waits_for == SUBJECT_TIMER)
            return "asleep over a task's timer";
        if (x->life == LIFE_LIVE && x->loop == a->loop && x->cancelled &&
            (x->waits_for == SUBJECT_TIMER || x->waits_for == SUBJECT_POST))
            return "asleep over a cancelled task";
    }
    return NULL;
}

/* Every packet that was dequeued must have become a callback by now. */
static uint32_t packets_lost(void)
{
    struct ground_left left;
    ground_left(&left);
    uint32_t unclaimed = 0;
    for (unsigned n = 0; n < account.high[SUBJECT_OP]; n++) {
        const struct object *x = &account.object[SUBJECT_OP][n];
        unclaimed += x->life == LIFE_LIVE && x->awaited && !x->has_waiter;
    }
    uint32_t known = account.ops_called + unclaimed;
    return left.ops_dequeued > known ? left.ops_dequeued - known : 0;
}

static bool console_untold(unsigned loop)
{
    for (unsigned n = 0; n < account.high[SUBJECT_CONSOLE]; n++) {
        const struct object *x = &account.object[SUBJECT_CONSOLE][n];
        if (x->life == LIFE_LIVE && x->loop == loop && x->cancelling == 0 &&
            x->events_told < x->events)
            return true;
    }
    return false;
}

/* Is a callback of the loop going on, on whatever thread? */
static bool in_callback(unsigned loop)
{
    for (unsigned i = 0; i < account.active_high; i++)
        if (account.active[i].used && account.active[i].loop == loop &&
            account.active[i].in_callback)
            return true;
    return false;
}

static void check_sleeper(const struct active *a, bool timed)
{
    const char *what = owed(a, timed);
    if (a->asked || a->kept)
        account_found(VERDICT_STOP_IGNORED, "run", "asleep after a stop");
    else if (what)
        account_found(VERDICT_LOST_WAKE, "run", what);
    else if (!timed && console_untold(a->loop))
        account_found(VERDICT_LOST_WAKE, "run", "asleep over a console event");
    else if (!timed && account.loops_open == 1 && packets_lost() > 0)
        account_found(VERDICT_LOST_COMPLETION, "op",
                      "dequeued and not delivered");
    else if (a->mode == LOOP_UNTIL_IDLE && !in_callback(a->loop) &&
             account.loop[a->loop].live == 0 &&
             account.loop[a->loop].submitting == 0 && !timed)
        account_found(VERDICT_DEADLOCK, "run until idle",
                      "asleep with nothing left");
}

static void check_blocked(struct active *a, bool timed)
{
    struct ground_thread_info info;
    ground_thread_info(a->thread, &info);
    for (unsigned i = 0; i < account.active_high; i++)
        if (account.active[i].used && account.active[i].thread == a->thread &&
            account.active[i].entered > a->entered)
            return;     /* it is another call that blocks this thread */
    if (a->what == WHAT_RUN) {
        if (info.state == GROUND_BLOCKED_DEQUEUE) {
            check_sleeper(a, timed);
            if (!a->known)
                a->known = account.sequence;
        }
        return;
    }
    uint64_t late = a->deadline + a->in_callbacks + ground_slack();
    if (a->what == WHAT_SHUTDOWN && !a->in_callback && ground_time() > late)
        account_found(VERDICT_DEADLINE_MISSED, "shutdown",
                      "waits past its time");
}

void oracle_idle(bool timed)
{
    if (retry_pauses())
        return;
    for (unsigned i = 0; i < account.active_high; i++)
        if (account.active[i].used)
            check_blocked(&account.active[i], timed);
}

bool oracle_all_closed(void)
{
    for (unsigned l = 0; l < SUBJECT_LOOPS; l++)
        if (account.loop[l].open &&
            (!account.loop[l].closed || account.loop[l].abandoned))
            return false;
    return true;
}

static const char *state_word(enum ground_state state)
{
    switch (state) {
    case GROUND_BLOCKED_LOCK:    return "waits for a lock";
    case GROUND_BLOCKED_COND:    return "waits for a condition";
    case GROUND_BLOCKED_JOIN:    return "waits for a thread to end";
    case GROUND_BLOCKED_DEQUEUE: return "waits for a packet";
    case GROUND_BLOCKED_PAUSE:   return "pauses";
    case GROUND_READY:
    case GROUND_ENDED:           break;
    }
    return "is not blocked";
}

static const char *const what_word[] = {
    [WHAT_RUN] = "run", [WHAT_CLOSE] = "close", [WHAT_SHUTDOWN] = "shutdown",
};

void oracle_stuck(uint32_t elsewhere)
{
    struct ground_thread_info info;
    for (unsigned i = 0; i < account.active_high; i++) {
        const struct active *a = &account.active[i];
        if (!a->used)
            continue;
        ground_thread_info(a->thread, &info);
        account_found(VERDICT_DEADLOCK, what_word[a->what],
                      state_word(info.state));
    }
    for (unsigned t = 0; t < ground_thread_count(); t++) {
        ground_thread_info(t, &info);
        if (info.state == GROUND_ENDED || elsewhere >> t & 1)
            continue;
        bool worker = !strcmp(info.name, "worker");
        if (worker && !oracle_all_closed())
            continue;       /* the pool of a loop that is open */
        if (worker)
            account_found(VERDICT_LINGERING_PROCESS, "worker",
                          state_word(info.state));
        else
            account_found(VERDICT_DEADLOCK, "thread", state_word(info.state));
    }
}

/* The end. */

static void check_lost(void)
{
    for (unsigned l = 0; l < SUBJECT_LOOPS; l++) {
        account_end_silently(l);
        const char *live = account.loop[l].open ? account_live(l) : NULL;
        if (live)
            account_found(VERDICT_LOST_COMPLETION, live,
                          "accepted and never ended");
    }
}

void oracle_end(void)
{
    struct ground_left left;
    if (!oracle_all_closed())
        return;
    check_lost();
    ground_left(&left);
    if (packets_lost() > 0)
        account_found(VERDICT_LOST_COMPLETION, "op",
                      "dequeued and not delivered");
    if (left.ops_pending > 0 || left.packets > 0)
        account_found(VERDICT_LEAKED_OP, "op", "left in the kernel");
    if (left.ports > 0)
        account_found(VERDICT_LEAKED_HANDLE, "port", "left open");
    if (left.handles > 0)
        account_found(VERDICT_LEAKED_HANDLE, "handle", "left open");
    if (left.console_watchers > 0)
        account_found(VERDICT_LEAKED_HANDLE, "console watch", "left");
    if (left.threads > 0)
        account_found(VERDICT_LINGERING_PROCESS, "thread", "left");
    if (left.allocations > account.subject->held())
        account_found(VERDICT_LEAKED_MEMORY, "memory", "left");
}
