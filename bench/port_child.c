/*
 * port_child.c - a process that measures one thing of the port that it is
 * linked with, says what it was and what drove the port, and ends.
 *
 * usage: lastcall-bench-port-PLATFORM MEASUREMENT MILLISECONDS
 *
 *   MEASUREMENT    burst wake stop socket pipe; engine: nothing is measured
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "port_answer.h"
#include "port_child.h"
#include "round.h"

#define MILLISECOND UINT64_C(1000000)

static const struct {
    const char         *name;
    port_child_measure *measure;
} measurements[] = {
    { "engine", NULL },
    { "burst", port_child_burst },
    { "wake", port_child_wake },
    { "stop", port_child_stop },
    { "socket", port_child_socket },
    { "pipe", port_child_pipe },
};

#define MEASUREMENTS (sizeof measurements / sizeof measurements[0])

static void answer(port_child_measure *measure, uint64_t length)
{
    struct port_answer answer;
    struct histogram seen;
    struct loop *l;
    bool opened = histogram_open(&seen, ROUND_HIGHEST);
    LOOP_ASSERT(opened);
    int failed = loop_create(&l, NULL);
    LOOP_ASSERT(!failed);

    port_answer_open(&answer, &seen);
    snprintf(answer.engine, sizeof answer.engine, "%s", engine_name(l));
    if (measure)
        answer.value = measure(l, length, &seen);
    port_answer_print(&answer, stdout);

    failed = loop_close(l);
    LOOP_ASSERT(!failed);
    loop_destroy(l);
    histogram_close(&seen);
}

int main(int argc, char **argv)
{
    unsigned long length = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    for (size_t i = 0; i < MEASUREMENTS && length > 0; i++) {
        if (strcmp(argv[1], measurements[i].name) != 0)
            continue;
        answer(measurements[i].measure, length * MILLISECOND);
        return 0;
    }
    fprintf(stderr, "usage: lastcall-bench-port-PLATFORM MEASUREMENT "
            "MILLISECONDS\n");
    return 2;
}
