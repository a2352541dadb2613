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

/* How a task stands: whether it sleeps, and how often it has left a processor
 * so far. */
struct task_state {
    bool     asleep;
    uint64_t switches;
};

/* The number after a name in a text of lines; 0 if there is none. */
static uint64_t number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static struct task_state state_of(const char *task)
{
    char path[64], text[4096];
    struct task_state state = { .asleep = true };
    snprintf(path, sizeof path, "/proc/self/task/%.16s/status", task);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return state;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *letter = strstr(text, "\nState:\t");
    if (letter)
        state.asleep = letter[8] != 'R' && letter[8] != 'D';
    state.switches = number_after(text, "\nvoluntary_ctxt_switches:") +
                     number_after(text, "\nnonvoluntary_ctxt_switches:");
    return state;
}

/* Each task but the caller's: do all sleep, and their switches in all? */
static struct task_state state_of_all(void)
{
    struct task_state all = { .asleep = true };
    char self[16];
    snprintf(self, sizeof self, "%d", (int)gettid());
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return all;
    for (struct dirent *e = readdir(tasks); all.asleep && e;
         e = readdir(tasks))
        if (e->d_name[0] != '.' && strcmp(e->d_name, self) != 0) {
            struct task_state state = state_of(e->d_name);
            all.asleep = state.asleep;
            all.switches += state.switches;
        }
    closedir(tasks);
    return all;
}

/* One is looked at after another: meanwhile the first may be woken by the
 * last, which then sleeps. So they are looked at twice, and none may have run
 * in between. */
bool system_all_asleep(void)
{
    struct task_state before = state_of_all();
    if (!before.asleep)
        return false;
    struct task_state after = state_of_all();
    return after.asleep && after.switches == before.switches;
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
