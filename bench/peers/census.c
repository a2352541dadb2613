/*
 * census.c - see census.h.
 */
#include "census.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "../heap.h"

#define SETTLE_MAX UINT64_C(2000000000)

/* The folder that is read is a descriptor too, before and after. */
static long entries(const char *path)
{
    long count = 0;
    DIR *folder = opendir(path);
    LOOP_ASSERT(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder))
        count += e->d_name[0] != '.';
    closedir(folder);
    return count;
}

void census_take(struct census *c)
{
    c->memory = (long)heap_use().bytes;
    c->descriptors = entries("/proc/self/fd");
    c->threads = entries("/proc/self/task");
}

/* The state comes after the name, which may have any character in it. One
 * that is gone meanwhile is not awake. */
static bool is_awake(const char *thread)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    const char *end = strrchr(text, ')');
    return end && strncmp(end, ") S", 3) != 0;
}

static bool all_asleep(void)
{
    bool asleep = true;
    DIR *folder = opendir("/proc/self/task");
    LOOP_ASSERT(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder))
        if (e->d_name[0] != '.' && atol(e->d_name) != getpid() &&
            is_awake(e->d_name))
            asleep = false;
    closedir(folder);
    return asleep;
}

/* Twice in a row: one that wakes another and goes to sleep is seen between. */
void census_settle(void)
{
    uint64_t until = os_now() + SETTLE_MAX;
    int looks = 0;
    while (looks < 2 && os_now() < until) {
        looks = all_asleep() ? looks + 1 : 0;
        os_pause();
    }
}
