#include "../witness_link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int       messages;
    int       requests;
    pthread_t thread;
    void    (*entry)(void);
} self = { .messages = -1, .requests = -1 };

/* A number may name something else when the variable was set for another
 * process: only memory of the right size that begins to be ours counts. */
static struct witness_page *map_page(int memory)
{
    struct stat status;
    if (fstat(memory, &status) < 0 ||
        status.st_size != (off_t)sizeof(struct witness_page))
        return NULL;
    struct witness_page *page = mmap(NULL, sizeof *page,
        PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (page->magic == WITNESS_MAGIC)
        return page;
    munmap(page, sizeof *page);
    return NULL;
}

struct witness_page *link_open(void)
{
    const char *numbers = getenv(WITNESS_VARIABLE);
    int memory;
    if (numbers == NULL || sscanf(numbers, "%d %d %d", &memory,
                                  &self.messages, &self.requests) != 3)
        return NULL;
    unsetenv(WITNESS_VARIABLE);
    struct witness_page *page = map_page(memory);
    if (page == NULL)
        return NULL;
    close(memory);
    fcntl(self.messages, F_SETFD, FD_CLOEXEC);
    fcntl(self.requests, F_SETFD, FD_CLOEXEC);
    return page;
}

/* A write of up to PIPE_BUF bytes happens whole or not at all. */
void link_send(const char *bytes, size_t size)
{
    int error = errno;
    while (write(self.messages, bytes, size) < 0 && errno == EINTR)
        continue;
    errno = error;
}

int link_receive(void)
{
    char request;
    for (;;) {
        ssize_t count = read(self.requests, &request, 1);
        if (count == 1)
            return request;
        if (count == 0 || errno != EINTR)
            return -1;
    }
}

uint64_t link_thread(void)
{
    return (uint64_t)gettid();
}

static void *begin(void *unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "witness");
    self.entry();
    return NULL;
}

/* The mask is inherited, so no signal can come before it is set. */
int link_start(void (*entry)(void))
{
    sigset_t all, before;
    self.entry = entry;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&self.thread, NULL, begin, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? -1 : 0;
}

void link_join(void)
{
    pthread_join(self.thread, NULL);
}

_Noreturn void link_leave_main(void)
{
    pthread_exit(NULL);
}
