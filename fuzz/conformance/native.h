/*
 * native.h - how a platform's folder lists its own parts of rules.
 *
 * native_find is each platform's own, over one or more such lists.
 */
#ifndef FUZZ_CONFORMANCE_NATIVE_H
#define FUZZ_CONFORMANCE_NATIVE_H

#include "conformance.h"

struct native {
    const char *id;
    rule_fn    *test;
};

/* Find a rule in a list that ends with a NULL id; NULL if it is not there. */
rule_fn *native_in(const struct native *list, const char *id);

#endif
