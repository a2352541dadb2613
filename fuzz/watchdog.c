#include "watchdog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"
#include "watchdog_parts.h"

#define TICK_MS     50
#define PIECE       16384
#define REST_PIECES 64

_Static_assert(STACKS_WHERE <= WATCHDOG_WHERE, "fits");
_Static_assert(CHILD_WHY <= WATCHDOG_WHAT, "fits");

static const char *const end_names[] = {
    [WATCHDOG_EXITED] = "exited",
    [WATCHDOG_CRASHED] = "crashed",
    [WATCHDOG_HUNG] = "hung",
    [WATCHDOG_OUT_OF_TIME] = "out-of-time",
    [WATCHDOG_LINGERED] = "lingered",
    [WATCHDOG_INTERRUPTED] = "interrupted",
};

const char *watchdog_end_name(enum watchdog_end end)
{
    return (size_t)end < sizeof end_names / sizeof *end_names
               ? end_names[end] : "?";
}

void watchdog_report_free(struct watchdog_report *report)
{
    free(report->dump);
    free(report->stacks);
    report->dump = NULL;
    report->stacks = NULL;
}

/* What the child says. */

static void take_finding(struct watch *w, const char *text)
{
    char *where;
    unsigned long number = strtoul(text, &where, 10);
    if (w->told || number == VERDICT_CLEAN || number >= VERDICTS)
        return;
    w->told = true;
    w->finding = (enum verdict)number;
    snprintf(w->report->where, WATCHDOG_WHERE, "%s",
             where + (*where == ' '));
}

static void take_message(const char *line, void *arg)
{
    struct watch *w = arg;
    switch (*line) {
    case WITNESS_SAYS_LINE:
        if (w->options.line != NULL)
            w->options.line(line + 1, w->options.arg);
        break;
    case WITNESS_SAYS_FINDING:
        take_finding(w, line + 1);
        break;
    case WITNESS_SAYS_DUMP:
        transcript_print(&w->dump, "%s\n", line + 1);
        break;
    case WITNESS_SAYS_DUMP_END:
        w->dumped = true;
        break;
    case WITNESS_SAYS_CLOSE:
        child_request(w->child, WITNESS_END);
        break;
    default:
        /* A program that writes where it has no business. */
        break;
    }
}

static void take_output(const char *line, void *arg)
{
    struct watch *w = arg;
    w->options.output(line, w->options.arg);
}

static void (*const take[CHILD_STREAMS])(const char *line, void *arg) = {
    [CHILD_MESSAGES] = take_message,
    [CHILD_OUTPUT] = take_output,
};

static void read_all(struct watch *w)
{
    char piece[PIECE];
    for (int i = 0; i < CHILD_STREAMS; i++) {
        size_t size = child_read(w->child, i, piece, sizeof piece);
        lines_take(&w->lines[i], piece, size, take[i], w);
    }
}

/* Take what is in the pipes and in the buffers; a process that has escaped
 * might write for ever. A message without its newline is a torn one. */
void watch_read_rest(struct watch *w)
{
    char piece[PIECE];
    for (int i = 0; i < CHILD_STREAMS; i++) {
        size_t size = 1;
        for (int n = 0; size > 0 && n < REST_PIECES; n++) {
            size = child_read(w->child, i, piece, sizeof piece);
            lines_take(&w->lines[i], piece, size, take[i], w);
        }
    }
    lines_end(&w->lines[CHILD_OUTPUT], take_output, w);
}

/* How far it has come. */

static bool is_watched(const struct watch *w)
{
    const struct witness_page *page = child_page(w->child);
    return atomic_load(&page->opened) && !atomic_load(&page->closed);
}

uint64_t watch_progress(const struct watch *w)
{
    return atomic_load(&child_page(w->child)->progress);
}

static void restart_stall(struct watch *w)
{
    w->report->progress = watch_progress(w);
    w->stall = (struct pace){ 0 };
}

static void keep_longest(struct watch *w)
{
    uint64_t stalled = w->stall.wall_ns / MS_NS;
    if (w->opened && stalled > w->report->stalled_ms)
        w->report->stalled_ms = stalled;
}

/* What the child has done since the last look is added before its progress
 * is asked for: a time in which it came further is no time without. */
static void look(struct watch *w)
{
    struct child_look seen;
    child_look(w->child, &seen);
    if (seen.witness_only && !w->witness_ended) {
        child_request(w->child, WITNESS_END);
        w->witness_ended = true;
    }

    uint64_t now = child_clock_ns();
    uint64_t wall = now - w->looked_ns;
    w->looked_ns = now;
    struct pace before = w->stall;
    pace_add(&w->stall, wall, TICK_MS * MS_NS, &seen);
    w->report->starved_ms += w->stall.starved_ns - before.starved_ns;
    keep_longest(w);
    bool opens = !w->opened && atomic_load(&child_page(w->child)->opened);
    if (opens || watch_progress(w) != w->report->progress)
        restart_stall(w);
    w->opened |= opens;

    if (w->main_returned)
        pace_add(&w->linger, wall, TICK_MS * MS_NS, &seen);
    else if (atomic_load(&child_page(w->child)->main_returned))
        w->main_returned = true;
    else
        w->main_returned = seen.main_ended;
}

/* The announced time, if it belongs to the progress of now. */
static uint32_t expected_ms(const struct watch *w)
{
    const struct witness_page *page = child_page(w->child);
    uint64_t at = atomic_load(&page->expect_at);
    uint32_t within = atomic_load(&page->expect_ms);
    if (at != w->report->progress || at != atomic_load(&page->expect_at))
        return 0;
    return within;
}

static uint64_t stall_limit_ms(const struct watch *w)
{
    if (!w->opened)
        return w->options.start_ms;
    uint32_t expected = expected_ms(w);
    return expected > w->options.stall_ms ? expected : w->options.stall_ms;
}

static bool is_over(const struct watch *w, const struct pace *p,
                    uint64_t limit_ms)
{
    return pace_is_over(p, limit_ms * MS_NS,
                        w->options.impatient ? 1 : WATCHDOG_BUSY_MAX);
}

static bool is_stuck(const struct watch *w)
{
    return !w->main_returned && (!w->opened || is_watched(w)) &&
           is_over(w, &w->stall, stall_limit_ms(w));
}

uint64_t watch_elapsed_ms(const struct watch *w)
{
    return (child_clock_ns() - w->began_ns) / MS_NS;
}

static bool is_interrupted(const struct watch *w)
{
    if (w->options.interrupted != NULL)
        return w->options.interrupted(w->options.arg);
    return child_interrupts() != w->interrupts;
}

/* Why the child has to be ended now; WATCHDOG_EXITED: it has not. */
static enum watchdog_end reason_to_end(const struct watch *w)
{
    if (is_interrupted(w))
        return WATCHDOG_INTERRUPTED;
    if (w->main_returned && is_over(w, &w->linger, w->options.linger_ms))
        return WATCHDOG_LINGERED;
    if (is_stuck(w))
        return WATCHDOG_HUNG;
    if (w->options.total_ms > 0 && watch_elapsed_ms(w) >= w->options.total_ms)
        return WATCHDOG_OUT_OF_TIME;
    return WATCHDOG_EXITED;
}

/* The state of what is stuck. */

/*
 * Wait for the witness's answer; the time for it is fair time too.
 *
 *   returns   false if the child has ended meanwhile
 */
static bool wait_for_dump(struct watch *w)
{
    struct pace waited = { 0 };
    uint64_t last = child_clock_ns();
    while (!w->dumped && !is_interrupted(w) &&
           !is_over(w, &waited, w->options.dump_ms)) {
        if (child_wait(w->child, TICK_MS))
            return false;
        read_all(w);
        struct child_look seen;
        child_look(w->child, &seen);
        uint64_t now = child_clock_ns();
        pace_add(&waited, now - last, TICK_MS * MS_NS, &seen);
        last = now;
    }
    return true;
}

static bool take_dump(struct watch *w)
{
    if (!is_watched(w))
        return true;
    child_request(w->child, WITNESS_DUMP);
    if (!wait_for_dump(w))
        return false;
    if (!w->dumped)
        transcript_print(&w->dump, "the dump did not end within %" PRIu32
                         " ms\n", w->options.dump_ms);
    return true;
}

static void take_stacks(struct watch *w)
{
    struct stacks s = { 0 };
    uint64_t witness = atomic_load(&child_page(w->child)->thread);
    stacks_take(&s, child_id(w->child), witness);
    w->report->stacks = s.text.text;
    if (!w->told)
        stacks_where(&s, w->report->where);
}

static void drop_dump(struct watch *w)
{
    free(w->dump.text);
    w->dump = (struct transcript){ 0 };
    w->dumped = false;
}

/*
 * Collect the state of a child that is to be ended. A dump takes a while: one
 * that came further during it was only slow, and is watched again.
 *
 *   returns   false if the child was only slow
 */
static bool collect(struct watch *w, enum watchdog_end end)
{
    if (end == WATCHDOG_INTERRUPTED)
        return true;
    bool slow = !take_dump(w);
    if (end == WATCHDOG_HUNG && watch_progress(w) != w->report->progress)
        slow = true;
    if (slow)
        drop_dump(w);
    else
        take_stacks(w);
    return !slow;
}

static void watch(struct watch *w)
{
    enum watchdog_end end = WATCHDOG_EXITED;
    w->began_ns = w->looked_ns = child_clock_ns();
    w->report->id = child_id(w->child);
    while (!child_wait(w->child, TICK_MS)) {
        read_all(w);
        /* Whoever writes all the time is not looked at each time. */
        if (child_clock_ns() - w->looked_ns < TICK_MS * MS_NS / 2)
            continue;
        look(w);
        end = reason_to_end(w);
        if (end != WATCHDOG_EXITED && collect(w, end))
            break;
        end = WATCHDOG_EXITED;
    }
    watch_judge(w, end);
}

static void fill_in(uint32_t *option, uint32_t preset)
{
    if (*option == 0)
        *option = preset;
}

static struct watchdog_options
complete_options(const struct watchdog_options *options)
{
    struct watchdog_options o = options != NULL
        ? *options : (struct watchdog_options){ 0 };
    fill_in(&o.stall_ms, WATCHDOG_STALL_MS);
    fill_in(&o.start_ms, WATCHDOG_START_MS);
    fill_in(&o.linger_ms, WATCHDOG_LINGER_MS);
    fill_in(&o.dump_ms, WATCHDOG_DUMP_MS);
    return o;
}

int watchdog_run(char *const argv[], const struct watchdog_options *options,
                 struct watchdog_report *report)
{
    struct watch w = { .options = complete_options(options),
                       .report = report };
    bool listens = w.options.interrupted == NULL;
    *report = (struct watchdog_report){ 0 };
    if (listens)
        w.interrupts = child_interrupts_begin();
    int result = child_start(&w.child, argv, w.options.output != NULL,
                             report->what);
    if (result == 0) {
        watch(&w);
        child_destroy(w.child);
    }
    if (listens)
        child_interrupts_end();
    return result;
}
