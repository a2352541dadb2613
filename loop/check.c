/*
 * check.c - the end of a process whose code is wrong. A platform that wants
 * to survive it links its own loop_check_failed instead of this file.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

void loop_check_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    abort();
}
