/*
 * interrupt.c - interrupts, and the other things that the watchdog's tests
 * ask of the calling process.
 */
#include "../child.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
#define NUMBERS (sizeof numbers / sizeof *numbers)

static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned         listeners;
static struct sigaction before[NUMBERS];
static atomic_uint      interrupts;

static void on_interrupt(int number)
{
    (void)number;
    atomic_fetch_add(&interrupts, 1);
}

/* What is ignored, as under nohup, stays so. */
static void listen(void)
{
    struct sigaction action = { .sa_handler = on_interrupt };
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

unsigned child_interrupts_begin(void)
{
    pthread_mutex_lock(&lock);
    if (listeners++ == 0)
        listen();
    unsigned count = atomic_load(&interrupts);
    pthread_mutex_unlock(&lock);
    return count;
}

unsigned child_interrupts(void)
{
    return atomic_load(&interrupts);
}

void child_interrupts_end(void)
{
    pthread_mutex_lock(&lock);
    if (--listeners == 0) {
        for (size_t i = 0; i < NUMBERS; i++)
            sigaction(numbers[i], &before[i], NULL);
    }
    pthread_mutex_unlock(&lock);
}

unsigned child_count_handles(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

bool child_is_left(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

uint64_t child_self(void)
{
    return (uint64_t)getpid();
}

unsigned child_processors(void)
{
    return (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}
