#include "child_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WITHOUT_HANDLE_MS 5     /* between looks whether it has ended       */
#define STATUS_UNKNOWN    255

/* The child's ends, and what it needs between fork and exec, where nothing
 * may allocate. */
struct birth {
    int    memory;
    int    stream[CHILD_STREAMS];
    int    requests;
    int    failure;         /* tells why there was no exec; closed by one   */
    pid_t  parent;
    char **environment;
    char   variable[96];
};

uint64_t child_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t child_id(const struct child *c)
{
    return (uint64_t)c->id;
}

const struct witness_page *child_page(const struct child *c)
{
    return c->page;
}

static void close_one(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

/* Birth. */

static int open_page(struct child *c, struct birth *b)
{
    b->memory = memfd_create("witness", MFD_CLOEXEC);
    if (b->memory < 0 || ftruncate(b->memory, sizeof *c->page) < 0)
        return -1;
    void *page = mmap(NULL, sizeof *c->page, PROT_READ | PROT_WRITE,
                      MAP_SHARED, b->memory, 0);
    if (page == MAP_FAILED)
        return -1;
    c->page = page;
    c->page->expect_at = WITNESS_NEVER;
    c->page->magic = WITNESS_MAGIC;
    return 0;
}

static int open_pipe(int *reader, int *writer)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

static int open_streams(struct child *c, struct birth *b, bool capture)
{
    if (open_pipe(&c->stream[CHILD_MESSAGES],
                  &b->stream[CHILD_MESSAGES]) < 0 ||
        open_pipe(&b->requests, &c->requests) < 0)
        return -1;
    if (capture && open_pipe(&c->stream[CHILD_OUTPUT],
                             &b->stream[CHILD_OUTPUT]) < 0)
        return -1;
    for (int i = 0; i < CHILD_STREAMS; i++) {
        if (c->stream[i] >= 0)
            fcntl(c->stream[i], F_SETFL, O_NONBLOCK);
    }
    fcntl(c->requests, F_SETFL, O_NONBLOCK);
    return 0;
}

/* The caller's environment, with the variable in place of any other. */
static int make_environment(struct birth *b)
{
    size_t size = strlen(WITNESS_VARIABLE);
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL)
        count++;
    b->environment = calloc(count + 2, sizeof *b->environment);
    if (b->environment == NULL)
        return -1;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], WITNESS_VARIABLE "=", size + 1))
            b->environment[kept++] = environ[i];
    }
    snprintf(b->variable, sizeof b->variable, WITNESS_VARIABLE "=%d %d %d",
             b->memory, b->stream[CHILD_MESSAGES], b->requests);
    b->environment[kept] = b->variable;
    return 0;
}

/* What the parent ignores or holds back is not to be inherited. */
static void reset_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE,
                                   SIGCHLD, SIGUSR1, SIGUSR2 };
    sigset_t none;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void inherit(int descriptor)
{
    fcntl(descriptor, F_SETFD, 0);
}

/* Without what a runtime, such as a sanitizer's, does at every exit: it would
 * print once more what the parent has not yet printed. */
static _Noreturn void vanish(void)
{
    for (;;)
        syscall(SYS_exit_group, 127);
}

/* The parent may be gone before the kernel is told to kill the child with
 * it, so its number is looked at again afterwards. */
static _Noreturn void become(char *const argv[], const struct birth *b)
{
    setpgid(0, 0);
    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != b->parent)
        vanish();
    int null = open("/dev/null", O_RDONLY);
    if (null > 0)
        dup2(null, 0);
    if (null > 2)
        close(null);
    if (b->stream[CHILD_OUTPUT] >= 0) {
        dup2(b->stream[CHILD_OUTPUT], 1);
        dup2(b->stream[CHILD_OUTPUT], 2);
    }
    inherit(b->memory);
    inherit(b->stream[CHILD_MESSAGES]);
    inherit(b->requests);
    execve(argv[0], argv, b->environment);
    int error = errno;
    while (write(b->failure, &error, sizeof error) < 0 && errno == EINTR)
        continue;
    vanish();
}

static void close_birth(struct birth *b)
{
    close_one(&b->memory);
    close_one(&b->stream[CHILD_MESSAGES]);
    close_one(&b->stream[CHILD_OUTPUT]);
    close_one(&b->requests);
    close_one(&b->failure);
    free(b->environment);
}

/* The pipe of failures ends without a word when exec has closed it. */
static int start_program(struct child *c, char *const argv[],
                         struct birth *b)
{
    int failures;
    if (open_pipe(&failures, &b->failure) < 0)
        return -1;
    c->id = fork();
    if (c->id == 0)
        become(argv, b);
    close_one(&b->failure);
    int error = c->id < 0 ? errno : 0;
    if (c->id > 0) {
        setpgid(c->id, c->id);
        ssize_t size;
        while ((size = read(failures, &error, sizeof error)) < 0 &&
               errno == EINTR)
            continue;
        if (size == (ssize_t)sizeof error)
            waitpid(c->id, NULL, 0);
    }
    close(failures);
    errno = error;
    return error == 0 ? 0 : -1;
}

static unsigned count_processors(pid_t id)
{
    cpu_set_t set;
    if (sched_getaffinity(id, sizeof set, &set) < 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

int child_start(struct child **out, char *const argv[], bool capture,
                char why[CHILD_WHY])
{
    struct birth b = { .memory = -1, .stream = { -1, -1 }, .requests = -1,
                       .failure = -1, .parent = getpid() };
    struct child *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->handle = c->requests = -1;
        c->stream[CHILD_MESSAGES] = c->stream[CHILD_OUTPUT] = -1;
    }
    int result = -1;
    if (c != NULL && open_page(c, &b) == 0 &&
        open_streams(c, &b, capture) == 0 && make_environment(&b) == 0)
        result = start_program(c, argv, &b);
    if (result < 0)
        snprintf(why, CHILD_WHY, "cannot start %.200s: %s", argv[0],
                 strerror(errno));
    close_birth(&b);
    if (result < 0) {
        if (c != NULL)
            child_destroy(c);
        return -1;
    }
    c->handle = (int)syscall(SYS_pidfd_open, c->id, 0);
    c->processors = count_processors(c->id);
    *out = c;
    return 0;
}

/* Life. */

/* One that somebody else has waited for has ended too. */
static bool has_ended(const struct child *c)
{
    siginfo_t info = { 0 };
    int failed = waitid(P_PID, (id_t)c->id, &info,
                        WEXITED | WNOHANG | WNOWAIT);
    return failed ? errno == ECHILD : info.si_pid == c->id;
}

bool child_wait(struct child *c, uint32_t limit_ms)
{
    struct pollfd wanted[] = {
        { .fd = c->handle, .events = POLLIN },
        { .fd = c->stream[CHILD_MESSAGES], .events = POLLIN },
        { .fd = c->stream[CHILD_OUTPUT], .events = POLLIN },
    };
    if (c->handle < 0 && limit_ms > WITHOUT_HANDLE_MS)
        limit_ms = WITHOUT_HANDLE_MS;
    poll(wanted, sizeof wanted / sizeof *wanted, (int)limit_ms);
    return has_ended(c);
}

/* A stream at its end would be ready for ever, so it leaves the poll. */
size_t child_read(struct child *c, enum child_stream which, char *out,
                  size_t cap)
{
    if (c->stream[which] < 0)
        return 0;
    ssize_t size = read(c->stream[which], out, cap);
    if (size > 0)
        return (size_t)size;
    if (size == 0)
        close_one(&c->stream[which]);
    return 0;
}

/* A child that is just ending has closed its end: that is no reason for a
 * signal to the watchdog. */
void child_request(struct child *c, enum witness_request what)
{
    char request = (char)what;
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    if (write(c->requests, &request, 1) < 0 && errno == EPIPE &&
        !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe, NULL, &(struct timespec){ 0 });
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* End. */

/* Has somebody else waited for it? Then its number may be another's. */
static bool has_been_taken(const struct child *c)
{
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)c->id, &info,
                  WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/*
 * As long as the child has not been waited for, its number and that of its
 * group are not given out again: so the group is killed first. SIGKILL,
 * since a loop under test may swallow everything else.
 */
void child_end(struct child *c, struct child_end *out)
{
    int status = W_EXITCODE(STATUS_UNKNOWN, 0);
    struct rusage used = { 0 };
    if (!has_been_taken(c)) {
        kill(-c->id, SIGKILL);
        kill(c->id, SIGKILL);
    }
    while (wait4(c->id, &status, 0, &used) < 0 && errno == EINTR)
        continue;
    uint64_t micros = (uint64_t)used.ru_utime.tv_usec +
                      (uint64_t)used.ru_stime.tv_usec;
    uint64_t seconds = (uint64_t)used.ru_utime.tv_sec +
                       (uint64_t)used.ru_stime.tv_sec;
    *out = (struct child_end){
        .crashed = WIFSIGNALED(status),
        .code = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status)
                                               : WEXITSTATUS(status)),
        .cpu_ns = seconds * 1000000000u + micros * 1000u,
    };
}

void child_destroy(struct child *c)
{
    for (int i = 0; i < CHILD_STREAMS; i++)
        close_one(&c->stream[i]);
    close_one(&c->requests);
    close_one(&c->handle);
    if (c->page != NULL)
        munmap(c->page, sizeof *c->page);
    free(c);
}

const char *child_crash_name(uint32_t code)
{
    static const struct {
        int         number;
        const char *name;
    } names[] = {
        { SIGABRT, "SIGABRT" }, { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" },
        { SIGFPE, "SIGFPE" },   { SIGILL, "SIGILL" },   { SIGTRAP, "SIGTRAP" },
        { SIGSYS, "SIGSYS" },   { SIGPIPE, "SIGPIPE" }, { SIGINT, "SIGINT" },
        { SIGTERM, "SIGTERM" }, { SIGKILL, "SIGKILL" }, { SIGQUIT, "SIGQUIT" },
        { SIGALRM, "SIGALRM" }, { SIGHUP, "SIGHUP" },   { SIGXCPU, "SIGXCPU" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == (int)code)
            return names[i].name;
    }
    return "another signal";
}
