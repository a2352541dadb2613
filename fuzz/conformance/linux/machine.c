/*
 * machine.c - which platform of Linux this is, and when its threads sleep.
 */
#include "../process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOKS_MAX 5000
#define LOOK_NS 1000000

/* The programs differ in the port that they are linked with, and are named
 * after it. */
enum column column_here(const char *program)
{
    return strstr(program, "io_uring") ? COLUMN_IO_URING : COLUMN_LINUX;
}

/* The state follows the name, which may have brackets of its own. */
static char state_of(const char *task)
{
    char path[300], text[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", task);
    FILE *in = fopen(path, "r");
    if (!in)
        return 'X';
    size_t size = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[size] = '\0';
    const char *end = strrchr(text, ')');
    return end && end[1] ? end[2] : 'X';
}

static bool others_sleep(void)
{
    bool asleep = true;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return false;
    struct dirent *task;
    while ((task = readdir(tasks)) != NULL)
        if (task->d_name[0] != '.' && atoi(task->d_name) != gettid() &&
            strchr("RD", state_of(task->d_name)))
            asleep = false;
    closedir(tasks);
    return asleep;
}

/* A thread that waits for a lock sleeps as well, but then the one that has
 * it does not: two looks in a row are enough. */
void settle(void)
{
    int quiet = 0;
    for (int i = 0; i < LOOKS_MAX && quiet < 2; i++) {
        quiet = others_sleep() ? quiet + 1 : 0;
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
    }
}
