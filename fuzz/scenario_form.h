/*
 * scenario_form.h - what the files of the scenario language share: reading a
 * statement by its form, comments by their place, and edits.
 *
 * A remark is one comment with its place: the line that it stands before, or
 * at whose end it stands. Remarks are stored in the order in which they are
 * printed, so that equal texts are equal bytes.
 */
#ifndef FUZZ_SCENARIO_FORM_H
#define FUZZ_SCENARIO_FORM_H

#include <string.h>

#include "scenario.h"

#define SCENARIO_UNNAMED "unnamed"  /* printed for a scenario without a name */

/* The lines of a text, in their order; index counts within one place. */
enum scenario_place {
    PLACE_NAME,
    PLACE_VERDICT,
    PLACE_STATEMENT,
    PLACE_SCHEDULE,
    PLACE_EXCEPTION,
    PLACE_END,
    PLACES,
};

struct scenario_remark {
    enum scenario_place place;
    unsigned            index;
    bool                trailing;   /* at the end of its line              */
    const char         *text;       /* what follows the '#'                */
    size_t              size;
};

/* In struct scenario a remark is the index, these flags, the text and a 0. */
#define REMARK_TRAILING 1u
#define REMARK_PLACE(flags) ((flags) >> 1)
#define REMARK_OVERHEAD 4u

/* Read the remark at *offset and move past it; false at the end. */
bool scenario_remark_next(const struct scenario *s, uint32_t *offset,
                          struct scenario_remark *out);

/* Append a remark; false if there is no room. The caller keeps the order. */
bool scenario_remark_add(struct scenario *s, const struct scenario_remark *r);

/*
 * Give the remarks of a place other indices, and drop what has none.
 *
 *   to      ascending; NO_INDEX drops
 *   count   entries of to; an index past them is dropped
 */
#define NO_INDEX 0xffffu
void scenario_remarks_move(struct scenario *s, enum scenario_place place,
                           const uint16_t *to, unsigned count);

/* Insert before, or delete, statements; comments move along. */
bool scenario_insert(struct scenario *s, unsigned at, struct statement st);
void scenario_delete(struct scenario *s, unsigned first, unsigned count);

/* Delete exceptions of the schedule; comments move along. */
void scenario_calm(struct scenario *s, unsigned first, unsigned count);

/* Drop what an author expects: returns=, expect-ran, expect-pending, and
 * the verdict. */
void scenario_forget_expectations(struct scenario *s);

/* Write the text form into memory, without a 0; returns its size, or 0 if
 * cap is too small. SCENARIO_TEXT_MAX always suffices. */
size_t scenario_write(const struct scenario *s, char *out, size_t cap);

/* Is this a name that an object or a scenario can have? */
bool scenario_name_ok(const char *name, size_t size);

/* Text that a comment can hold: UTF-8, no control characters but tabs. */
bool scenario_text_ok(const char *text, size_t size, size_t *bad);

/* Empty a scenario at little cost: names, which are large, stay as they are,
 * since no object has one before it is defined. */
static inline void scenario_reset(struct scenario *s)
{
    s->name[0] = 0;
    s->count = 0;
    s->expect = VERDICT_CLEAN;
    memset(s->defined, 0, sizeof s->defined);
    s->exception_count = 0;
    s->comment_size = 0;
}

static inline bool scenario_is_section(unsigned op)
{
    return op >= ST_THREAD && op <= ST_HOOK;
}

/* The body that a section opens. */
static inline enum body_kind scenario_section_body(unsigned op)
{
    return (enum body_kind)(BODY_THREAD + (op - ST_THREAD));
}

static inline uint32_t scenario_field(const struct statement *st, char field)
{
    switch (field) {
    case 'a': return st->a;
    case 'b': return st->b;
    case 'c': return st->c;
    default:  return st->value;
    }
}

static inline void scenario_set_field(struct statement *st, char field,
                                      uint32_t value)
{
    switch (field) {
    case 'a': st->a = (uint8_t)value; break;
    case 'b': st->b = (uint8_t)value; break;
    case 'c': st->c = (uint8_t)value; break;
    default:  st->value = value;
    }
}

/* What a field holds when its optional argument is not given. */
static inline uint32_t scenario_absent(const struct argument *g)
{
    return g->type == ARG_REF || g->type == ARG_WORD ? SCENARIO_ANY : 0;
}

static inline bool scenario_is_returns(const struct argument *g)
{
    return g->field == 'c' && g->optional && g->key[0] == 'r';
}

static inline bool scenario_is_expectation(unsigned op)
{
    return op == ST_EXPECT_RAN || op == ST_EXPECT_PENDING;
}

#endif
