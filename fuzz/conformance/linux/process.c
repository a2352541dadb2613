/*
 * process.c - processes of a test's own.
 */
#include "../process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 5

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static pid_t start(const char *const args[], int out)
{
    char *argv[PROCESS_ARGS + 2] = { "/proc/self/exe" };
    char self[1024] = "";
    for (int i = 0; args[i]; i++)
        argv[i + 1] = (char *)args[i];
    if (readlink(argv[0], self, sizeof self - 1) > 0)
        argv[0] = self;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out, 1);
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    return child;
}

/* Reads what there is; the pipe stays open in whoever outlives the child. */
static void read_some(int in, char *line, size_t size, size_t *used)
{
    char waste[256];
    struct pollfd ready = { .fd = in, .events = POLLIN };
    if (poll(&ready, 1, LOOK_MS) <= 0)
        return;
    size_t room = size - 1 - *used;
    ssize_t n = room > 0 ? read(in, line + *used, room)
                         : read(in, waste, sizeof waste);
    if (n > 0 && room > 0)
        *used += (size_t)n;
    if (n == 0)
        poll(NULL, 0, LOOK_MS);
}

static void end(pid_t child, int *status)
{
    kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        continue;
}

/* The limit from the first line on begins once. */
static int wait_for(pid_t child, int in, const struct process_limit *limit,
                    char *line, size_t size)
{
    size_t used = 0;
    int status = 0;
    pid_t ended = 0;
    bool spoken = limit->line_ms == 0;
    long long until = now_ms() + limit->all_ms;
    do {
        read_some(in, line, size, &used);
        if (!spoken && memchr(line, '\n', used)) {
            spoken = true;
            until = now_ms() + limit->line_ms;
        }
        ended = waitpid(child, &status, WNOHANG);
    } while (ended == 0 && now_ms() < until);
    if (ended == 0)
        end(child, &status);
    read_some(in, line, size, &used);
    line[used] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (ended == 0)
        return PROCESS_HUNG;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_run(const char *const args[], const struct process_limit *limit,
                char *line, size_t size)
{
    int ends[2];
    line[0] = '\0';
    fflush(stdout);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return PROCESS_LOST;
    pid_t child = start(args, ends[1]);
    close(ends[1]);
    int status = child < 0 ? PROCESS_LOST
                           : wait_for(child, ends[0], limit, line, size);
    close(ends[0]);
    return status;
}
