/*
 * shutdown_strategies.c - what does each strategy of loop/shutdown.h cost,
 * with work pending, and what does it lose?
 *
 * Each measurement is a process of its own, lastcall-bench-end-NAME, which
 * has one thread inside a loop, work pending, ends the loop by one strategy
 * and then counts what that has lost (loss.h, peers/end.h). The figure is the
 * time from the request until all of the strategy is done, which for the ones
 * that close includes joining the thread and freeing the loop. A strategy
 * that is fast because it lets go shows so in the same row.
 *
 *   posts     accepted while the thread inside is in a callback
 *   timers    an hour away
 *   tasks     each waits for such a timer
 *   jobs      four workers are at one of 40 ms each, the others queue; the
 *             strategy deadline has 20 ms
 *   reads     each of a descriptor on which nothing arrives
 *   write     one, of so many KiB, to a reader that takes 32 KiB in a
 *             millisecond; the bytes are counted at its end, until the
 *             process is gone and the stream over
 *
 * A post that was run, a timer that was cancelled and told so, lose nothing.
 * Bytes that a cancelled write was told it has not written are lost all the
 * same: the strategy hooks has a hook that waits until they are. Threads are
 * counted when all that are left sleep: one that goes by itself is not left.
 * A descriptor or a block of memory that a strategy leaves goes with the
 * process, if the process goes.
 *
 * The ports of ours are told apart where they differ, by reads and the write.
 *
 * Other loops have no strategies of these names. Which of their ways stands
 * for which:
 *
 *             stop                       graceful             hooks
 *   libuv     uv_stop, then exit         uv_walk, uv_close,   uv_shutdown of
 *                                        uv_run,              the stream
 *                                        uv_loop_close        before that
 *   Asio      io_context::stop, then     cancel each, run to  -
 *             the context is dropped     the end
 *   asyncio   loop.stop, then exit       cancel the tasks,    -
 *                                        gather, close
 *
 * None has a deadline, and to abandon a loop is to make no call at all. The
 * threads of libuv's pool are of the process, and so not lost by a loop.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../loop/check.h"
#include "child.h"
#include "loss.h"
#include "question.h"
#include "result.h"
#include "round.h"

#define METRIC "shutdown"
#define CHILD_SECONDS 20
#define MISSING 127             /* status of a program that is not there */
#define HAS_NONE 77             /* of one that has no such thing         */
#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static const char *const strategies[] = { "stop", "graceful", "hooks",
                                          "deadline", "abandon" };

static const struct pending {
    const char *work;
    unsigned    count;
    bool        is_quick;       /* also asked by a quick run             */
    bool        is_of_port;     /* each port does it in its own way      */
} pendings[] = {
    { "posts", 1000, true, false },
    { "posts", 100000, false, false },
    { "timers", 1000, true, false },
    { "timers", 100000, false, false },
    { "tasks", 1000, true, false },
    { "tasks", 100000, false, false },
    { "jobs", 4, false, false },
    { "jobs", 100, true, false },
    { "reads", 100, true, true },
    { "reads", 5000, false, true },
    { "write", 1024, true, true },
};

static struct subject {
    const char *name;           /* of the program                        */
    const char *subject;
    const char *platform;       /* ours: its port                        */
    const char *engine;         /* ours: what must have been ended       */
    bool        only_of_port;   /* what differs between ports            */
    bool        is_slow;        /* to start                              */
    char        path[QUESTION_PATH + 64];
} subjects[] = {
    { .name = "linux", .subject = "lastcall", .platform = "linux",
      .engine = "epoll" },
    { .name = "io_uring", .subject = "lastcall", .platform = "io_uring",
      .engine = "io_uring", .only_of_port = true },
    { .name = "libuv", .subject = "libuv" },
    { .name = "asio", .subject = "Asio" },
    { .name = "asyncio", .subject = "asyncio", .is_slow = true },
};

#define CELLS_MAX \
    (COUNT(strategies) * COUNT(pendings) * COUNT(subjects))

/* The first measurement of a cell warms up and is no sample. */
struct cell {
    struct subject       *subject;
    const char           *strategy;
    const struct pending *pending;
    bool     has_warmed_up;
    bool     is_over;           /* failed, or has no such thing          */
    double   lost[LOSS_KINDS][ROUNDS_MAX];
    unsigned counted[LOSS_KINDS];
};

static struct {
    struct cell cell[CELLS_MAX];
    struct row  row[CELLS_MAX];
    size_t      rows;
    bool        failed;         /* one of ours                           */
} self;

static bool is_ours(const struct subject *s)
{
    return s->platform != NULL;
}

static void print(struct result *result)
{
    json_t *line = result_line(result);
    result_print(line, stdout);
    json_decref(line);
}

/* Programs. */

static struct child_result start(const struct subject *s,
                                 const char *const words[3],
                                 struct ending *ending)
{
    const char *argv[] = { s->path, words[0], words[1], words[2], NULL };
    struct child_options options = { .argv = argv, .group = true,
                                     .seconds_max = CHILD_SECONDS };
    loss_open(ending);
    return child_run(&options, loss_take, ending);
}

static bool ended_with(const struct child_result *ended, int status)
{
    return ended->end == CHILD_EXITED && ended->status == status;
}

static const char *how_it_ended(const struct child_result *ended)
{
    return ended->end == CHILD_HUNG      ? "hung"
           : ended->end == CHILD_CRASHED ? "crashed"
                                         : "did not end as it should";
}

/* Other loops come and go with the machine, ours must work. */
static void note_failure(struct cell *cell, const struct row *row,
                         const struct child_result *ended)
{
    struct result result = {
        .question = question_shutdown_strategies.name,
        .subject = row->subject, .platform = row->platform,
        .metric = "came to its end", .unit = "", .params = row->params,
        .skipped = how_it_ended(ended),
    };
    print(&result);
    cell->is_over = true;
    self.failed = self.failed || is_ours(cell->subject);
}

static void keep_losses(struct cell *cell, const struct ending *ending)
{
    for (int kind = 0; cell->has_warmed_up && kind < LOSS_KINDS; kind++)
        if (!isnan(ending->lost[kind]) && cell->counted[kind] < ROUNDS_MAX)
            cell->lost[kind][cell->counted[kind]++] = ending->lost[kind];
    cell->has_warmed_up = true;
}

/* One process; a row has no histogram, since it has one value a round. */
static double measure(const struct row *row, struct histogram *unused)
{
    struct cell *cell = &self.cell[row - self.row];
    struct ending ending;
    char count[16];
    (void)unused;
    if (cell->is_over)
        return NAN;
    snprintf(count, sizeof count, "%u", cell->pending->count);
    const char *const words[] = { cell->strategy, cell->pending->work,
                                  count };
    struct child_result ended = start(cell->subject, words, &ending);
    if (ended_with(&ended, HAS_NONE)) {
        cell->is_over = true;
        return NAN;
    }
    if (!ended_with(&ended, 0) || isnan(ending.took)) {
        note_failure(cell, row, &ended);
        return NAN;
    }
    /* A ring can be refused between two programs. */
    if (cell->subject->engine &&
        strcmp(cell->subject->engine, ending.engine) != 0)
        return NAN;
    keep_losses(cell, &ending);
    return ending.took;
}

/* Why can it not be measured? NULL if it can. */
static const char *why_not(const struct subject *s)
{
    static char why[160];
    static const char *const about[3] = { "about" };
    struct ending ending;
    struct child_result ended = start(s, about, &ending);
    bool missing = ended_with(&ended, MISSING);
    if (missing && !is_ours(s))
        return "it was not there when this was built; './lastcall bench "
               "--peers' installs it";
    if (missing)
        snprintf(why, sizeof why, "lastcall-bench-end-%s is not built",
                 s->name);
    else if (!ended_with(&ended, 0))
        snprintf(why, sizeof why, "lastcall-bench-end-%s %s", s->name,
                 how_it_ended(&ended));
    else if (s->engine && strcmp(ending.engine, s->engine) != 0)
        snprintf(why, sizeof why, "the kernel refuses %s, the port falls "
                 "back to %s", s->engine, ending.engine);
    else
        return NULL;
    if (!missing && !ended_with(&ended, 0) && is_ours(s))
        self.failed = true;
    return why;
}

/* Rows. */

static void add_row(struct subject *s, const char *strategy,
                    const struct pending *pending)
{
    LOOP_ASSERT(self.rows < CELLS_MAX);
    struct cell *cell = &self.cell[self.rows];
    struct row *row = &self.row[self.rows++];
    *cell = (struct cell){ .subject = s, .strategy = strategy,
                           .pending = pending };
    *row = (struct row){
        .subject = s->subject, .platform = s->platform, .metric = METRIC,
        .unit = "ns", .measure = measure,
        .group = (unsigned)(pending - pendings),
        .params = json_pack("{s:s, s:s, s:i}", "work", pending->work,
                            "strategy", strategy, "pending",
                            (int)pending->count),
    };
}

/* Of a slow one a round of many items would take as long as all others. */
static bool is_wanted(const struct subject *s, const struct pending *pending,
                      const struct question_limits *limits)
{
    return (pending->is_quick || !limits->quick) &&
           (pending->is_of_port || !s->only_of_port) &&
           !(s->is_slow && pending->count > 1000);
}

static bool can_be_asked(struct subject *s,
                         const struct question_limits *limits)
{
    if (!is_ours(s) && !limits->peers)
        return false;
    snprintf(s->path, sizeof s->path, "%s/lastcall-bench-end-%s",
             limits->folder, s->name);
    const char *why = why_not(s);
    struct result result = {
        .question = question_shutdown_strategies.name,
        .subject = s->subject, .platform = s->platform, .metric = METRIC,
        .unit = "ns", .skipped = why,
    };
    if (why)
        print(&result);
    return !why;
}

/* Work by work, so that what is compared is next to each other. */
static void add_rows(const struct question_limits *limits)
{
    bool asked[COUNT(subjects)];
    for (size_t s = 0; s < COUNT(subjects); s++)
        asked[s] = can_be_asked(&subjects[s], limits);
    for (size_t p = 0; p < COUNT(pendings); p++)
        for (size_t s = 0; s < COUNT(subjects); s++)
            for (size_t i = 0; i < COUNT(strategies); i++)
                if (asked[s] && is_wanted(&subjects[s], &pendings[p], limits))
                    add_row(&subjects[s], strategies[i], &pendings[p]);
}

/* What another loop does not have is not told as a row without a value. */
static void silence_empty(void)
{
    for (size_t i = 0; i < self.rows; i++) {
        struct row *row = &self.row[i];
        row->is_silent = !is_ours(self.cell[i].subject);
        for (unsigned k = 0; k < row->rounds; k++)
            row->is_silent = row->is_silent && isnan(row->value[k]);
    }
}

/* A loss is a count, whatever other processes did meanwhile. */
static void report_losses(const struct cell *cell, const struct row *row)
{
    for (int kind = 0; kind < LOSS_KINDS; kind++) {
        char metric[64];
        struct result result = {
            .question = question_shutdown_strategies.name,
            .subject = row->subject, .platform = row->platform,
            .metric = metric, .unit = loss_unit((enum loss_kind)kind),
            .params = row->params, .samples = cell->lost[kind],
            .samples_count = cell->counted[kind], .clean = true,
        };
        snprintf(metric, sizeof metric, QUESTION_LOSS "%s",
                 loss_name((enum loss_kind)kind));
        if (cell->counted[kind] > 0)
            print(&result);
    }
}

static int run(const struct question_limits *limits)
{
    const struct round_options options = {
        .rounds = limits->quick ? 5 : 21, .seconds = limits->seconds };
    add_rows(limits);
    if (self.rows == 0)
        return self.failed ? EXIT_FINDING : EXIT_CLEAN;
    round_run(self.row, self.rows, &options);
    silence_empty();
    round_report(question_shutdown_strategies.name, self.row, self.rows);
    for (size_t i = 0; i < self.rows; i++)
        report_losses(&self.cell[i], &self.row[i]);
    round_close(self.row, self.rows);
    return self.failed ? EXIT_FINDING : EXIT_CLEAN;
}

const struct question question_shutdown_strategies = {
    .name = "shutdown_strategies",
    .asks = "what does each strategy of shutdown cost, and what does it lose?",
    .seconds_quick = 2,
    .seconds_full = 20,
    .run = run,
};
