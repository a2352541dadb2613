/*
 * asked.c - see asked.h.
 */
#include "asked.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../loop/check.h"
#include "../loop/os.h"

void asked_print(void)
{
    char line[32];
    int size = snprintf(line, sizeof line, "asked %" PRIu64 "\n", os_now());
    ssize_t written = write(STDOUT_FILENO, line, (size_t)size);
    LOOP_ASSERT(written == size);
}

void asked_take(void *asked, const char *line)
{
    uint64_t at;
    if (sscanf(line, "asked %" SCNu64, &at) == 1)
        *(uint64_t *)asked = at;
}
