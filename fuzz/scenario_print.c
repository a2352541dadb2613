/*
 * The text form, written. There is one way to print a scenario: single
 * blanks between words, two blanks of indent, the largest unit that is
 * exact, a blank line before each section.
 */
#include "scenario.h"

#include "../loop/check.h"
#include "scenario_form.h"

/* Where the text goes: a file, or else memory. */
struct sink {
    FILE  *file;
    char  *out;
    size_t size;
    size_t cap;
    bool   full;
};

static void put_bytes(struct sink *k, const char *text, size_t size)
{
    if (k->file) {
        fwrite(text, 1, size, k->file);
    } else if (size <= k->cap - k->size) {
        memcpy(k->out + k->size, text, size);
        k->size += size;
    } else {
        k->full = true;
    }
}

static void put(struct sink *k, const char *text)
{
    put_bytes(k, text, strlen(text));
}

static void put_number(struct sink *k, uint32_t number, const char *unit)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%u%s", (unsigned)number, unit);
    put_bytes(k, text, (size_t)size);
}

static void put_time(struct sink *k, uint32_t us)
{
    if (us && us % 1000000 == 0)
        put_number(k, us / 1000000, "s");
    else if (us && us % 1000 == 0)
        put_number(k, us / 1000, "ms");
    else
        put_number(k, us, "us");
}

static void put_size(struct sink *k, uint32_t bytes)
{
    if (bytes && bytes % 1024 == 0)
        put_number(k, bytes / 1024, "KiB");
    else
        put_number(k, bytes, "B");
}

static void put_bits(struct sink *k, const struct argument *g, uint32_t bits)
{
    const char *comma = "";
    for (unsigned i = 0; g->words[i]; i++) {
        if (!(bits >> i & 1))
            continue;
        put(k, comma);
        put(k, g->words[i]);
        comma = ",";
    }
}

static void put_argument(struct sink *k, const struct scenario *s,
                         const struct argument *g, uint32_t value)
{
    put(k, " ");
    if (g->key) {
        put(k, g->key);
        put(k, "=");
    }
    switch (g->type) {
    case ARG_NONE:
        break;      /* never printed: the list of arguments ends before */
    case ARG_REF:
    case ARG_NEW:
        put(k, scenario_object_name(s, g->kind, value));
        break;
    case ARG_WORD:
        LOOP_ASSERT(value <= g->max);
        put(k, g->words[value]);
        break;
    case ARG_TIME:
        put_time(k, value);
        break;
    case ARG_SIZE:
        put_size(k, value);
        break;
    case ARG_COUNT:
        put_number(k, value, "");
        break;
    case ARG_BITS:
        put_bits(k, g, value);
        break;
    }
}

static void put_statement(struct sink *k, const struct scenario *s,
                          const struct statement *st)
{
    const struct statement_form *form = &scenario_table[st->op];

    put(k, form->word);
    for (unsigned i = 0; i < 4; i++) {
        const struct argument *g = &form->argument[i];
        if (g->type == ARG_NONE)
            break;
        uint32_t value = scenario_field(st, g->field);
        if (!g->optional || value != scenario_absent(g))
            put_argument(k, s, g, value);
    }
}

static void put_thread(struct sink *k, unsigned thread)
{
    if (thread == SCHED_DEVICE) {
        put(k, "device");
    } else {
        put(k, "t");
        put_number(k, thread, "");
    }
}

static void put_exception(struct sink *k, const struct sched_exception *e)
{
    put(k, e->is_outcome ? "outcome " : "switch ");
    put_thread(k, e->thread);
    put(k, "@");
    put_number(k, e->step, "");
    if (e->is_outcome) {
        put(k, " ");
        put(k, sched_outcome_name((enum sched_outcome)e->what));
        put(k, " = ");
        put_number(k, e->target, "");
    } else {
        put(k, " -> ");
        put_thread(k, e->target);
    }
}

/* The scenario being printed, and the next comment of it. */
struct printer {
    struct sink            sink;
    const struct scenario *s;
    uint32_t               offset;
    bool                   has_remark;
    struct scenario_remark remark;
};

static void next_remark(struct printer *p)
{
    p->has_remark = scenario_remark_next(p->s, &p->offset, &p->remark);
}

static bool remark_is_at(const struct printer *p, enum scenario_place place,
                         unsigned index, bool trailing)
{
    return p->has_remark && p->remark.place == place
        && p->remark.index == index && p->remark.trailing == trailing;
}

static void put_remark(struct printer *p)
{
    put(&p->sink, "#");
    put_bytes(&p->sink, p->remark.text, p->remark.size);
    next_remark(p);
}

/* Begin a line: the comments before it, and the indent. */
static void begin(struct printer *p, enum scenario_place place,
                  unsigned index, const char *indent)
{
    while (remark_is_at(p, place, index, false)) {
        put(&p->sink, indent);
        put_remark(p);
        put(&p->sink, "\n");
    }
    put(&p->sink, indent);
}

/* End a line: the comment at its end. */
static void end(struct printer *p, enum scenario_place place, unsigned index)
{
    if (remark_is_at(p, place, index, true)) {
        put(&p->sink, "  ");
        put_remark(p);
    }
    put(&p->sink, "\n");
}

static void print_head(struct printer *p)
{
    const struct scenario *s = p->s;

    begin(p, PLACE_NAME, 0, "");
    put(&p->sink, "scenario ");
    put(&p->sink, s->name[0] ? s->name : SCENARIO_UNNAMED);
    end(p, PLACE_NAME, 0);

    /* A clean verdict goes without saying, unless something is said there. */
    if (s->expect != VERDICT_CLEAN
        || (p->has_remark && p->remark.place == PLACE_VERDICT)) {
        begin(p, PLACE_VERDICT, 0, "");
        put(&p->sink, "verdict ");
        put(&p->sink, verdict_name(s->expect));
        end(p, PLACE_VERDICT, 0);
    }
}

static void print_statements(struct printer *p)
{
    const char *indent = "";

    for (unsigned i = 0; i < p->s->count; i++) {
        const struct statement *st = &p->s->statement[i];
        bool section = scenario_is_section(st->op);
        if (section)
            put(&p->sink, "\n");
        begin(p, PLACE_STATEMENT, i, section ? "" : indent);
        put_statement(&p->sink, p->s, st);
        end(p, PLACE_STATEMENT, i);
        if (section)
            indent = "  ";
    }
}

static void print_schedule(struct printer *p)
{
    const struct scenario *s = p->s;

    if (s->exception_count == 0
        && !(p->has_remark && p->remark.place == PLACE_SCHEDULE))
        return;
    put(&p->sink, "\n");
    begin(p, PLACE_SCHEDULE, 0, "");
    put(&p->sink, "schedule");
    end(p, PLACE_SCHEDULE, 0);
    for (unsigned i = 0; i < s->exception_count; i++) {
        begin(p, PLACE_EXCEPTION, i, "  ");
        put_exception(&p->sink, &s->exception[i]);
        end(p, PLACE_EXCEPTION, i);
    }
}

static void print(struct printer *p)
{
    next_remark(p);
    print_head(p);
    print_statements(p);
    print_schedule(p);
    begin(p, PLACE_END, 0, "");
    LOOP_ASSERT(!p->has_remark);
}

void scenario_print(FILE *out, const struct scenario *s)
{
    struct printer p = { .sink = { .file = out }, .s = s };
    print(&p);
}

size_t scenario_write(const struct scenario *s, char *out, size_t cap)
{
    struct printer p = { .sink = { .out = out, .cap = cap }, .s = s };
    print(&p);
    return p.sink.full ? 0 : p.sink.size;
}
