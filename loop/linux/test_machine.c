/*
 * test_machine.c - what tests ask of Linux: /proc, and signals as console
 * events.
 */
#include "../test_machine.h"

#include <dirent.h>
#include <signal.h>

/* How many entries a folder of the system has; 0 if there is no such. */
static int count_entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

int test_machine_handles(void)
{
    return count_entries("/proc/self/fd");
}

int test_machine_threads(void)
{
    return count_entries("/proc/self/task");
}

void test_machine_outlive_events(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

void test_machine_event(enum os_console_event what)
{
    raise(what == OS_CONSOLE_INTERRUPT ? SIGINT : SIGTERM);
}
