#include "unwind.h"

#include "frame_rules.h"

struct walk {
    const struct unwind_machine *machine;
    unwind_read                 *read;
    void                        *arg;
};

static bool apply(const struct walk *w, const struct rule *rule,
                  const uint64_t *reg, uint64_t cfa, uint64_t *out)
{
    uint64_t at = cfa + (uint64_t)rule->value;
    switch (rule->how) {
    case HOW_SAME:
    case HOW_UNDEFINED:
        return true;
    case HOW_AT_OFFSET:
        return w->read(at, out, w->arg);
    case HOW_OFFSET:
        *out = at;
        return true;
    case HOW_REGISTER:
        if ((uint64_t)rule->value >= UNWIND_REGISTERS)
            return false;
        *out = reg[rule->value];
        return true;
    case HOW_AT_EXPRESSION:
        return dwarf_evaluate(rule->expression, &cfa, reg, w->read, w->arg,
                              &at) && w->read(at, out, w->arg);
    case HOW_EXPRESSION:
        return dwarf_evaluate(rule->expression, &cfa, reg, w->read, w->arg,
                              out);
    }
    return false;
}

static bool find_cfa(const struct walk *w, const struct frame_rules *rules,
                     const uint64_t *reg, uint64_t *cfa)
{
    if (rules->cfa_is_expression)
        return dwarf_evaluate(rules->cfa_expression, NULL, reg, w->read,
                              w->arg, cfa);
    if (rules->cfa_register >= UNWIND_REGISTERS)
        return false;
    *cfa = reg[rules->cfa_register] + (uint64_t)rules->cfa_offset;
    return true;
}

static bool step_by_rules(struct unwind_frame *f, const struct walk *w,
                          const struct frame_rules *rules)
{
    uint64_t cfa;
    if (!find_cfa(w, rules, f->reg, &cfa))
        return false;
    struct unwind_frame caller = *f;
    caller.reg[w->machine->stack_pointer] = cfa;
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
        if (!apply(w, &rules->reg[i], f->reg, cfa, &caller.reg[i]))
            return false;
    }
    if (rules->reg[rules->return_register].how == HOW_UNDEFINED)
        return false;
    caller.code = caller.reg[rules->return_register];
    caller.exact = rules->signal;
    *f = caller;
    return true;
}

/* Both machines put the caller's frame pointer and the return address side
 * by side. */
static bool step_by_frame_pointer(struct unwind_frame *f,
                                  const struct walk *w)
{
    uint64_t *frame = &f->reg[w->machine->frame_pointer];
    uint64_t at = *frame;
    uint64_t above;
    if (at == 0 || at % 8 != 0 || !w->read(at, &above, w->arg) ||
        !w->read(at + 8, &f->code, w->arg) || (above != 0 && above <= at))
        return false;
    *frame = above;
    f->reg[w->machine->stack_pointer] = at + 16;
    f->exact = false;
    return true;
}

bool unwind_step(struct unwind_frame *f, const struct unwind_machine *machine,
                 const struct image *image, uint64_t bias, unwind_read *read,
                 void *arg)
{
    struct walk w = { machine, read, arg };
    struct frame_rules rules;
    uint64_t address = f->code - bias - !f->exact;
    uint64_t stack = f->reg[machine->stack_pointer];
    bool found = image != NULL && frame_rules_find(&rules, image, address);
    bool stepped = found ? step_by_rules(f, &w, &rules)
                         : step_by_frame_pointer(f, &w);
    f->code &= machine->code_mask;
    /* A stack that does not shrink leads in circles; the first frame of a
     * machine that returns by a register may be empty. */
    return stepped && f->code != 0 &&
           f->reg[machine->stack_pointer] >= stack;
}
