/*
 * peers.c - see peers.h.
 */
#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../loop/check.h"
#include "answer.h"
#include "child.h"
#include "fit.h"
#include "machine.h"
#include "result.h"
#include "round.h"
#include "wine.h"

#define PORTS_METRIC "cost, io_uring : linux"
#define PEERS_METRIC "cost, lastcall : peer"
#define CHILD_SECONDS 10
#define OFTEN 3                 /* shares of the time                    */
#define PATH_SIZE (QUESTION_PATH + 64)

/* Under Wine there are fewer items, and no round is clean: its server works
 * for whoever is measured. */
#define WINE_PART 100
#define WINE_ROUNDS 5
#define WINE_MILLISECONDS 100

#define MISSING 127             /* status of a program that is not there */
#define HAS_NONE 77             /* of one that cannot measure this       */

enum role { OURS, OTHER, FLOOR };

struct peer {
    const char *name;           /* of the program                        */
    const char *subject;
    const char *platform;       /* ours: its port                        */
    const char *engine;         /* ours: what must have been measured    */
    enum role   role;
    bool        has_failed;
    char        path[PATH_SIZE];
};

static struct peer peers[] = {
    { .name = "linux", .subject = "lastcall", .platform = "linux",
      .engine = "epoll" },
    { .name = "io_uring", .subject = "lastcall", .platform = "io_uring",
      .engine = "io_uring" },
    { .name = "libuv", .subject = "libuv", .role = OTHER },
    { .name = "libevent", .subject = "libevent", .role = OTHER },
    { .name = "libev", .subject = "libev", .role = OTHER },
    { .name = "glib", .subject = "GLib", .role = OTHER },
    { .name = "asio", .subject = "Asio", .role = OTHER },
    { .name = "asyncio", .subject = "asyncio", .role = OTHER },
    { .name = "node", .subject = "Node", .role = OTHER },
    { .name = "eventfd", .subject = ROW_FLOOR "eventfd", .role = FLOOR },
    { .name = "futex", .subject = ROW_FLOOR "futex", .role = FLOOR },
    { .name = "ring", .subject = ROW_FLOOR "io_uring", .role = FLOOR },
    { .name = "win32", .subject = "lastcall", .platform = RESULT_WINE,
      .engine = "iocp" },
    { .name = "asio", .subject = "Asio", .platform = RESULT_WINE,
      .role = OTHER },
    { .name = "iocp", .subject = ROW_FLOOR "iocp", .platform = RESULT_WINE,
      .role = FLOOR },
    { .name = "packet", .subject = ROW_FLOOR "packet",
      .platform = RESULT_WINE, .role = FLOOR },
};

#define PEERS (sizeof peers / sizeof peers[0])
#define ROWS_MAX 512

struct cell {
    const struct peers_measurement *measurement;
    struct peer                    *peer;
    unsigned                        number;
    bool                            has_none;   /* the peer, of this     */
};

static struct {
    const struct peers_asked *asked;
    struct peer *found[PEERS];
    size_t       found_count;
    struct row   row[ROWS_MAX];
    struct cell  cell[ROWS_MAX];
    size_t       rows;
    bool         failed;        /* one of ours                           */
    bool         wine;          /* it starts those that are asked        */
    char         starter[PATH_SIZE];
} self;

/* Programs. */

static struct child_result start(const struct peer *peer,
                                 const char *const *words,
                                 struct answer *answer)
{
    const char *argv[6] = { NULL };
    int count = 0;
    if (self.wine)
        argv[count++] = self.starter;
    argv[count++] = peer->path;
    for (int i = 0; i < 3 && words[i]; i++)
        argv[count++] = words[i];
    struct child_options options = { .argv = argv,
                                     .seconds_max = CHILD_SECONDS };
    return child_run(&options, answer_take, answer);
}

static const char *how_it_ended(const struct child_result *ended)
{
    static char how[64];
    switch (ended->end) {
    case CHILD_HUNG:
        return "hung";
    case CHILD_CRASHED:
        snprintf(how, sizeof how, "crashed by signal %d", ended->status);
        return how;
    case CHILD_EXITED:
        snprintf(how, sizeof how, "ended with status %d", ended->status);
        return how;
    case CHILD_INTERRUPTED:
        return "was interrupted";
    case CHILD_FAILED:
        break;
    }
    return "could not be started";
}

static bool ended_with(const struct child_result *ended, int status)
{
    return ended->end == CHILD_EXITED && ended->status == status;
}

/* Other loops come and go with the machine, ours must work. */
static void note_failure(struct peer *peer)
{
    peer->has_failed = true;
    self.failed = self.failed || peer->role == OURS;
}

/* Another loop that hangs, or is as slow as if it did, may do so in one thing
 * alone: it is not asked for that again. */
static void note_end(struct cell *cell, const struct child_result *ended)
{
    if (ended->end == CHILD_HUNG && cell->peer->role == OTHER)
        cell->has_none = true;
    else
        note_failure(cell->peer);
}

/* Lines without a figure. */

static json_t *params_of(const struct peers_measurement *m, unsigned number)
{
    if (!m->key)
        return json_object();
    return m->word ? json_pack("{s:s}", m->key, m->word)
                   : json_pack("{s:i}", m->key, (int)number);
}

static void print(json_t *line)
{
    result_print(line, stdout);
    json_decref(line);
}

static void print_skipped(const struct peer *peer, const char *metric,
                          const char *unit, const char *why)
{
    struct result result = {
        .question = self.asked->question->name, .subject = peer->subject,
        .platform = peer->platform, .metric = metric, .unit = unit,
        .skipped = why,
    };
    print(result_line(&result));
}

static void print_failure(const struct row *row,
                          const struct child_result *ended)
{
    struct result result = {
        .question = self.asked->question->name, .subject = row->subject,
        .platform = row->platform, .metric = "came to its end", .unit = "",
        .params = json_pack("{s:s}", "of", row->metric),
        .skipped = how_it_ended(ended),
    };
    json_object_update(result.params, row->params);
    print(result_line(&result));
    json_decref(result.params);
}

/* Measurements. */

static double measure(const struct row *row, struct histogram *h)
{
    struct cell *cell = &self.cell[row - self.row];
    struct answer answer;
    char number[16], length[16];
    const char *words[] = { cell->measurement->name, number, length };
    snprintf(number, sizeof number, "%u", cell->number);
    snprintf(length, sizeof length, "%u",
             self.wine ? WINE_MILLISECONDS : self.asked->milliseconds);
    if (cell->peer->has_failed || cell->has_none)
        return NAN;
    answer_open(&answer, h);
    struct child_result ended = start(cell->peer, words, &answer);
    cell->has_none = ended_with(&ended, HAS_NONE);
    if (cell->has_none)
        return NAN;
    if (!ended_with(&ended, 0)) {
        print_failure(row, &ended);
        note_end(cell, &ended);
        return NAN;
    }
    if (!cell->peer->engine || !strcmp(answer.engine, cell->peer->engine))
        return answer.value;
    if (h)
        histogram_clear(h);
    return NAN;
}

/* Why can this peer not be measured? NULL if it can. */
static const char *why_not(struct peer *peer)
{
    static char why[160];
    static const char *const about[] = { "about", NULL };
    struct answer answer;
    answer_open(&answer, NULL);
    struct child_result ended = start(peer, about, &answer);
    bool missing = ended_with(&ended, MISSING);
    if (!missing && !ended_with(&ended, 0))
        note_failure(peer);
    if (missing && peer->role == OTHER)
        snprintf(why, sizeof why, "it was not there when this was built; "
                 "'./lastcall bench --peers' installs it");
    else if (missing)
        snprintf(why, sizeof why, "%s is not built",
                 strrchr(peer->path, '/') + 1);
    else if (!ended_with(&ended, 0))
        snprintf(why, sizeof why, "%s %s", strrchr(peer->path, '/') + 1,
                 how_it_ended(&ended));
    else if (peer->engine && strcmp(answer.engine, peer->engine) != 0)
        snprintf(why, sizeof why, "the kernel refuses %s, the port falls "
                 "back to %s", peer->engine, answer.engine);
    else
        return NULL;
    return why;
}

static bool is_wanted(const struct peer *peer, bool others)
{
    bool wine = peer->platform && !strcmp(peer->platform, RESULT_WINE);
    if (wine != self.wine)
        return false;
    switch (peer->role) {
    case OURS:  return true;
    case OTHER: return others && self.asked->kind != PEERS_PORTS;
    case FLOOR: return self.asked->kind == PEERS_ALL;
    }
    return false;
}

/* Wine would say that a program is not there in words of its own. */
static const char *find_peer(struct peer *peer, const char *folder)
{
    char name[64];
    snprintf(name, sizeof name, "lastcall-bench-%s-%s%s",
             self.asked->program ? self.asked->program : "peer", peer->name,
             self.wine ? ".exe" : "");
    snprintf(peer->path, sizeof peer->path, "%s/%s", folder, name);
    if (!self.wine)
        return why_not(peer);
    if (!wine_has(folder, name))
        return peer->role == OTHER
                   ? "it was not there when this was built; './lastcall "
                     "bench --platform win32 --peers' installs it, with "
                     "g++-mingw-w64-x86-64-win32"
                   : "it is not built; './lastcall build win32' does it";
    wine_path(peer->path, sizeof peer->path, folder, name);
    return why_not(peer);
}

static void find_peers(const char *folder, bool others)
{
    bool ports = self.asked->kind == PEERS_PORTS;
    for (size_t i = 0; i < PEERS; i++) {
        struct peer *peer = &peers[i];
        if (!is_wanted(peer, others))
            continue;
        const char *why = find_peer(peer, folder);
        if (why)
            print_skipped(peer, ports ? PORTS_METRIC : PEERS_METRIC, "x",
                          why);
        else
            self.found[self.found_count++] = peer;
    }
}

/* Rows: those of one measurement are next to each other. */

/* Of what is counted, a loop has fewer under Wine. */
static unsigned number_of(const struct peers_measurement *m)
{
    if (!self.wine || strncmp(m->unit, "ns/", 3) != 0)
        return m->number;
    return m->number > WINE_PART ? m->number / WINE_PART : 1;
}

static bool is_seldom(const struct peers_measurement *m,
                      const struct peer *peer)
{
    size_t left = self.asked->count -
                  (size_t)(m - self.asked->measurement);
    return peer->role == OTHER && left <= self.asked->others_seldom;
}

static unsigned share_of(const struct peers_measurement *m)
{
    const char *often = self.asked->often;
    return often && !strcmp(m->name, often) ? OFTEN : 1;
}

static void fill(const struct peers_measurement *m, struct peer *peer)
{
    LOOP_ASSERT(self.rows < ROWS_MAX);
    struct row *row = &self.row[self.rows];
    struct cell *cell = &self.cell[self.rows++];
    *cell = (struct cell){ .measurement = m, .peer = peer,
                           .number = number_of(m) };
    *row = (struct row){
        .subject = peer->subject, .platform = peer->platform,
        .metric = m->metric, .unit = m->unit,
        .params = params_of(m, cell->number),
        .group = (unsigned)(m - self.asked->measurement),
        .has_histogram = !strcmp(m->unit, "ns"),
        .has_tail = self.asked->has_tails && !strcmp(m->unit, "ns"),
        .is_exact = self.asked->is_exact,
        .is_seldom = is_seldom(m, peer), .share = share_of(m),
        .measure = measure, .of = cell,
    };
}

static const struct cell *cell_of(const struct row *row)
{
    return row->of;
}

static bool are_alike(const struct row *a, const struct row *b)
{
    return cell_of(a)->measurement == cell_of(b)->measurement;
}

static void set_floors(struct row *row)
{
    int floors = 0;
    for (size_t i = 0; i < self.rows && floors < ROW_FLOORS_MAX; i++)
        if (are_alike(&self.row[i], row) &&
            cell_of(&self.row[i])->peer->role == FLOOR)
            row->floor[floors++] = &self.row[i];
}

static void fill_all(void)
{
    for (size_t m = 0; m < self.asked->count; m++)
        for (size_t i = 0; i < self.found_count; i++)
            fill(&self.asked->measurement[m], self.found[i]);
    for (size_t i = 0; i < self.rows; i++)
        if (cell_of(&self.row[i])->peer->role != FLOOR)
            set_floors(&self.row[i]);
}

/* Comparisons. */

static bool has_value(const struct row *row)
{
    for (unsigned i = 0; i < row->rounds; i++)
        if (isfinite(row->value[i]))
            return true;
    return false;
}

/* Nothing has no ratio to nothing. */
static void compare(const struct row *row, const struct row *other,
                    enum round_figure figure)
{
    bool ports = self.asked->kind == PEERS_PORTS;
    if (!has_value(row) || !has_value(other))
        return;
    json_t *line = round_compare(self.asked->question->name,
                                 ports ? PORTS_METRIC : PEERS_METRIC, row,
                                 other, figure);
    if (!json_is_number(json_object_get(line, "value"))) {
        json_decref(line);
        return;
    }
    if (!ports)
        json_object_set_new(json_object_get(line, "params"), "peer",
                            json_string(other->subject));
    print(line);
}

static bool is_compared(const struct row *row, const struct row *other)
{
    const struct peer *a = cell_of(row)->peer, *b = cell_of(other)->peer;
    if (!are_alike(row, other) || a->role != OURS)
        return false;
    return self.asked->kind == PEERS_PORTS
               ? b->role == OURS && a > b : b->role == OTHER;
}

static void compare_all(void)
{
    for (size_t i = 0; i < self.rows; i++)
        for (size_t k = 0; k < self.rows; k++)
            if (is_compared(&self.row[i], &self.row[k])) {
                compare(&self.row[i], &self.row[k], ROUND_VALUE);
                if (self.asked->has_tails)
                    compare(&self.row[i], &self.row[k], ROUND_TAIL);
            }
}

/* Fits: whole times against how many there were, round by round. */

#define FIT_MAX 8

struct points {
    const struct row *row[FIT_MAX];
    size_t            count;
};

static struct fit fit_round(const struct points *points, unsigned round)
{
    double n[FIT_MAX], time[FIT_MAX];
    for (size_t i = 0; i < points->count; i++) {
        n[i] = cell_of(points->row[i])->number;
        time[i] = n[i] * points->row[i]->value[round];
    }
    return fit_line(n, time, points->count);
}

static void print_fit(const struct row *row, const char *what,
                      const char *unit, const double *samples, size_t count,
                      unsigned rounds, bool clean)
{
    struct result result = {
        .question = self.asked->question->name, .subject = row->subject,
        .platform = row->platform, .metric = what, .unit = unit,
        .params = json_pack("{s:s}", "of", row->metric), .rounds = rounds,
        .samples = samples, .samples_count = count, .clean = clean,
    };
    if (count > 0)
        print(result_line(&result));
    json_decref(result.params);
}

static bool is_clean(const struct points *points, unsigned round)
{
    for (size_t i = 0; i < points->count; i++)
        if (!points->row[i]->clean[round])
            return false;
    return true;
}

/* The rounds that all of them have. */
static unsigned rounds_of(const struct points *points)
{
    unsigned rounds = points->row[0]->rounds;
    for (size_t i = 1; i < points->count; i++)
        if (points->row[i]->rounds < rounds)
            rounds = points->row[i]->rounds;
    return rounds;
}

static void fit_points(const struct points *points)
{
    unsigned rounds = rounds_of(points);
    double slope[ROUNDS_MAX], miss[ROUNDS_MAX];
    size_t count = 0;
    unsigned quiet = 0;
    for (unsigned i = 0; i < rounds; i++)
        quiet += is_clean(points, i);
    for (unsigned i = 0; i < rounds; i++) {
        struct fit fit = fit_round(points, i);
        if (isnan(fit.slope) ||
            (quiet >= ROUNDS_CLEAN_MIN && !is_clean(points, i)))
            continue;
        slope[count] = fit.slope;
        miss[count++] = fit.miss;
    }
    bool clean = quiet >= ROUNDS_CLEAN_MIN;
    print_fit(points->row[0], "slope", "ns/item", slope, count, rounds,
              clean);
    print_fit(points->row[0], "off the line at most", "share", miss, count,
              rounds, clean);
}

/* The rows of one peer for one metric, whatever the number. */
static struct points points_of(const struct row *first)
{
    struct points points = { .count = 0 };
    for (const struct row *row = first; row < &self.row[self.rows]; row++)
        if (cell_of(row)->peer == cell_of(first)->peer &&
            !strcmp(row->metric, first->metric) && points.count < FIT_MAX)
            points.row[points.count++] = row;
    return points;
}

static bool begins_points(size_t index)
{
    const struct row *row = &self.row[index];
    if (strcmp(row->unit, "ns/item") != 0)
        return false;
    for (size_t i = 0; i < index; i++)
        if (cell_of(&self.row[i])->peer == cell_of(row)->peer &&
            !strcmp(self.row[i].metric, row->metric))
            return false;
    return true;
}

static void fit_all(void)
{
    for (size_t i = 0; i < self.rows; i++)
        if (begins_points(i)) {
            struct points points = points_of(&self.row[i]);
            fit_points(&points);
        }
}

/* A floor that has no such thing is none. */
static void drop_empty_floors(struct row *row)
{
    int kept = 0;
    for (int i = 0; i < ROW_FLOORS_MAX; i++)
        if (row->floor[i] && has_value(row->floor[i]))
            row->floor[kept++] = row->floor[i];
    while (kept < ROW_FLOORS_MAX)
        row->floor[kept++] = NULL;
}

/* What a peer does not have is not told as a row without a value. */
static void silence_empty(void)
{
    for (size_t i = 0; i < self.rows; i++)
        drop_empty_floors(&self.row[i]);
    for (size_t i = 0; i < self.rows; i++)
        self.row[i].is_silent = !has_value(&self.row[i]) &&
                                cell_of(&self.row[i])->peer->role != OURS;
}

int peers_ask(const struct peers_asked *asked,
              const struct question_limits *limits)
{
    const struct round_options options = { .rounds = asked->rounds,
                                           .seconds = limits->seconds,
                                           .most = limits->wine
                                                       ? WINE_ROUNDS : 0,
                                           .is_warm = asked->is_warm };
    if (machine_processors() < 2)
        return question_skip(asked->question, "lastcall",
                             asked->measurement[0].metric,
                             asked->measurement[0].unit,
                             "it needs two processors");
    memset(&self, 0, sizeof self);
    self.asked = asked;
    self.wine = limits->wine;
    wine_starter(self.starter, sizeof self.starter, limits->folder);
    find_peers(limits->folder, limits->peers);
    if (self.found_count == 0 || self.failed)
        return self.failed ? EXIT_FINDING : EXIT_CLEAN;
    fill_all();
    round_run(self.row, self.rows, &options);
    silence_empty();
    round_report(asked->question->name, self.row, self.rows);
    fit_all();
    compare_all();
    round_close(self.row, self.rows);
    return self.failed ? EXIT_FINDING : EXIT_CLEAN;
}

size_t peers_find(const struct question *question,
                  const struct question_limits *limits,
                  struct peers_program out[PEERS_MAX])
{
    static struct peers_asked asked = { .kind = PEERS_LOOPS };
    memset(&self, 0, sizeof self);
    asked.question = question;
    self.asked = &asked;
    find_peers(limits->folder, limits->peers);
    LOOP_ASSERT(self.found_count <= PEERS_MAX);
    for (size_t i = 0; i < self.found_count; i++)
        out[i] = (struct peers_program){ self.found[i]->subject,
                                         self.found[i]->platform,
                                         self.found[i]->engine,
                                         self.found[i]->path };
    return self.found_count;
}
