/*
 * system.c - how Linux is asked to disturb a run, and what it tells of one.
 */
#include "../real/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../loop/os.h"

#define NANOSECONDS 1000000000u

uint64_t system_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

void system_yield(void)
{
    sched_yield();
}

void system_nap(uint64_t ns)
{
    struct timespec time = { .tv_sec = (time_t)(ns / NANOSECONDS),
                             .tv_nsec = (long)(ns % NANOSECONDS) };
    nanosleep(&time, NULL);
}

unsigned system_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

void system_pin(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned i = 0; i < system_processors(); i++)
        if (processor < 0 || (unsigned)processor == i)
            CPU_SET(i, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Nice values are a thread's own on Linux. Without a privilege they only go
 * up, so a thread that was slowed stays slow; threads live for one run. */
void system_slow(unsigned step)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), (int)(step > 19 ? 19 : step));
}

/* The letter after the name, which may hold anything but ends in the last
 * bracket. */
static char state_of(const char *task)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%.16s/stat", task);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 'X';
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *bracket = strrchr(text, ')');
    return bracket && bracket[1] == ' ' ? bracket[2] : 'X';
}

/* Each task but the caller's, until `each` says no; returns what it said. */
static bool every_task(bool (*each)(const char *task))
{
    char self[16];
    snprintf(self, sizeof self, "%d", (int)gettid());
    DIR *tasks = opendir("/proc/self/task");
    bool yes = true;
    if (!tasks)
        return true;
    for (struct dirent *e = readdir(tasks); yes && e; e = readdir(tasks))
        if (e->d_name[0] != '.' && strcmp(e->d_name, self) != 0)
            yes = each(e->d_name);
    closedir(tasks);
    return yes;
}

static bool is_asleep(const char *task)
{
    char state = state_of(task);
    return state != 'R' && state != 'D';
}

bool system_all_asleep(void)
{
    return every_task(is_asleep);
}

bool system_knows_sleepers(void)
{
    return true;
}

void system_console_begin(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

/* To the calling thread: a signal to the process may be merged with one that
 * another thread has just sent. */
bool system_console(int what)
{
    return raise(what == OS_CONSOLE_TERMINATE ? SIGTERM : SIGINT) == 0;
}

static unsigned count_entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;
    if (!folder)
        return 0;
    for (struct dirent *e = readdir(folder); e; e = readdir(folder))
        count += e->d_name[0] != '.';
    closedir(folder);
    return count;
}

unsigned system_handles(void)
{
    return count_entries("/proc/self/fd");
}

unsigned system_threads(void)
{
    return count_entries("/proc/self/task");
}

_Noreturn void system_end(int status)
{
    _exit(status);
}
