/*
 * round.c - see round.h.
 */
#include "round.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/host.h"
#include "../loop/check.h"
#include "answer.h"
#include "question.h"
#include "result.h"

#define METRIC_MAX 128
#define OTHERS_MAX 0.05
#define STOLEN_MAX 0.02
#define SLOW 4              /* times what the quickest has taken       */
#define SELDOM 3            /* rounds, of which one will do            */
#define SLOW_MIN 0.2        /* seconds: less is not slow               */
#define TAIL_MIN 100        /* values, for one in a hundred           */
#define TICK 0.01           /* the grain in which the kernel counts     */

bool round_is_clean(const struct load *before, const struct load *after)
{
    double length = after->at - before->at;
    double others = after->busy - before->busy - (after->own - before->own);
    double stolen = after->stolen - before->stolen;
    return others < OTHERS_MAX * length + TICK &&
           stolen < STOLEN_MAX * length + TICK;
}

static void open_rows(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        row->clean_count = 0;
        row->rounds = 0;
        row->times = 0;
        row->took = 0;
        if (!row->has_histogram)
            continue;
        bool opened = histogram_open(&row->quiet, ANSWER_HIGHEST) &&
                      histogram_open(&row->all, ANSWER_HIGHEST);
        LOOP_ASSERT(opened);
    }
}

void round_close(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(rows[i].params);
        rows[i].params = NULL;
        if (!rows[i].has_histogram)
            continue;
        histogram_close(&rows[i].quiet);
        histogram_close(&rows[i].all);
    }
}

static void keep(struct row *row, double value, bool clean,
                 const struct histogram *h)
{
    unsigned round = row->rounds++;
    row->value[round] = value;
    row->tail[round] = row->has_tail && h->total >= TAIL_MIN
                           ? (double)histogram_at(h, 0.99) : NAN;
    row->clean[round] = clean && !isnan(value);
    row->sat_out[round] = false;
    row->clean_count += row->clean[round];
    if (!row->has_histogram)
        return;
    histogram_add(&row->all, h);
    if (row->clean[round])
        histogram_add(&row->quiet, h);
}

/* What is about to be measured: where it hung, if it does not come back. */
static void tell(const struct row *row, unsigned round)
{
    char *params = json_dumps(row->params, JSON_COMPACT);
    question_say("round %u, %s%s%s, %s %s", round, row->subject,
                 row->platform ? " on " : "",
                 row->platform ? row->platform : "", row->metric,
                 params ? params : "");
    free(params);
}

static void sit_out(struct row *row)
{
    row->value[row->rounds] = row->tail[row->rounds] = NAN;
    row->clean[row->rounds] = false;
    row->sat_out[row->rounds++] = true;
}

/* Measure one row; the warm-up round is not kept. */
static void measure(struct row *row, bool warm_up, struct histogram *h)
{
    struct load before, after;
    double begun = host_seconds();
    tell(row, warm_up ? 0 : row->rounds + 1);
    histogram_clear(h);
    bool known = machine_load(&before);
    double value = row->measure(row, row->has_histogram ? h : NULL);
    known = machine_load(&after) && known;
    row->took += host_seconds() - begun;
    row->times++;
    if (!warm_up)
        keep(row, value, row->is_exact ||
             (known && round_is_clean(&before, &after)), h);
}

/* Rows that are compared. */
struct group {
    struct row *row;
    size_t      count;
    unsigned    share;
    unsigned    rounds;
};

struct work {
    struct group    *group;
    size_t           count;
    struct histogram h;
    double           end;
    unsigned         wanted;    /* rounds, of a share of 1               */
    unsigned         most;
};

static void open_groups(struct work *w, struct row *rows, size_t count)
{
    w->group = calloc(count, sizeof *w->group);
    LOOP_ASSERT(w->group);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || rows[i].group != rows[i - 1].group)
            w->group[w->count++] = (struct group){
                .row = &rows[i], .share = rows[i].share ? rows[i].share : 1,
            };
        w->group[w->count - 1].count++;
    }
}

static bool brings_values(const struct row *row)
{
    for (unsigned i = 0; i < row->rounds; i++)
        if (!isnan(row->value[i]))
            return true;
    return false;
}

/* Has it had much more time than the quickest of those that always take part,
 * or is it not its turn? */
static bool must_sit_out(const struct group *g, const struct row *row)
{
    double least = INFINITY;
    for (size_t i = 0; i < g->count; i++)
        if (brings_values(&g->row[i]) && !g->row[i].is_seldom)
            least = fmin(least, g->row[i].took);
    bool waits = row->is_seldom && g->rounds % SELDOM != 0;
    return row->took > SLOW_MIN && (waits || row->took > SLOW * least);
}

/* What a group's next round will measure: how long that has taken so far, and
 * how long it will take. */
struct outlook {
    double took;
    double next;
};

static struct outlook outlook_of(const struct group *g)
{
    struct outlook o = { 0, 0 };
    for (size_t i = 0; i < g->count; i++) {
        const struct row *row = &g->row[i];
        if (row->times == 0 || must_sit_out(g, row))
            continue;
        o.took += row->took;
        o.next += row->took / row->times;
    }
    return o;
}

static void measure_group(struct work *w, struct group *g, bool warm_up)
{
    for (size_t i = 0; i < g->count; i++) {
        struct row *row = &g->row[(i + g->rounds) % g->count];
        if (must_sit_out(g, row))
            sit_out(row);
        else
            measure(row, warm_up, &w->h);
    }
    g->rounds += !warm_up;
}

/* A row that never brings a value is not waited for, nor is one that has sat
 * out as many rounds as others need. */
static bool is_waited_for(const struct row *row, unsigned wanted)
{
    unsigned done = row->clean_count;
    for (unsigned i = 0; i < row->rounds; i++)
        done += row->sat_out[i];
    return done < wanted && brings_values(row);
}

static bool has_enough(const struct group *g, unsigned wanted)
{
    for (size_t i = 0; i < g->count; i++)
        if (is_waited_for(&g->row[i], wanted))
            return false;
    return true;
}

/* One round at least: a question has an answer, if a dirty one. */
static bool goes_on(const struct work *w, const struct group *g,
                    const struct outlook *o)
{
    if (g->rounds == 0)
        return true;
    return g->rounds < w->most && !has_enough(g, w->wanted * g->share) &&
           host_seconds() + o->next < w->end;
}

/* The one that has had the least of its share of the time, not counting what
 * is slow in it. */
static struct group *choose_group(const struct work *w)
{
    struct group *chosen = NULL;
    double least = INFINITY;
    for (size_t i = 0; i < w->count; i++) {
        struct group *g = &w->group[i];
        struct outlook o = outlook_of(g);
        double part = o.took / g->share;
        if (!goes_on(w, g, &o) || (chosen && part >= least))
            continue;
        chosen = g;
        least = part;
    }
    return chosen;
}

void round_run(struct row *rows, size_t count,
               const struct round_options *options)
{
    struct work w = {
        .end = host_seconds() + options->seconds,
        .wanted = options->rounds,
        .most = options->most ? options->most : ROUNDS_MAX,
    };
    bool opened = histogram_open(&w.h, ANSWER_HIGHEST);
    LOOP_ASSERT(opened);
    LOOP_ASSERT(count > 0);
    open_rows(rows, count);
    open_groups(&w, rows, count);

    if (!options->is_warm)
        for (size_t i = 0; i < w.count; i++)
            measure_group(&w, &w.group[i], true);
    struct group *group = choose_group(&w);
    while (group) {
        measure_group(&w, group, false);
        group = choose_group(&w);
    }
    histogram_close(&w.h);
    free(w.group);
}

/* Reporting. */

/* The rounds of a figure: those that count, in which all rows it is made
 * from are there. */
struct figures {
    double   value[ROUNDS_MAX];
    size_t   count;
    bool     clean;
};

typedef double combine(double value, double floor, bool rate);

static double just_value(double value, double floor, bool rate)
{
    (void)floor;
    (void)rate;
    return value;
}

/* Of a rate the reciprocal: twice the floor is twice the cost. */
static double factor(double value, double floor, bool rate)
{
    return rate ? floor / value : value / floor;
}

static double difference(double value, double floor, bool rate)
{
    (void)rate;
    return value - floor;
}

/* Rounds that have both: those of a group. */
static unsigned rounds_of(const struct row *row, const struct row *other)
{
    return row->rounds < other->rounds ? row->rounds : other->rounds;
}

/* How many of them were measured. */
static unsigned measured(const struct row *row, const struct row *other)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rounds_of(row, other); i++)
        count += !row->sat_out[i] && !other->sat_out[i];
    return count;
}

static const double *figures_of(const struct row *row,
                                enum round_figure figure)
{
    return figure == ROUND_TAIL ? row->tail : row->value;
}

/* What two rows are asked for together. */
struct pair {
    const struct row *row;
    const struct row *other;
    enum round_figure figure;
    combine          *of;
};

static void collect(struct figures *out, const struct pair *pair, bool clean)
{
    const struct row *row = pair->row, *other = pair->other;
    const double *values = figures_of(row, pair->figure);
    const double *others = figures_of(other, pair->figure);
    unsigned rounds = rounds_of(row, other);
    out->count = 0;
    out->clean = clean;
    for (unsigned i = 0; i < rounds; i++) {
        if (clean && !(row->clean[i] && other->clean[i]))
            continue;
        double value = pair->of(values[i], others[i],
                                result_is_rate(row->unit));
        if (isfinite(value))
            out->value[out->count++] = value;
    }
}

static void choose(struct figures *out, const struct pair *pair)
{
    collect(out, pair, true);
    if (out->count < ROUNDS_CLEAN_MIN && !pair->row->is_exact)
        collect(out, pair, false);
}

static json_t *line_of(struct result *result, const struct figures *figures)
{
    result->samples = figures->value;
    result->samples_count = figures->count;
    result->clean = figures->clean;
    if (figures->count == 0)
        result->skipped = "no round brought a value";
    return result_line(result);
}

static void print(struct result *result, const struct figures *figures)
{
    json_t *line = line_of(result, figures);
    result_print(line, stdout);
    json_decref(line);
}

json_t *round_line(const char *question, const struct row *row)
{
    struct figures figures;
    choose(&figures, &(struct pair){ row, row, ROUND_VALUE, just_value });
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = row->metric, .unit = row->unit,
        .params = row->params, .rounds = measured(row, row),
        .histogram = !row->has_histogram ? NULL
                     : figures.clean ? &row->quiet : &row->all,
    };
    return line_of(&result, &figures);
}

static void report_row(const char *question, const struct row *row)
{
    json_t *line = round_line(question, row);
    result_print(line, stdout);
    json_decref(line);
}

static void name_figure(char *name, size_t size, const struct row *row,
                        enum round_figure figure)
{
    snprintf(name, size, "%s%s", row->metric,
             figure == ROUND_TAIL ? ROUND_TAIL_METRIC : "");
}

static void report_tail(const char *question, const struct row *row)
{
    char metric[METRIC_MAX];
    struct figures figures;
    choose(&figures, &(struct pair){ row, row, ROUND_TAIL, just_value });
    name_figure(metric, sizeof metric, row, ROUND_TAIL);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = metric, .unit = row->unit,
        .params = row->params, .rounds = measured(row, row),
    };
    if (figures.count > 0)
        print(&result, &figures);
}

static void report_against(const char *question, const struct pair *pair,
                           const char *what, const char *unit)
{
    char name[METRIC_MAX], metric[2 * METRIC_MAX];
    const struct row *row = pair->row;
    struct figures figures;
    LOOP_ASSERT(strncmp(pair->other->subject, ROW_FLOOR,
                        strlen(ROW_FLOOR)) == 0);
    choose(&figures, pair);
    name_figure(name, sizeof name, row, pair->figure);
    snprintf(metric, sizeof metric, "%s, %s", name, what);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = metric, .unit = unit,
        .params = json_deep_copy(row->params),
        .rounds = measured(row, pair->other),
    };
    json_object_set_new(result.params, "floor",
                        json_string(pair->other->subject +
                                    strlen(ROW_FLOOR)));
    if (figures.count > 0 || pair->figure == ROUND_VALUE)
        print(&result, &figures);
    json_decref(result.params);
}

static void report_floor(const char *question, const struct row *row,
                         const struct row *floor, enum round_figure figure)
{
    struct pair pair = { row, floor, figure, factor };
    report_against(question, &pair, QUESTION_FACTOR, "x");
    pair.of = difference;
    if (strcmp(row->unit, "ns") == 0)
        report_against(question, &pair, "over the floor", "ns");
}

static void report_floors(const char *question, const struct row *row)
{
    for (int i = 0; i < ROW_FLOORS_MAX && row->floor[i]; i++) {
        report_floor(question, row, row->floor[i], ROUND_VALUE);
        if (row->has_tail)
            report_floor(question, row, row->floor[i], ROUND_TAIL);
    }
}

void round_report(const char *question, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!rows[i].is_silent)
            report_row(question, &rows[i]);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].is_silent && rows[i].has_tail)
            report_tail(question, &rows[i]);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].is_silent)
            report_floors(question, &rows[i]);
}

json_t *round_compare(const char *question, const char *metric,
                      const struct row *row, const struct row *other,
                      enum round_figure figure)
{
    char name[METRIC_MAX];
    struct figures figures;
    choose(&figures, &(struct pair){ row, other, figure, factor });
    name_figure(name, sizeof name, row, figure);
    struct result result = {
        .question = question, .subject = row->subject,
        .platform = row->platform, .metric = metric, .unit = "x",
        .params = json_pack("{s:s}", "of", name),
        .rounds = measured(row, other),
    };
    json_object_update(result.params, row->params);
    json_t *line = line_of(&result, &figures);
    json_decref(result.params);
    return line;
}
