#include "frame_rules.h"

#include <string.h>

#define REMEMBER_MAX 8
#define TABLE_HEADER 12         /* bytes of .eh_frame_hdr before its rows   */
#define ENTRY        8

/* A function's description, and the part it shares with others. */
struct description {
    uint64_t      begin;
    uint64_t      size;
    struct cursor program;
    struct cursor common;       /* program of the shared part               */
    uint64_t      code_unit;
    int64_t       data_unit;
    uint64_t      return_register;
    uint8_t       pointers;
    bool          augmented;
    bool          signal;
};

static struct cursor cursor_at(const struct image *image, uint64_t address)
{
    struct cursor c = { .address = address };
    size_t size = 0;
    c.at = image_bytes(image, address, &size);
    c.end = c.at != NULL ? c.at + size : NULL;
    c.bad = c.at == NULL;
    return c;
}

/* A block that begins with its length, which ends the cursor; the 64-bit
 * form, which compilers do not emit, is bad. */
static struct cursor block_at(const struct image *image, uint64_t address)
{
    struct cursor c = cursor_at(image, address);
    uint64_t size = cursor_number(&c, 4);
    if (size == 0 || size == UINT32_MAX ||
        size > (uint64_t)(c.end - c.at))
        c.bad = true;
    else
        c.end = c.at + size;
    return c;
}

/* Find the block for an address by the sorted table that the linker makes;
 * the only form of it that linkers write is 0x3b, 32 bits from its start. */
static uint64_t find_block(const struct image *image, uint64_t address)
{
    uint64_t table = image_frame_table(image);
    struct cursor c = cursor_at(image, table);
    if (table == 0 || cursor_number(&c, 1) != 1)
        return 0;
    cursor_skip(&c, 1);
    bool known = cursor_number(&c, 1) == 0x03 && cursor_number(&c, 1) == 0x3b;
    cursor_skip(&c, 4);
    uint64_t high = cursor_number(&c, 4);
    if (c.bad || !known || high > (uint64_t)(c.end - c.at) / ENTRY)
        return 0;
    uint64_t low = 0;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct cursor row = cursor_at(image, table + TABLE_HEADER +
                                                 middle * ENTRY);
        if (table + (uint64_t)cursor_signed(&row, 4) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    struct cursor row = cursor_at(image, table + TABLE_HEADER +
                                             (low - 1) * ENTRY + 4);
    return table + (uint64_t)cursor_signed(&row, 4);
}

static void read_augmentation(struct description *d, struct cursor *c,
                              const char *letters)
{
    for (; *letters != '\0' && !c->bad; letters++) {
        if (*letters == 'R')
            d->pointers = (uint8_t)cursor_number(c, 1);
        else if (*letters == 'L')
            cursor_skip(c, 1);
        else if (*letters == 'P')
            cursor_pointer(c, (uint8_t)(cursor_number(c, 1) & 0x7f));
        else if (*letters == 'S')
            d->signal = true;
        else if (*letters != 'B')
            c->bad = true;
    }
}

static bool read_common(struct description *d, const struct image *image,
                        uint64_t address)
{
    struct cursor c = block_at(image, address);
    uint64_t id = cursor_number(&c, 4);
    uint64_t version = cursor_number(&c, 1);
    const char *letters = (const char *)c.at;
    if (c.bad || id != 0 ||
        memchr(letters, '\0', (size_t)(c.end - c.at)) == NULL)
        return false;
    cursor_skip(&c, strlen(letters) + 1);
    d->code_unit = cursor_uleb(&c);
    d->data_unit = cursor_sleb(&c);
    d->return_register = version == 1 ? cursor_number(&c, 1)
                                      : cursor_uleb(&c);
    d->augmented = *letters == 'z';
    if (d->augmented) {
        uint64_t size = cursor_uleb(&c);
        struct cursor data = c;
        read_augmentation(d, &data, letters + 1);
        c.bad |= data.bad;
        cursor_skip(&c, size);
    } else if (*letters != '\0') {
        return false;
    }
    d->common = c;
    return !c.bad && d->return_register < UNWIND_REGISTERS;
}

static bool find_description(struct description *d, const struct image *image,
                             uint64_t address)
{
    uint64_t block = find_block(image, address);
    if (block == 0)
        return false;
    struct cursor c = block_at(image, block);
    uint64_t here = c.address;
    uint64_t back = cursor_number(&c, 4);
    *d = (struct description){ 0 };
    if (c.bad || back == 0 || !read_common(d, image, here - back))
        return false;
    d->begin = cursor_pointer(&c, d->pointers);
    d->size = cursor_pointer(&c, d->pointers & 0x0f);
    if (d->augmented)
        cursor_skip(&c, cursor_uleb(&c));
    d->program = c;
    return !c.bad && address - d->begin < d->size;
}

/* The programs that build the rules. */

struct builder {
    const struct description *d;
    struct cursor             code;
    uint64_t                  location;
    struct frame_rules       *rules;
    const struct frame_rules *initial;
    struct frame_rules        remembered[REMEMBER_MAX];
    unsigned                  depth;
};

static void set_rule(struct builder *b, uint64_t number, enum how how,
                     int64_t value)
{
    if (number < UNWIND_REGISTERS)
        b->rules->reg[number] = (struct rule){ .how = how, .value = value };
}

static struct cursor take_expression(struct builder *b)
{
    uint64_t size = cursor_uleb(&b->code);
    struct cursor expression = b->code;
    cursor_skip(&b->code, size);
    expression.end = b->code.at;
    return expression;
}

static void set_expression(struct builder *b, enum how how)
{
    uint64_t number = cursor_uleb(&b->code);
    struct cursor expression = take_expression(b);
    if (number < UNWIND_REGISTERS)
        b->rules->reg[number] = (struct rule){ .how = how,
                                             .expression = expression };
}

static void restore_rule(struct builder *b, uint64_t number)
{
    if (number < UNWIND_REGISTERS)
        b->rules->reg[number] = b->initial != NULL ? b->initial->reg[number]
                                                 : (struct rule){ 0 };
}

static void remember(struct builder *b)
{
    if (b->depth < REMEMBER_MAX)
        b->remembered[b->depth++] = *b->rules;
    else
        b->code.bad = true;
}

static void recall(struct builder *b)
{
    if (b->depth > 0)
        *b->rules = b->remembered[--b->depth];
    else
        b->code.bad = true;
}

static void set_cfa(struct builder *b, uint64_t number, int64_t offset)
{
    b->rules->cfa_is_expression = false;
    b->rules->cfa_register = number;
    b->rules->cfa_offset = offset;
}

/* One operand: a register in the instruction or behind it, an offset in data
 * units. */
static int64_t scaled(struct builder *b)
{
    return (int64_t)cursor_uleb(&b->code) * b->d->data_unit;
}

static int64_t scaled_signed(struct builder *b)
{
    return cursor_sleb(&b->code) * b->d->data_unit;
}

/* A switch over the instructions of the standard, in its order. */
static void build_extended(struct builder *b, uint8_t instruction)
{
    struct cursor *c = &b->code;
    uint64_t number;
    switch (instruction) {
    case 0x00:                              /* nop                          */
        break;
    case 0x01:                              /* set_loc                      */
        b->location = cursor_pointer(c, b->d->pointers);
        break;
    case 0x02:                              /* advance_loc1, 2, 4           */
    case 0x03:
    case 0x04:
        b->location += cursor_number(c, 1u << (instruction - 2)) *
                       b->d->code_unit;
        break;
    case 0x05:                              /* offset_extended              */
        number = cursor_uleb(c);
        set_rule(b, number, HOW_AT_OFFSET, scaled(b));
        break;
    case 0x06:                              /* restore_extended             */
        restore_rule(b, cursor_uleb(c));
        break;
    case 0x07:                              /* undefined                    */
        set_rule(b, cursor_uleb(c), HOW_UNDEFINED, 0);
        break;
    case 0x08:                              /* same_value                   */
        set_rule(b, cursor_uleb(c), HOW_SAME, 0);
        break;
    case 0x09:                              /* register                     */
        number = cursor_uleb(c);
        set_rule(b, number, HOW_REGISTER, (int64_t)cursor_uleb(c));
        break;
    case 0x0a:                              /* remember_state               */
        remember(b);
        break;
    case 0x0b:                              /* restore_state                */
        recall(b);
        break;
    case 0x0c:                              /* def_cfa                      */
        number = cursor_uleb(c);
        set_cfa(b, number, (int64_t)cursor_uleb(c));
        break;
    case 0x0d:                              /* def_cfa_register             */
        set_cfa(b, cursor_uleb(c), b->rules->cfa_offset);
        break;
    case 0x0e:                              /* def_cfa_offset               */
        b->rules->cfa_offset = (int64_t)cursor_uleb(c);
        break;
    case 0x0f:                              /* def_cfa_expression           */
        b->rules->cfa_expression = take_expression(b);
        b->rules->cfa_is_expression = true;
        break;
    case 0x10:                              /* expression                   */
        set_expression(b, HOW_AT_EXPRESSION);
        break;
    case 0x11:                              /* offset_extended_sf           */
        number = cursor_uleb(c);
        set_rule(b, number, HOW_AT_OFFSET, scaled_signed(b));
        break;
    case 0x12:                              /* def_cfa_sf                   */
        number = cursor_uleb(c);
        set_cfa(b, number, scaled_signed(b));
        break;
    case 0x13:                              /* def_cfa_offset_sf            */
        b->rules->cfa_offset = scaled_signed(b);
        break;
    case 0x14:                              /* val_offset                   */
        number = cursor_uleb(c);
        set_rule(b, number, HOW_OFFSET, scaled(b));
        break;
    case 0x15:                              /* val_offset_sf                */
        number = cursor_uleb(c);
        set_rule(b, number, HOW_OFFSET, scaled_signed(b));
        break;
    case 0x16:                              /* val_expression               */
        set_expression(b, HOW_EXPRESSION);
        break;
    case 0x2d:                              /* aarch64: the return address is
                                               signed from here on, which the
                                               code mask takes off          */
        break;
    case 0x2e:                              /* GNU_args_size                */
        cursor_uleb(c);
        break;
    default:
        c->bad = true;
        break;
    }
}

/* Run a program up to the rules that hold at an address. */
static bool build(struct builder *b, uint64_t address)
{
    while (b->code.at < b->code.end && !b->code.bad) {
        uint8_t instruction = (uint8_t)cursor_number(&b->code, 1);
        uint8_t low = instruction & 0x3f;
        switch (instruction & 0xc0) {
        case 0x40:                          /* advance_loc                  */
            b->location += low * b->d->code_unit;
            break;
        case 0x80:                          /* offset                       */
            set_rule(b, low, HOW_AT_OFFSET, scaled(b));
            break;
        case 0xc0:                          /* restore                      */
            restore_rule(b, low);
            break;
        default:
            build_extended(b, instruction);
            break;
        }
        if (b->location > address)
            break;
    }
    return !b->code.bad;
}

bool frame_rules_find(struct frame_rules *rules, const struct image *image,
                      uint64_t address)
{
    struct description d;
    struct frame_rules initial = { 0 };
    struct builder b = { .d = &d, .rules = &initial };
    if (!find_description(&d, image, address))
        return false;
    b.code = d.common;
    if (!build(&b, address))
        return false;
    *rules = initial;
    b.code = d.program;
    b.location = d.begin;
    b.rules = rules;
    b.initial = &initial;
    b.depth = 0;
    rules->return_register = d.return_register;
    rules->signal = d.signal;
    return build(&b, address);
}
