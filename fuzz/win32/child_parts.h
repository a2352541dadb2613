/*
 * child_parts.h - what the files of a child share on Windows.
 */
#ifndef FUZZ_WIN32_CHILD_PARTS_H
#define FUZZ_WIN32_CHILD_PARTS_H

#include <windows.h>

#include "../child.h"

/* One thread at the last look. */
struct child_task {
    DWORD    id;
    uint64_t ran_ns;
};

#define CHILD_TASKS_MAX 256 /* threads beyond are not accounted for         */

struct child {
    DWORD                id;
    HANDLE               process;
    HANDLE               main_thread;
    HANDLE               job;
    HANDLE               stream[CHILD_STREAMS];
    HANDLE               requests;
    struct witness_page *page;
    uint64_t             looked_ns;
    uint64_t             idle_ns;       /* of the whole machine, then       */
    unsigned             task_count;
    struct child_task    task[CHILD_TASKS_MAX];
};

static inline uint64_t ns_of(FILETIME t)
{
    return ((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) * 100;
}

#endif
