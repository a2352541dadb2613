/*
 * native.c - the parts of rules that this folder has.
 */
#include "raw.h"

static const struct native *const lists[] = {
    natives_port,   natives_op,   natives_cancel, natives_close,
    natives_socket, natives_pipe, natives_time,   natives_end,
};

rule_fn *native_find(const char *id)
{
    rule_fn *found = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && !found; i++)
        found = native_in(lists[i], id);
    return found;
}
