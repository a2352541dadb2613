/*
 * native.c - the look-up of a platform's own parts.
 */
#include "native.h"

#include <stddef.h>
#include <string.h>

rule_fn *native_in(const struct native *list, const char *id)
{
    for (; list->id; list++)
        if (!strcmp(list->id, id))
            return list->test;
    return NULL;
}
