/*
 * fiber.h - stacks, and switching from one to another.
 *
 * All stacks lie in one mapping, at the same address in every process, with
 * a guard page under each. A fiber that is left in the middle is simply
 * opened again: its frames are never unwound.
 *
 * threads    one OS thread
 * source     the System V ABI for x86-64: what a callee must preserve
 */
#ifndef FUZZ_SIM_FIBER_H
#define FUZZ_SIM_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIBER_SLOTS 32
#define FIBER_STACK_SIZE (256u * 1024)

/* Where a fiber stands while it does not run. */
struct fiber {
    void       *stack_pointer;  /* first: the switch reads it by address     */
    void       *fake_stack;     /* the three below: for AddressSanitizer     */
    const void *stack_low;
    size_t      stack_size;
};

/*
 * Prepare slot's stack so that the next switch to f calls entry, which must
 * not return.
 */
void fiber_open(struct fiber *f, unsigned slot, void (*entry)(void));

/* Save the caller in from and go on where to was saved. */
void fiber_switch(struct fiber *from, struct fiber *to);

/* The bytes of slot's stack that a fiber which does not run has in use. */
const uint8_t *fiber_used(const struct fiber *f, unsigned slot, size_t *size);

/* The end of the stack that holds an address; NULL if none does. */
const void *fiber_stack_end(const void *address);

#endif
