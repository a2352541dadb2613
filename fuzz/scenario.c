/*
 * A scenario as a value: loading, comparing, looking up, editing.
 */
#include "scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../loop/check.h"
#include "scenario_form.h"

static int fail_load(struct scenario_error *error, const char *path,
                     const char *format, ...)
{
    va_list list;
    memset(error, 0, sizeof *error);
    snprintf(error->file, sizeof error->file, "%s", path);
    va_start(list, format);
    vsnprintf(error->what, sizeof error->what, format, list);
    va_end(list);
    return -1;
}

static int load_bytes(struct scenario *out, const char *path,
                      const char *bytes, size_t size,
                      struct scenario_error *error)
{
    size_t magic = sizeof SCENARIO_MAGIC - 1;

    if (size > SCENARIO_TEXT_MAX)
        return fail_load(error, path, "the file is larger than %u KiB; a "
                         "scenario never is", SCENARIO_TEXT_MAX / 1024);
    if (size < magic || memcmp(bytes, SCENARIO_MAGIC, magic) != 0)
        return scenario_parse(out, path, bytes, size, error);
    if (scenario_decode(out, (const uint8_t *)bytes, size, error) == 0)
        return 0;
    snprintf(error->file, sizeof error->file, "%s", path);
    return -1;
}

int scenario_load(struct scenario *out, const char *path,
                  struct scenario_error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail_load(error, path, "cannot be opened: %s",
                         strerror(errno));

    char *bytes = malloc(SCENARIO_TEXT_MAX + 1);
    if (!bytes) {
        fclose(file);
        return fail_load(error, path, "no memory to read it");
    }

    int result;
    errno = 0;
    size_t size = fread(bytes, 1, SCENARIO_TEXT_MAX + 1, file);
    if (ferror(file))
        result = fail_load(error, path, "cannot be read: %s",
                           strerror(errno));
    else
        result = load_bytes(out, path, bytes, size, error);
    free(bytes);
    fclose(file);
    return result;
}

/* The caret stands under the word on any terminal: tabs are repeated, and
 * the later bytes of one character take no room. */
static void print_caret(FILE *out, const char *text, unsigned column)
{
    for (unsigned i = 0; i + 1 < column; i++) {
        if (text[i] == '\t')
            fputc('\t', out);
        else if (((unsigned char)text[i] & 0xc0) != 0x80)
            fputc(' ', out);
    }
    fputs("^\n", out);
}

void scenario_error_print(FILE *out, const struct scenario_error *error)
{
    if (error->line == 0) {
        fprintf(out, "%s: %s\n", error->file, error->what);
        return;
    }
    fprintf(out, "%s:%u:%u: %s\n", error->file, error->line, error->column,
            error->what);
    fprintf(out, "%s\n", error->text);
    if (error->column <= strlen(error->text) + 1)
        print_caret(out, error->text, error->column);
}

static bool names_equal(const struct scenario *a, const struct scenario *b)
{
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < a->defined[k]; i++)
            if (strcmp(a->names[k][i], b->names[k][i]) != 0)
                return false;
    return true;
}

bool scenario_equal(const struct scenario *a, const struct scenario *b)
{
    return a->count == b->count && a->expect == b->expect
        && a->exception_count == b->exception_count
        && a->comment_size == b->comment_size
        && strcmp(a->name, b->name) == 0
        && memcmp(a->defined, b->defined, sizeof a->defined) == 0
        && memcmp(a->statement, b->statement,
                  a->count * sizeof a->statement[0]) == 0
        && memcmp(a->exception, b->exception,
                  a->exception_count * sizeof a->exception[0]) == 0
        && memcmp(a->comment, b->comment, a->comment_size) == 0
        && names_equal(a, b);
}

bool scenario_body(const struct scenario *s, enum statement_op section,
                   unsigned number, unsigned *first, unsigned *end)
{
    unsigned i = 0;

    while (i < s->count && !(s->statement[i].op == section
                             && s->statement[i].a == number))
        i++;
    if (i == s->count)
        return false;
    *first = ++i;
    while (i < s->count && !scenario_is_section(s->statement[i].op))
        i++;
    *end = i;
    return true;
}

const char *scenario_object_name(const struct scenario *s,
                                 enum scenario_kind kind, unsigned number)
{
    static char made[4][24];
    static unsigned next;

    LOOP_ASSERT((unsigned)kind < KINDS);
    if (number < s->defined[kind] && s->names[kind][number][0])
        return s->names[kind][number];
    char *name = made[next++ % 4];
    snprintf(name, sizeof made[0], "%s%u", scenario_kind_name[kind], number);
    return name;
}

bool scenario_name_ok(const char *name, size_t size)
{
    if (size == 0 || size > SCENARIO_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        bool mark = i > 0 && (c == '-' || c == '.');
        if (!letter && !digit && !mark && c != '_')
            return false;
    }
    return true;
}

/* The size of the UTF-8 character at text, or 0 if there is none. */
static size_t character_size(const unsigned char *text, size_t left)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char c = text[0];
    size_t size = c < 0x80 ? 1 : c >= 0xf8 ? 0 : c >= 0xf0 ? 4
                : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;

    if (size <= 1)
        return size;
    if (size > left)
        return 0;
    uint32_t code = c & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    bool control = code >= 0x80 && code < 0xa0;
    return code < least[size] || code > 0x10ffff || surrogate || control
         ? 0 : size;
}

bool scenario_text_ok(const char *text, size_t size, size_t *bad)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t i = 0; i < size;) {
        size_t n = character_size(bytes + i, size - i);
        if (n == 0 || bytes[i] == 0x7f
            || (bytes[i] < ' ' && bytes[i] != '\t')) {
            *bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

bool scenario_remark_next(const struct scenario *s, uint32_t *offset,
                          struct scenario_remark *out)
{
    if (*offset >= s->comment_size)
        return false;
    const unsigned char *at = (const unsigned char *)s->comment + *offset;
    LOOP_ASSERT(s->comment_size - *offset >= REMARK_OVERHEAD);
    out->index = at[0] | (unsigned)at[1] << 8;
    out->trailing = at[2] & REMARK_TRAILING;
    out->place = (enum scenario_place)REMARK_PLACE(at[2]);
    out->text = (const char *)at + 3;
    out->size = strlen(out->text);
    *offset += (uint32_t)(out->size + REMARK_OVERHEAD);
    LOOP_ASSERT(*offset <= s->comment_size);
    return true;
}

bool scenario_remark_add(struct scenario *s, const struct scenario_remark *r)
{
    if (r->size + REMARK_OVERHEAD > SCENARIO_COMMENT_MAX - s->comment_size)
        return false;
    char *at = s->comment + s->comment_size;
    /* The text may lie in the same buffer, behind the place it goes to. */
    memmove(at + 3, r->text, r->size);
    at[0] = (char)(r->index & 0xff);
    at[1] = (char)(r->index >> 8);
    at[2] = (char)(r->place << 1 | r->trailing);
    at[3 + r->size] = 0;
    s->comment_size += (uint32_t)(r->size + REMARK_OVERHEAD);
    return true;
}

void scenario_remarks_move(struct scenario *s, enum scenario_place place,
                           const uint16_t *to, unsigned count)
{
    if (s->comment_size == 0)
        return;

    struct scenario_remark r;
    struct scenario old;    /* its comments only */
    uint32_t offset = 0;

    old.comment_size = s->comment_size;
    memcpy(old.comment, s->comment, s->comment_size);
    s->comment_size = 0;
    while (scenario_remark_next(&old, &offset, &r)) {
        if (r.place == place)
            r.index = r.index < count ? to[r.index] : NO_INDEX;
        if (r.index != NO_INDEX)
            scenario_remark_add(s, &r);
    }
}

/* Move the comments of count lines from first on by n places. */
static void shift_remarks(struct scenario *s, enum scenario_place place,
                          unsigned first, int by)
{
    uint16_t to[SCENARIO_EXCEPTIONS_MAX];

    for (unsigned i = 0; i < SCENARIO_EXCEPTIONS_MAX; i++) {
        bool gone = by < 0 && i >= first && i < first + (unsigned)-by;
        to[i] = gone ? NO_INDEX
              : (uint16_t)(i < first ? i : (unsigned)((int)i + by));
    }
    scenario_remarks_move(s, place, to, SCENARIO_EXCEPTIONS_MAX);
}

bool scenario_insert(struct scenario *s, unsigned at, struct statement st)
{
    LOOP_ASSERT(at <= s->count);
    if (s->count == SCENARIO_STATEMENTS_MAX)
        return false;
    memmove(s->statement + at + 1, s->statement + at,
            (s->count - at) * sizeof st);
    s->statement[at] = st;
    s->count++;
    if (s->comment_size)
        shift_remarks(s, PLACE_STATEMENT, at, 1);
    return true;
}

void scenario_delete(struct scenario *s, unsigned first, unsigned count)
{
    LOOP_ASSERT(first + count <= s->count);
    memmove(s->statement + first, s->statement + first + count,
            (s->count - first - count) * sizeof s->statement[0]);
    s->count -= count;
    if (s->comment_size && count)
        shift_remarks(s, PLACE_STATEMENT, first, -(int)count);
}

void scenario_calm(struct scenario *s, unsigned first, unsigned count)
{
    LOOP_ASSERT(first + count <= s->exception_count);
    memmove(s->exception + first, s->exception + first + count,
            (s->exception_count - first - count) * sizeof s->exception[0]);
    s->exception_count -= count;
    if (s->comment_size && count)
        shift_remarks(s, PLACE_EXCEPTION, first, -(int)count);
}

static void forget_returns(struct statement *st)
{
    const struct argument *g = scenario_table[st->op].argument;

    for (unsigned i = 0; i < 4 && g[i].type != ARG_NONE; i++)
        if (scenario_is_returns(&g[i]))
            st->c = SCENARIO_ANY;
}

void scenario_forget_expectations(struct scenario *s)
{
    s->expect = VERDICT_CLEAN;
    for (unsigned i = 0; i < s->count;) {
        if (scenario_is_expectation(s->statement[i].op)) {
            scenario_delete(s, i, 1);
            continue;
        }
        forget_returns(&s->statement[i++]);
    }
}
