/*
 * The text form.
 */
#include "explain.h"

#include <string.h>

#include "../loop/check.h"
#include "explain_parts.h"

#define WIDTH_DEFAULT 120u
#define WIDTH_MIN 60u
#define MARGIN 16u          /* row number, mark, time, a blank                */
#define COLUMN_MIN 12u
#define COLUMN_MAX 32u

/* How the columns are laid out; column 0 means there is no room for them. */
struct layout {
    uint32_t columns;
    unsigned column;        /* width, with the blank that ends it            */
    unsigned width;
};

static struct layout layout_of(const struct explain *x)
{
    struct layout l = { .columns = explain_columns(x),
                        .width = x->width ? x->width : WIDTH_DEFAULT };
    if (l.width < WIDTH_MIN)
        l.width = WIDTH_MIN;
    unsigned count = (unsigned)__builtin_popcount(l.columns);
    unsigned each = count ? (l.width - MARGIN) / count : 0;
    l.column = each < COLUMN_MIN ? 0 : each > COLUMN_MAX ? COLUMN_MAX : each;
    return l;
}

/* How much of text goes on a line of room columns: up to a blank, if the
 * blank does not waste half the line. */
static size_t line_of(const char *text, size_t room)
{
    size_t size = strlen(text);
    if (size <= room)
        return size;
    for (size_t cut = room; cut > room / 2; cut--) {
        if (text[cut] == ' ')
            return cut;
    }
    return room;
}

/* Text that goes on below itself, indent columns from the left. */
static void print_wrapped(FILE *out, const struct layout *l, unsigned indent,
                          const char *text)
{
    for (;;) {
        size_t size = line_of(text, l->width - indent);
        fprintf(out, "%.*s\n", (int)size, text);
        text += size;
        text += *text == ' ';
        if (*text == 0)
            return;
        fprintf(out, "%*s", (int)indent, "");
    }
}

static void print_field(FILE *out, const struct layout *l, const char *name,
                        const char *text)
{
    if (text == NULL || text[0] == 0)
        return;
    fprintf(out, "%-9s ", name);
    print_wrapped(out, l, 10, text);
}

static void print_head(FILE *out, const struct explain *x,
                       const struct layout *l)
{
    struct explain_contract c = explain_contract(x->verdict);
    struct phrase line = { 0 };
    if (c.number != 0)
        phrase_add(&line, "%u of loop.h: ", c.number);
    phrase_add(&line, "%s", c.sentence);
    print_field(out, l, "scenario", x->scenario ? x->scenario->name : NULL);
    print_field(out, l, "verdict", verdict_name(x->verdict));
    print_field(out, l, "where", x->where);
    print_field(out, l, "frames", x->frames);
    print_field(out, l, "contract", line.text);
}

static void print_schedule(FILE *out, const struct explain *x)
{
    if (x->scenario == NULL || x->scenario->exception_count == 0)
        return;
    fprintf(out, "schedule  calm, but\n");
    for (uint32_t i = 0; i < x->scenario->exception_count; i++) {
        struct phrase p = { 0 };
        explain_exception(x, &x->scenario->exception[i], &p);
        fprintf(out, "          %s\n", p.text);
    }
}

/* Blanks are kept back until something follows, so no line ends in one. */
static void print_gap(FILE *out, unsigned *gap, const char *text)
{
    fprintf(out, "%*s%s", (int)*gap, "", text);
    *gap = 0;
}

static void print_columns(FILE *out, const struct layout *l,
                          const uint8_t *life, unsigned thread,
                          const char *text)
{
    unsigned gap = 0;
    for (unsigned t = 0; t < SCHED_THREADS_MAX; t++) {
        if (!(l->columns >> t & 1))
            continue;
        unsigned used = 1;
        if (t == thread) {
            print_gap(out, &gap, text);
            used = (unsigned)strlen(text);
        } else if (life[t] == LIFE_RUNS) {
            print_gap(out, &gap, "|");
        } else if (life[t] == LIFE_WAITS) {
            print_gap(out, &gap, ":");
        } else {
            used = 0;
        }
        gap += l->column - used;
    }
    fputc('\n', out);
}

static void print_margin(FILE *out, const struct explain_row *row,
                         bool new_time)
{
    struct phrase time = { 0 };
    if (new_time)
        explain_time(row->time, &time);
    fprintf(out, "%4u%c %9s ", row->number, row->preempts ? '*' : ' ',
            time.text);
}

/* Lines that go on from the one above are set in by one. */
static void print_cells(FILE *out, const struct layout *l,
                        const uint8_t *life, const struct explain_row *row)
{
    const char *rest = row->what.text;
    const char *inset = "";
    do {
        if (*inset != 0)
            fprintf(out, "%*s", (int)MARGIN, "");
        size_t size = line_of(rest, l->column - 1 - strlen(inset));
        char line[COLUMN_MAX + 1];
        snprintf(line, sizeof line, "%s%.*s", inset, (int)size, rest);
        print_columns(out, l, life, row->thread, line);
        rest += size;
        rest += *rest == ' ';
        inset = " ";
    } while (*rest != 0);
}

static void print_row(FILE *out, const struct explain *x,
                      const struct layout *l, const uint8_t *life,
                      const struct explain_row *row)
{
    if (row->whole) {
        fprintf(out, "-- %s --\n", row->what.text);
    } else if (l->column != 0) {
        print_cells(out, l, life, row);
    } else {
        struct phrase name = { 0 };
        explain_thread_name(x, row->thread, &name);
        fprintf(out, "%-10s %s\n", name.text, row->what.text);
    }
}

static void print_names(FILE *out, const struct explain *x,
                        const struct layout *l)
{
    unsigned gap = 0;
    fprintf(out, "\n%4s%c %9s ", "row", ' ', "time");
    for (unsigned t = 0; t < SCHED_THREADS_MAX && l->column != 0; t++) {
        if (!(l->columns >> t & 1))
            continue;
        struct phrase name = { 0 };
        explain_thread_name(x, t, &name);
        name.text[l->column - 1] = 0;
        print_gap(out, &gap, name.text);
        gap = l->column - (unsigned)strlen(name.text);
    }
    fprintf(out, "%s\n", l->column != 0 ? "" : "thread     what");
}

static size_t count_rows(const struct explain *x)
{
    struct explain_walk walk;
    struct explain_row row = { 0 };
    explain_walk_begin(&walk, x);
    while (explain_walk_next(&walk, &row))
        continue;
    return walk.number;
}

static void print_rows(FILE *out, const struct explain *x,
                       const struct layout *l)
{
    struct explain_walk walk;
    struct explain_row row;
    size_t rows = count_rows(x);
    size_t skipped = x->rows_max && rows > x->rows_max
                         ? rows - x->rows_max : 0;
    uint64_t time = UINT64_MAX;

    if (x->dropped > 0)
        fprintf(out, "      %llu older events were not kept\n",
                (unsigned long long)x->dropped);
    if (skipped > 0)
        fprintf(out, "      %zu rows before these\n", skipped);
    explain_walk_begin(&walk, x);
    while (explain_walk_next(&walk, &row)) {
        if (row.number <= skipped)
            continue;
        print_margin(out, &row, row.time != time);
        print_row(out, x, l, walk.life, &row);
        time = row.time;
    }
    fprintf(out, "\n* the thread before could have gone on;"
                 " | can run, : waits\n");
    if (walk.hidden > 0)
        fprintf(out, "%zu locks and atomics without a wait are not shown\n",
                walk.hidden);
}

static void print_waits(FILE *out, const struct explain *x,
                        const struct layout *l)
{
    struct phrase circle = { 0 };
    if (x->thread_count > 0)
        fprintf(out, "\nat the end\n");
    for (unsigned t = 0; t < x->thread_count; t++) {
        struct phrase name = { 0 }, wait = { 0 }, hint = { 0 };
        explain_thread_name(x, t, &name);
        explain_wait(x, t, &wait);
        explain_hint(x, t, &hint);
        if (hint.size > 0)
            phrase_add(&wait, "; %s", hint.text);
        fprintf(out, "  %-10s ", name.text);
        print_wrapped(out, l, 13, wait.text);
    }
    explain_circle(x, &circle);
    if (circle.size > 0)
        fprintf(out, "  in a circle: %s\n", circle.text);
}

void explain_text(FILE *out, const struct explain *x)
{
    LOOP_ASSERT(x->thread_count <= SCHED_THREADS_MAX);
    struct layout layout = layout_of(x);
    print_head(out, x, &layout);
    print_schedule(out, x);
    print_names(out, x, &layout);
    print_rows(out, x, &layout);
    print_waits(out, x, &layout);
    if (x->command != NULL)
        fprintf(out, "\n%s\n", x->command);
}
