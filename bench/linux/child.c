/*
 * child.c - fork, a pipe, and a deadline.
 */
#include "../child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../fuzz/host.h"
#include "../../loop/os.h"

#define LOOK_MS 20
#define ROOM_MIN 4096

struct run {
    const struct child_options *options;
    void (*line)(void *argument, const char *line);
    void  *argument;
    struct child_result result;
    double began;
    pid_t  pid;
    int    output;          /* -1 at its end                             */
    int    end;             /* readable when it has ended; -1: not known */
    bool   ended;
    char  *text;            /* what has no newline yet                   */
    size_t size;
    size_t room;
};

static _Noreturn void be_child(const struct child_options *o, int output,
                               pid_t parent)
{
    if (o->group)
        setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The parent may have died before the line above asked to be told. */
    if (getppid() != parent)
        _exit(127);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    if (o->quiet)
        dup2(nothing, STDERR_FILENO);
    if (o->argv) {
        execvp(o->argv[0], (char *const *)o->argv);
        _exit(127);
    }
    int status = o->entry(o->argument);
    fflush(stdout);
    _exit(status);
}

static bool start(struct run *run)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    /* What is buffered here would be written by both. */
    fflush(NULL);
    run->pid = fork();
    if (run->pid == 0)
        be_child(run->options, ends[1], parent);
    close(ends[1]);
    if (run->pid < 0) {
        close(ends[0]);
        return false;
    }
    /* Both sides set the group, so that it is there for whoever is first. */
    if (run->options->group)
        setpgid(run->pid, run->pid);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    run->output = ends[0];
    run->end = (int)syscall(SYS_pidfd_open, run->pid, 0);
    return true;
}

static void end_child(struct run *run)
{
    kill(run->options->group ? -run->pid : run->pid, SIGKILL);
}

static void hand_over(struct run *run)
{
    size_t begin = 0;
    for (size_t i = 0; i < run->size; i++) {
        if (run->text[i] != '\n')
            continue;
        run->text[i] = '\0';
        if (run->line)
            run->line(run->argument, run->text + begin);
        begin = i + 1;
    }
    run->size -= begin;
    memmove(run->text, run->text + begin, run->size);
}

static bool make_room(struct run *run)
{
    if (run->room - run->size > ROOM_MIN)
        return true;
    size_t room = run->room ? 2 * run->room : 16 * ROOM_MIN;
    char *text = realloc(run->text, room);
    if (!text)
        return false;
    run->text = text;
    run->room = room;
    return true;
}

/* Read what is there; the last line may lack its newline. */
static void read_output(struct run *run)
{
    ssize_t got = -1;
    while (run->output >= 0 && make_room(run)) {
        got = read(run->output, run->text + run->size,
                   run->room - run->size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        run->size += (size_t)got;
        hand_over(run);
    }
    if (run->output < 0 || got < 0)
        return;
    if (run->size > 0) {
        run->text[run->size++] = '\n';
        hand_over(run);
    }
    close(run->output);
    run->output = -1;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void look_at_child(struct run *run)
{
    struct rusage usage;
    int status;
    if (wait4(run->pid, &status, WNOHANG, &usage) != run->pid)
        return;
    run->result.gone_at = os_now();
    run->ended = true;
    run->result.cpu_seconds =
        seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    if (run->result.end != CHILD_EXITED)
        return;
    run->result.end = WIFEXITED(status) ? CHILD_EXITED : CHILD_CRASHED;
    run->result.status =
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

static void look_at_time(struct run *run)
{
    double limit = run->options->seconds_max;
    if (run->result.end != CHILD_EXITED)
        return;
    if (host_interrupted())
        run->result.end = CHILD_INTERRUPTED;
    else if (limit > 0 && host_seconds() - run->began > limit)
        run->result.end = CHILD_HUNG;
    else
        return;
    end_child(run);
}

/* A descriptor below 0 is not watched. Where the end of the child cannot be
 * waited for, and its pipe is at its end, the poll is a pause. */
static void wait_for_child(const struct run *run)
{
    struct pollfd fds[] = { { .fd = run->output, .events = POLLIN },
                            { .fd = run->end, .events = POLLIN } };
    poll(fds, 2, run->output >= 0 || run->end >= 0 ? LOOK_MS : 1);
}

struct child_result child_run(const struct child_options *options,
                              void (*line)(void *argument, const char *line),
                              void *argument)
{
    struct run run = { .options = options, .line = line,
                       .argument = argument, .output = -1, .end = -1,
                       .began = host_seconds() };
    if (!start(&run)) {
        run.result.end = CHILD_FAILED;
        return run.result;
    }
    /* First whether it has ended: the time at which it did is a result. */
    for (;;) {
        wait_for_child(&run);
        look_at_child(&run);
        if (run.ended)
            break;
        read_output(&run);
        look_at_time(&run);
    }

    /* What outlives the child could keep the pipe open for ever; what the
     * child itself said last is in there. */
    if (options->group)
        kill(-run.pid, SIGKILL);
    read_output(&run);
    if (run.output >= 0)
        close(run.output);
    if (run.end >= 0)
        close(run.end);
    free(run.text);
    run.result.seconds = host_seconds() - run.began;
    return run.result;
}
