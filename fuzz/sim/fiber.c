#include "fiber.h"

#include <sys/mman.h>

#include "machine.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#endif

#define STACKS_BASE 0x200020000000u
#define GUARD_SIZE 4096u
#define SLOT_SIZE (FIBER_STACK_SIZE + GUARD_SIZE)

/*
 * Tops at the same offset in every stack would share a few cache sets, and
 * each switch would evict the frame it comes back to.
 */
#define TOP_STEP 1088u

static bool mapped;
static void (*fiber_entry)(void);

static uint8_t *slot_low(unsigned slot)
{
    return (uint8_t *)(uintptr_t)STACKS_BASE + (size_t)slot * SLOT_SIZE +
           GUARD_SIZE;
}

static uint8_t *slot_top(unsigned slot)
{
    return slot_low(slot) + FIBER_STACK_SIZE - slot * TOP_STEP;
}

static void map_stacks(void)
{
    void *base = machine_map(STACKS_BASE, (size_t)FIBER_SLOTS * SLOT_SIZE);
    for (unsigned slot = 0; slot < FIBER_SLOTS; slot++) {
        int result = mprotect((uint8_t *)base + (size_t)slot * SLOT_SIZE,
                              GUARD_SIZE, PROT_NONE);
        MACHINE_ASSERT(result == 0);
    }
    mapped = true;
}

/*
 * The callee-saved registers go to the stack and the stack pointer to
 * *(void **)rdi. The way back is a jump to the popped address: a return
 * would be predicted from the calls of the fiber that was left.
 */
__asm__(".text\n"
        ".p2align 4\n"
        ".type fiber_swap, @function\n"
        "fiber_swap:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq (%rsi), %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    popq %rdx\n"
        "    jmp *%rdx\n"
        ".size fiber_swap, . - fiber_swap\n");

#ifdef FIBER_ASAN

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

void fiber_swap(struct fiber *from, struct fiber *to)
    __asm__("fiber_swap");

static struct fiber *left;

static void arrived(struct fiber *here)
{
    __sanitizer_finish_switch_fiber(here == NULL ? NULL : here->fake_stack,
                                    &left->stack_low, &left->stack_size);
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
    left = from;
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack_low,
                                   to->stack_size);
    fiber_swap(from, to);
    arrived(from);
}

/* What abandoned frames have poisoned would be held against new ones. */
static void forget_frames(unsigned slot)
{
    ASAN_UNPOISON_MEMORY_REGION(slot_low(slot), FIBER_STACK_SIZE);
}

static void first_frame(void)
{
    arrived(NULL);
    fiber_entry();
}

#else

__asm__(".globl fiber_switch\n"
        ".set fiber_switch, fiber_swap\n");

static void forget_frames(unsigned slot)
{
    (void)slot;
}

static void first_frame(void)
{
    fiber_entry();
}

#endif

void fiber_open(struct fiber *f, unsigned slot, void (*entry)(void))
{
    MACHINE_ASSERT(slot < FIBER_SLOTS);
    if (!mapped)
        map_stacks();
    forget_frames(slot);
    fiber_entry = entry;

    /* From the top: the return address of the first frame, which ends a
     * walk of the frames; where to jump; rbp and five more registers. The
     * stack is then aligned as after a call. */
    uintptr_t *top = (uintptr_t *)(void *)slot_top(slot);
    top[-1] = 0;
    top[-2] = (uintptr_t)first_frame;
    for (int i = -8; i < -2; i++)
        top[i] = 0;
    f->stack_pointer = top - 8;
    f->stack_low = slot_low(slot);
    f->stack_size = FIBER_STACK_SIZE;
}

const uint8_t *fiber_used(const struct fiber *f, unsigned slot, size_t *size)
{
    const uint8_t *low = f->stack_pointer;
    *size = (size_t)(slot_top(slot) - low);
    return low;
}

const void *fiber_stack_end(const void *address)
{
    uintptr_t offset = (uintptr_t)address - STACKS_BASE;
    if (offset >= (uintptr_t)FIBER_SLOTS * SLOT_SIZE)
        return NULL;
    return slot_top((unsigned)(offset / SLOT_SIZE));
}
