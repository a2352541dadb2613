/*
 * unwind.h - from the frame of a function to that of its caller.
 *
 * Compilers describe every frame of x86-64 and aarch64 in .eh_frame, also in
 * the parts of the C library in which threads block and which keep no frame
 * pointer. Code without a description is taken to keep one.
 *
 * source     DWARF 4, section 6.4; Linux Standard Base, section on .eh_frame
 */
#ifndef FUZZ_LINUX_UNWIND_H
#define FUZZ_LINUX_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

#define UNWIND_REGISTERS 33     /* by their DWARF numbers                   */

/* How a machine numbers its registers. */
struct unwind_machine {
    unsigned stack_pointer;
    unsigned frame_pointer;
    uint64_t code_mask;         /* of a return address                      */
};

struct unwind_frame {
    uint64_t code;              /* where it stands                          */
    uint64_t reg[UNWIND_REGISTERS];
    bool     exact;             /* code is the next instruction, not the one
                                   after a call                             */
};

/* Read a word of the process; false if there is none. */
typedef bool unwind_read(uint64_t address, uint64_t *word, void *arg);

/*
 * Go to the caller's frame.
 *
 *   image     of the frame's code; NULL: unknown
 *   bias      what the loader has added to the image's addresses
 *   returns   false at the outermost frame, or if there is no way on
 */
bool unwind_step(struct unwind_frame *f, const struct unwind_machine *machine,
                 const struct image *image, uint64_t bias, unwind_read *read,
                 void *arg);

#endif
