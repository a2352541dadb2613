/*
 * watch.c - accounts of /proc, and system calls counted by ptrace.
 */
#include "../watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../fuzz/host.h"
#include "../../loop/check.h"

#define READY_SECONDS 10.0
#define SETTLE_SECONDS 0.1      /* after a stop that was not its own     */
#define LOOK_US 1000
#define CALL_STOP (SIGTRAP | 0x80)
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |              \
                 PTRACE_O_EXITKILL)

struct program {
    struct watch *watch;
    pid_t pid;
    int   input;        /* its stdin                                     */
    int   output;       /* its stdout                                    */
    bool  is_idle;
    bool  is_traced;
};

/* A thread that is traced, and whose. */
struct thread {
    pid_t           id;
    struct program *of;
};

static struct {
    struct thread *thread;
    size_t         count;
    size_t         room;
} traced;

/* Start and end. */

static _Noreturn void be_program(const char *const *argv, int input,
                                 int output, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static void start(struct program *p)
{
    int in[2], out[2];
    pid_t parent = getpid();
    p->pid = -1;
    p->watch->end = WATCH_FAILED;
    if (pipe2(in, O_CLOEXEC) < 0)
        return;
    if (pipe2(out, O_CLOEXEC) < 0) {
        close(in[0]);
        close(in[1]);
        return;
    }
    fflush(NULL);
    p->pid = fork();
    if (p->pid == 0)
        be_program(p->watch->argv, in[0], out[1], parent);
    close(in[0]);
    close(out[1]);
    p->input = in[1];
    p->output = out[0];
}

/* Until it says that it is idle, or says nothing any more. */
static bool hear(struct program *p, double until)
{
    char text[256] = "";
    size_t size = 0;
    struct pollfd fd = { .fd = p->output, .events = POLLIN };
    while (host_seconds() < until && size < sizeof text - 1) {
        if (poll(&fd, 1, 20) <= 0)
            continue;
        ssize_t got = read(p->output, text + size, sizeof text - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
        text[size] = '\0';
        if (strstr(text, WATCH_SAYS "\n"))
            return true;
    }
    p->watch->end = host_seconds() < until ? WATCH_ENDED : WATCH_LATE;
    return false;
}

static void await_idle(struct program *p, double until)
{
    int status;
    if (p->pid < 0)
        return;
    p->is_idle = hear(p, until);
    if (p->watch->end != WATCH_ENDED)
        return;
    waitpid(p->pid, &status, 0);
    p->watch->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    p->pid = -1;
}

static void end(struct program *p)
{
    if (p->pid > 0)
        kill(p->pid, SIGKILL);
    if (p->watch->end == WATCH_FAILED && !p->input)
        return;
    close(p->input);
    close(p->output);
}

/* Accounts. */

struct account {
    double processor_ns;
    double switches;
};

static void for_each_thread(pid_t pid, void (*visit)(pid_t thread,
                                                     void *argument),
                            void *argument)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (e->d_name[0] != '.')
            visit((pid_t)atoi(e->d_name), argument);
    if (folder)
        closedir(folder);
}

static void add_switches(const char *line, double *switches)
{
    const char *const fields[] = { "voluntary_ctxt_switches:",
                                   "nonvoluntary_ctxt_switches:" };
    for (int i = 0; i < 2; i++)
        if (!strncmp(line, fields[i], strlen(fields[i])))
            *switches += strtod(line + strlen(fields[i]), NULL);
}

static void add_thread(pid_t thread, void *argument)
{
    struct account *account = argument;
    char path[64], line[256];
    double ns;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)thread);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%lf", &ns) == 1)
        account->processor_ns += ns;
    if (file)
        fclose(file);
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        add_switches(line, &account->switches);
    if (file)
        fclose(file);
}

static struct account account_of(const struct program *p)
{
    struct account account = { 0, 0 };
    for_each_thread(p->pid, add_thread, &account);
    return account;
}

static void read_accounts(struct program *programs, size_t count,
                          struct account *out)
{
    for (size_t i = 0; i < count; i++)
        if (programs[i].is_idle)
            out[i] = account_of(&programs[i]);
}

static void pass(double seconds)
{
    double until = host_seconds() + seconds;
    while (host_seconds() < until)
        usleep(LOOK_US);
}

static void watch_accounts(struct program *programs, size_t count,
                           double seconds)
{
    struct account *before = calloc(2 * count, sizeof *before);
    LOOP_ASSERT(before);
    struct account *after = before + count;
    read_accounts(programs, count, before);
    pass(seconds);
    read_accounts(programs, count, after);
    for (size_t i = 0; i < count; i++) {
        struct watch *w = programs[i].watch;
        w->processor_ns = after[i].processor_ns - before[i].processor_ns;
        w->switches = after[i].switches - before[i].switches;
    }
    free(before);
}

/* System calls. */

static void add_traced(pid_t thread, struct program *of)
{
    if (traced.count == traced.room) {
        traced.room = traced.room ? 2 * traced.room : 64;
        traced.thread = realloc(traced.thread,
                                traced.room * sizeof *traced.thread);
        LOOP_ASSERT(traced.thread);
    }
    traced.thread[traced.count++] = (struct thread){ thread, of };
}

static struct program *program_of(pid_t thread)
{
    for (size_t i = 0; i < traced.count; i++)
        if (traced.thread[i].id == thread)
            return traced.thread[i].of;
    return NULL;
}

/* From its first stop on it stops at each call. */
static void seize(pid_t thread, void *program)
{
    struct program *p = program;
    if (ptrace(PTRACE_SEIZE, thread, NULL, OPTIONS) < 0 ||
        ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0) {
        p->is_traced = false;
        return;
    }
    add_traced(thread, p);
}

/* Each call stops twice, on its way in and on its way out. */
static bool is_call(pid_t thread)
{
    struct __ptrace_syscall_info info = { .op = 0 };
    ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info);
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* A thread that was just started may be heard of before its parent. */
static void go_on(pid_t thread, int status, bool counts)
{
    struct program *p = program_of(thread);
    int signal = WSTOPSIG(status);
    if (counts && p && signal == CALL_STOP && is_call(thread))
        p->watch->calls++;
    if (signal == CALL_STOP || status >> 16 != 0)
        signal = 0;
    ptrace(PTRACE_SYSCALL, thread, NULL, signal);
}

static void trace(double seconds, bool counts)
{
    double until = host_seconds() + seconds;
    while (host_seconds() < until) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL | WNOHANG);
        if (thread <= 0)
            usleep(LOOK_US);
        else if (WIFSTOPPED(status))
            go_on(thread, status, counts);
    }
}

static void watch_calls(struct program *programs, size_t count,
                        double seconds)
{
    for (size_t i = 0; i < count; i++) {
        programs[i].is_traced = programs[i].is_idle;
        if (programs[i].is_idle)
            for_each_thread(programs[i].pid, seize, &programs[i]);
    }
    trace(SETTLE_SECONDS, false);
    trace(seconds, true);
    for (size_t i = 0; i < count; i++)
        if (!programs[i].is_traced)
            programs[i].watch->calls = NAN;
}

void watch_all(struct watch *watches, size_t count, double seconds)
{
    struct program *programs = calloc(count + 1, sizeof *programs);
    LOOP_ASSERT(programs);
    for (size_t i = 0; i < count; i++) {
        programs[i].watch = &watches[i];
        watches[i].calls = 0;
        watches[i].seconds = seconds;
        start(&programs[i]);
    }
    double until = host_seconds() + READY_SECONDS;
    for (size_t i = 0; i < count; i++)
        await_idle(&programs[i], until);
    pass(SETTLE_SECONDS);
    watch_accounts(programs, count, seconds);
    watch_calls(programs, count, seconds);
    for (size_t i = 0; i < count; i++) {
        if (programs[i].is_idle)
            watches[i].end = WATCH_DONE;
        end(&programs[i]);
    }
    while (waitpid(-1, NULL, __WALL) > 0)
        continue;
    free(programs);
    free(traced.thread);
    memset(&traced, 0, sizeof traced);
}
