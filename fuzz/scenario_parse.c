/*
 * The text form, read. A line is split into words, its first word picks the
 * form in scenario_table, and the form says what each further word means.
 *
 * Objects get their numbers in the order in which they are defined, so that
 * a text that was printed and read again has the same numbers. Names that
 * are used are looked up at the end, since they may be defined further down.
 */
#include "scenario.h"

#include <stdarg.h>

#include "../loop/check.h"
#include "scenario_form.h"

#define WORDS_MAX 8     /* more than the longest statement has */
#define USES_MAX (SCENARIO_STATEMENTS_MAX * 4)
#define REMARKS_MAX (SCENARIO_COMMENT_MAX / REMARK_OVERHEAD)

struct word {
    const char *at;
    size_t      size;
};

/* A name that was used, to be looked up when all are known. */
struct use {
    struct word            word;
    const struct argument *argument;
    unsigned               statement;
};

struct reader {
    struct scenario       *s;
    struct scenario_error *error;
    const char            *file;
    const char            *text;
    const char            *end;

    struct word            word[WORDS_MAX];     /* of the current line     */
    unsigned               words;

    enum body_kind         body;
    struct word            section;             /* its name                */
    bool                   in_schedule;
    bool                   has_name;
    bool                   has_verdict;
    bool                   has_kernel;
    bool                   has_on_cancel;

    struct use             use[USES_MAX];
    unsigned               uses;
    struct scenario_remark remark[REMARKS_MAX];
    unsigned               remarks;
    unsigned               placed;  /* remarks whose place is known        */
    size_t                 remark_size;
};

/* How much of a word a message shows. */
static int shown(struct word w)
{
    return w.size < 40 ? (int)w.size : 40;
}

/* Keep the line for the message: safe to show on a terminal. */
static void copy_line(struct scenario_error *error, const char *line,
                      size_t size)
{
    size_t bad, n = 0;
    bool text = scenario_text_ok(line, size, &bad);

    for (; n < size && n + 1 < sizeof error->text; n++) {
        unsigned char c = (unsigned char)line[n];
        bool control = (c < ' ' && c != '\t') || c == 0x7f;
        error->text[n] = control || (!text && c > 0x7f) ? '?' : line[n];
    }
    /* A character that does not fit goes as a whole. */
    while (text && n < size && n > 0 && (line[n] & 0xc0) == 0x80)
        n--;
    error->text[n] = 0;
}

/* Describe what is wrong with the text at `at`; returns -1. */
static int fail(struct reader *r, const char *at, const char *format, ...)
{
    struct scenario_error *error = r->error;
    const char *line = r->text;
    va_list list;

    memset(error, 0, sizeof *error);
    error->line = 1;
    for (const char *p = r->text; p < at; p++) {
        if (*p == '\n') {
            error->line++;
            line = p + 1;
        }
    }
    error->column = (unsigned)(at - line) + 1;
    const char *stop = memchr(line, '\n', (size_t)(r->end - line));
    size_t size = (size_t)((stop ? stop : r->end) - line);
    if (size && line[size - 1] == '\r')
        size--;
    copy_line(error, line, size);
    snprintf(error->file, sizeof error->file, "%s", r->file);
    va_start(list, format);
    vsnprintf(error->what, sizeof error->what, format, list);
    va_end(list);
    return -1;
}

/* A word that is not known, and the nearest one that is. */
struct guess {
    struct word word;
    const char *best;
    unsigned    distance;
    char        text[128];
};

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits that turn one word into the other (Levenshtein). */
static unsigned edit_distance(struct word a, const char *b)
{
    unsigned row[SCENARIO_NAME_MAX + 2];
    size_t size = strlen(b);

    LOOP_ASSERT(size <= SCENARIO_NAME_MAX);
    for (unsigned j = 0; j <= size; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= size; j++) {
            unsigned other = a.at[i - 1] == b[j - 1] ? 0 : 1;
            unsigned value = least(row[j] + 1, row[j - 1] + 1,
                                   diagonal + other);
            diagonal = row[j];
            row[j] = value;
        }
    }
    return row[size];
}

static void consider(struct guess *g, const char *candidate)
{
    if (g->word.size > SCENARIO_NAME_MAX || !candidate[0])
        return;
    unsigned distance = edit_distance(g->word, candidate);
    if (distance <= 1 + g->word.size / 4
        && (!g->best || distance < g->distance)) {
        g->best = candidate;
        g->distance = distance;
    }
}

/* "; did you mean 'x'?", or else the advice that is given. */
static const char *suggest(struct guess *g, const char *otherwise)
{
    if (g->best)
        snprintf(g->text, sizeof g->text, "; did you mean '%s'?", g->best);
    else
        snprintf(g->text, sizeof g->text, "%s", otherwise);
    return g->text;
}

static bool word_is(struct word w, const char *text)
{
    return strlen(text) == w.size && memcmp(w.at, text, w.size) == 0;
}

/* "a, b or c"; false if they are too many to list. */
static bool list_words(const char *const *words, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; words[i] && n < cap; i++) {
        const char *between = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        n += (size_t)snprintf(out + n, cap - n, "%s%s", between, words[i]);
    }
    return n < cap;
}

/* Find one of a list of words; returns its index or -1 with the error. */
static int find_word(struct reader *r, struct word w,
                     const char *const *words)
{
    struct guess g = { .word = w };
    char all[128];

    for (int i = 0; words[i]; i++)
        if (word_is(w, words[i]))
            return i;
    for (int i = 0; words[i]; i++)
        consider(&g, words[i]);
    if (!list_words(words, all, sizeof all))
        return fail(r, w.at, "'%.*s' is not known here%s", shown(w), w.at,
                    suggest(&g, "; corpus/README.md lists the words"));
    return fail(r, w.at, "'%.*s' is not one of %s%s", shown(w), w.at, all,
                suggest(&g, ""));
}

/* The units of numbers, smallest first. */
struct unit {
    const char *word;
    uint32_t    factor;
};

static const struct unit time_units[] = {
    { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { NULL, 0 } };
static const struct unit size_units[] = {
    { "B", 1 }, { "KiB", 1024 }, { NULL, 0 } };
static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

static int bad_number(struct reader *r, struct word w,
                      const struct unit *units)
{
    const char *advice =
        units == time_units ? "a time is a whole number with its unit: us, "
                              "ms or s, as in 20ms"
      : units == size_units ? "a size is a whole number with its unit: B or "
                              "KiB, as in 64B"
                            : "a whole number is wanted here, without a unit";
    return fail(r, w.at, "'%.*s': %s", shown(w), w.at, advice);
}

static int read_number(struct reader *r, struct word w,
                       const struct unit *units, uint32_t max, uint32_t *out)
{
    uint64_t number = 0;
    size_t digits = 0;

    for (; digits < w.size && w.at[digits] >= '0' && w.at[digits] <= '9';
         digits++)
        if (number <= UINT32_MAX)
            number = number * 10 + (unsigned)(w.at[digits] - '0');
    struct word unit = { w.at + digits, w.size - digits };
    while (units->word && !word_is(unit, units->word))
        units++;
    if (digits == 0 || !units->word)
        return -1;
    number *= units->factor;
    if (number > max)
        return fail(r, w.at, "'%.*s' is too much: the largest number here "
                    "is %u%s", shown(w), w.at, (unsigned)max / units->factor,
                    units->word);
    *out = (uint32_t)number;
    return 0;
}

/* As read_number, with an error for every failure. */
static int want_number(struct reader *r, struct word w,
                       const struct unit *units, uint32_t max, uint32_t *out)
{
    r->error->line = 0;
    if (read_number(r, w, units, max, out) == 0)
        return 0;
    return r->error->line ? -1 : bad_number(r, w, units);
}

static int want_bits(struct reader *r, struct word w,
                     const char *const *words, uint32_t *out)
{
    const char *end = w.at + w.size;

    *out = 0;
    for (const char *at = w.at; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct word one = { at, (size_t)((comma ? comma : end) - at) };
        int bit = find_word(r, one, words);
        if (bit < 0)
            return -1;
        if (*out >> bit & 1)
            return fail(r, at, "'%s' is in the list already", words[bit]);
        *out |= 1u << bit;
        at = one.at + one.size + 1;
    }
    return 0;
}

/* The number of a name, or -1. */
static int find_name(const struct scenario *s, enum scenario_kind kind,
                     struct word w)
{
    for (int i = 0; i < s->defined[kind]; i++)
        if (word_is(w, s->names[kind][i]))
            return i;
    return -1;
}

static int check_name(struct reader *r, struct word w)
{
    if (w.size > SCENARIO_NAME_MAX)
        return fail(r, w.at, "this name has %u bytes; at most %d are kept",
                    (unsigned)w.size, SCENARIO_NAME_MAX);
    if (!scenario_name_ok(w.at, w.size))
        return fail(r, w.at, "'%.*s' is not a name: letters, digits and _, "
                    "with - and . inside", shown(w), w.at);
    return 0;
}

static int define(struct reader *r, struct word w, enum scenario_kind kind,
                  bool once, uint32_t *out)
{
    struct scenario *s = r->s;
    int number = find_name(s, kind, w);

    if (number >= 0 && once)
        return fail(r, w.at, "there is a %s '%.*s' already; give this one "
                    "another name", scenario_kind_name[kind], shown(w), w.at);
    if (number < 0) {
        if (check_name(r, w) < 0)
            return -1;
        if (s->defined[kind] == scenario_kind_max[kind])
            return fail(r, w.at, "one %s too many: a scenario has at most %u",
                        scenario_kind_name[kind],
                        (unsigned)scenario_kind_max[kind]);
        number = s->defined[kind]++;
        memcpy(s->names[kind][number], w.at, w.size);
        s->names[kind][number][w.size] = 0;
    }
    *out = (uint32_t)number;
    return 0;
}

static int read_value(struct reader *r, struct word w,
                      const struct argument *g, bool once, uint32_t *out)
{
    int found;

    switch (g->type) {
    case ARG_NONE:
        break;      /* the list of arguments ends before it */
    case ARG_NEW:
        return define(r, w, g->kind, once, out);
    case ARG_REF:
        if (check_name(r, w) < 0)
            return -1;
        LOOP_ASSERT(r->uses < USES_MAX);
        r->use[r->uses++] = (struct use){ w, g, r->s->count };
        *out = 0;
        return 0;
    case ARG_WORD:
        found = find_word(r, w, g->words);
        *out = (uint32_t)found;
        return found < 0 ? -1 : 0;
    case ARG_TIME:
        return want_number(r, w, time_units, g->max, out);
    case ARG_SIZE:
        return want_number(r, w, size_units, g->max, out);
    case ARG_COUNT:
        return want_number(r, w, no_units, g->max, out);
    case ARG_BITS:
        return want_bits(r, w, g->words, out);
    }
    LOOP_ASSERT(!"an argument of an unknown type");
    return -1;
}

/* Split key=value; the key of a positional word is empty. */
static struct word split_key(struct word w, struct word *value)
{
    const char *equals = memchr(w.at, '=', w.size);
    struct word key = { w.at, equals ? (size_t)(equals - w.at) : 0 };

    *value = w;
    if (key.size) {
        value->at = equals + 1;
        value->size = w.size - key.size - 1;
    }
    return key;
}

static int unknown_key(struct reader *r, const struct statement_form *form,
                       struct word key)
{
    struct guess g = { .word = key };

    for (unsigned i = 0; i < 4; i++)
        if (form->argument[i].type != ARG_NONE && form->argument[i].key)
            consider(&g, form->argument[i].key);
    return fail(r, key.at, "'%s' takes no '%.*s='%s", form->word, shown(key),
                key.at, suggest(&g, ""));
}

/* Which argument does this word give? Returns its index, or -1. */
static int find_argument(struct reader *r, const struct statement_form *form,
                         struct word w, unsigned given)
{
    struct word value;
    struct word key = split_key(w, &value);

    for (int i = 0; i < 4 && form->argument[i].type != ARG_NONE; i++) {
        const char *name = form->argument[i].key;
        if (key.size ? !name || !word_is(key, name) : name || given >> i & 1)
            continue;
        if (given >> i & 1)
            return fail(r, w.at, "'%s=' is given twice", name);
        return i;
    }
    if (key.size)
        return unknown_key(r, form, key);
    return fail(r, w.at, "'%s' takes no further word '%.*s'", form->word,
                shown(w), w.at);
}

static int missing(struct reader *r, const struct statement_form *form,
                   const struct argument *g)
{
    static const char *const sample[] = {
        [ARG_NONE] = "", [ARG_REF] = "a name", [ARG_NEW] = "a name",
        [ARG_WORD] = "a word", [ARG_TIME] = "a time such as 20ms",
        [ARG_SIZE] = "a size such as 64B", [ARG_COUNT] = "a number",
        [ARG_BITS] = "a list",
    };
    bool object = g->type == ARG_REF || g->type == ARG_NEW;
    return fail(r, r->word[0].at, "'%s' needs %s%s%s%s%s%s", form->word,
                g->key ? g->key : "", g->key ? "= with " : "",
                sample[g->type], object ? " (of a " : "",
                object ? scenario_kind_name[g->kind] : "", object ? ")" : "");
}

static int read_arguments(struct reader *r, struct statement *st)
{
    const struct statement_form *form = &scenario_table[st->op];
    unsigned given = 0;

    for (unsigned i = 1; i < r->words; i++) {
        int index = find_argument(r, form, r->word[i], given);
        if (index < 0)
            return -1;
        const struct argument *g = &form->argument[index];
        bool once = (form->bodies & 1u << BODY_FRAME) != 0;
        uint32_t field;
        struct word value;
        split_key(r->word[i], &value);
        if (read_value(r, value, g, once, &field) < 0)
            return -1;
        scenario_set_field(st, g->field, field);
        given |= 1u << index;
    }
    for (unsigned i = 0; i < 4; i++) {
        const struct argument *g = &form->argument[i];
        if (g->type == ARG_NONE || given >> i & 1)
            continue;
        if (!g->optional)
            return missing(r, form, g);
        scenario_set_field(st, g->field, scenario_absent(g));
    }
    return 0;
}

static int find_statement(struct word w)
{
    for (int op = 0; op < ST_OPS; op++)
        if (scenario_table[op].bodies && word_is(w, scenario_table[op].word))
            return op;
    return -1;
}

static int unknown_statement(struct reader *r, struct word w)
{
    struct guess g = { .word = w };

    for (int op = 0; op < ST_OPS; op++)
        if (op != ST_COMMENT)
            consider(&g, scenario_table[op].word);
    consider(&g, "schedule");
    return fail(r, w.at, "there is no statement '%.*s'%s", shown(w), w.at,
                suggest(&g, "; corpus/README.md lists them"));
}

static const char *const body_name[] = {
    [BODY_FRAME] = "the frame", [BODY_THREAD] = "a thread",
    [BODY_CALLBACK] = "a callback", [BODY_TASK] = "a task",
    [BODY_JOB] = "a job", [BODY_HOOK] = "a hook",
};

static int misplaced(struct reader *r, unsigned op)
{
    unsigned bodies = scenario_table[op].bodies;
    char where[96] = "";
    size_t n = 0;

    if (bodies & 1u << BODY_FRAME)
        return fail(r, r->word[0].at, "'%s' stands before the first section",
                    scenario_table[op].word);
    for (unsigned b = BODY_THREAD; b <= BODY_HOOK; b++) {
        bool last = bodies >> (b + 1) == 0;
        if (bodies >> b & 1)
            n += (size_t)snprintf(where + n, sizeof where - n, "%s%s",
                                  n == 0 ? "" : last ? " or " : ", ",
                                  body_name[b]);
    }
    if (r->body == BODY_FRAME)
        return fail(r, r->word[0].at, "'%s' stands in a body: begin one "
                    "with a line such as 'thread owner'",
                    scenario_table[op].word);
    return fail(r, r->word[0].at, "'%s' cannot stand in %s; it belongs to %s",
                scenario_table[op].word, body_name[r->body], where);
}

/* May this statement stand here? Keeps the state of the body. */
static int check_place(struct reader *r, unsigned op)
{
    if (scenario_is_section(op)) {
        r->body = scenario_section_body(op);
        r->has_on_cancel = false;
        return 0;
    }
    if (!(scenario_table[op].bodies >> r->body & 1))
        return misplaced(r, op);
    if (op == ST_KERNEL) {
        if (r->has_kernel)
            return fail(r, r->word[0].at, "there is a kernel line already");
        r->has_kernel = true;
    }
    if (op == ST_ON_CANCEL) {
        if (r->has_on_cancel)
            return fail(r, r->word[0].at, "this task has an on-cancel "
                        "already");
        r->has_on_cancel = true;
    }
    if (op == ST_SWALLOW && !r->has_on_cancel)
        return fail(r, r->word[0].at, "'swallow' stands after 'on-cancel'");
    return 0;
}

static int read_statement(struct reader *r)
{
    struct scenario *s = r->s;
    int op = find_statement(r->word[0]);

    if (op < 0)
        return unknown_statement(r, r->word[0]);
    if (check_place(r, (unsigned)op) < 0)
        return -1;
    if (s->count == SCENARIO_STATEMENTS_MAX)
        return fail(r, r->word[0].at, "one statement too many: a scenario "
                    "has at most %d", SCENARIO_STATEMENTS_MAX);
    struct statement st = { .op = (uint8_t)op };
    if (read_arguments(r, &st) < 0)
        return -1;
    s->statement[s->count++] = st;
    return 0;
}

static int read_thread(struct reader *r, struct word w, uint8_t *out)
{
    struct word digits = { w.at + 1, w.size - 1 };
    uint32_t number;

    if (word_is(w, "device")) {
        *out = SCHED_DEVICE;
        return 0;
    }
    r->error->line = 0;
    if (w.size < 2 || w.at[0] != 't'
        || read_number(r, digits, no_units, SCHED_DEVICE - 1, &number) < 0)
        return fail(r, w.at, "'%.*s' is not a thread of a schedule: t0 to "
                    "t%d in the order of their creation, or device",
                    shown(w), w.at, SCHED_DEVICE - 1);
    *out = (uint8_t)number;
    return 0;
}

static int read_position(struct reader *r, struct word w,
                         struct sched_exception *e)
{
    const char *mark = memchr(w.at, '@', w.size);

    if (!mark)
        return fail(r, w.at, "'%.*s': write THREAD@STEP, as in t0@12",
                    shown(w), w.at);
    struct word thread = { w.at, (size_t)(mark - w.at) };
    struct word step = { mark + 1, w.size - thread.size - 1 };
    if (read_thread(r, thread, &e->thread) < 0)
        return -1;
    return want_number(r, step, no_units, UINT32_MAX, &e->step);
}

static int read_switch(struct reader *r, struct sched_exception *e)
{
    if (r->words != 4 || !word_is(r->word[2], "->"))
        return fail(r, r->word[0].at, "write switch THREAD@STEP -> THREAD, "
                    "as in: switch t0@12 -> t1");
    if (read_position(r, r->word[1], e) < 0)
        return -1;
    return read_thread(r, r->word[3], &e->target);
}

static int read_outcome(struct reader *r, struct sched_exception *e)
{
    const char *names[SCHED_OUTCOMES + 1];
    uint32_t target;

    if (r->words != 5 || !word_is(r->word[3], "="))
        return fail(r, r->word[0].at, "write outcome THREAD@STEP WORD = N, "
                    "as in: outcome t0@12 cancel = 1");
    for (unsigned i = 0; i < SCHED_OUTCOMES; i++)
        names[i] = sched_outcome_name((enum sched_outcome)i);
    names[SCHED_OUTCOMES] = NULL;
    if (read_position(r, r->word[1], e) < 0)
        return -1;
    int what = find_word(r, r->word[2], names);
    if (what < 0 || want_number(r, r->word[4], no_units, 255, &target) < 0)
        return -1;
    e->is_outcome = 1;
    e->what = (uint8_t)what;
    e->target = (uint8_t)target;
    return 0;
}

static int read_exception(struct reader *r)
{
    static const char *const kinds[] = { "switch", "outcome", NULL };
    struct scenario *s = r->s;
    struct sched_exception e = { 0 };
    int kind = find_word(r, r->word[0], kinds);

    if (kind < 0)
        return -1;
    if (s->exception_count == SCENARIO_EXCEPTIONS_MAX)
        return fail(r, r->word[0].at, "a schedule has at most %d lines",
                    SCENARIO_EXCEPTIONS_MAX);
    if ((kind == 0 ? read_switch(r, &e) : read_outcome(r, &e)) < 0)
        return -1;
    s->exception[s->exception_count++] = e;
    return 0;
}

static int read_name(struct reader *r)
{
    if (r->has_name)
        return fail(r, r->word[0].at, "the scenario has its name already");
    if (r->words != 2)
        return fail(r, r->word[0].at, "write scenario NAME, with one name");
    if (check_name(r, r->word[1]) < 0)
        return -1;
    r->has_name = true;
    if (!word_is(r->word[1], SCENARIO_UNNAMED)) {
        memcpy(r->s->name, r->word[1].at, r->word[1].size);
        r->s->name[r->word[1].size] = 0;
    }
    return 0;
}

static int read_verdict(struct reader *r)
{
    const char *names[VERDICTS + 1];

    if (r->body != BODY_FRAME || r->in_schedule)
        return fail(r, r->word[0].at, "'verdict' stands before the first "
                    "section");
    if (r->has_verdict)
        return fail(r, r->word[0].at, "there is a verdict already");
    if (r->words != 2)
        return fail(r, r->word[0].at, "write verdict WORD, as in: verdict "
                    "clean");
    for (unsigned i = 0; i < VERDICTS; i++)
        names[i] = verdict_name((enum verdict)i);
    names[VERDICTS] = NULL;
    int found = find_word(r, r->word[1], names);
    if (found < 0)
        return -1;
    r->s->expect = (enum verdict)found;
    r->has_verdict = true;
    return 0;
}

static int begin_schedule(struct reader *r)
{
    if (r->in_schedule)
        return fail(r, r->word[0].at, "there is a schedule already");
    if (r->words != 1)
        return fail(r, r->word[1].at, "'schedule' stands alone on its line");
    r->in_schedule = true;
    return 0;
}

/* Read a line that has words, and say which place it is. */
static int read_line(struct reader *r, struct scenario_remark *place)
{
    struct word first = r->word[0];

    place->index = 0;
    if (word_is(first, "scenario")) {
        place->place = PLACE_NAME;
        return read_name(r);
    }
    if (!r->has_name)
        return fail(r, first.at, "a scenario begins with the line: scenario "
                    "NAME");
    if (word_is(first, "verdict")) {
        place->place = PLACE_VERDICT;
        return read_verdict(r);
    }
    if (word_is(first, "schedule")) {
        place->place = PLACE_SCHEDULE;
        return begin_schedule(r);
    }
    if (r->in_schedule) {
        place->place = PLACE_EXCEPTION;
        place->index = r->s->exception_count;
        return read_exception(r);
    }
    place->place = PLACE_STATEMENT;
    place->index = r->s->count;
    return read_statement(r);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Split a line into words up to its comment; returns where that begins. */
static const char *split_line(struct reader *r, const char *at,
                              const char *end)
{
    r->words = 0;
    for (;;) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end || *at == '#' || r->words == WORDS_MAX)
            return at;
        const char *word = at;
        while (at < end && !is_blank(*at))
            at++;
        r->word[r->words++] = (struct word){ word, (size_t)(at - word) };
    }
}

static int keep_remark(struct reader *r, const char *at, const char *end)
{
    size_t size = (size_t)(end - at) - 1;

    r->remark_size += size + REMARK_OVERHEAD;
    if (r->remark_size > SCENARIO_COMMENT_MAX)
        return fail(r, at, "the comments of this file are too long together: "
                    "%d bytes are kept", SCENARIO_COMMENT_MAX);
    LOOP_ASSERT(r->remarks < REMARKS_MAX);
    r->remark[r->remarks++] = (struct scenario_remark){
        .text = at + 1, .size = size };
    return 0;
}

/* The comments that wait for their place stand before this line. */
static void place_remarks(struct reader *r, struct scenario_remark place)
{
    for (; r->placed < r->remarks; r->placed++) {
        r->remark[r->placed].place = place.place;
        r->remark[r->placed].index = place.index;
        r->remark[r->placed].trailing = place.trailing;
    }
}

static int read_one(struct reader *r, const char *line, const char *end)
{
    struct scenario_remark place = { .trailing = false };
    const char *comment = split_line(r, line, end);

    if (comment < end && *comment != '#')
        return fail(r, comment, "too many words for any statement");
    if (r->words) {
        if (read_line(r, &place) < 0)
            return -1;
        place_remarks(r, place);
    }
    if (comment == end)
        return 0;
    if (keep_remark(r, comment, end) < 0)
        return -1;
    if (r->words) {
        place.trailing = true;
        place_remarks(r, place);
    }
    return 0;
}

/* A verdict may be written after other lines of the frame, and is printed
 * before them: its comments move with it. */
static void store_remarks(struct reader *r)
{
    for (unsigned place = 0; place < PLACES; place++)
        for (unsigned i = 0; i < r->remarks; i++)
            if (r->remark[i].place == place)
                scenario_remark_add(r->s, &r->remark[i]);
}

/* "; make one with 'pair', 'listen' ..." */
static void tell_makers(enum scenario_kind kind, char *out, size_t cap)
{
    const char *makers[ST_OPS + 1];
    unsigned count = 0;

    for (unsigned op = 0; op < ST_OPS; op++)
        for (unsigned i = 0; i < 4; i++)
            if (scenario_table[op].argument[i].type == ARG_NEW
                && scenario_table[op].argument[i].kind == kind)
                makers[count++] = scenario_table[op].word;
    makers[count] = NULL;
    int n = snprintf(out, cap, "; one is made by ");
    list_words(makers, out + n, cap - (size_t)n);
}

static int unknown_name(struct reader *r, const struct use *u)
{
    const struct scenario *s = r->s;
    enum scenario_kind kind = u->argument->kind;
    struct guess g = { .word = u->word };
    char advice[96];

    for (unsigned i = 0; i < s->defined[kind]; i++)
        consider(&g, s->names[kind][i]);
    tell_makers(kind, advice, sizeof advice);
    for (unsigned k = 0; k < KINDS; k++)
        if (find_name(s, (enum scenario_kind)k, u->word) >= 0)
            snprintf(advice, sizeof advice, "; there is a %s of that name",
                     scenario_kind_name[k]);
    return fail(r, u->word.at, "no %s is named '%.*s'%s",
                scenario_kind_name[kind], shown(u->word), u->word.at,
                suggest(&g, advice));
}

static int resolve(struct reader *r)
{
    for (unsigned i = 0; i < r->uses; i++) {
        const struct use *u = &r->use[i];
        int number = find_name(r->s, u->argument->kind, u->word);
        if (number < 0)
            return unknown_name(r, u);
        scenario_set_field(&r->s->statement[u->statement],
                           u->argument->field, (uint32_t)number);
    }
    return 0;
}

/* A name that the printer would make up is not a name that was given. */
static void forget_made_names(struct scenario *s)
{
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->defined[k]; i++) {
            char made[24];
            snprintf(made, sizeof made, "%s%u", scenario_kind_name[k], i);
            if (strcmp(made, s->names[k][i]) == 0)
                s->names[k][i][0] = 0;
        }
    }
}

static int read_lines(struct reader *r)
{
    const char *line = r->text;

    while (line < r->end) {
        const char *stop = memchr(line, '\n', (size_t)(r->end - line));
        const char *next = stop ? stop + 1 : r->end;
        const char *end = stop ? stop : r->end;
        if (end > line && end[-1] == '\r')
            end--;
        size_t bad;
        if (!scenario_text_ok(line, (size_t)(end - line), &bad))
            return fail(r, line + bad, "byte 0x%02x has no place in a text; "
                        "is this a scenario?", (unsigned char)line[bad]);
        while (end > line && is_blank(end[-1]))
            end--;
        if (read_one(r, line, end) < 0)
            return -1;
        line = next;
    }
    return 0;
}

static int fail_file(struct reader *r, const char *what)
{
    memset(r->error, 0, sizeof *r->error);
    snprintf(r->error->file, sizeof r->error->file, "%s", r->file);
    snprintf(r->error->what, sizeof r->error->what, "%s", what);
    return -1;
}

int scenario_parse(struct scenario *out, const char *file, const char *text,
                   size_t size, struct scenario_error *error)
{
    struct reader r;

    /* The lists are long and need no zeroes. */
    memset(&r, 0, offsetof(struct reader, use));
    r.uses = r.remarks = r.placed = 0;
    r.remark_size = 0;
    r.s = out;
    r.error = error;
    r.file = file;
    if (size > SCENARIO_TEXT_MAX)
        return fail_file(&r, "the text is too long for a scenario");
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    r.text = text;
    r.end = text + size;
    scenario_reset(out);
    if (read_lines(&r) < 0)
        return -1;
    if (!r.has_name)
        return fail_file(&r, "there is nothing in it; a scenario begins with "
                         "the line: scenario NAME");
    if (resolve(&r) < 0)
        return -1;
    place_remarks(&r, (struct scenario_remark){ .place = PLACE_END });
    store_remarks(&r);
    forget_made_names(out);
    return 0;
}
