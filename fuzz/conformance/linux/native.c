/*
 * native.c - the parts of rules that this folder has.
 */
#include "native_linux.h"

rule_fn *native_find(const char *id)
{
    rule_fn *found = native_in(natives_handle, id);
    return found ? found : native_in(natives_end, id);
}
