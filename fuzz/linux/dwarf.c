#include "dwarf.h"

#define STACK_MAX 16

/* Encodings of pointers. */
#define FORMAT_MASK   0x0f
#define RELATIVE_MASK 0x70
#define RELATIVE_HERE 0x10

void cursor_skip(struct cursor *c, uint64_t size)
{
    if (c->bad || size > (uint64_t)(c->end - c->at)) {
        c->bad = true;
        return;
    }
    c->at += size;
    c->address += size;
}

uint64_t cursor_number(struct cursor *c, unsigned size)
{
    uint64_t number = 0;
    const uint8_t *bytes = c->at;
    cursor_skip(c, size);
    if (c->bad)
        return 0;
    for (unsigned i = 0; i < size; i++)
        number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

int64_t cursor_signed(struct cursor *c, unsigned size)
{
    unsigned unused = 64 - 8 * size;
    return (int64_t)(cursor_number(c, size) << unused) >> unused;
}

static uint64_t leb(struct cursor *c, bool is_signed)
{
    uint64_t number = 0;
    unsigned shift = 0;
    uint8_t byte = 0;
    do {
        byte = (uint8_t)cursor_number(c, 1);
        if (shift < 64)
            number |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (is_signed && shift < 64 && (byte & 0x40))
        number |= ~UINT64_C(0) << shift;
    return number;
}

uint64_t cursor_uleb(struct cursor *c)
{
    return leb(c, false);
}

int64_t cursor_sleb(struct cursor *c)
{
    return (int64_t)leb(c, true);
}

uint64_t cursor_pointer(struct cursor *c, uint8_t encoding)
{
    uint64_t base = 0;
    if ((encoding & RELATIVE_MASK) == RELATIVE_HERE)
        base = c->address;
    else if ((encoding & RELATIVE_MASK) != 0)
        c->bad = true;
    switch (encoding & FORMAT_MASK) {
    case 0x00:
    case 0x04:
    case 0x0c:
        return base + cursor_number(c, 8);
    case 0x01:
        return base + cursor_uleb(c);
    case 0x02:
        return base + cursor_number(c, 2);
    case 0x03:
        return base + cursor_number(c, 4);
    case 0x09:
        return base + (uint64_t)cursor_sleb(c);
    case 0x0a:
        return base + (uint64_t)cursor_signed(c, 2);
    case 0x0b:
        return base + (uint64_t)cursor_signed(c, 4);
    default:
        c->bad = true;
        return 0;
    }
}

/* Expressions. */

struct machine {
    struct cursor   code;
    const uint64_t *reg;
    unwind_read    *read;
    void           *arg;
    uint64_t        stack[STACK_MAX];
    unsigned        depth;
    bool            bad;
};

static void push(struct machine *m, uint64_t word)
{
    if (m->depth < STACK_MAX)
        m->stack[m->depth++] = word;
    else
        m->bad = true;
}

static uint64_t pop(struct machine *m)
{
    if (m->depth > 0)
        return m->stack[--m->depth];
    m->bad = true;
    return 0;
}

static void push_register(struct machine *m, uint64_t number, int64_t offset)
{
    if (number < UNWIND_REGISTERS)
        push(m, m->reg[number] + (uint64_t)offset);
    else
        m->bad = true;
}

static void load(struct machine *m)
{
    uint64_t word = 0;
    if (!m->read(pop(m), &word, m->arg))
        m->bad = true;
    push(m, word);
}

/* What takes the two upper words and leaves one; false: something else. */
static bool combine(struct machine *m, uint8_t operation)
{
    if (operation < 0x1a || operation > 0x2e || operation == 0x1f ||
        operation == 0x20 || operation == 0x23 || operation == 0x28)
        return false;
    uint64_t b = pop(m);
    uint64_t a = pop(m);
    int64_t left = (int64_t)a;
    int64_t right = (int64_t)b;
    switch (operation) {
    case 0x1a: push(m, a & b); return true;
    case 0x1c: push(m, a - b); return true;
    case 0x1e: push(m, a * b); return true;
    case 0x21: push(m, a | b); return true;
    case 0x22: push(m, a + b); return true;
    case 0x24: push(m, b < 64 ? a << b : 0); return true;
    case 0x25: push(m, b < 64 ? a >> b : 0); return true;
    case 0x27: push(m, a ^ b); return true;
    case 0x29: push(m, a == b); return true;
    case 0x2a: push(m, left >= right); return true;
    case 0x2b: push(m, left > right); return true;
    case 0x2c: push(m, left <= right); return true;
    case 0x2d: push(m, left < right); return true;
    case 0x2e: push(m, a != b); return true;
    default:   return false;
    }
}

static void push_constant(struct machine *m, uint8_t operation)
{
    unsigned size = 1u << (operation - 0x08) / 2;
    if (operation % 2 == 0)
        push(m, cursor_number(&m->code, size));
    else
        push(m, (uint64_t)cursor_signed(&m->code, size));
}

static void evaluate_one(struct machine *m)
{
    uint8_t operation = (uint8_t)cursor_number(&m->code, 1);
    if (combine(m, operation))
        return;
    if (operation >= 0x30 && operation <= 0x4f)
        push(m, operation - 0x30u);
    else if (operation >= 0x70 && operation <= 0x8f)
        push_register(m, operation - 0x70u, cursor_sleb(&m->code));
    else if (operation >= 0x08 && operation <= 0x0f)
        push_constant(m, operation);
    else if (operation == 0x06)
        load(m);
    else if (operation == 0x10)
        push(m, cursor_uleb(&m->code));
    else if (operation == 0x11)
        push(m, (uint64_t)cursor_sleb(&m->code));
    else if (operation == 0x23)
        push(m, pop(m) + cursor_uleb(&m->code));
    else if (operation != 0x96)
        m->bad = true;
}

bool dwarf_evaluate(struct cursor expression, const uint64_t *first,
                    const uint64_t reg[UNWIND_REGISTERS], unwind_read *read,
                    void *arg, uint64_t *out)
{
    struct machine m = { .code = expression, .reg = reg, .read = read,
                         .arg = arg };
    if (first != NULL)
        push(&m, *first);
    while (!m.bad && !m.code.bad && m.code.at < m.code.end)
        evaluate_one(&m);
    *out = pop(&m);
    return !m.bad && !m.code.bad;
}
