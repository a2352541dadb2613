/*
 * child_parts.h - what the files of a child share on Linux.
 */
#ifndef FUZZ_LINUX_CHILD_PARTS_H
#define FUZZ_LINUX_CHILD_PARTS_H

#include "../child.h"

#include <sys/types.h>

/* One thread at the last look. */
struct child_task {
    pid_t    id;
    uint64_t ran_ns;
    uint64_t waited_ns;     /* ready, before it ran                         */
    uint64_t turns;
    bool     ready;         /* or waiting for a disk, then                  */
};

#define CHILD_TASKS_MAX 256 /* threads beyond are not accounted for         */

struct child {
    pid_t                id;
    int                  handle;                /* pidfd; -1 on old kernels */
    int                  stream[CHILD_STREAMS]; /* -1: nobody writes more   */
    int                  requests;
    struct witness_page *page;
    uint64_t             looked_ns;
    unsigned             processors;            /* that it may run on       */
    unsigned             task_count;
    struct child_task    task[CHILD_TASKS_MAX];
};

#endif
