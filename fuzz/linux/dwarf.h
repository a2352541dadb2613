/*
 * dwarf.h - the numbers of DWARF: a cursor over encoded bytes, and the small
 * stack machine in which a few rules are written.
 *
 * A cursor that would leave its bytes turns bad and reads zeros from then on:
 * it is asked once, at the end.
 *
 * source     DWARF 4, sections 2.5 and 7.6; Linux Standard Base for pointers
 */
#ifndef FUZZ_LINUX_DWARF_H
#define FUZZ_LINUX_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t       address;     /* of `at`, in the image                    */
    bool           bad;
};

/* A number of 1 to 8 bytes, little-endian. */
uint64_t cursor_number(struct cursor *c, unsigned size);
int64_t  cursor_signed(struct cursor *c, unsigned size);

/* Numbers of variable length. */
uint64_t cursor_uleb(struct cursor *c);
int64_t  cursor_sleb(struct cursor *c);

/* A pointer in one of the encodings of .eh_frame: absolute, or relative to
 * where it stands. */
uint64_t cursor_pointer(struct cursor *c, uint8_t encoding);

void cursor_skip(struct cursor *c, uint64_t size);

/*
 * Evaluate an expression.
 *
 *   first     on the stack at the beginning, if there is one
 *   returns   false for what is not in here or cannot be read
 */
bool dwarf_evaluate(struct cursor expression, const uint64_t *first,
                    const uint64_t reg[UNWIND_REGISTERS], unwind_read *read,
                    void *arg, uint64_t *out);

#endif
