/*
 * process.c - see process.h.
 */
#define _DEFAULT_SOURCE
#include "../process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100
#define GRACE_SECONDS 5

static volatile sig_atomic_t interrupts;

static void on_signal(int number)
{
    (void)number;
    interrupts = interrupts + 1;
}

void process_catch_interrupts(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);

    /* A reader of our output that goes away must not end the record. */
    signal(SIGPIPE, SIG_IGN);
}

int process_interrupts(void)
{
    return interrupts;
}

struct run {
    const struct process_options *options;
    process_line                 *on_line;
    void                         *argument;
    struct process_result         result;
    pid_t                         child;
    int                           output;       /* -1: at its end          */
    bool                          exited;
    bool                          asked;        /* to end                  */
    double                        start;
    double                        kill_at;      /* once asked              */
    char                         *line;
    size_t                        size;
    size_t                        capacity;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void redirect_errors(const char *path)
{
    if (!path)
        return;
    int fd = *path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666)
                   : open("/dev/null", O_WRONLY);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
}

static _Noreturn void become_child(const struct process_options *options,
                                   int output, int failure, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The parent may have died before the line above asked to hear of it. */
    if (getppid() != parent)
        _exit(127);

    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);

    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    redirect_errors(options->errors);
    execvp(options->argv[0], (char *const *)options->argv);

    int error = errno;
    ssize_t told = write(failure, &error, sizeof error);
    _exit(told < 0 ? 126 : 127);
}

/* The pipe closes by itself when exec succeeds; else it brings errno. */
static int exec_error(int failure)
{
    int     error = 0;
    ssize_t size;
    do
        size = read(failure, &error, sizeof error);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof error ? error : 0;
}

static int open_pipe(int ends[2])
{
    if (pipe(ends) < 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

static int start(struct run *run)
{
    int   output[2], failure[2], error;
    pid_t parent = getpid();

    if (open_pipe(output) < 0)
        return errno;
    if (open_pipe(failure) < 0) {
        error = errno;
        goto fail_output;
    }
    run->child = fork();
    if (run->child < 0) {
        error = errno;
        goto fail_failure;
    }
    if (run->child == 0)
        become_child(run->options, output[1], failure[1], parent);

    /* Both sides set the group, so that it exists before either goes on. */
    setpgid(run->child, run->child);
    close(output[1]);
    close(failure[1]);
    error = exec_error(failure[0]);
    close(failure[0]);
    if (error) {
        waitpid(run->child, NULL, 0);
        close(output[0]);
        return error;
    }
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    run->output = output[0];
    return 0;

fail_failure:
    close(failure[0]);
    close(failure[1]);
fail_output:
    close(output[0]);
    close(output[1]);
    return error;
}

/* Ask once; what does not listen within the grace is killed. */
static void ask_to_end(struct run *run, enum process_end why)
{
    if (run->asked)
        return;
    run->asked = true;
    run->result.end = why;
    run->kill_at = now() + (run->options->grace > 0 ? run->options->grace
                                                    : GRACE_SECONDS);
    kill(-run->child, SIGINT);
}

static void kill_group(struct run *run)
{
    kill(-run->child, SIGKILL);
}

static void deliver(struct run *run, char *line, size_t size)
{
    /* A refused run is not listened to any more, or one failure would be
     * told once for every line that was already in the pipe. */
    if (run->asked && run->result.end == PROCESS_REFUSED)
        return;
    line[size] = '\0';
    if (run->on_line && run->on_line(run->argument, line, size) != 0)
        ask_to_end(run, PROCESS_REFUSED);
}

static void deliver_whole_lines(struct run *run)
{
    size_t begin = 0;
    for (size_t i = 0; i < run->size; i++) {
        if (run->line[i] != '\n')
            continue;
        deliver(run, run->line + begin, i - begin);
        begin = i + 1;
    }
    memmove(run->line, run->line + begin, run->size - begin);
    run->size -= begin;
}

static int make_room(struct run *run)
{
    if (run->capacity - run->size > 4096)
        return 0;
    if (run->capacity >= PROCESS_LINE_MAX)
        return -1;
    size_t capacity = run->capacity ? 2 * run->capacity : 64 * 1024;
    char  *line = realloc(run->line, capacity);
    if (!line)
        return -1;
    run->line = line;
    run->capacity = capacity;
    return 0;
}

static void end_output(struct run *run)
{
    if (run->size > 0)
        deliver(run, run->line, run->size);
    run->size = 0;
    close(run->output);
    run->output = -1;
}

static void read_output(struct run *run)
{
    while (run->output >= 0) {
        if (make_room(run) < 0) {
            run->size = 0;
            ask_to_end(run, PROCESS_TOO_LONG);
            kill_group(run);
            end_output(run);
            return;
        }
        /* One byte stays free: the last line may lack its newline, and is
         * terminated in place. */
        ssize_t got = read(run->output, run->line + run->size,
                           run->capacity - run->size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            end_output(run);
            return;
        }
        run->size += (size_t)got;
        deliver_whole_lines(run);
    }
}

static void wait_for_output(const struct run *run)
{
    struct pollfd fd = { .fd = run->output, .events = POLLIN };
    /* A pipe at its end is no longer watched; poll is then only the pause
     * between two looks at the child. */
    poll(&fd, 1, run->output >= 0 ? TICK_MS : TICK_MS / 10);
}

static void look_at_child(struct run *run)
{
    int status;
    if (run->exited || waitpid(run->child, &status, WNOHANG) != run->child)
        return;

    run->exited = true;
    if (!run->asked)
        run->result.end = WIFEXITED(status) ? PROCESS_EXITED
                                            : PROCESS_SIGNALLED;
    run->result.status = WIFEXITED(status) ? WEXITSTATUS(status)
                                           : WTERMSIG(status);
}

static void look_at_time(struct run *run, int interrupts_before)
{
    double limit = run->options->seconds_max;
    if (interrupts > interrupts_before)
        ask_to_end(run, PROCESS_INTERRUPTED);
    if (limit > 0 && now() - run->start > limit)
        ask_to_end(run, PROCESS_DEADLINE);
    if (run->asked &&
        (now() > run->kill_at || interrupts > interrupts_before + 1))
        kill_group(run);
}

struct process_result process_run(const struct process_options *options,
                                  process_line *on_line,
                                  void (*on_tick)(void *argument),
                                  void *argument)
{
    struct run run = { .options = options, .on_line = on_line,
                       .argument = argument, .output = -1, .start = now() };
    int before = interrupts;
    int error = start(&run);
    if (error) {
        run.result.end = PROCESS_FAILED;
        run.result.status = error;
        return run.result;
    }

    while (!run.exited) {
        wait_for_output(&run);
        read_output(&run);
        look_at_child(&run);
        look_at_time(&run, before);
        if (on_tick)
            on_tick(argument);
    }

    /* The child's last words may still be in the pipe. Its orphans are
     * killed before, or they could keep the pipe open for ever. */
    run.result.lingering = kill(-run.child, SIGKILL) == 0;
    read_output(&run);
    if (run.output >= 0)
        end_output(&run);
    free(run.line);
    run.result.seconds = now() - run.start;
    return run.result;
}
