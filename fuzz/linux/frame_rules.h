/*
 * frame_rules.h - how the caller's registers are found from those of a
 * function that stands at an address.
 *
 * The CFA, the canonical frame address, is the caller's stack pointer before
 * its call; most rules count from there. They come from the image's
 * .eh_frame, where each function has a small program that says how they
 * change from address to address.
 *
 * source     DWARF 4, section 6.4; Linux Standard Base, section on .eh_frame
 */
#ifndef FUZZ_LINUX_FRAME_RULES_H
#define FUZZ_LINUX_FRAME_RULES_H

#include "dwarf.h"

/* How a register of the caller is found. */
enum how {
    HOW_SAME,
    HOW_UNDEFINED,
    HOW_AT_OFFSET,              /* in memory, value bytes from the CFA      */
    HOW_OFFSET,                 /* it is the CFA and value                  */
    HOW_REGISTER,               /* in register number value                 */
    HOW_AT_EXPRESSION,
    HOW_EXPRESSION,
};

struct rule {
    enum how      how;
    int64_t       value;
    struct cursor expression;
};

struct frame_rules {
    bool          cfa_is_expression;
    uint64_t      cfa_register;
    int64_t       cfa_offset;
    struct cursor cfa_expression;
    struct rule   reg[UNWIND_REGISTERS];
    uint64_t      return_register;
    bool          signal;       /* the frame of a signal handler's return   */
};

/*
 * Find the rules that hold at an address of an image.
 *
 *   returns   false if its function is not described, or in a way that no
 *             compiler uses
 */
bool frame_rules_find(struct frame_rules *rules, const struct image *image,
                      uint64_t address);

#endif
