/*
 * The binary form, and the repair that makes a scenario out of any list of
 * statements.
 *
 * A scenario is in order if its statements stand in bodies that take them,
 * its fields are in range, each object that is used is defined, and objects
 * are numbered in the order of their definition. That is what the parser
 * makes; here it is made of statements that a mutator left in any state, on
 * a path that runs some ten thousand times a second.
 */
#include "scenario.h"

#include "../loop/check.h"
#include "scenario_form.h"

#define RECORD 8u
#define RECORD_EXCEPTION 0xfeu      /* an op that no statement has */
#define NAME_OF_SCENARIO 0xffu      /* in place of a kind          */
#define NONE 0xffu
#define MAGIC_SIZE (sizeof SCENARIO_MAGIC - 1)

/* Where the walk over the statements stands. */
struct walk {
    enum body_kind body;
    bool           has_kernel;
    bool           has_on_cancel;
};

/* The objects that are defined: their numbers before and after. */
struct census {
    uint8_t count[KINDS];
    uint8_t to[KINDS][16];      /* by old number; NONE: not defined     */
    uint8_t from[KINDS][16];    /* by new number; NONE: it had none     */
};

/* Does the body take this statement, after those before it? */
static bool admit(struct walk *w, unsigned op)
{
    if (scenario_is_section(op)) {
        w->body = scenario_section_body(op);
        w->has_on_cancel = false;
        return true;
    }
    if (!(scenario_table[op].bodies >> w->body & 1))
        return false;
    if (op == ST_KERNEL) {
        bool first = !w->has_kernel;
        w->has_kernel = true;
        return first;
    }
    if (op == ST_ON_CANCEL) {
        bool first = !w->has_on_cancel;
        w->has_on_cancel = true;
        return first;
    }
    return op != ST_SWALLOW || w->has_on_cancel;
}

static uint32_t fit_value(const struct argument *g, uint32_t value)
{
    switch (g->type) {
    case ARG_REF:
        if (g->optional && value == SCENARIO_ANY)
            return value;
        return value % scenario_kind_max[g->kind];
    case ARG_NEW:
        return value % scenario_kind_max[g->kind];
    case ARG_WORD:
        if (g->optional && value == SCENARIO_ANY)
            return value;
        break;
    default:
        break;
    }
    return value <= g->max ? value : value % (g->max + 1);
}

/* Bring every field into its range; fields without a use become 0. */
static struct statement fit(const struct statement *st)
{
    const struct argument *g = scenario_table[st->op].argument;
    struct statement fitted = { .op = st->op };

    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++)
        scenario_set_field(&fitted, g[i].field,
                           fit_value(&g[i], scenario_field(st, g[i].field)));
    return fitted;
}

/*
 * Number what a statement defines. A second section of the same object is
 * another object.
 *
 *   returns   false if there is no room for it
 */
static bool number_new(struct census *c, struct statement *st)
{
    const struct statement_form *form = &scenario_table[st->op];
    bool once = (form->bodies & 1u << BODY_FRAME) != 0;

    for (unsigned i = 0; i < 2; i++) {
        const struct argument *g = &form->argument[i];
        if (g->type != ARG_NEW)
            continue;
        uint32_t old = scenario_field(st, g->field);
        uint8_t *to = &c->to[g->kind][old];
        if (*to == NONE || once) {
            if (c->count[g->kind] == scenario_kind_max[g->kind])
                return false;
            uint8_t number = c->count[g->kind]++;
            c->from[g->kind][number] = *to == NONE ? (uint8_t)old : NONE;
            if (*to == NONE)
                *to = number;
            scenario_set_field(st, g->field, number);
        } else {
            scenario_set_field(st, g->field, *to);
        }
    }
    return true;
}

/* Renumber what a statement uses; false if it cannot be had. */
static bool renumber_uses(const struct census *c, struct statement *st)
{
    const struct argument *g = scenario_table[st->op].argument;

    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++) {
        if (g[i].type != ARG_REF)
            continue;
        uint32_t old = scenario_field(st, g[i].field);
        if (g[i].optional && old == SCENARIO_ANY)
            continue;
        uint32_t number = c->to[g[i].kind][old];
        if (number == NONE && c->count[g[i].kind] > 0)
            number = old % c->count[g[i].kind];
        if (number == NONE && !g[i].optional)
            return false;
        scenario_set_field(st, g[i].field, number);
    }
    return true;
}

_Static_assert(NONE == SCENARIO_ANY, "what is not defined is not given");

/* Keep the statements that their bodies take, and number the objects. */
static void walk_statements(struct scenario *s, struct census *c,
                            uint16_t *origin)
{
    struct walk w = { .body = BODY_FRAME };
    unsigned kept = 0;

    memset(c->count, 0, sizeof c->count);
    memset(c->to, NONE, sizeof c->to);
    for (unsigned i = 0; i < s->count; i++) {
        unsigned op = s->statement[i].op;
        if (op >= ST_OPS)
            continue;
        struct statement st = fit(&s->statement[i]);
        /* A section without a number must not open its body. */
        if (scenario_is_section(op) && !number_new(c, &st))
            continue;
        if (!admit(&w, op))
            continue;
        if (!scenario_is_section(op) && !number_new(c, &st))
            continue;
        s->statement[kept] = st;
        origin[kept++] = origin[i];
    }
    s->count = kept;
}

/* Returns whether statements had to go, so that definitions may be lost. */
static bool resolve_uses(struct scenario *s, const struct census *c,
                         uint16_t *origin)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < s->count; i++) {
        struct statement st = s->statement[i];
        if (!renumber_uses(c, &st))
            continue;
        s->statement[kept] = st;
        origin[kept++] = origin[i];
    }
    bool lost = kept < s->count;
    s->count = kept;
    return lost;
}

/* Let the names go with their objects. */
static void move_names(struct scenario *s, const struct census *c)
{
    char old[16][SCENARIO_NAME_MAX + 1];

    for (unsigned k = 0; k < KINDS; k++) {
        memcpy(old, s->names[k], sizeof old);
        for (unsigned i = 0; i < c->count[k]; i++) {
            unsigned from = c->from[k][i];
            if (from == NONE)
                s->names[k][i][0] = 0;
            else if (from != i)
                memcpy(s->names[k][i], old[from], sizeof old[from]);
        }
    }
}

/*
 * Bring the statements in order.
 *
 *   origin    by new index: the index that the statement had
 */
static void settle(struct scenario *s, bool names, uint16_t *origin)
{
    struct census c;
    bool lost;

    for (unsigned i = 0; i < s->count; i++)
        origin[i] = (uint16_t)i;
    /* Each round but the last drops a statement. */
    do {
        walk_statements(s, &c, origin);
        lost = resolve_uses(s, &c, origin);
        if (names)
            move_names(s, &c);
    } while (lost);
    memcpy(s->defined, c.count, sizeof s->defined);
}

/* Objects from these numbers on have no names. */
static void forget_names(struct scenario *s, const uint8_t *from)
{
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = from[k]; i < 16; i++)
            s->names[k][i][0] = 0;
}

/* Which object of the kind would be printed under this name? */
static int made_number(const struct scenario *s, unsigned k,
                       const char *name)
{
    for (int i = 0; i < s->defined[k]; i++) {
        char made[24];
        snprintf(made, sizeof made, "%s%d", scenario_kind_name[k], i);
        if (strcmp(made, name) == 0)
            return i;
    }
    return -1;
}

/* Is this name wrong, given twice, or one that is made up for another? */
static bool name_is_taken(const struct scenario *s, unsigned k, unsigned i)
{
    const char *name = s->names[k][i];

    for (unsigned j = 0; j < i; j++)
        if (strcmp(s->names[k][j], name) == 0)
            return true;
    int made = made_number(s, k, name);
    return made >= 0
        && ((unsigned)made == i || s->names[k][made][0] == 0);
}

/* Names that cannot be printed and read again are taken away. One that goes
 * can make another one ambiguous, hence the rounds. */
static void settle_names(struct scenario *s)
{
    bool changed;

    if (!scenario_name_ok(s->name, strlen(s->name))
        || strcmp(s->name, SCENARIO_UNNAMED) == 0)
        s->name[0] = 0;
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->defined[k]; i++) {
            char *name = s->names[k][i];
            if (!scenario_name_ok(name, strlen(name)))
                name[0] = 0;
        }
        do {
            changed = false;
            for (unsigned i = 0; i < s->defined[k]; i++) {
                if (s->names[k][i][0] && name_is_taken(s, k, i)) {
                    s->names[k][i][0] = 0;
                    changed = true;
                }
            }
        } while (changed);
    }
}

static bool exception_ok(const struct sched_exception *e)
{
    if (e->thread > SCHED_DEVICE)
        return false;
    return e->is_outcome ? e->is_outcome == 1 && e->what < SCHED_OUTCOMES
                         : e->target <= SCHED_DEVICE && e->what == 0;
}

void scenario_repair(struct scenario *s)
{
    uint16_t origin[SCENARIO_STATEMENTS_MAX];
    uint16_t to[SCENARIO_STATEMENTS_MAX];
    unsigned before = s->count;

    LOOP_ASSERT(before <= SCENARIO_STATEMENTS_MAX);
    LOOP_ASSERT(s->exception_count <= SCENARIO_EXCEPTIONS_MAX);
    forget_names(s, s->defined);
    settle(s, true, origin);
    for (unsigned i = 0; i < before; i++)
        to[i] = NO_INDEX;
    for (unsigned i = 0; i < s->count; i++)
        to[origin[i]] = (uint16_t)i;
    scenario_remarks_move(s, PLACE_STATEMENT, to, before);
    settle_names(s);
    for (unsigned i = s->exception_count; i-- > 0;)
        if (!exception_ok(&s->exception[i]))
            scenario_calm(s, i, 1);
    if ((unsigned)s->expect >= VERDICTS)
        s->expect = VERDICT_CLEAN;
}

static void put_record(uint8_t *out, const struct statement *st)
{
    out[0] = st->op;
    out[1] = st->a;
    out[2] = st->b;
    out[3] = st->c;
    for (unsigned i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(st->value >> 8 * i);
}

static struct statement get_record(const uint8_t *in)
{
    return (struct statement){
        .op = in[0], .a = in[1], .b = in[2], .c = in[3],
        .value = in[4] | (uint32_t)in[5] << 8 | (uint32_t)in[6] << 16
               | (uint32_t)in[7] << 24,
    };
}

/* Encoding stops for good when the room is used up. */
struct writer {
    uint8_t *out;
    size_t   size;
    size_t   cap;
    bool     full;
};

static void write_record(struct writer *w, struct statement st)
{
    w->full = w->full || w->cap - w->size < RECORD;
    if (w->full)
        return;
    put_record(w->out + w->size, &st);
    w->size += RECORD;
}

/* Text follows its record, filled up with zeroes to whole records. */
static void write_text(struct writer *w, struct statement st,
                       const char *text, size_t size)
{
    size_t room = (size + RECORD - 1) / RECORD * RECORD;

    st.value = (uint32_t)size;
    write_record(w, st);
    w->full = w->full || w->cap - w->size < room;
    if (w->full)
        return;
    memset(w->out + w->size, 0, room);
    memcpy(w->out + w->size, text, size);
    w->size += room;
}

static void write_names(struct writer *w, const struct scenario *s)
{
    if (s->name[0])
        write_text(w, (struct statement){ ST_NAME, NAME_OF_SCENARIO, 0, 0, 0 },
                   s->name, strlen(s->name));
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->defined[k]; i++) {
            struct statement st = {
                ST_NAME, (uint8_t)k, (uint8_t)i, 0, 0 };
            if (s->names[k][i][0])
                write_text(w, st, s->names[k][i], strlen(s->names[k][i]));
        }
    }
}

static void write_remarks(struct writer *w, const struct scenario *s)
{
    struct scenario_remark r;
    uint32_t offset = 0;

    while (scenario_remark_next(s, &offset, &r)) {
        struct statement st = {
            ST_COMMENT, (uint8_t)(r.place << 1 | r.trailing),
            (uint8_t)(r.index & 0xff), (uint8_t)(r.index >> 8), 0 };
        write_text(w, st, r.text, r.size);
    }
}

size_t scenario_encode(const struct scenario *s, uint8_t *out, size_t cap)
{
    struct writer w = { .out = out, .cap = cap };

    if (cap < MAGIC_SIZE)
        return 0;
    memcpy(out, SCENARIO_MAGIC, MAGIC_SIZE);
    w.size = MAGIC_SIZE;
    write_names(&w, s);
    if (s->expect != VERDICT_CLEAN)
        write_record(&w, (struct statement){
            ST_EXPECT, (uint8_t)s->expect, 0, 0, 0 });
    write_remarks(&w, s);
    for (unsigned i = 0; i < s->count; i++)
        write_record(&w, s->statement[i]);
    for (unsigned i = 0; i < s->exception_count; i++) {
        const struct sched_exception *e = &s->exception[i];
        LOOP_ASSERT(exception_ok(e));
        write_record(&w, (struct statement){
            RECORD_EXCEPTION, e->thread, e->target,
            (uint8_t)(e->what << 1 | e->is_outcome), e->step });
    }
    return w.full ? 0 : w.size;
}

/* Decoding: bytes that are left, and where to say what is wrong. */
struct source {
    const uint8_t         *at;
    size_t                 left;
    struct scenario_error *error;
};

static int fail(struct source *in, const char *what)
{
    memset(in->error, 0, sizeof *in->error);
    snprintf(in->error->file, sizeof in->error->file, "binary scenario");
    snprintf(in->error->what, sizeof in->error->what, "%s", what);
    return -1;
}

/* Take the text behind a record; NULL if it is not all there. */
static const char *take_text(struct source *in, uint32_t size)
{
    size_t room = ((size_t)size + RECORD - 1) / RECORD * RECORD;
    const char *text = (const char *)in->at;

    if (room > in->left)
        return NULL;
    in->at += room;
    in->left -= room;
    return text;
}

static int take_name(struct scenario *s, struct source *in,
                     const struct statement *st)
{
    bool own = st->a == NAME_OF_SCENARIO;
    const char *text = take_text(in, st->value);

    if (!text || !scenario_name_ok(text, st->value)
        || (!own && (st->a >= KINDS || st->b >= 16)))
        return fail(in, "a name in it is not one");
    char *name = own ? s->name : s->names[st->a][st->b];
    memcpy(name, text, st->value);
    name[st->value] = 0;
    return 0;
}

static int take_remark(struct scenario *s, struct source *in,
                       const struct statement *st)
{
    struct scenario_remark r = {
        .place = (enum scenario_place)REMARK_PLACE(st->a),
        .index = st->b | (unsigned)st->c << 8,
        .trailing = st->a & REMARK_TRAILING,
        .text = take_text(in, st->value),
        .size = st->value,
    };
    size_t bad;

    if (!r.text || !scenario_text_ok(r.text, r.size, &bad)
        || (r.size && (r.text[r.size - 1] == ' '
                       || r.text[r.size - 1] == '\t')))
        return fail(in, "a comment in it is not text");
    if (!scenario_remark_add(s, &r))
        return fail(in, "its comments are too long");
    return 0;
}

static int take_exception(struct scenario *s, struct source *in,
                          const struct statement *st)
{
    struct sched_exception e = {
        .step = st->value, .thread = st->a, .target = st->b,
        .is_outcome = st->c & 1, .what = st->c >> 1 };

    if (s->exception_count == SCENARIO_EXCEPTIONS_MAX || !exception_ok(&e))
        return fail(in, "its schedule is damaged");
    s->exception[s->exception_count++] = e;
    return 0;
}

static int take_record(struct scenario *s, struct source *in)
{
    struct statement st = get_record(in->at);

    in->at += RECORD;
    in->left -= RECORD;
    switch (st.op) {
    case ST_NAME:
        return take_name(s, in, &st);
    case ST_COMMENT:
        return take_remark(s, in, &st);
    case RECORD_EXCEPTION:
        return take_exception(s, in, &st);
    case ST_EXPECT:
        if (st.a >= VERDICTS)
            return fail(in, "its verdict is unknown");
        s->expect = (enum verdict)st.a;
        return 0;
    default:
        if (s->count == SCENARIO_STATEMENTS_MAX)
            return fail(in, "it has too many statements");
        s->statement[s->count++] = st;
        return 0;
    }
}

/* The rank of a comment among all that there can be. */
static uint32_t rank(const struct scenario_remark *r)
{
    return (uint32_t)r->place << 17 | r->index << 1 | r->trailing;
}

/* Do the comments stand in order, at lines that exist? */
static bool remarks_ok(const struct scenario *s)
{
    const uint32_t lines[PLACES] = { 1, 1, s->count, 1, s->exception_count,
                                     1 };
    struct scenario_remark r;
    uint32_t offset = 0, last = 0;

    while (scenario_remark_next(s, &offset, &r)) {
        if (r.place >= PLACES || r.index >= lines[r.place]
            || rank(&r) < last || (r.trailing && rank(&r) == last)
            || (r.trailing && r.place == PLACE_END))
            return false;
        last = rank(&r);
    }
    return true;
}

int scenario_decode(struct scenario *out, const uint8_t *bytes, size_t size,
                    struct scenario_error *error)
{
    struct source in = { bytes, size, error };

    if (size < MAGIC_SIZE || memcmp(bytes, SCENARIO_MAGIC, MAGIC_SIZE) != 0)
        return fail(&in, "it does not begin as one of this version does");
    if (size % RECORD != 0 || size > SCENARIO_TEXT_MAX)
        return fail(&in, "it is cut off, or too long");
    scenario_reset(out);
    forget_names(out, out->defined);
    memcpy(out->defined, scenario_kind_max, sizeof out->defined);
    in.at += MAGIC_SIZE;
    in.left -= MAGIC_SIZE;
    while (in.left > 0)
        if (take_record(out, &in) < 0)
            return -1;

    /* Only what is in order is taken, so that both forms say the same. What
     * a repair would change is not; objects are counted by it. */
    if (!remarks_ok(out))
        return fail(&in, "its comments are out of place");
    struct scenario repaired = *out;
    scenario_repair(&repaired);
    memcpy(out->defined, repaired.defined, sizeof out->defined);
    if (!scenario_equal(out, &repaired))
        return fail(&in, "its statements do not make a scenario");
    return 0;
}

/* Forget what an author expects; false if nothing else is in the record. */
static bool is_bare(struct statement *st)
{
    if (st->op >= ST_EXPECT || scenario_is_expectation(st->op))
        return false;
    const struct argument *g = scenario_table[st->op].argument;
    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++)
        if (scenario_is_returns(&g[i]))
            st->c = SCENARIO_ANY;
    return true;
}

/* Does some statement in a body want a loop, with none in the frame? */
static bool lacks_loop(const struct scenario *s)
{
    bool in_frame = true;

    for (unsigned i = 0; i < s->count; i++) {
        unsigned op = s->statement[i].op;
        const struct argument *g = &scenario_table[op].argument[0];
        if (in_frame && op == ST_LOOP)
            return false;
        if (scenario_is_section(op))
            in_frame = false;
        if (!in_frame && g->type == ARG_REF && g->kind == KIND_LOOP)
            return true;
    }
    return false;
}

void scenario_from_bytes(struct scenario *out, const uint8_t *bytes,
                         size_t size)
{
    uint16_t origin[SCENARIO_STATEMENTS_MAX];

    scenario_reset(out);
    for (; size >= RECORD && out->count < SCENARIO_STATEMENTS_MAX;
         bytes += RECORD, size -= RECORD) {
        if (bytes[0] == SCENARIO_END)
            break;
        struct statement st = get_record(bytes);
        st.op %= ST_OPS;
        if (is_bare(&st))
            out->statement[out->count++] = st;
    }
    if (lacks_loop(out)) {
        if (out->count == SCENARIO_STATEMENTS_MAX)
            out->count--;
        scenario_insert(out, 0, (struct statement){ .op = ST_LOOP });
    }
    settle(out, false, origin);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < out->defined[k]; i++)
            out->names[k][i][0] = 0;
}

size_t scenario_to_bytes(const struct scenario *s, uint8_t *out, size_t cap)
{
    struct writer w = { .out = out, .cap = cap };

    for (unsigned i = 0; i < s->count; i++) {
        struct statement st = s->statement[i];
        if (is_bare(&st))
            write_record(&w, st);
    }
    write_record(&w, (struct statement){ .op = SCENARIO_END });
    return w.size;
}
